"""docs/adding-a-provider.md is followed to the letter: the package that it shows works, and its suite finds errors."""

import json
import re
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor

import attrs

from .conftest import PAGE, snippets

ADAPTER, TESTS = "anymedia_acme/adapter.py", "tests/test_acme.py"


def test_the_page_says_that_acme_is_invented():
    assert "a provider that does not exist" in PAGE
    assert "acme.example" in snippets(ADAPTER)


def test_its_commands_work(acme):
    """What the page has typed; pip's work is done already, the suite and the simulator are run below."""
    pip, pytest, *commands, simulate = snippets("in anymedia-acme/").splitlines()
    assert (pip, pytest) == ("pip install -e '.[test]'", "pytest")
    assert simulate == "anymedia simulate --provider acme"
    said = {}
    for program, command, *arguments in map(shlex.split, commands):
        assert program == "anymedia"
        said[command] = acme.anymedia(command, *arguments)
    assert "ACME_API_KEY" in said["providers"]
    assert "acme/flux2p  $0.03" in said["explain"]
    assert "POST           https://api.acme.example/v1/pictures" in said["explain"]

    *built_in, found, studio = json.loads(acme.anymedia("providers", "--json"))
    assert not {"acme", "studio"} & {each["provider"] for each in built_in}
    assert (studio["title"], studio["models"]) == ("Acme Studio", {"music": ["song-2"], "video": ["clip-1"]})
    assert (found["provider"], found["title"], found["models"]) == ("acme", "Acme", {"image": ["flux-2-pro"]})
    assert [gap["what"] for gap in found["gaps"]] == ["rate limits", "how to cancel"]


def test_a_picture_is_made_and_a_cassette_recorded_at_its_simulator(acme, source):
    with acme.simulator("acme") as simulator:
        table = f'[providers.acme]\nbase_url = "{simulator["base_url"]}"\napi_key_env = "ACME"\n'
        (acme.folder / "anymedia.toml").write_text(table)
        here = attrs.evolve(acme, environ={"ACME": simulator["api_key"]})
        generate = ("generate", "a lighthouse", "--model", "flux-2-pro", "--resolution", "2K", "--json")
        made = json.loads(here.anymedia(*generate))
        here.python(str(source / "tests" / "record.py"))
    assert (made["money"]["usd"], made["tasks"][0]["provider"]) == ("0.08", "acme")
    assert [(acme.folder / file).exists() for file in made["files"]] == [True]

    # The suite plays the cassette, with nobody there to be asked.
    (cassette,) = acme.folder.glob("tests/cassettes/acme/*.yaml")
    assert simulator["api_key"] not in cassette.read_text("utf-8")
    (more,) = re.findall(r"`(cassettes = Path.+?)`", PAGE)
    test = f"from pathlib import Path\n{snippets(TESTS)}    {more}\n"
    (acme.folder / "tests" / "test_acme.py").write_text(test)
    played = acme.pytest("-k", "cassette", "tests/test_acme.py")
    assert played.returncode == 0, played.stdout
    assert "1 passed" in played.stdout


def test_its_suites_pass(acme, source):
    """Of both providers: each finds its adapter and its simulator by their entry points."""

    def ran(name: str) -> str:
        done = acme.pytest(str(source / "tests" / f"test_{name}.py"))
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()[-1]

    with ThreadPoolExecutor(2) as pool:
        pictures, studio = pool.map(ran, ("acme", "studio"))
    assert re.match(r"\d+ passed, 20 skipped", pictures), pictures
    assert re.match(r"\d+ passed, 22 skipped", studio), studio


def test_its_hooks_do_what_the_page_says(acme, source):
    done = acme.pytest(str(source / "tests" / "test_hooks.py"))
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def shown() -> str:
    """Return the failure that the page shows."""
    return re.search(r"^```text\n(.*)\n```$", PAGE, re.MULTILINE)[1]


def test_its_suite_fails_where_a_single_fact_is_wrong_and_says_which(acme, source):
    packages = shutil.copytree(acme.packages, acme.folder / "packages", ignore=shutil.ignore_patterns("__pycache__"))
    text = (packages / ADAPTER).read_text("utf-8")
    assert text.count("Text(1, 2000)") == 1
    (packages / ADAPTER).write_text(text.replace("Text(1, 2000)", "Text(1, 2500)"), "utf-8")
    changed = attrs.evolve(acme, packages=packages)
    done = changed.pytest("-x", "-k", "check_passes_what_the_simulator_takes", str(source / TESTS))
    assert (done.returncode, shown() in done.stdout) == (1, True), done.stdout
