"""The reference says every key, variable, name, option and command that there is, and nothing of this machine."""

import inspect
import re
import sys
import tomllib
from pathlib import Path

import attrs
import click
import pytest

import anymedia
from anymedia import AnymediaError, Client, SyncClient, read_config, simulators, testing, webhooks, worker
from anymedia.cli.app import app
from anymedia.environment import VARIABLES
from anymedia.model.options import SAYS
from anymedia.registry import adapters
from tests.core.test_keys import EACH

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from _generate import api, index, titles  # noqa: E402
from _generate.links import anchors  # noqa: E402

REFERENCE = DOCS / "reference"
CONFIGURATION = (REFERENCE / "configuration.md").read_text("utf-8")
COMMANDS = (REFERENCE / "commands.md").read_text("utf-8")
API = {page.stem: page.read_text("utf-8") for page in (REFERENCE / "api").glob("*.md")}
CELL = re.compile(r"[|\\]")


def plain(text):
    return CELL.sub("", text)


# Configuration


@pytest.mark.parametrize(("name", "key"), [each.values for each in EACH], ids=[each.id for each in EACH])
def test_every_key_is_told_with_its_sentence(name, key):
    rows = [line for line in CONFIGURATION.splitlines() if line.startswith((f"| `{name}`,", f"| `[{name}]` |"))]
    assert any(key.says in row and key.default in row for row in rows)


def test_every_variable_is_told():
    settings = [setting.env for seller in adapters().values() for setting in seller.settings.values() if setting.env]
    keys = [name for seller in adapters().values() for name in seller.api_key_env]
    named = [name for variable in VARIABLES for name in variable.names]
    assert [name for name in (*settings, *keys, *named) if f"`{name}`" not in CONFIGURATION] == []
    assert [variable for variable in VARIABLES if variable.says not in CONFIGURATION] == []


def test_the_example_is_read_and_has_every_table():
    (example,) = re.findall(r"^```toml\n(.*?)^```", CONFIGURATION, re.MULTILINE | re.DOTALL)
    data = tomllib.loads(example)
    assert {*data} == {*anymedia.keys.TABLES}
    environ = {table["api_key_env"]: "k" for table in data["providers"].values() if "api_key_env" in table}
    config = read_config(data, environ)
    assert [*config.accounts] == data["route"]["accounts"]
    assert next(iter(config.accounts.values())).api_key is not None


# The Python API


def test_every_name_is_told_where_the_list_of_names_says():
    listed = dict(re.findall(r"^\| \[`(\w+)`\]\((api/[^)]+)\) \|", (REFERENCE / "api.md").read_text(), re.MULTILINE))
    modules = (
        *simulators.__all__,
        *testing.__all__,
        *worker.__all__,
        "Delivery",
        "OnDelivery",
        "ASGI",
        "deliver",
        "asgi",
        "routes",
    )
    assert {*listed} == {*anymedia.__all__, *modules}
    assert all(hasattr(webhooks, name) for name in modules[-6:])
    for link in listed.values():
        page, _, heading = link.removeprefix("api/").partition("#")
        assert f"#{heading}" in anchors(API[page.removesuffix(".md")])


@pytest.mark.parametrize("kind", [Client, SyncClient], ids=lambda kind: kind.__name__)
def test_every_method_of_a_client_is_told_with_its_options(kind):
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if name.startswith("_"):
            continue
        told = API["client"].split(f"### `{kind.__name__}.{name}`\n", 1)[1].split("\n## ")[0].split("\n### ")[0]
        names = [each for each in inspect.signature(method).parameters if each not in ("self", "options", "filters")]
        assert [each for each in names if each not in told] == []
        if name in ("generate", "submit"):
            assert [option for option in SAYS if f"| `{option}` |" not in told] == (["mix"] if name == "submit" else [])
            assert all(SAYS[option] in told for option in SAYS if option != "mix")


def test_every_field_of_what_users_hold_is_told():
    kinds = [(name, getattr(anymedia, name)) for name in anymedia.__all__]
    text = "\n".join(API.values())
    for name, kind in kinds:
        told = text.split(f"## `{name}`\n", 1)[1].split("\n## ")[0] if inspect.isclass(kind) else ""
        if inspect.isclass(kind) and attrs.has(kind):
            fields = [each.name for each in attrs.fields(kind) if each.init and not each.name.startswith("_")]
            assert [name for name in fields if f"`{name}`" not in told] == []
        elif inspect.isclass(kind) and issubclass(kind, AnymediaError):
            assert " ".join(inspect.getdoc(kind).split())[:60] in " ".join(told.split())


def test_a_name_in_no_group_stops_the_pages(monkeypatch):
    monkeypatch.setattr(anymedia, "__all__", [*anymedia.__all__, "read_text"])
    monkeypatch.setattr(anymedia, "read_text", print, raising=False)
    with pytest.raises(LookupError, match="read_text"):
        api.pages()


# The command line


def commands(command, context):
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            yield from commands(below, click.Context(below, info_name=name, parent=context))


def test_every_command_is_told_with_every_option():
    root = click.Context(app, info_name="anymedia", help_option_names=["-h", "--help"])
    for path, command, context in [*commands(app, root)][1:]:
        told = re.split(rf"^##+ `{re.escape(path)}`$", COMMANDS, flags=re.MULTILINE)[1].split("\n## ")[0]
        records = [each.get_help_record(context) for each in command.get_params(context)]
        options = [record[0] for record in records if record is not None]
        assert [each for each in options if plain(each) not in plain(told)] == []


# All of it


def test_the_pages_say_nothing_of_this_machine():
    for page in DOCS.rglob("*.md"):
        assert not re.search(rf"{re.escape(str(Path.home()))}\b", page.read_text("utf-8")), page


def test_a_page_in_no_group_stops_the_pages():
    with pytest.raises(LookupError, match=r"howto/lost/x\.md"):
        index.navigation({**titles(DOCS), "howto/lost/x.md": "Lost"})


def test_every_page_stands_on_the_first_one_once():
    listed = re.findall(r"^ *- \[.*\]\((.*)\)$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted({*titles(DOCS)} - {"index.md"})
