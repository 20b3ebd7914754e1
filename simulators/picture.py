"""The pictures that the simulators make: real files that tell on their face what was asked of whom."""

from __future__ import annotations

import colorsys
import random
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Literal

from attrs import frozen

from .work import Work, needs_packages

if TYPE_CHECKING:
    from PIL import Image, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

Media = Literal["png", "jpeg", "mp4", "mp3", "wav"]
Size = tuple[int, int]

SUFFIX: dict[Media, str] = {"png": "png", "jpeg": "jpg", "mp4": "mp4", "mp3": "mp3", "wav": "wav"}
TYPES: dict[Media, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}
AREA = {"0.5K": 512 * 512, "1K": 1024 * 1024, "2K": 2048 * 2048, "3K": 3072 * 3072, "4K": 3840 * 2160}
"""About how many pixels a resolution has where a page prints no grid (our choice, the same for every provider)."""

GRAIN = 8
"""Pixels of a side of what has one colour in the ground of a picture: too few to be seen, and several times as fast."""

INK, SHADE, FAINT = (255, 255, 255), (0, 0, 0, 110), (255, 255, 255, 215)
LONGEST = 1000  # characters of a prompt that are looked at; no more would be legible


def pixels(ratio: str, resolution: str) -> Size:
    """Width and height of a ratio at a resolution, in any case.

    At 1K, 2K and 4K both are multiples of 16, and `auto` is 1:1; at 480p, 720p, 1080p, … the shorter side has so many
    pixels, both are even, and `auto` is 16:9 (our choice).
    """
    short = re.fullmatch(r"([0-9]+)[pP]", resolution)
    wide, high = map(int, {"auto": "16:9" if short else "1:1"}.get(ratio, ratio).split(":"))
    if short:
        first, second = (2 * round(int(short[1]) * side / min(wide, high) / 2) for side in (wide, high))
        return first, second
    width = (AREA[resolution.upper()] * wide / high) ** 0.5
    return snapped(width, width * high / wide)


def film_size(ratio: str, resolution: str) -> Size:
    """Width and height of a film: 4K has 2160 pixels on its shorter side, a ratio that follows the inputs is 16:9."""
    shape = "16:9" if ratio in ("auto", "adaptive") else ratio
    return pixels(shape, "2160p" if resolution.lower() == "4k" else resolution)


def snapped(width: float, height: float) -> Size:
    """The nearest multiples of 16, kept between 64 and 4096 (our choice)."""
    first, second = (min(4096, max(64, round(side / 16) * 16)) for side in (width, height))
    return first, second


@frozen
class Picture(Work):
    """What a picture shows."""

    provider: str
    hue: float
    wire_id: str
    task_id: str
    index: int
    prompt: str
    size: Size
    media: Media

    def write(self, file: BinaryIO) -> None:
        """A PNG, else a JPEG."""
        image = self.image()
        if self.media == "png":
            image.save(file, "PNG", compress_level=1)
        else:
            image.save(file, "JPEG", quality=88)

    def image(self) -> Image.Image:
        """The picture, for Pillow. Raises ImportError as `write` does."""
        needs_packages()
        from PIL import ImageDraw

        width, height = self.size
        short, margin = min(self.size), round(min(self.size) * 0.08)
        image = self._ground()
        pen = ImageDraw.Draw(image, "RGBA")
        footer = f"{self.provider}  ·  {self.wire_id}  ·  {width} x {height}  ·  {self.task_id}  ·  {self.index + 1}"
        small = _fitting(footer, width - 2 * margin, short / 34)
        line = small.getbbox("Ag")[3]
        pen.text((margin, height - margin - line), footer, font=small, fill=FAINT)
        pen.line((margin, height - margin - 2 * line, width - margin, height - margin - 2 * line), (255, 255, 255, 90))
        font, lines = _wrapped(_plain(self.prompt), width - 2 * margin, height - 2 * margin - 4 * line, short)
        step, lift = _step(font), max(1, round(short / 500))
        for number, words in enumerate(lines):
            place = (margin, margin + number * step)
            pen.text((place[0] + lift, place[1] + lift), words, font=font, fill=SHADE)
            pen.text(place, words, font=font, fill=INK)
        return image

    def _ground(self) -> Image.Image:
        """A soft mesh of nine colours about the provider's hue, a little different for each task and index."""
        from PIL import Image

        dice = random.Random(f"{self.task_id}/{self.index}")  # noqa: S311 - a picture, no secret
        mesh = Image.new("RGB", (3, 3))
        for corner in range(9):
            hue = (self.hue + dice.uniform(-0.06, 0.06)) % 1
            shade = colorsys.hsv_to_rgb(hue, dice.uniform(0.55, 0.9), dice.uniform(0.3, 0.75))
            mesh.putpixel((corner % 3, corner // 3), tuple(round(255 * part) for part in shade))
        width, height = (-(-side // GRAIN) for side in self.size)
        return mesh.resize((width, height), Image.Resampling.BICUBIC).resize(self.size, Image.Resampling.NEAREST)


def measured(content: bytes) -> Size | None:
    """Width and height that the head of a PNG, JPEG or GIF tells; None for what is none of them, or is broken.

    Nothing is drawn of it, however large it says it is. Raises ImportError as `write` does.
    """
    needs_packages()
    from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin

    for kind in (PngImagePlugin.PngImageFile, JpegImagePlugin.JpegImageFile, GifImagePlugin.GifImageFile):
        try:
            return kind(BytesIO(content)).size
        except (SyntaxError, ValueError, OSError):  # as it says that a file is none of its kind
            continue
    return None


def _plain(text: str) -> str:
    """One line that the font can be asked for: accents dropped, no lone surrogates, no control characters."""
    cut = text[:LONGEST] + ("…" if len(text) > LONGEST else "")
    whole = unicodedata.normalize("NFKD", cut.encode("utf-8", "replace").decode())
    marks = (mark if mark.isprintable() else " " for mark in whole if not unicodedata.combining(mark))
    return " ".join("".join(marks).split())


def _font(size: float) -> Font:
    from PIL import ImageFont

    return ImageFont.load_default(max(6, size))


def _fitting(text: str, width: float, size: float) -> Font:
    """The font in which a text takes no more than a width, no larger than a size."""
    return _font(size * min(1, 0.97 * width / max(1, _font(size).getlength(text))))


def _step(font: Font) -> float:
    return font.getbbox("Ag")[3] * 1.3


def _wrapped(text: str, width: float, height: float, short: int) -> tuple[Font, list[str]]:
    """The largest font in which the text fits a box, with its lines; in the smallest it is shortened with …."""
    size = short / 9
    while True:
        font = _font(size)
        room = max(1, int(height // _step(font)))
        lines = list(_lines(text, width, font.getlength))
        if len(lines) <= room:
            return font, lines
        if size < short / 30:
            return font, [*lines[: room - 1], lines[room - 1][:-1] + "…"]
        size *= 0.85


def _lines(text: str, width: float, length: Callable[[str], float]) -> Iterator[str]:
    """Lines of at most a width, broken between words, and inside one that is wider than the line."""
    line = ""
    for word in text.split():
        if line and length(f"{line} {word}") > width:
            yield line
            line = ""
        line = f"{line} {word}".lstrip()
        while len(line) > 1 and length(line) > width:
            head = max(1, bisect_right(range(len(line)), width, key=lambda end: length(line[:end])) - 1)
            yield line[:head]
            line = line[head:]
    if line:
        yield line
