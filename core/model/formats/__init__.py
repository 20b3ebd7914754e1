"""What a file is: media type, size in pixels and length in seconds, read from its bytes; no picture is ever decoded."""

from .format import UNKNOWN, Format
from .marks import has_c2pa
from .measure import measured
from .recognise import recognise
from .text import is_message

__all__ = ["UNKNOWN", "Format", "has_c2pa", "is_message", "measured", "recognise"]
