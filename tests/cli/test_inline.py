"""--show: what the encoders write is decoded again, which way a terminal takes pictures, and that no pipe gets any."""

import base64
import io
import os
import pty
import random
import re
import shutil
import subprocess
import sys
import termios
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from anymedia import Asset
from anymedia.cli.inline import showing
from anymedia.cli.inline.blocks import HALF, blocks
from anymedia.cli.inline.fit import Room
from anymedia.cli.inline.iterm import iterm
from anymedia.cli.inline.kitty import CHUNK, kitty
from anymedia.cli.inline.sixel import sixel
from anymedia.cli.inline.terminal import QUERY, Way, ask, read, told
from anymedia.cli.screen import Screen

# The encoders, each with a decoder of its own


def of_kitty(text):
    """Return the keys of the first sequence, and the PNG of all; each but the last says that more follow."""
    found = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in found) == text
    assert all(len(data) <= CHUNK for _, data in found)
    assert all(len(data) % 4 == 0 for _, data in found)
    more = [dict(key.split("=") for key in keys.split(","))["m"] for keys, _ in found]
    assert more == ["1"] * (len(found) - 1) + ["0"]
    assert all(keys == f"m={last}" for (keys, _), last in zip(found[1:], more[1:], strict=True))
    return dict(key.split("=") for key in found[0][0].split(",")), base64.b64decode("".join(data for _, data in found))


def of_sixel(text):
    """Return the size of a sixel picture, its palette in percents, and the number of the colour of each pixel."""
    width, height, body = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', text).groups()
    palette, pixels = {}, {}
    left = top = colour = 0
    for token in re.findall(r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+[?-~]|[$-]|[?-~]", body):
        if token[0] == "#" and ";" in token:
            number, _, *parts = map(int, token[1:].split(";"))
            palette[number] = tuple(parts)
        elif token[0] == "#":
            colour = int(token[1:])
        elif token in "$-":
            left, top = 0, top + 6 * (token == "-")
        else:
            times = int(token[1:-1]) if token[0] == "!" else 1
            for column in range(left, left + times):
                for line in range(6):
                    if ord(token[-1]) - 63 >> line & 1:
                        assert (column, top + line) not in pixels, "a pixel is drawn twice"
                        pixels[column, top + line] = colour
            left += times
    return (int(width), int(height)), palette, pixels


def of_blocks(lines):
    """Return the pixels of half blocks, as rows of colours."""
    rows = []
    for line in lines:
        assert set(line.plain) == {HALF}
        styles = [span.style for span in line.spans for _ in range(span.end - span.start)]
        rows += [[style.color.triplet for style in styles], [style.bgcolor.triplet for style in styles]]
    return rows


def noise(length):
    return random.Random(0).randbytes(length)


@pytest.mark.parametrize("length", [1, 3 * CHUNK // 4, 3 * CHUNK // 4 + 1, 20_000])
def test_kittys_chunks_are_4096_letters_and_together_the_png(length):
    png = noise(length)
    keys, data = of_kitty(kitty(png, 40, 12))
    assert data == png
    assert {"a": "T", "f": "100", "q": "2", "c": "40", "r": "12"}.items() <= keys.items()


def test_iterms_file_is_told_with_its_size():
    file = noise(5000)
    keys, data = re.fullmatch(r"\x1b]1337;File=([^:]*):([^\x07]*)\x07", iterm(file, 40, 12)).groups()
    assert base64.b64decode(data) == file
    told_ = dict(key.split("=") for key in keys.split(";"))
    assert told_ == {"inline": "1", "size": "5000", "width": "40", "height": "12", "preserveAspectRatio": "1"}


@given(st.integers(1, 40), st.integers(1, 20), st.randoms(use_true_random=False))
def test_every_pixel_of_a_sixel_picture_has_its_colour(width, height, random):
    pixels = random.choices(range(4), k=width * height)
    palette = [(0, 0, 0), (255, 255, 255), (255, 0, 51), (1, 128, 254)]
    size, colours, drawn = of_sixel(sixel(width, height, palette, bytes(pixels)))
    assert size == (width, height)
    assert colours == {0: (0, 0, 0), 1: (100, 100, 100), 2: (100, 0, 20), 3: (0, 50, 100)}
    assert [drawn[at % width, at // width] for at in range(width * height)] == pixels
    assert len(drawn) == width * height


def test_a_run_of_letters_is_told_by_its_number():
    assert len(sixel(500, 6, [(9, 9, 9)], bytes(3000))) < 60


@given(st.integers(1, 9), st.integers(1, 5), st.randoms(use_true_random=False))
def test_half_blocks_have_two_pixels_a_cell(width, rows, random):
    pixels = random.randbytes(width * rows * 2 * 3)
    found = of_blocks(blocks(width, pixels))
    assert b"".join(bytes(colour) for row in found for colour in row) == pixels
    assert [len(row) for row in found] == [width] * rows * 2


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 200), st.integers(1, 60))
def test_a_picture_fits_its_room_keeps_its_shape_and_is_made_no_larger(width, height, columns, rows):
    room = Room(columns, rows)
    wide, high = room.cells(width, height)
    assert 1 <= wide <= columns
    assert 1 <= high <= rows
    assert wide <= max(round(width / 10), 1)
    if 1 < wide < columns and 1 < high < rows:  # it is as large as it was
        assert (wide, high) == (round(width / 10), round(height / 20))


# The terminal


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({"TERM": "xterm-kitty"}, Way.KITTY),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, Way.KITTY),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Way.KITTY),
        ({"TERM_PROGRAM": "iTerm.app"}, Way.ITERM),
        ({"LC_TERMINAL": "iTerm2"}, Way.ITERM),  # by ssh
        ({"TERM_PROGRAM": "WezTerm"}, Way.ITERM),
        ({"TERM": "foot-extra"}, Way.SIXEL),
        ({"TERM": "xterm-sixel"}, Way.SIXEL),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, None),
        ({"TERM_PROGRAM": "iTerm.app", "STY": "1.pts"}, None),
        ({}, None),
    ],
)
def test_a_terminal_is_known_by_its_environment(environ, way):
    assert told(environ) is way


