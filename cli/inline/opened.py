"""Pictures as they are read, by Pillow: of known formats alone, none too large, and made smaller at once."""

from pathlib import Path
from stat import S_ISREG
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST, PIXELS = 64 << 20, 100_000_000
"""Bytes and pixels of a picture that is made smaller at most."""

FORMATS = ("AVIF", "GIF", "JPEG", "PNG", "WEBP")
"""What is read as a picture; of others, some would start further programs."""


def is_file(path: Path) -> bool:
    """Return whether there is a plain file."""
    try:
        return S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def opened(file: Path | IO[bytes], side: int) -> "Image | None":
    """Return a picture, upright, of so many pixels a side at most, on white; None for what is none or too large.

    Errors: ImportError without Pillow.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if isinstance(file, Path) and (not is_file(file) or file.stat().st_size > LARGEST):
            return None
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                return None
            picture.draft("RGB", (side * 2, side * 2))
            return _small(picture, side)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError, MemoryError):
        return None


def _small(picture: "Image", side: int) -> "Image":
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(picture)
    turned.thumbnail((side, side))
    whole = turned.convert("RGBA")
    paper = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(paper, whole).convert("RGB")
