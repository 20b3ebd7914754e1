"""Make the site out of docs/: `make site`, or python docs/publish.py FOLDER.

Pages link to files beside docs/ too, as they do in a checkout: README.md, examples, sources. Those become pages of the
site, and links lead there. zensical is its maker; what it warns of ends this with an error.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from tempfile import TemporaryDirectory

from _generate import titles
from _generate.index import FIRST, Entry, navigation
from _generate.links import links, with_links

DOCS = Path(__file__).parent
ROOT = DOCS.parent
CONFIG = "zensical.toml"
PROJECT = "project"
"""The folder of the site for what lies beside docs/."""

ALSO = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
"""What of it stands in the navigation, where it is there."""

LANGUAGES = {".py": "python", ".toml": "toml", ".sh": "sh", ".yml": "yaml", ".yaml": "yaml", ".json": "json"}
_NAMED = re.compile(r"^(```\w+) (\S+)$", re.MULTILINE)
_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_CODE = re.compile(r"`[^`]+`")

AS_THEY_ARE = (".svg", ".png", ".jpg", ".webp", ".gif", ".mp4", ".js", ".css")
"""What is copied, and is no page."""


def main(folder: Path) -> None:
    """Make the site in a folder, in place of what is there."""
    with TemporaryDirectory(prefix="anymedia-site-") as place:
        staged = Path(place)
        stage(staged)
        build = [str(Path(sys.executable).parent / "zensical"), "build", "--clean", "--strict"]
        done = subprocess.run(build, cwd=staged, check=False)  # noqa: S603 - a program of this environment
        if done.returncode:
            sys.exit(done.returncode)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(staged / "site", folder)


def stage(staged: Path) -> None:
    """Write the pages and the configuration of the site into a folder."""
    pages = staged / "docs"
    waiting = [path for path in _files(DOCS) if path.suffix in (".md", *AS_THEY_ARE)]
    waiting += [ROOT / name for name in ALSO if (ROOT / name).exists()]
    written: set[Path] = set()
    while waiting:
        source = waiting.pop()
        if source in written:
            continue
        written.add(source)
        target = pages / place_of(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in AS_THEY_ARE:
            shutil.copyfile(source, target)
            continue
        text = source.read_text("utf-8")
        if source.suffix == ".md":
            waiting += _linked(text, source)
            target.write_text(_as_read(with_links(text, partial(_moved, source=source))), "utf-8")
        else:
            target.write_text(_listing(source, text), "utf-8")
    (staged / CONFIG).write_text(_config(), "utf-8")


def place_of(source: Path) -> PurePosixPath:
    """Return where a file of the checkout stands on the site, as it is written; a page is the first of its folder."""
    if source.is_relative_to(DOCS):
        within = PurePosixPath(source.relative_to(DOCS).as_posix())
        return within.with_suffix("") / FIRST if source.with_suffix("").is_dir() else within
    within = PurePosixPath(PROJECT, source.relative_to(ROOT).as_posix())
    return within if source.suffix in (".md", *AS_THEY_ARE) else within.with_name(f"{within.name}.md")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "_generate" not in path.parts)


def _linked(text: str, source: Path) -> list[Path]:
    """Return the files that a page leads to. Errors: FileNotFoundError."""
    found = [_target(link[0], source) for link in links(text)]
    if missing := [path for path in found if path is not None and not path.is_file()]:
        raise FileNotFoundError(f"{source}: leads to what is no file: {missing[0]}")
    return [path for path in found if path is not None]


def _target(link: str, source: Path) -> Path | None:
    """Return the file that a link leads to; None for one within its page."""
    path = link.partition("#")[0]
    return Path(normpath(source.parent / path)) if path else None


def _moved(link: str, source: Path) -> str:
    """Return a link as it leads from where its page stands on the site."""
    target, (_, sharp, heading) = _target(link, source), link.partition("#")
    if target is None:
        return link
    return relpath(place_of(target), place_of(source).parent) + sharp + heading


def _as_read(text: str) -> str:
    """Return a page as zensical reads what GitHub reads otherwise: the title of a block, and a | in code in a table."""
    titled = _NAMED.sub(r'\1 title="\2"', text)
    return _ROW.sub(lambda row: _CODE.sub(lambda found: found[0].replace("\\|", "|"), row[0]), titled)


def _listing(source: Path, text: str) -> str:
    """Return a file as a page, which the search leaves out."""
    name = source.relative_to(ROOT).as_posix()
    head = f"---\nsearch:\n  exclude: true\n---\n\n# {name}\n\n"
    return f"{head}````{LANGUAGES.get(source.suffix, 'text')}\n{text}\n````\n"


def _config() -> str:
    """Return the configuration with the navigation in it."""
    also = tuple(Entry(Path(name).stem, f"../{name}") for name in ALSO if (ROOT / name).exists())
    entries = (Entry("anymedia", FIRST), *navigation(titles(DOCS)), Entry("Project", None, also))
    nav = f"nav = {_toml(entries)}"
    return (DOCS / CONFIG).read_text("utf-8").replace("[project]\n", f"[project]\n{nav}\n", 1)


def _toml(entries: Iterable[Entry]) -> str:
    """Return a navigation as zensical reads it: a page with pages below it is the first of its section."""
    return f"[{', '.join(map(_item, entries))}]"


def _item(entry: Entry) -> str:
    title, place = json.dumps(entry.title), "" if entry.name is None else json.dumps(str(place_of(_beside(entry.name))))
    if not entry.below:
        return f"{{ {title} = {place} }}"
    return f"{{ {title} = [{place}{', ' * bool(place)}{_toml(entry.below)[1:]} }}"


def _beside(name: str) -> Path:
    """Return the file that a name leads to from docs/."""
    return Path(normpath(DOCS / name))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
