"""What a file is: media type, size in pixels and length in seconds, read from its bytes; no picture is ever decoded."""

from .format import UNKNOWN, Format
from .marks import has_c2pa
from .measure import measured
from .recognise import recognise
from .text import is_message
from .window import HEAD

__all__ = ["UNKNOWN", "Format", "has_c2pa", "is_file", "is_message", "measured", "recognise"]


def is_file(data: bytes) -> bool:
    """Return whether bytes are a file, or the beginning of one, and no message: known media, or no text."""
    head = data[:HEAD]
    return recognise(head) is not None or not is_message(head)
