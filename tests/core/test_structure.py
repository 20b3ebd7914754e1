"""The rules of the house, held against the files that are installed."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import anymedia
from anymedia.registry import adapters


def files(package):
    return sorted(file for folder in import_module(package).__path__ for file in Path(folder).glob("*.py"))


CORE, ADAPTERS, SIMULATORS = map(files, ("anymedia", "anymedia.adapters", "anymedia.simulators"))
by_name = pytest.mark.parametrize
name_of = lambda file: file.name  # noqa: E731


def imports(file, package):
    """Return every module that a file imports, in full."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, [above, node.module]))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def within(module, package):
    return module == package or module.startswith(package + ".")


@by_name("file", CORE, ids=name_of)
def test_core_imports_no_adapter_no_simulator_and_no_command_line(file):
    others = ("anymedia.adapters", "anymedia.simulators", "anymedia.cli")
    assert [name for name in imports(file, "anymedia") if any(within(name, other) for other in others)] == []


@by_name("file", CORE, ids=name_of)
def test_core_names_no_provider(file):
    names = {word for each in adapters().values() for word in (each.name, each.title, urlsplit(each.base_url).hostname)}
    pattern = r"(?<![a-z])(" + "|".join(map(re.escape, sorted(names))) + r")(?![a-z])"
    assert re.findall(pattern, file.read_text("utf-8"), re.IGNORECASE) == []


@by_name("file", ADAPTERS, ids=name_of)
def test_helpers_of_adapters_return_words(file):
    # That they do nothing before, and all else that an adapter's file may hold, is a promise of anymedia.testing.
    helpers = [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    assert [helper.name for helper in helpers if not isinstance(helper.body[-1], ast.Return)] == []


def test_every_adapter_is_named_as_its_module_and_nothing_is_beside_them():
    package, *modules = ADAPTERS
    assert [file.stem for file in modules] == list(adapters())
    assert [type(node) for node in ast.parse(package.read_text("utf-8")).body] == [ast.Expr]  # its docstring


@by_name("file", SIMULATORS, ids=name_of)
def test_simulators_share_nothing_with_what_they_test(file):
    ours = {name for name in imports(file, "anymedia.simulators") if within(name, "anymedia")}
    assert [name for name in ours if not within(name, "anymedia.simulators")] == []


@by_name("file", [*CORE, *ADAPTERS], ids=name_of)
def test_nothing_leans_on_the_simulators(file):
    package = "anymedia" if file in CORE else "anymedia.adapters"
    assert [name for name in imports(file, package) if within(name, "anymedia.simulators")] == []


def test_what_is_public_is_what_is_said_to_be():
    assert anymedia.__all__ == sorted(anymedia.__all__)
    assert len(set(anymedia.__all__)) == len(anymedia.__all__)
    assert all(getattr(anymedia, name) is not None for name in anymedia.__all__)
    bound = {
        alias.asname or alias.name
        for node in ast.parse(Path(anymedia.__file__).read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    lazy = {"Client"}
    assert bound | lazy <= set(anymedia.__all__)
    # Whatever else `import anymedia` binds by a public name is a module of its own.
    others = (
        {name for name in vars(anymedia) if not name.startswith("_")} - set(anymedia.__all__) - {"Any", "TYPE_CHECKING"}
    )
    assert [name for name in others if not inspect.ismodule(getattr(anymedia, name))] == []
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        _ = anymedia.Clinet


def test_importing_is_light():
    heavy = ["aiohttp", "yarl", "backoff", "cattrs", "click", "rich", "PIL", "anymedia.client"]
    code = f"import sys, anymedia; from anymedia import *; sys.exit(' '.join(set({heavy}) & set(sys.modules)) or 0)"
    light = code.replace("from anymedia import *; ", "")
    found = subprocess.run([sys.executable, "-c", light], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    # And the client brings what it needs, so the line above can fail.
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "aiohttp" in found.stderr


def test_asking_for_a_price_needs_no_client():
    code = (
        "import sys, anymedia;"
        "request = anymedia.ImageRequest(model='flux-2-pro', prompt='a fox');"
        "assert anymedia.explain(request); sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
