"""Examples of the help, which can be typed, and what a shell completes."""

import shlex

import click
import pytest
from click.shell_completion import ShellComplete

from anymedia.cli.app import app
from anymedia.simulators import in_thread
from tests.tables import toml

from .conftest import SPEED


def commands(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(app))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_of_that_command_that_can_be_typed(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "journal.db").touch()
    words = shlex.split(COMMANDS[path].example, comments=True)
    words = words[: words.index(">")] if ">" in words else words
    assert tuple(words[: len(path)]) == path
    # Below the root, whose names of --help click keeps with each command.
    COMMANDS[path].make_context(path[-1], words[len(path) :], parent=click.Context(app, **app.context_settings))


NEEDS_MORE = {
    ("listen",): "an address at which providers post",
    ("simulate",): "a program",
    ("doctor",): "a clock that goes as the providers' do",
    ("demo",): "seconds, which another test spends",
    ("tasks", "settle"): "an uncertain attempt",
    ("journal", "import"): "a database",
    ("worker",): "a journal on PostgreSQL, and somebody who ends it",
}
"""Examples that are not run here, and what they need beside an API key or a simulator."""


@pytest.fixture(scope="module")
def at_simulators():
    with in_thread("fal", "reapi", "runapi", speed=SPEED) as running:
        yield running


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in NEEDS_MORE], ids=" ".join)
def test_every_example_works_as_it_is_printed(path, terminal, at_simulators, monkeypatch):
    (terminal.folder / "anymedia.toml").write_text(toml({"providers": at_simulators.config["providers"]}))
    (terminal.folder / "shots.csv").write_text("model,prompt\nflux-2-pro,A fox\n")
    for variable, key in at_simulators.environ.items():
        monkeypatch.setenv(variable, key)
    assert terminal("generate", "A fox", "--model", "flux-2-pro", "--provider", "fal", "--out", "out").exit_code == 0
    (attempt,) = terminal.json("tasks")
    words = shlex.split(COMMANDS[path].example.replace("3f2a", attempt["id"][:8]), comments=True)
    ended = terminal(*(words[: words.index(">")] if ">" in words else words))
    assert ended.exit_code == 0, ended.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_asks_anymedia(terminal, shell):
    script = terminal("completion", shell).stdout
    assert f"_ANYMEDIA_COMPLETE={shell}_complete" in script
    assert terminal.json("completion", shell) == {"shell": shell, "script": script.removesuffix("\n")}


@pytest.mark.parametrize(
    ("words", "begun", "some"),
    [
        ([], "ge", {"generate"}),
        (["tasks"], "se", {"settle"}),
        (["generate", "--model"], "flux-2-p", {"flux-2-pro"}),
        (["generate", "--provider"], "re", {"reapi", "replicate", "revidapi"}),
        (["generate", "--offer"], "bfl/flux-2-pr", {"bfl/flux-2-pro"}),
        (["generate", "--quality"], "hi", {"high"}),
        (["generate", "--image"], "pic", {"pic"}),
        (["batch"], "sho", {"sho"}),
        (["batch", "--provider"], "fa", {"fal"}),
        (["models"], "kling-3.0", {"kling-3.0"}),
        (["completion"], "z", {"zsh"}),
    ],
)
def test_what_is_begun_is_completed(words, begun, some, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = ShellComplete(app, {}, "anymedia", "_ANYMEDIA_COMPLETE").get_completions(words, begun)
    assert some <= {item.value for item in found}
    assert all(item.value.startswith(begun) for item in found)


def test_a_broken_file_completes_what_is_built_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anymedia.toml").write_text("[providers")
    found = ShellComplete(app, {}, "anymedia", "_ANYMEDIA_COMPLETE").get_completions(["generate", "--provider"], "fa")
    assert [item.value for item in found] == ["fal"]