@pytest.mark.parametrize(
    ("answer", "way"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c", Way.KITTY),
        (b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;4c", Way.SIXEL),
        (b"\x1b[?62;4;22c", Way.SIXEL),
        (b"\x1b[?64;1;2;4c", Way.SIXEL),
        (b"\x1b[?4;6c", None),  # a VT132
        (b"\x1b[?1;2c", None),
        (b"\x1b[?62;14;22c", None),
        (b"", None),
    ],
)
def test_or_by_what_it_answers(answer, way):
    assert read(answer) is way


def test_it_is_asked_without_an_echo_and_left_as_it_was():
    terminal, process = pty.openpty()
    before = termios.tcgetattr(process)
    asked = []

    def answer():
        asked.append(os.read(terminal, 1024))
        os.write(terminal, b"\x1b[?62;")
        os.write(terminal, b"4c")

    thread = Thread(target=answer)
    thread.start()
    assert read(ask(process, 60)) is Way.SIXEL
    thread.join()
    assert asked == [QUERY]
    assert termios.tcgetattr(process) == before
    assert ask(process, 0) == b""  # who does not answer is not waited for
    os.read(terminal, 1024)
    os.write(terminal, b"ls\n")
    assert ask(process, 60) == b""  # what is typed ahead stays there
    assert os.read(process, 10) == b"ls\n"
    os.close(terminal)
    os.close(process)


# The flag


def png(size=(400, 200), colour=(250, 40, 10)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Show a file on a terminal that has an environment, and return what is written, and what is said."""

    def show(name, data, /, kind="image", **environ):
        path = tmp_path / name
        path.write_bytes(data)
        screen = Screen()
        written = io.StringIO()
        written.isatty = lambda: True
        monkeypatch.setattr(screen, "file", written)
        monkeypatch.setattr(screen, "_force_terminal", True)
        monkeypatch.setattr(screen, "size", (84, 30))
        look = showing.look(screen, environ=environ)
        if look is not None:
            monkeypatch.setattr(type(screen), "encoding", "utf-8")
            look(Asset(kind=kind, path=path, width=400, height=200))
        return written.getvalue(), capsys.readouterr().err

    monkeypatch.setattr(showing, "_cell", lambda: (10, 20))
    return show


def test_a_picture_is_shown_as_large_as_it_is(shown):
    keys, data = of_kitty(shown("a.png", png(), TERM="xterm-kitty")[0].strip())
    assert (keys["c"], keys["r"]) == ("40", "10")
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.size, picture.getpixel((9, 9))) == ("PNG", (400, 200), (250, 40, 10))
    size, palette, pixels = of_sixel(shown("a.png", png(), TERM="foot")[0].strip())
    assert (size, palette[pixels[9, 9]]) == ((400, 200), (98, 16, 4))
    text, said = shown("a.png", png((3000, 3000)), TERM_PROGRAM="iTerm.app")
    assert re.search("width=48;height=24;", text)  # a square of 24 lines
    assert said == ""


@pytest.mark.parametrize(
    ("colours", "none", "encoding", "said"),
    [
        ("truecolor", False, "utf-8", ""),
        (None, False, "utf-8", "this terminal has no colours"),
        ("truecolor", True, "utf-8", "NO_COLOR is set"),
        ("truecolor", False, "ascii", "this terminal's encoding (ascii) has no characters to draw with"),
    ],
)
def test_half_blocks_need_colours_and_characters(shown, monkeypatch, colours, none, encoding, said):
    monkeypatch.setattr(Screen, "color_system", colours)
    monkeypatch.setattr(Screen, "encoding", encoding)
    monkeypatch.setattr(Screen, "no_color", none, raising=False)
    monkeypatch.setattr(Screen, "__setattr__", lambda *given: given[1] == "no_color" or object.__setattr__(*given))
    written, told = shown("a.png", png(), TERM="dumb")
    assert (said in told, bool(told), bool(written)) == (True, bool(said), not said)


@pytest.mark.parametrize(
    ("name", "data", "kind", "said"),
    [
        ("a.png", b"no picture", "image", "it cannot be read as a picture"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image", "it cannot be read as a picture"),
        ("a.mp3", b"ID3", "audio", "a sound has no picture"),
    ],
)
def test_what_is_not_shown_is_said(shown, name, data, kind, said):
    written, error = shown(name, data, kind, TERM="xterm-kitty")
    assert written == ""
    assert said in " ".join(error.split())


def test_what_is_elsewhere_is_said(shown, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "where ffmpeg is installed" in " ".join(shown("a.mp4", b"", "video", TERM="xterm-kitty")[1].split())
    look = showing.Look(Screen(), Way.KITTY, Room(10, 10))
    look(Asset(kind="image", stored="s3://bucket/a.png"))
    assert "s3://bucket/a.png: it is not on this machine" in " ".join(capsys.readouterr().err.split())


def test_without_pillow_a_terminal_gets_the_file_if_it_reads_it_itself(shown, monkeypatch):
    data = png()
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert of_kitty(shown("a.png", data, TERM="xterm-kitty")[0].strip())[1] == data
    assert base64.b64encode(data).decode() in shown("a.png", data, LC_TERMINAL="iTerm2")[0]
    for environ in ({"TERM": "foot"}, {"TERM": "dumb"}):
        assert shown("a.png", data, **environ) == ("", f"{showing.NO_PILLOW}\n")
    written, said = shown("a.jpg", b"\xff\xd8\xff", TERM="xterm-kitty")
    assert (written, "pip install pillow" in said) == ("", True)


FOX = ("generate", "A fox in the snow", "--model", "flux-2-pro", "--provider", "reapi", "--show")


@pytest.mark.usefixtures("simulators")
def test_a_pipe_gets_no_picture_whatever_the_environment_says(terminal, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-kitty")
    done = terminal(*FOX)
    assert done.exit_code == 0
    assert "\x1b_G" not in done.output
    assert showing.NO_TERMINAL in done.stderr
    for words in (FOX, ("tasks", "show", "x", "--show"), ("resume", "--show"), ("demo", "--show")):
        refused = terminal(*words, "--json")
        assert refused.exit_code == 2
        assert "\x1b" not in refused.stdout
        assert "give one of them" in " ".join(refused.stderr.split())


@pytest.mark.usefixtures("simulators")
def test_what_is_made_is_shown_at_once(terminal, monkeypatch):
    seen = []
    monkeypatch.setattr(showing, "look", lambda screen, *, rows: seen.append)
    terminal(*FOX)
    (task,) = [attempt["task"] for attempt in terminal.json("tasks")]
    terminal("tasks", "show", task["id"], "--show")
    made, later = seen
    assert made.path.name == later.path.name == Path(task["assets"][0]["path"]).name
    terminal(*FOX[:-1])
    assert len(seen) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("simulators")
def test_on_a_terminal_a_result_is_a_picture(terminal):
    """As kitty gets it; of a clip the first frame, where there is ffmpeg."""
    clip = ("generate", "waves", "--model", "kling-3.0", "--provider", "reapi", "--duration", "3")
    for words in (FOX, clip):
        terminal(*words)
        text = on_a_terminal("tasks", "show", terminal.json("tasks")[-1]["id"], "--show")
        if words == clip and shutil.which("ffmpeg") is None:
            assert "where ffmpeg is installed" in text
            continue
        (told_,) = re.findall(r"(?:\x1b_G[^\x1b]*\x1b\\)+", text)
        keys, data = of_kitty(told_)
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (int(keys["c"]) * 10, int(keys["r"]) * 20)


def on_a_terminal(*words):
    """Run a command whose stdout is a terminal, and return what is printed there."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 80))
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "TMUX", "STY")}
    command = [sys.executable, "-m", "anymedia", *words]
    ran = subprocess.Popen(command, stdout=slave, stderr=slave, stdin=slave, env={**environ, "TERM": "xterm-kitty"})
    os.close(slave)
    told_ = b""
    with os.fdopen(master, "rb", buffering=0) as read_:
        while True:
            try:
                told_ += (more := read_.read(65536))
            except OSError:  # the other end is closed
                break
            if not more:
                break
    assert ran.wait() == 0, told_
    return told_.decode().replace("\r\n", "\n")
