"""The page of `anymedia report` as a browser reads it: the same elements, nothing that its policy stops, and seen."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from .test_report import AWKWARD, PLAIN, Page, attempts_of, page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A browser comes by no pip: where Debian's chromium is not installed, nothing can be read with it.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="there is no chromium on this machine")]

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"),
)


def browse(folder, *flags):
    command = [BROWSER, *QUIET, f"--user-data-dir={folder / 'profile'}", *flags, (folder / "r.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=folder)
    assert "CONSOLE" not in done.stderr  # where a browser says what a policy has stopped
    return done.stdout


@pytest.mark.parametrize("said", [PLAIN, *AWKWARD])
def test_a_browser_reads_what_was_written(tmp_path, said):
    written = page(attempts_of(said, Path("/nowhere")), said)
    (tmp_path / "r.html").write_text(written)
    assert Page(browse(tmp_path, "--dump-dom")).shape == Page(written).shape


@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_is_seen(tmp_path, width):
    (tmp_path / "r.html").write_text(page(attempts_of(PLAIN, tmp_path)))
    browse(tmp_path, f"--window-size={width},3000", f"--screenshot={tmp_path / 'r.png'}")
    with Image.open(tmp_path / "r.png") as seen:
        assert seen.size == (width, 3000)
        assert len(seen.convert("RGB").getcolors(1 << 20)) > 100
