"""Results as pictures on a terminal: --show, what is shown of which file, and why something is not."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from anymedia import Asset, Kind
from anymedia.cli.text import say

from .blocks import blocks
from .fit import CELL, Room
from .iterm import iterm
from .kitty import kitty
from .opened import opened
from .sixel import sixel
from .terminal import Way, way

if TYPE_CHECKING:
    from PIL.Image import Image

    from anymedia.cli.screen import Screen

COLUMNS, ROWS = 72, 24
"""Cells of a picture at most, where the terminal has as many."""

INDENT = 2

SECONDS = 20
"""How long ffmpeg may take for the first frame of a clip."""

NO_TERMINAL = "--show: the output is no terminal, so no picture is shown"
NO_PILLOW = "--show: showing pictures here needs pip install pillow"
NO_COLOURS = "--show: this terminal has no colours (or NO_COLOR is set), so no picture is shown"
NO_BLOCKS = "--show: this terminal's encoding ({}) has no characters to draw with, so no picture is shown"


class NotShown(Exception):
    """A file is not shown; the text says why."""


@attrs.frozen
class Look:
    """A terminal that shows pictures: which way, and how large."""

    screen: "Screen"
    way: Way
    room: Room

    def __call__(self, asset: Asset) -> None:
        """Show a result, or say why it is not shown."""
        try:
            self._show(asset)
        except NotShown as why:
            say(f"--show: {asset.path or asset.stored or asset.url}: {why}")

    def _show(self, asset: Asset) -> None:
        if asset.kind == Kind.MUSIC.medium:
            raise NotShown("a sound has no picture")
        if asset.path is None:
            raise NotShown("it is not on this machine")
        file = _frame(asset.path) if asset.kind == Kind.VIDEO.medium else asset.path
        try:
            picture = opened(file, max(self.room.pixels(self.room.columns, self.room.rows)))
        except ImportError:
            self._write(self._as_it_is(file, asset))
            return
        if picture is None:
            raise NotShown("it cannot be read as a picture")
        cells = self.room.cells(*picture.size)
        if self.way is Way.BLOCKS:
            columns, rows = cells
            self.screen.block(*blocks(columns, picture.resize((columns, rows * 2)).tobytes()))
        else:
            self._write(_escaped(self.way, picture.resize(self.room.pixels(*cells)), cells))

    def _write(self, escaped: str) -> None:
        """Write an escape sequence, which rich would count as letters."""
        self.screen.file.write(f"{' ' * INDENT}{escaped}\n")
        self.screen.file.flush()

    def _as_it_is(self, file: Path | io.BytesIO, asset: Asset) -> str:
        """Return a file as the terminal reads it by itself, where Pillow is missing."""
        data = file.read_bytes() if isinstance(file, Path) else file.getvalue()
        cells = self.room.cells(asset.width or 1, asset.height or 1) if asset.width else (self.room.columns, 0)
        if self.way is Way.ITERM:
            return iterm(data, *cells)
        if self.way is Way.KITTY and data.startswith(b"\x89PNG"):
            return kitty(data, *cells)
        raise NotShown("showing it here needs pip install pillow")


def _escaped(kind: Way, picture: "Image", cells: tuple[int, int]) -> str:
    if kind is Way.SIXEL:
        few = picture.quantize(255)
        parts = few.getpalette() or []
        palette = [(red, green, blue) for red, green, blue in zip(*[iter(parts)] * 3, strict=True)]
        return sixel(*few.size, palette, few.tobytes())
    out = io.BytesIO()
    picture.save(out, "PNG")
    return kitty(out.getvalue(), *cells) if kind is Way.KITTY else iterm(out.getvalue(), *cells)


def _frame(clip: Path) -> io.BytesIO:
    """Return the first frame of a clip as a PNG."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise NotShown("the first frame of a clip is shown where ffmpeg is installed")
    words = ["-v", "error", "-protocol_whitelist", "file", "-i", f"file:{clip.absolute()}", "-frames:v", "1"]
    made = [program, *words, "-f", "image2pipe", "-c:v", "png", "-"]
    try:
        ended = subprocess.run(made, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        raise NotShown("ffmpeg finds no first frame in it") from None
    if ended.returncode or not ended.stdout:
        raise NotShown("ffmpeg finds no first frame in it")
    return io.BytesIO(ended.stdout)


def look(screen: "Screen", *, rows: int = ROWS, environ: Mapping[str, str] | None = None) -> Look | None:
    """Return how pictures are shown on the terminal of a command; None, and a sentence, where they cannot be.

    No escape sequence is ever written into a pipe, whatever the environment says of colours.
    """
    if not (screen.is_terminal and screen.file.isatty()):
        say(NO_TERMINAL)
        return None
    found = way(os.environ if environ is None else environ)
    if found in (Way.BLOCKS, Way.SIXEL) and not _has_pillow():
        say(NO_PILLOW)
        return None
    if found is Way.BLOCKS and (lacking := _no_blocks(screen)):
        say(lacking)
        return None
    columns = max(min(COLUMNS, screen.width - 2 * INDENT), 1)
    return Look(screen, found, Room(columns, max(min(rows, screen.height - 4), 4), _cell()))


def _no_blocks(screen: "Screen") -> str:
    """Return why a terminal shows no half blocks in colours; nothing where it does."""
    if screen.color_system is None or screen.no_color:
        return NO_COLOURS
    return "" if screen.encoding.startswith("utf") else NO_BLOCKS.format(screen.encoding)


def _has_pillow() -> bool:
    try:
        import PIL  # noqa: F401
    except ImportError:
        return False
    return True


def _cell() -> tuple[int, int]:
    """Return the pixels of a cell as the terminal tells them, else as they usually are."""
    try:
        import fcntl
        import struct
        import termios

        asked = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
        rows, columns, wide, high = struct.unpack("HHHH", asked)
    except (ImportError, OSError):
        return CELL
    return (wide // columns, high // rows) if rows and columns and wide >= columns and high >= rows else CELL
