"""Links lead somewhere, in the checkout and on the site, which is made once for all that is asked of it here."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from _generate import titles  # noqa: E402
from _generate.links import anchors, links  # noqa: E402
from publish import place_of  # noqa: E402

PAGES = [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))]
LOADED = {"src", "srcset", "poster", "data"}
"""What a browser loads by itself, as it does what a <link> leads to."""

slow = pytest.mark.slow


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_the_checkout_leads_to_a_file_and_a_heading(page):
    for link in links(page.read_text("utf-8")):
        path, sharp, heading = unquote(link[0]).partition("#")
        target = (page.parent / path) if path else page
        assert target.is_file(), link[0]
        assert not sharp or f"#{heading}" in anchors(target.read_text("utf-8")), link[0]


class Page(HTMLParser):
    """A page of the site: what it leads to, what it loads, and where it can be led to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.ids, self.text = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.ids.add(value)
            elif name in LOADED or (name == "href" and tag == "link"):
                self.loads.append(value)
            elif name == "href":
                self.links.append(value)

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Every page of the site by its path, and the folder that they are in."""
    folder = tmp_path_factory.mktemp("site") / "made"
    done = subprocess.run(
        [sys.executable, DOCS / "publish.py", folder], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}


@slow
def test_every_page_is_on_the_site_and_in_its_navigation(site):
    folder, pages = site
    led = {(folder / urlsplit(link).path).resolve() for link in pages[folder / "index.html"].links}
    made = {folder / place_of(DOCS / name).with_suffix(".html") for name in titles(DOCS)}
    assert made <= led
    assert made <= {*pages}


@slow
def test_no_link_of_the_site_is_dead(site):
    _, pages = site
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto") or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), (path, link)
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, (path, link)


@slow
def test_no_page_loads_anything_from_another_host(site):
    folder, pages = site
    for path, page in pages.items():
        for loaded in page.loads:
            parts = urlsplit(loaded)
            assert parts.scheme in ("", "data"), (path, loaded)
            assert not parts.netloc, (path, loaded)
            assert path.name == "404.html" or (path.parent / unquote(parts.path)).is_file(), (path, loaded)
    for style in folder.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text("utf-8")) == [], style


@slow
def test_what_the_pages_say_is_on_the_site(site):
    folder, pages = site
    told = {path.stem: "".join(page.text) for path, page in pages.items() if path.is_relative_to(folder / "reference")}
    assert "[[providers.NAME.offers]]" in told["configuration"]
    assert "--image FILE|URL" in told["commands"]
    assert [path for path, text in told.items() if "| --- |" in text or "\\|" in text] == []
