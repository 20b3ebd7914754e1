"""The films that the simulators make: the picture of the task with a bar that moves, as MP4, with a tune or without."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from attrs import frozen

from . import sound
from .mp4 import JPEG, MP3, Track, box, ftyp, moov
from .picture import INK, Picture
from .work import Work

if TYPE_CHECKING:
    from PIL import Image

A_SECOND = 2
"""Pictures a second."""

RATE = 90_000
"""Units of time a second, of which a picture lasts a whole number, or nearly so."""

QUALITY = 80


@frozen
class Film(Work):
    """A film of so many seconds in which `picture` stands still, and a bar below it tells how far it is."""

    picture: Picture
    seconds: float
    sound: bool

    def write(self, file: BinaryIO) -> None:
        """What players seek by stands first, so that they can begin before they have it all."""
        tune = b"".join(sound.mp3(self._seed, self.seconds)) if self.sound else b""
        head, sizes = ftyp(), [0] * self.count
        begins = len(head) + len(self._moov(0, tune, sizes))
        file.write(head)
        file.seek(begins)
        file.write(box(b"mdat") + tune)
        image = self.picture.image()
        for number in range(self.count):
            sizes[number] = file.write(self.drawn(image, number))
        file.seek(begins)
        file.write((8 + len(tune) + sum(sizes)).to_bytes(4, "big"))
        file.seek(len(head))
        file.write(self._moov(begins + 8, tune, sizes))
        file.seek(0, 2)

    @property
    def count(self) -> int:
        """How many pictures it has."""
        return max(1, round(self.seconds * A_SECOND))

    def drawn(self, image: Image.Image, number: int) -> bytes:
        """A picture of the film, with the bar as far as its end."""
        from PIL import ImageDraw

        width, height = self.picture.size
        thick = max(2, min(width, height) // 40)
        shown = image.copy()
        pen = ImageDraw.Draw(shown, "RGBA")
        pen.rectangle((0, height - thick, width, height), fill=(0, 0, 0, 90))
        pen.rectangle((0, height - thick, width * (number + 1) // self.count, height), fill=INK)
        file = BytesIO()
        shown.save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

    @property
    def _seed(self) -> str:
        return f"{self.picture.task_id}/{self.picture.index}"

    def _moov(self, begins: int, tune: bytes, sizes: list[int]) -> bytes:
        """What it says of itself, when its tune begins there and its pictures behind it."""
        each = round(self.seconds * RATE / self.count)
        film = Track(JPEG, RATE, each, sizes, begins + len(tune), self.picture.size)
        frames = [sound.FRAME_BYTES] * (len(tune) // sound.FRAME_BYTES)
        heard = [Track(MP3, sound.RATE, sound.FRAME, frames, begins)] if tune else []
        return moov(self.seconds, [film, *heard])


@frozen
class LastFrame(Work):
    """The picture with which a film ends, a JPEG."""

    film: Film

    def write(self, file: BinaryIO) -> None:
        """The very bytes that the film holds."""
        file.write(self.film.drawn(self.film.picture.image(), self.film.count - 1))
