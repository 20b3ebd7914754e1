"""Outside packages that cannot be told apart, or cannot be used, end everything at once, in one clear sentence."""

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
        ([("impostor", {"rival.py": ACME[ADAPTER].replace('"acme"', '"reapi"')}, "rival")], "rival has the name of"),
        ([("acme", {"rival.py": "import nowhere"}, "rival")], "the adapter rival cannot be loaded: No module named"),
        ([("acme", {"rival.py": ACME[ADAPTER].replace("State.QUEUED", "State.QUEUE")}, "rival")], "cannot be loaded: "),
        ([("acme", {"rival.py": "ADAPTER = 'acme'"}, "rival")], "rival holds no Adapter"),
    ],
)
def test_an_adapter_that_cannot_be_used_ends_every_command_in_one_error(tmp_path, packages, said):
    done = outside(tmp_path, *packages).run("-m", "anymedia.cli", "providers")
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


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
    done = outside(tmp_path, ("acme", files, "anymedia_acme.adapter")).run("-m", "anymedia.cli", "simulate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the simulator anymedia_acme.simulator cannot be loaded: No module named 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr


def test_simulators_are_looked_for_when_they_are_asked_for(plugged):
    plugged()
    assert "acme" in simulators.names()
    assert list(simulators.names()) == sorted(simulators.names())
