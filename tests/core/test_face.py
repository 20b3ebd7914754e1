"""The package as a person at a prompt meets it: run as a module, and asked for help."""

import inspect
import runpy

import pytest

import anymedia
from anymedia import Client, SyncClient
from anymedia.model.options import GenerateOptions, SubmitOptions


def test_the_package_runs_as_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["anymedia", "--version"])
    monkeypatch.setattr("anymedia.cli.ends_as_interrupted", lambda: None)  # SIGTERM ends the tests as it did before
    with pytest.raises(SystemExit) as end:
        runpy.run_module("anymedia", run_name="__main__")
    assert (end.value.code, capsys.readouterr().out) == (0, f"anymedia {anymedia.__version__}\n")


@pytest.mark.parametrize("client", [Client, SyncClient])
@pytest.mark.parametrize(
    ("method", "options", "own"),
    [
        ("submit", SubmitOptions, {"timeout"}),
        ("generate", GenerateOptions, {"timeout", "where", "names", "sidecar"}),
        ("route", GenerateOptions, set()),
    ],
)
def test_help_shows_each_option_as_a_keyword(client, method, options, own):
    shown = inspect.signature(getattr(client, method))
    keywords = {name for name, each in shown.parameters.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}
    assert keywords == {*options.__annotations__} | own
    assert "check: bool = …" in str(shown)
