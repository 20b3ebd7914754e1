"""Make the pictures of the README and the first page anew: `make pictures`, or python docs/pictures.py.

Both come from what users have: the real command line at 80 columns, and files that the simulators made.
"""

import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image, ImageOps
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from anymedia import ImageRequest, MusicRequest, Request, SavedFile, SyncClient, VideoRequest, read_config
from anymedia.simulators import in_thread

HERE = Path(__file__).parent / "pictures"
COLUMNS = 80
COMMANDS = (
    'anymedia prices "a lighthouse at dusk" --model flux-2-pro --resolution 1K',
    """anymedia generate "a lighthouse at dusk" --model flux-2-pro --resolution 1K \\
    --policy cheapest --max-price 0.10 --out out""",
    "anymedia tasks",
)
"""What is typed, one after the other, at simulators that keep their journal."""

FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
"""In place of one that would be fetched from another host."""

CELL = (480, 270)
GAP = 8
GROUND = "#292929"
QUALITY = 82


def main() -> None:
    """Write both pictures."""
    HERE.mkdir(exist_ok=True)
    (HERE / "terminal.svg").write_text(terminal(), "utf-8")
    results().save(HERE / "results.jpg", quality=QUALITY, optimize=True)


def terminal() -> str:
    """Return a terminal in which the commands were run, as SVG."""
    screen = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    with TemporaryDirectory() as folder:
        for command in COMMANDS:
            screen.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            screen.print(Text.from_ansi(_run(command, folder)))
    unloaded = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return screen.export_svg(title="anymedia", code_format=unloaded.replace("Fira Code, monospace", FONT))


def _run(command: str, folder: str) -> str:
    """Run a command as on a terminal, and return what it prints."""
    words = shlex.split(command.replace("\\\n", " "))[1:]
    anymedia = [sys.executable, "-m", "anymedia"]
    environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    line = [*anymedia, "simulate", "--write", ".", "--", *anymedia, *words]
    done = subprocess.run(line, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return re.sub(r"^\s*\n|\s+$", "", done.stdout) + "\n"


def results() -> Image.Image:
    """Return four results of the simulators beside each other."""
    sheet = Image.new("RGB", (2 * CELL[0] + GAP, 2 * CELL[1] + GAP), GROUND)
    with (
        TemporaryDirectory() as folder,
        in_thread(speed=100) as simulators,
        SyncClient(read_config(simulators.config, simulators.environ)) as client,
    ):
        for number, (account, request, role) in enumerate(_wanted()):
            files = client.download(client.generate(request, account), Path(folder))
            made = _picture(next(file for file in files if file.role == role))
            sheet.paste(_fitted(made), ((number % 2) * (CELL[0] + GAP), (number // 2) * (CELL[1] + GAP)))
    return sheet


def _wanted() -> list[tuple[str, Request, str]]:
    """Return what is asked for, of whom, and which of its files is shown."""
    dusk = "a lighthouse at dusk"
    return [
        ("bfl", ImageRequest(model="flux-2-pro", prompt=dusk, aspect_ratio="16:9", resolution="1K"), "main"),
        ("kie", ImageRequest(model="seedream-4.5", prompt="the same by day", aspect_ratio="16:9"), "main"),
        ("fal", VideoRequest(model="kling-3.0", prompt="its lamp turns", duration=5, resolution="720p"), "main"),
        ("kie", MusicRequest(model="suno-v6", prompt="a shanty about a lighthouse"), "cover"),
    ]


def _picture(file: SavedFile) -> Image.Image:
    """Return a picture, or one from the middle of a film."""
    if not file.media_type.startswith("video/"):
        return Image.open(file.path).convert("RGB")
    with av.open(str(file.path)) as film:
        frames = [frame.to_image() for frame in film.decode(video=0)]
    return frames[len(frames) // 2]


def _fitted(picture: Image.Image) -> Image.Image:
    """Return a whole picture in the middle of a cell."""
    cell = Image.new("RGB", CELL, GROUND)
    fitted = ImageOps.contain(picture, CELL)
    cell.paste(fitted, ((CELL[0] - fitted.width) // 2, (CELL[1] - fitted.height) // 2))
    return cell


if __name__ == "__main__":
    main()
