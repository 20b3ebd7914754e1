"""A provider is its own files and nothing else: without them, all the rest is as it was; and two files are one more."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import OFFLINE, PIP, ROOT, Installed, snippets

FOLDERS = ("adapters", "cassettes", "cli", "core", "simulators", "testing", "tests")
PROVIDERS = sorted(file.stem for file in (ROOT / "adapters").glob("[!_]*.py"))
DELETED = "revidapi"
QUICK = ("contract", "core")

OTHERS = """
import asyncio, sys
from anymedia import Client, explain, read_config
from anymedia.registry import adapters
from anymedia.simulators import names, running
from anymedia.testing import FakeClock
from anymedia.testing.suite import cases

async def main(clock):
    async with running(clock=clock.time) as simulators:
        async with Client(read_config(simulators.config, simulators.environ), clock=clock) as client:
            for adapter in adapters().values():
                for case in list(cases(adapter))[:2]:
                    assert adapter.name in {each.provider for each in explain(case.request)}
                    task = await client.submit(case.request, offer=case.name)
                    assert (await client.wait(task)).assets

assert tuple(sorted(adapters())) == names() == tuple(sys.argv[1:]), names()
asyncio.run(main(FakeClock()))
"""


def copied(target: Path) -> Path:
    """Return a copy of the checkout."""
    ignored = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    for file in ("README.md", "pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / file, target)
    return target


def delete(provider: str, checkout: Path) -> None:
    """Take a provider's files out of a checkout: the adapter, the simulator with its parts, the cassettes."""
    files = [checkout / "adapters" / f"{provider}.py", *(checkout / "simulators").glob(f"{provider}*.py")]
    assert len(files) >= 2
    for file in files:
        file.unlink()
    shutil.rmtree(checkout / "cassettes" / provider, ignore_errors=True)


@pytest.fixture(scope="session")
def changed(tmp_path_factory) -> Installed:
    """A checkout that one provider has left and another has joined, built and installed."""
    checkout, packages = copied(tmp_path_factory.mktemp("checkout")), tmp_path_factory.mktemp("packages")
    delete(DELETED, checkout)
    for kind in ("adapter", "simulator"):
        # Acme itself is a name that core takes for examples.
        text = snippets(f"anymedia_acme/{kind}.py").replace("acme", "novel").replace("Acme", "Novel")
        (checkout / f"{kind}s" / "novel.py").write_text(text, "utf-8")
    install = [*PIP, "install", "--no-build-isolation", *OFFLINE, "--target", str(packages), str(checkout)]
    subprocess.run(install, check=True, capture_output=True)
    return Installed(packages=packages, folder=checkout, environ={"ANYMEDIA_CASES": "0.1"})


def test_what_does_not_name_a_provider_does_not_miss_it(changed):
    """Every quick test passes whose file does not name the provider that left, and the one that joined is tested."""
    tests = [file for folder in QUICK for file in sorted((changed.folder / "tests" / folder).rglob("test_*.py"))]
    unaware = [str(file) for file in tests if DELETED not in file.read_text("utf-8")]
    assert len(unaware) > len(tests) / 2
    done = changed.pytest(*unaware)
    assert done.returncode == 0, done.stdout
    contract = changed.pytest("--collect-only", "tests/contract").stdout
    assert "[novel/flux2p-text-fewest]" in contract
    assert DELETED not in contract


def test_the_one_that_joined_is_written_as_the_others_are(changed):
    files = ("adapters/novel.py", "simulators/novel.py")
    changed.python("-m", "ruff", "check", "--no-cache", *files)
    changed.python("-m", "ruff", "format", "--no-cache", "--check", *files)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_others_work_without_it(provider, tmp_path):
    delete(provider, copied(tmp_path))
    packages = tmp_path / "packages" / "anymedia"
    shutil.copytree(tmp_path / "core", packages)
    for folder in ("adapters", "cli", "simulators", "testing"):
        shutil.copytree(tmp_path / folder, packages / folder)
    others = [other for other in PROVIDERS if other != provider]
    here = Installed(packages=packages.parent, folder=tmp_path)
    here.python("-c", OTHERS, *others)
    assert [each["provider"] for each in json.loads(here.anymedia("providers", "--json"))] == others
