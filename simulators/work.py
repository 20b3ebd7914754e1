"""What a task makes: a file that is drawn when it is sent, piece by piece, and held by nobody."""

from __future__ import annotations

from abc import ABC, abstractmethod
from io import BytesIO
from typing import BinaryIO


class Work(ABC):
    """A picture, a film or a sound; the same words always make the same bytes."""

    __slots__ = ()

    @abstractmethod
    def write(self, file: BinaryIO) -> None:
        """Writes the file, into one that can be sought; this may take a second and more: not in an event loop.

        Raises ImportError, in a clear sentence, when Pillow or lameenc is not installed.
        """

    def draw(self) -> bytes:
        """The whole file, as `write` writes it."""
        file = BytesIO()
        self.write(file)
        return file.getvalue()


def needs_packages() -> None:
    """Raises ImportError when Pillow or lameenc is missing."""
    try:
        import lameenc  # noqa: F401
        import PIL.Image  # noqa: F401
    except ImportError as missing:
        raise ImportError(
            "the simulators draw with Pillow and encode sound with lameenc: install anymedia with its extra simulators"
        ) from missing
