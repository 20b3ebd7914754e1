"""docs/architecture.md leads to the code that it names, and the life of a submit is on one screen."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from anymedia.engine import buy

DOCS = Path(__file__).parents[2] / "docs"
LINKS = re.findall(r"\[`?([\w.]+)`?\]\((\.\./core/[^)]+)\)", (DOCS / "architecture.md").read_text("utf-8"))


def defined(tree, holder=""):
    """Yield every name that a file defines at its top, and the members of its classes as Holder.member."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield holder + node.name
        if isinstance(node, ast.ClassDef):
            yield from defined(node, f"{node.name}.")
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield holder + node.target.id


@pytest.mark.parametrize(("name", "path"), LINKS)
def test_each_link_leads_to_what_it_names(name, path):
    file = DOCS / path
    assert name == file.name or name in set(defined(ast.parse(file.read_text("utf-8"))))


def test_there_are_links():
    assert len(LINKS) > 25


def test_the_whole_life_of_a_submit_is_in_one_short_function():
    lines = inspect.getsource(buy.buy).splitlines()
    assert len(lines) <= 30
    steps = re.findall(r"# (plan|reserve|permit|record|send|classify):", "\n".join(lines))
    assert sorted(steps) == ["classify", "permit", "plan", "record", "reserve", "send"]
