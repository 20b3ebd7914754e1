"""Each key of anymedia.toml and each environment variable is declared once, in words that its readers can use."""

import ast
import re
import tomllib
from collections.abc import Mapping

import pytest

from anymedia import environment, keys, network, storage
from anymedia.environment import VARIABLES
from anymedia.own_offers import fields, offers, prices, shapes
from anymedia.tables import Key, in_words, only
from tests.core.test_structure import CORE, name_of

TABLES = {
    f"{module.__name__}.{name}{'' if scheme is None else '.' + scheme}": table
    for module in (keys, network, storage, fields, offers, prices, shapes)
    for name, tables in vars(module).items()
    if isinstance(tables, Mapping) and name.isupper()
    for scheme, table in (tables.items() if name == "OPTIONS" else [(None, tables)])
    if any(isinstance(key, Key) for key in table.values())
}
EACH = [pytest.param(name, key, id=f"{table}.{name}") for table, names in TABLES.items() for name, key in names.items()]
SENTENCE = re.compile(r"[A-Z`].*[^.]\.")


@pytest.mark.parametrize(("name", "key"), EACH)
def test_a_key_says_what_it_is_and_has_an_example(name, key):
    assert SENTENCE.fullmatch(key.says)
    assert key.default
    assert not key.default.endswith(".")
    example = tomllib.loads(f"key = {key.like}")
    only(example, {"key": key}, name)
    assert in_words(key.kinds)


def test_every_table_of_keys_is_found():
    assert len(TABLES) > 15
    assert all(isinstance(key, Key) for table in TABLES.values() for key in table.values())


@pytest.mark.parametrize("variable", VARIABLES, ids=str)
def test_a_variable_says_what_it_is_and_has_an_example(variable):
    assert SENTENCE.fullmatch(variable.says)
    assert (bool(variable.like), bool(variable.default)) == (True, True)
    for name in variable.names:
        assert variable.read({name: "x"}) == "x"
        assert variable.read({name: ""}) == ""


def test_every_variable_is_listed_once():
    assert len({name for each in VARIABLES for name in each.names}) == sum(len(each.names) for each in VARIABLES)
    declared = {each for each in vars(environment).values() if isinstance(each, environment.Variable)}
    assert declared <= set(VARIABLES)


@pytest.mark.parametrize("file", CORE, ids=name_of)
def test_no_variable_is_read_that_is_not_declared(file):
    read = [
        node.args[0].value if isinstance(node, ast.Call) else node.slice.value
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in ("environ.get", "os.environ.get", "os.getenv"))
        or (isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("environ", "os.environ"))
        if isinstance(node.args[0] if isinstance(node, ast.Call) else node.slice, ast.Constant)
    ]
    assert read == []
