"""A provider is its own files and nothing else: without them, all the rest is as it was; and two files are one more.

What is installed is copied, changed and run. `make soak` (ANYMEDIA_CASES above one) builds the changed checkout too,
and runs every quick test there in place of those that look at what there is.
"""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import anymedia

from .conftest import OFFLINE, PIP, ROOT, Installed, snippets

LONG = float(os.environ.get("ANYMEDIA_CASES", "1")) > 1
HERE = Path(anymedia.__file__).parent
FOLDERS = ("adapters", "cassettes", "cli", "core", "simulators", "testing", "tests")
PROVIDERS = sorted(path.stem for path in (ROOT / "adapters").glob("[!_]*") if path.is_dir() or path.suffix == ".py")
DELETED = "revidapi"
QUICK = ("contract", "core")
LOOKS = re.compile(r"\badapters\(\)(?!\[)|\bnames\(\)|\bservices\(\)(?!\[)|\bContract\b")
"""What a test says that goes over the providers there are; another one cannot notice which these are."""

OTHERS = """
import json, os, sys
import aiohttp, click, hypothesis, lameenc, PIL.Image, pytest, rich  # they take longest, and are loaded for all at once

def begun(folder, *others):
    if pid := os.fork():
        return pid
    sys.path.insert(0, folder)
    sys.argv[1:] = others
    os.dup2(os.open(f"{folder}/said", os.O_WRONLY | os.O_CREAT), 1)
    exec(WORK, {})

begun = [begun(*each) for each in json.loads(sys.argv[1])]
sys.exit(any([os.waitpid(pid, 0)[1] for pid in begun]))
"""
"""A program that has others begun, each with a folder of packages of its own, and fails where one of them does."""

WORK = """
import asyncio, sys
from anymedia.cli import main as command
from anymedia import Client, explain, read_config
from anymedia.registry import adapters
from anymedia.simulators import names, running
from anymedia.testing import FakeClock
from anymedia.testing.requests import fewest

async def main(clock):
    async with running(clock=clock.time) as simulators:
        async with Client(read_config(simulators.config, simulators.environ), clock=clock) as client:
            for adapter in adapters().values():
                offer = adapter.offers[0]
                request = fewest(adapter, offer, next(iter(offer.variants)))
                assert adapter.name in {each.provider for each in explain(request)}
                task = await client.submit(request, offer=f"{adapter.name}/{offer.name}")
                assert (await client.wait(task)).assets

assert tuple(sorted(adapters())) == names() == tuple(sys.argv[1:]), names()
asyncio.run(main(FakeClock()))
sys.argv[1:] = ["providers", "--json"]
command()
"""
"""What each of them does: it sells at all simulators that are left, and lists the providers."""


def installed(provider: str, target: Path) -> Path:
    """Return a folder of packages that holds what is installed here, without a provider."""
    shutil.copytree(HERE, target / "anymedia")
    delete(provider, target / "anymedia")
    return target


def checkout(target: Path) -> Path:
    """Return a copy of the checkout."""
    ignored = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    for file in ("README.md", "pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / file, target)
    return target


def delete(provider: str, folder: Path) -> None:
    """Take a provider's files out of a folder: the adapter, the simulator with its parts, the cassettes."""
    adapter = folder / "adapters" / provider
    files = [*adapter.parent.glob(f"{provider}.py"), *(folder / "simulators").glob(f"{provider}*.py")]
    assert len(files) + adapter.is_dir() >= 2
    for file in files:
        file.unlink()
    for each in (adapter, folder / "cassettes" / provider):
        shutil.rmtree(each, ignore_errors=True)


def join(folder: Path) -> None:
    """Put the provider of the page among the others, under another name: Acme is one that core takes for examples."""
    for kind in ("adapter", "simulator"):
        text = snippets(f"anymedia_acme/{kind}.py").replace("acme", "novel").replace("Acme", "Novel")
        (folder / f"{kind}s" / "novel.py").write_text(text, "utf-8")


@pytest.fixture(scope="session")
def changed(tmp_path_factory) -> Installed:
    """A checkout that one provider has left and another has joined, and what is installed of it."""
    folder, packages = checkout(tmp_path_factory.mktemp("checkout")), tmp_path_factory.mktemp("packages")
    delete(DELETED, folder)
    join(folder)
    if LONG:
        install = [*PIP, "install", "--no-build-isolation", *OFFLINE, "--target", str(packages), str(folder)]
        subprocess.run(install, check=True, capture_output=True)
    else:
        join(installed(DELETED, packages) / "anymedia")
    return Installed(packages=packages, folder=folder, environ={"ANYMEDIA_CASES": "0.1"})


def unaware(folder: Path) -> list[str]:
    """Return the quick tests whose file does not name the provider that left, and might notice that it is not there."""
    files = [file for part in QUICK for file in sorted((folder / "tests" / part).rglob("test_*.py"))]
    found = {file: text for file in files if DELETED not in (text := file.read_text("utf-8"))}
    assert len(found) > len(files) / 2
    if LONG:
        return [str(file) for file in found]
    return [f"{file}{test}" for file, text in found.items() for test in looking(text)]


def looking(text: str) -> Iterator[str]:
    """Yield the tests of a file that go over the providers, or all of them where it does so outside its tests."""
    found = [node for node in ast.parse(text).body if LOOKS.search(ast.unparse(node))]
    tests = [getattr(node, "name", "") for node in found]
    yield from [f"::{name}" for name in tests] if all(name.startswith("test_") for name in tests) else [""]


def test_what_does_not_name_a_provider_does_not_miss_it(changed):
    """Every quick test passes whose file does not name the provider that left, and the one that joined is tested."""
    found = unaware(changed.folder)
    assert any("contract" in file for file in found)
    some = () if LONG else ("-k", "not TestBuiltIn or novel")
    done = changed.pytest("-vv", *some, *found)
    assert done.returncode == 0, done.stdout
    assert "[novel/flux2p-text-fewest] PASSED" in done.stdout
    assert DELETED not in done.stdout


def test_the_one_that_joined_is_written_as_the_others_are(changed):
    files = ("adapters/novel.py", "simulators/novel.py")
    changed.python("-m", "ruff", "check", "--no-cache", *files)
    changed.python("-m", "ruff", "format", "--no-cache", "--check", *files)


def test_the_others_work_without_it(tmp_path):
    folders = {provider: installed(provider, tmp_path / provider) for provider in PROVIDERS}
    others = {provider: [other for other in PROVIDERS if other != provider] for provider in PROVIDERS}
    asked = [[str(folder), *others[provider]] for provider, folder in folders.items()]
    here = Installed(packages=tmp_path / "none", folder=tmp_path)
    here.python("-c", f"WORK = {WORK!r}\n{OTHERS}", json.dumps(asked))
    for provider, folder in folders.items():
        listed = json.loads((folder / "said").read_text("utf-8"))
        assert [each["provider"] for each in listed] == others[provider]
