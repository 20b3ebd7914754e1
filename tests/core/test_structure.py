"""The rules of the house, held against the files that are installed."""

import ast
import inspect
import re
import subprocess
import sys
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import anymedia
from anymedia.registry import adapters

ROOMS = (
    ("model",),
    ("declare", "environment", "tables"),
    ("account", "clock", "network", "observe", "shared_limits", "storage"),
    ("translate",),
    ("pricing", "transport", "limits", "journal"),
    ("engine",),
    ("registry", "errors", "trust", "settings", "keys"),
    ("own_offers",),
    ("config",),
    ("preview", "keyless", "kind_meant"),
    ("client", "rows", "manifest"),
    ("sync", "webhooks", "worker"),
    ("anymedia",),
)
"""The rooms of core, lowest first: each imports what stands below it, and nothing beside or above it."""

OTHERS = ("adapters", "simulators", "cli", "testing")


def files(package):
    """Return every file of a package, those of its rooms included; what is installed beside core is not core."""
    folders = map(Path, import_module(package).__path__)
    every = ((file, file.relative_to(folder).parts) for folder in folders for file in sorted(folder.rglob("*.py")))
    return [file for file, parts in every if package != "anymedia" or parts[0] not in OTHERS]


CORE, ADAPTERS, SIMULATORS = map(files, ("anymedia", "anymedia.adapters", "anymedia.simulators"))
ROOT = Path(anymedia.__file__).parent
by_name = pytest.mark.parametrize
name_of = lambda file: file.relative_to(ROOT).as_posix()  # noqa: E731


@cache
def imports(file):
    """Return every module that a file imports, in full."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = package_of(file)
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, [above, node.module]))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def package_of(file):
    """Return the package that a file's relative imports start from."""
    return ".".join(("anymedia", *file.parent.relative_to(ROOT).parts))


def module_of(file):
    """Return a file's name as it is imported."""
    name = f"{package_of(file)}.{file.stem}"
    return name.removesuffix(".__init__")


MODULES = {module_of(file): file for file in CORE}


def room_of(module):
    """Return the room of a module of core: the folder, or the file itself where it stands in none."""
    return module.removeprefix("anymedia.").partition(".")[0]


def imported(file):
    """Return the modules of core that a file imports, those under TYPE_CHECKING too."""
    named = {name if name in MODULES else name.rpartition(".")[0] for name in imports(file)}
    return {name for name in named if name in MODULES and name not in (module_of(file), "anymedia")}


LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}


def test_rooms_import_only_what_stands_below_them(capsys):
    """Prints the layers as the imports make them: no arrow up, none sideways."""
    arrows = {(room_of(module), room_of(used)) for module, file in MODULES.items() for used in imported(file)}
    arrows = {(room, used) for room, used in arrows if room != used}
    with capsys.disabled():
        print()
        for rooms in reversed(ROOMS):
            for room in rooms:
                print(
                    f"  {room:<10} imports {' '.join(sorted(used for other, used in arrows if other == room)) or '-'}"
                )
    assert {room for arrow in arrows for room in arrow} == set(LEVEL)
    assert [arrow for arrow in sorted(arrows) if LEVEL[arrow[0]] <= LEVEL[arrow[1]]] == []


def test_no_modules_import_each_other_in_a_circle():
    left = {module: imported(file) for module, file in MODULES.items()}
    while ground := {module for module, used in left.items() if not used & set(left)}:
        left = {module: used for module, used in left.items() if module not in ground}
    assert sorted(left) == []


def test_each_room_says_what_lives_there():
    rooms = [file for file in CORE if file.name == "__init__.py"]
    assert {room_of(module_of(file)) for file in rooms} == set(LEVEL) - {
        file.stem for file in CORE if file.parent == ROOT
    }
    assert [file for file in CORE if not ast.get_docstring(ast.parse(file.read_text("utf-8")))] == []


