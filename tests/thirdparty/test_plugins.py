"""An outside package that cannot be used is told once, in one clear sentence, and takes nothing else down."""

import pytest

from anymedia import simulators

from .conftest import Installed, install, snippets

ADAPTER, SIMULATOR = "anymedia_acme/adapter.py", "anymedia_acme/simulator.py"
ACME = {name: snippets(name) for name in (ADAPTER, SIMULATOR)}
RIVAL = {"rival.py": ACME[ADAPTER]}


def outside(tmp_path, *packages) -> Installed:
    """Return these packages, installed: the name, the files and the entry point of each."""
    for name, files, adapter in packages:
        install(tmp_path / "packages", name, files, adapter)
    (tmp_path / "empty").mkdir()
    return Installed(packages=tmp_path / "packages", folder=tmp_path / "empty")


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (
            [("acme", ACME, "anymedia_acme.adapter"), ("rival", RIVAL, "rival:ADAPTER")],
            "has the name of another adapter, acme",
        ),
        (
            [("impostor", {"rival.py": ACME[ADAPTER].replace('"acme"', '"reapi"')}, "rival")],
            "rival of the package impostor has the name of",
        ),
        (
            [("acme", {"rival.py": "import nowhere"}, "rival")],
            "the adapter rival of the package acme cannot be loaded: ModuleNotFoundError: No module named",
        ),
        ([("acme", {"rival.py": ACME[ADAPTER].replace("State.QUEUED", "State.QUEUE")}, "rival")], "cannot be loaded: "),
        ([("acme", {"rival.py": "ADAPTER = 'acme'"}, "rival")], "rival of the package acme holds no Adapter"),
        ([("acme", {"rival.py": "raise SystemExit(0)"}, "rival")], "cannot be loaded: SystemExit: 0"),
        ([("acme", {"rival.py": "class Odd(BaseException): pass\nraise Odd"}, "rival")], "cannot be loaded: Odd"),
        ([("acme", {"rival.py": ""}, "rival:")], "the adapter rival: of the package acme cannot be loaded"),
        ([("acme", {"rival.py": ""}, "rival\nwithout a value")], "the entry points of a package cannot be read"),
        (
            [("acme", {"rival.py": ACME[ADAPTER].replace("https://", "http://")}, "rival")],
            "would carry the API key unencrypted",
        ),
    ],
)
def test_an_adapter_that_cannot_be_used_is_told_once_and_every_command_goes_on(tmp_path, packages, said):
    installed = outside(tmp_path, *packages)
    done = installed.run("-m", "anymedia", "providers")
    assert (done.returncode, done.stderr.count(said), done.stderr.count("\n")) == (0, 1, 1)
    assert all(name in done.stdout for name in ("reapi", "api_in_one", "revidapi", "runapi"))
    done = installed.run("-m", "anymedia", "models", "--json")
    assert (done.returncode, done.stderr.count(said)) == (0, 1)


def test_who_asks_for_it_hears_why(tmp_path):
    installed = outside(tmp_path, ("acme", {"rival.py": "import nowhere"}, "rival"))
    config = installed.folder / "mine.toml"
    config.write_text('[providers.acme]\n[providers.reapi]\n[route]\naccounts = ["acme", "reapi"]')
    for name in ("acme", "mine"):
        if name == "mine":
            config.write_text('[providers.mine]\nadapter = "acme"\n[providers.reapi]')
        done = installed.run("-m", "anymedia", "providers", "--config", str(config))
        assert (done.returncode, "reapi" in done.stdout) == (0, True)
        words = ("generate", "a fox", "--model", "z-image", "--provider", name, "--config", str(config))
        done = installed.run("-m", "anymedia", *words)
        assert done.returncode == 3
        assert (
            "rival of the package acme cannot be loaded: ModuleNotFoundError: No module named 'nowhere'" in done.stderr
        )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "acme"', 'name = "reapi"', "anymedia_acme.simulator has the name of another simulator, reapi"),
        ("import secrets", "import secret", "the simulator anymedia_acme.simulator cannot be loaded: No module named"),
        ("SERVICE = Acme", "", "anymedia_acme.simulator holds no Service"),
    ],
)
def test_a_simulator_that_cannot_be_used_is_said(plugged, tmp_path, old, new, said):
    plugged((SIMULATOR, old, new))
    with pytest.raises(ValueError, match=said):
        simulators.names()


def test_the_command_line_says_it_too(tmp_path):
    files = {**ACME, SIMULATOR: "import nowhere"}
    done = outside(tmp_path, ("acme", files, "anymedia_acme.adapter")).run("-m", "anymedia", "simulate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the simulator anymedia_acme.simulator cannot be loaded: No module named 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr


def test_simulators_are_looked_for_when_they_are_asked_for(plugged):
    plugged()
    assert "acme" in simulators.names()
    assert list(simulators.names()) == sorted(simulators.names())
