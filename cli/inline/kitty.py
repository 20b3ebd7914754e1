"""Kitty's graphics: a PNG as base64, in chunks."""

import base64

CHUNK = 4096
"""Letters of base64 in one escape sequence, at most."""


def kitty(png: bytes, columns: int, rows: int) -> str:
    """Return what shows a PNG in so many cells."""
    text = base64.standard_b64encode(png).decode()
    chunks = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    keys = f"a=T,f=100,q=2,c={columns},r={rows},"  # q=2: nothing is answered that the shell would take for typed
    told = []
    for number, chunk in enumerate(chunks, 1):
        told.append(f"\x1b_G{keys}m={int(number < len(chunks))};{chunk}\x1b\\")
        keys = ""
    return "".join(told)
