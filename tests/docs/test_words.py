"""Every word of anymedia.declare, and every field of each, is shown by an example of the pages: all of them are run."""

import ast
import enum
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from anymedia import declare

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("adding-a-provider.md", "words.md")
PYTHON = re.compile(r"^```python ?(.*)\n((?s:.*?))^```$", re.MULTILINE)

WORDS = [name for name in declare.__all__ if not isinstance(getattr(declare, name), enum.EnumType)]
MADE_BY = {"when": "When", "numbered": "Numbered"}
"""Functions that make a word, and take its fields."""
REST = {"Choice": "wire", "Upload": "steps", "first": "paths", "when": "cases"}
"""What is made of the things that are given one by one, or by names of one's own."""
OURS = {("Offer", "own")}
"""What the configuration of a user sets, and no adapter."""


def is_of_fields(name: str) -> bool:
    """Return whether a word is a class with fields, and not a function or a value."""
    word = getattr(declare, name)
    return inspect.isclass(word) and attrs.has(word)


def examples() -> Iterator[str]:
    """Yield every example: a snippet by itself, or those of one file together."""
    files: dict[str, str] = {}
    for page in PAGES:
        for number, found in enumerate(PYTHON.finditer((DOCS / page).read_text("utf-8"))):
            name = found[1] or f"{page}, {number}"
            files[name] = files.get(name, "") + found[2]
    yield from files.values()


def shown() -> set[str]:
    """Return the words that examples use, and their fields as "Word.field"."""
    return {each for example in examples() for each in _shown(ast.parse(example))}


def _shown(tree: ast.Module) -> Iterator[str]:
    nodes = list(ast.walk(tree))
    from_ours = [each for each in nodes if isinstance(each, ast.ImportFrom) and each.module == "anymedia.declare"]
    words = {alias.name for each in from_ours for alias in each.names}
    yield from (node.id for node in nodes if isinstance(node, ast.Name) and node.id in words)
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in words:
                yield from (f"{MADE_BY.get(name, name)}.{field}" for field in given(name, node))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="printed")) if name in words:
                yield f"{name}.{attrs.fields(getattr(declare, name))[-1].name}"


def given(name: str, call: ast.Call) -> Iterator[str]:
    """Yield the fields that a call gives to a word."""
    word = getattr(declare, name)
    named = inspect.signature(word).parameters
    in_order = [each.name for each in named.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    for position, _ in enumerate(call.args):
        yield in_order[position] if position < len(in_order) else REST[name]
    known = {*named, *(field.name for field in attrs.fields(word))} if attrs.has(word) else {*named}
    yield from (each.arg if each.arg in known else REST[name] for each in call.keywords if each.arg)


def test_every_word_is_shown():
    made = {MADE_BY[name] for name in MADE_BY}
    assert {*declare.__all__} - SHOWN - made == set()


@pytest.mark.parametrize("name", [name for name in WORDS if is_of_fields(name)])
def test_every_field_of_a_word_is_shown(name):
    fields = {each.name for each in attrs.fields(getattr(declare, name)) if each.init}
    missing = {field for field in fields if f"{name}.{field}" not in SHOWN and (name, field) not in OURS}
    assert missing == set()


@pytest.mark.parametrize("name", sorted({*declare.__all__} - {*WORDS}))
def test_every_value_of_a_vocabulary_is_named(name):
    page = (DOCS / "words.md").read_text("utf-8")
    assert [each for each in getattr(declare, name) if f"`{name}.{each.name}`" not in page] == []


def test_what_is_shown_nowhere_is_said():
    assert {"Endpoint.limit", "Err.passing", "Size.beside", "Choice.wire", "When.cases", "Table.cells"} <= SHOWN
    assert "Endpoint.nothing" not in SHOWN


SHOWN = shown()