def within(module, package):
    return module == package or module.startswith(package + ".")


@by_name("file", [file for file in CORE if file.name != "__main__.py"], ids=name_of)  # that is `python -m anymedia`
def test_core_imports_no_adapter_no_simulator_and_no_command_line(file):
    others = ("anymedia.adapters", "anymedia.simulators", "anymedia.cli")
    assert [name for name in imports(file) if any(within(name, other) for other in others)] == []


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
    # A provider is a module, or a folder with a file a family.
    assert sorted({file.relative_to(package.parent).with_suffix("").parts[0] for file in modules}) == list(adapters())
    assert [type(node) for node in ast.parse(package.read_text("utf-8")).body] == [ast.Expr]  # its docstring


@by_name("file", SIMULATORS, ids=name_of)
def test_simulators_share_nothing_with_what_they_test(file):
    ours = {name for name in imports(file) if within(name, "anymedia")}
    assert [name for name in ours if not within(name, "anymedia.simulators")] == []


@by_name("file", ADAPTERS, ids=name_of)  # of core it is said above
def test_no_adapter_leans_on_the_simulators(file):
    assert [name for name in imports(file) if within(name, "anymedia.simulators")] == []


def test_what_is_public_is_what_is_said_to_be():
    """What is imported for the type checkers, what loads when it is used and `__all__` are the same names."""
    assert anymedia.__all__ == sorted(anymedia.__all__)
    assert len(set(anymedia.__all__)) == len(anymedia.__all__)
    (types,) = (
        node
        for node in ast.parse(Path(anymedia.__file__).read_text("utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    for_types = {
        (f".{node.module}", alias.name)
        for node in types.body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert for_types == {(module, name) for module, names in anymedia._MODULES.items() for name in names}
    assert {name for _, name in for_types} == set(anymedia.__all__)
    for module, name in for_types:
        assert getattr(anymedia, name) is getattr(import_module(module, "anymedia"), name)
    assert {*anymedia.__all__, "__version__"} <= set(dir(anymedia))
    assert anymedia.__version__ == metadata.version("anymedia")
    assert {name for name in dir(anymedia) if not name.startswith("_")} == set(anymedia.__all__)
    # Whatever else `import anymedia` binds by a public name is a module of its own.
    others = {name for name in vars(anymedia) if not name.startswith("_")} - set(anymedia.__all__)
    others -= {"Any", "TYPE_CHECKING", "import_module"}
    assert [name for name in others if not inspect.ismodule(getattr(anymedia, name))] == []
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        _ = anymedia.Clinet


HEAVY = {
    "aiohttp",
    "asyncio",
    "attr",
    "backoff",
    "cattrs",
    "click",
    "decimal",
    "json",
    "obstore",
    "rich",
    "sqlite3",
    "ssl",
    "yarl",
}


@by_name(
    ("code", "ours", "heavy"),
    [
        ("import anymedia", 1, set()),
        ("from anymedia import ImageRequest", 12, {"attr", "json"}),
        ("from anymedia import compare, explain, quote", 85, {"attr", "decimal", "json", "ssl"}),
        ("from anymedia import *", 202, HEAVY - {"cattrs", "click", "obstore", "rich", "sqlite3"}),
    ],
)
def test_importing_is_light(code, ours, heavy):
    """What an import loads: so many modules of ours at most, and of what takes long to import these alone."""
    code = f"import sys; {code}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == heavy
    assert len([name for name in loaded if name.partition(".")[0] == "anymedia"]) <= ours


def test_only_what_serves_by_aiohttp_loads_its_server():
    code = "import sys; from anymedia.webhooks import asgi; sys.exit('aiohttp.web' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_asking_for_a_price_needs_no_client():
    code = (
        "import sys, anymedia;"
        "request = anymedia.ImageRequest(model='flux-2-pro', prompt='a fox');"
        "assert anymedia.explain(request); sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
