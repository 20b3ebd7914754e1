"""An outside package, written from the page that says how, and programs that run where it is installed."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

import attrs
import pytest

from anymedia import registry, simulators
from tests.verbs import forget

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-provider.md").read_text("utf-8")
SNIPPET = re.compile(r"^```(\w+) (.+)\n((?s:.*?))^```$", re.MULTILINE)
"""A fence that says more than its language: a file of the package, or where commands are typed."""

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OFFLINE = ("--no-deps", "--no-index")


def snippets(name: str) -> str:
    """Return a file as the page has it: its snippets, one after the other."""
    found = [match[3] for match in SNIPPET.finditer(PAGE) if match[2] == name]
    assert found, f"the page has no {name}"
    return "\n".join(found)


@attrs.frozen
class Installed:
    """Packages in a folder of their own, before all others, and a folder to work in."""

    packages: Path
    folder: Path
    environ: Mapping[str, str] = attrs.field(factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with them, and return how it ended and what it printed."""
        return subprocess.run([sys.executable, *arguments], **self._here, stderr=subprocess.PIPE, check=False)

    def python(self, *arguments: str) -> str:
        """Run Python with them, and return what it prints; it has to end well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest."""
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)

    def anymedia(self, *arguments: str) -> str:
        """Run the command line."""
        return self.python("-m", "anymedia", *arguments)

    @contextmanager
    def simulator(self, name: str) -> Iterator[dict[str, str]]:
        """Run a simulator from the command line until the block ends, and yield what it says of itself."""
        words = ("-m", "anymedia", "simulate", "--provider", name, "--json", "--speed", "100")
        with subprocess.Popen([sys.executable, *words], **self._here) as process:
            try:
                yield json.loads(process.stdout.readline())
            finally:
                process.terminate()

    @property
    def _here(self) -> dict:
        environ = {**os.environ, "PYTHONPATH": str(self.packages), "COLUMNS": "400", **self.environ}
        return {"cwd": self.folder, "env": environ, "stdout": subprocess.PIPE, "text": True}


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> Path:
    """The outside package, as the page has it."""
    folder = tmp_path_factory.mktemp("anymedia-acme")
    for name in {match[2] for match in SNIPPET.finditer(PAGE) if Path(match[2]).suffix}:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(snippets(name), "utf-8")
    return folder


@pytest.fixture(scope="session")
def built(source, tmp_path_factory) -> Path:
    """The outside package, built and installed as any wheel is."""
    wheels, packages = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("packages")
    wheel = [*PIP, "wheel", "--no-build-isolation", *OFFLINE, "--wheel-dir", str(wheels), str(source)]
    subprocess.run(wheel, check=True, capture_output=True)
    (file,) = wheels.glob("*.whl")
    subprocess.run([*PIP, "install", *OFFLINE, "--target", str(packages), str(file)], check=True, capture_output=True)
    return packages


@pytest.fixture
def acme(built, tmp_path) -> Installed:
    """The outside package, installed."""
    return Installed(packages=built, folder=tmp_path)


@pytest.fixture
def plugged(source, tmp_path, monkeypatch):
    """Return a function that installs the outside package in this very process, with some words of it replaced.

    `texts` are an adapter and a simulator in place of the page's, of the provider `name`.
    """

    def look_anew() -> None:
        importlib.invalidate_caches()
        forget(registry, simulators)
        for name in [name for name in sys.modules if name.split(".")[0] == "anymedia_acme"]:
            del sys.modules[name]

    def plug(*changes: tuple[str, str, str], name: str = "acme", texts: Mapping[str, str] = MappingProxyType({})):
        files = ("anymedia_acme/adapter.py", "anymedia_acme/simulator.py")
        written = {file: texts[file] if texts else snippets(file) for file in files}
        for file, old, new in changes:
            assert written[file].count(old) == 1, old
            written[file] = written[file].replace(old, new)
        install(tmp_path, name, written)
        look_anew()
        return registry.adapter(name)

    def entry_points(*, group: str) -> metadata.EntryPoints:
        """Return those of the packages installed here: to look through all others takes longer than most tests."""
        found = [point for each in metadata.distributions(path=[str(tmp_path)]) for point in each.entry_points]
        return metadata.EntryPoints(found).select(group=group)

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(metadata, "entry_points", entry_points)
    monkeypatch.setattr(simulators, "entry_points", entry_points)
    yield plug
    look_anew()


def install(packages: Path, name: str, texts: Mapping[str, str], adapter: str = "anymedia_acme.adapter") -> None:
    """Write a package where Python looks for some, with its entry points."""
    points = f"[anymedia.adapters]\n{name} = {adapter}\n[anymedia.simulators]\n{name} = anymedia_acme.simulator\n"
    about = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", "entry_points.txt": points}
    for file, text in {**texts, **{f"{name}-1.dist-info/{file}": text for file, text in about.items()}}.items():
        (packages / file).parent.mkdir(parents=True, exist_ok=True)
        (packages / file).write_text(text, "utf-8")
