"""iTerm2's inline images: a file of any format that the terminal reads, as base64."""

import base64


def iterm(file: bytes, columns: int, rows: int) -> str:
    """Return what shows a file in so many cells."""
    keys = f"inline=1;size={len(file)};width={columns};height={rows};preserveAspectRatio=1"
    return f"\x1b]1337;File={keys}:{base64.standard_b64encode(file).decode()}\x07"
