"""docs/adding-a-provider.md is followed to the letter: the package that it shows works, and its suite finds errors."""

import json
import re
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor

import attrs

from .conftest import PAGE, snippets

ADAPTER, SIMULATOR, TESTS = "anymedia_acme/adapter.py", "anymedia_acme/simulator.py", "tests/test_acme.py"


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

    *built_in, found = json.loads(acme.anymedia("providers", "--json"))
    assert "acme" not in {each["provider"] for each in built_in}
    assert (found["provider"], found["title"], found["models"]) == ("acme", "Acme", ["flux-2-pro"])
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


def test_its_suite_passes(acme, source):
    shutil.copy(source / TESTS, acme.folder)
    done = acme.pytest("test_acme.py")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ passed, 20 skipped", done.stdout, re.MULTILINE), done.stdout


def test_its_hooks_do_what_the_page_says(acme, source):
    done = acme.pytest(str(source / "tests" / "test_hooks.py"))
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def shown() -> str:
    """Return the failure that the page shows."""
    return re.search(r"^```text\n(.*)\n```$", PAGE, re.MULTILINE)[1]


PLANTED = {
    "a bound": ("Text(1, 2000)", "Text(1, 2500)", shown()),
    "a state": (
        *('"done": State.SUCCEEDED', '"ready": State.SUCCEEDED'),
        "acme/flux2p-text-fewest never ended: its last state was 'done', which `states` does not name",
    ),
    "a price": (
        *("Price(credits=8)", "Price(credits=7)"),
        "acme/flux2p is quoted at $0.07, that is 7 credits, and the simulator charges 8 for model='flux-2-pro'",
    ),
    "a place": (
        *('assets="job.files[].href"', 'assets="job.files[].url"'),
        "acme/flux2p-text-fewest did not succeed: MalformedAnswer: acme answered 200 with a finished task that has no",
    ),
}


def test_its_suite_fails_where_a_single_fact_is_wrong_and_says_which(acme, source):
    def planted(what: str) -> tuple[int, str]:
        old, new, _ = PLANTED[what]
        folder = acme.folder / what.replace(" ", "-")
        packages = shutil.copytree(acme.packages, folder / "packages", ignore=shutil.ignore_patterns("__pycache__"))
        text = (packages / ADAPTER).read_text("utf-8")
        assert text.count(old) == 1
        (packages / ADAPTER).write_text(text.replace(old, new), "utf-8")
        done = attrs.evolve(acme, packages=packages, folder=folder).pytest("-x", str(source / TESTS))
        return done.returncode, done.stdout

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(PLANTED, pool.map(planted, PLANTED), strict=True))
    for what, (code, said) in found.items():
        assert (code, PLANTED[what][-1] in said) == (1, True), f"{what}: {said}"
