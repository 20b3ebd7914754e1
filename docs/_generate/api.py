"""docs/reference/: the Python API, as signatures and docstrings say it."""

import enum
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import attrs

import anymedia
import anymedia.simulators
import anymedia.testing
import anymedia.webhooks
import anymedia.worker
from anymedia import AnymediaError, Client
from anymedia.model.options import SAYS

from .markdown import anchor, blocks, code, table
from .signatures import fields, of_type, options_of, said, sentence, written

CONTENTS = "reference/api.md"
FOLDER = CONTENTS.removesuffix(".md")
"""Where these pages stand in docs/, beside their table of contents."""

INTRO = """\
Everything that a program needs is imported from `anymedia`; a name loads what it needs when it is first used. Types
are checked with mypy and pyright in their strict modes. [Versions](../../CONTRIBUTING.md#versions) says what a release
keeps."""

OTHERS = """\
What adapters are written in, `anymedia.declare`, is told in [The words of adapters](../words.md)."""

GROUPS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "client": (
        "Clients",
        "`Client` is for programs that await, `SyncClient` for others; [Routing](../../routing.md) has the options.",
        ("Client", "SyncClient"),
    ),
    "requests": (
        "Request types",
        "What is asked for, in words that belong to no provider, and what is known of it before anything is sent.",
        (
            "ImageRequest",
            "VideoRequest",
            "MusicRequest",
            "SpeechRequest",
            "RawRequest",
            "Request",
            "Media",
            "Kind",
            "quote",
            "explain",
            "compare",
            "Quote",
            "Explanation",
            "Difference",
            "Route",
            "from_json",
            "to_json",
        ),
    ),
    "results": (
        "Result types",
        "What came of a request: its works, the tasks that made them, each attempt, and what all of it cost.",
        (
            "Result",
            "Asset",
            "Saved",
            "SavedFile",
            "Task",
            "Failure",
            "Adjustment",
            "Trouble",
            "Attempt",
            "Order",
            "Advance",
            "Recovery",
            "Collected",
            "Money",
            "PriceStatus",
            "State",
            "Outcome",
            "Billed",
            "Refund",
            "Retry",
            "Cause",
        ),
    ),
    "batches": (
        "Batches",
        "Many requests under one name and one budget: what is bought, how each row ends, and how it stands meanwhile.",
        ("Batch", "Row", "read_rows", "BatchPlan", "RowEnd", "BatchEnd", "BatchProgress", "Manifest"),
    ),
    "accounts": (
        "Configuration in Python",
        "What [anymedia.toml and the environment](../configuration.md) say, and where attempts and results lie.",
        (
            "load_config",
            "read_config",
            "Config",
            "Account",
            "Secret",
            "Storage",
            "Journal",
            "AccountHealth",
            "Reached",
            "Alert",
        ),
    ),
}
"""By page: its title, what it is about, and its names."""

ERRORS = """\
Every error is an `AnymediaError`. [Errors](../../errors.md) says when each comes, and which answer of a provider leads
to it; [Money safety](../../money-safety.md) says what follows. Each carries these facts, as far as they are known:"""

MODULES: Mapping[str, tuple[str, str, ModuleType]] = {
    "webhooks": (
        "Receivers of webhooks",
        "[Webhooks](../../webhooks.md) shows them at work.",
        anymedia.webhooks,
    ),
    "worker": (
        "Workers and their queue",
        "[Many machines](../../many-machines.md#the-worker) shows them at work.",
        anymedia.worker,
    ),
    "simulators": (
        "Simulators in Python",
        "[Simulators](../../simulators.md) shows them at work, and says what faults there are.",
        anymedia.simulators,
    ),
    "testing": (
        "The suite for adapters",
        "[Adding a provider](../../adding-a-provider.md) shows it at work.",
        anymedia.testing,
    ),
}
"""Other modules that programs import, by page."""

EXCEPTIONS = "exceptions"


def pages() -> dict[str, tuple[str, str]]:
    """Return each page by its file's name, as its title and its text.

    Errors: LookupError for a name that is in no group.
    """
    errors = [name for name in anymedia.__all__ if _is_error(getattr(anymedia, name))]
    grouped = [name for _, _, names in GROUPS.values() for name in names]
    rest = ["Problem"]
    if sorted([*grouped, *errors, *rest]) != sorted(anymedia.__all__):
        raise LookupError(f"names in no group: {set(anymedia.__all__) ^ {*grouped, *errors, *rest}}")
    of_groups = {
        page: (title, blocks(about, *(part for name in names for part in _named(name, getattr(anymedia, name)))))
        for page, (title, about, names) in GROUPS.items()
    }
    of_modules = {page: (title, _module(module, about)) for page, (title, about, module) in MODULES.items()}
    written_ = {**of_groups, EXCEPTIONS: ("Exceptions", _exceptions([*errors, *rest])), **of_modules}
    listed = {page: title for page, (title, _) in written_.items()}
    contents = ("The Python API", _contents(listed, [*errors, *rest]))
    return {CONTENTS: contents, **{f"{FOLDER}/{page}.md": held for page, held in written_.items()}}


def _is_error(held: object) -> bool:
    return inspect.isclass(held) and issubclass(held, AnymediaError)


# Where each name is


def _contents(titles: Mapping[str, str], errors: Sequence[str]) -> str:
    parts, here = [INTRO], FOLDER.rpartition("/")[2]
    for page, title in titles.items():
        module: ModuleType = MODULES[page][2] if page in MODULES else anymedia
        names = errors if page == EXCEPTIONS else GROUPS[page][2] if page in GROUPS else _public(module)
        parts += [f"## [{title}]({here}/{page}.md)", f"From `{module.__name__}`:"]
        held = [(name, getattr(module, name)) for name in names]
        rows = ([f"[`{name}`]({here}/{page}.md{anchor(_title(name, each))})", sentence(each)] for name, each in held)
        parts.append(table(["name", "what it is"], rows))
    return blocks(*parts, "## Adapters", OTHERS)


def _public(module: ModuleType) -> list[str]:
    """Return the names that a module is imported for."""
    listed: Sequence[str] | None = getattr(module, "__all__", None)
    return [name for name, held in vars(module).items() if _is_own(name, held, module)] if listed is None else [*listed]


def _is_own(name: str, held: Any, module: ModuleType) -> bool:
    return not name.startswith("_") and getattr(held, "__module__", None) == module.__name__ and bool(held.__doc__)


def _module(module: ModuleType, about: str) -> str:
    parts = [f"`{module.__name__}`: {said(module)}", about]
    return blocks(*parts, *(part for name in _public(module) for part in _named(name, getattr(module, name))))


# What each name is


def _named(name: str, held: Any) -> Iterator[str]:
    """Yield the heading of a name, how it is written, and what it says."""
    yield f"## {code(_title(name, held))}"
    if not inspect.isclass(held):
        yield written(name, held, typed=True)
        yield said(held)
    elif issubclass(held, enum.Enum):
        yield said(held)
        yield ", ".join(f"`{name}.{each.name}` = `{each.value!r}`" for each in held) + "."
    else:
        yield from _class(name, held)


def _title(name: str, held: Any) -> str:
    """Return the heading of a name; a function's has its module, as a class may be called the same but for its case."""
    module = next((module for _, _, module in MODULES.values() if name in _public(module)), anymedia)
    return name if inspect.isclass(held) else f"{module.__name__.removeprefix('anymedia.')}.{name}"


def _class(name: str, kind: type[Any]) -> Iterator[str]:
    yield from _bases(kind)
    if attrs.has(kind):
        yield said(kind)
        yield fields(kind)
        yield _members(kind)
    else:
        is_protocol = getattr(kind, "_is_protocol", False)
        if is_protocol and "__call__" in vars(kind):
            yield written(name, vars(kind)["__call__"], typed=True, method=True)
        elif "__init__" in vars(kind) and not is_protocol:
            yield written(name, kind, typed=True)
        yield said(kind)
        for method, held in _methods(kind):
            yield from _method(name, method, held)


def _bases(kind: type[Any]) -> Iterator[str]:
    named = [each.__name__ for each in kind.__bases__ if each.__name__ in anymedia.__all__]
    if named:
        yield f"A kind of {' and '.join(f'[`{each}`]({anchor(each)})' for each in named)}."


def _methods(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the methods and properties that a class itself has for its users."""
    for name, held in vars(kind).items():
        is_one = inspect.isfunction(held) or isinstance(held, property | staticmethod | classmethod)
        if is_one and not name.startswith("_"):
            yield name, held


def _members(kind: type[Any]) -> str:
    """Return a table of what a value can be asked beside its fields."""
    rows = [[code(_call(name, held)), sentence(_function(held))] for name, held in _methods(kind)]
    return table(["beside its fields", "what it is"], rows) if rows else ""


def _function(held: Any) -> Any:
    return held.fget if isinstance(held, property) else getattr(held, "__func__", held)


def _call(name: str, held: Any) -> str:
    return name if isinstance(held, property) else f"{name}()"


def _method(name: str, method: str, held: Any) -> Iterator[str]:
    yield f"### {code(f'{name}.{method}')}"
    function: Callable[..., Any] = _function(held)
    if isinstance(held, property):
        returned = of_type(inspect.signature(function).return_annotation)
        yield f"```text\n{method} -> {returned}\n```"
    else:
        yield written(method, function, typed=True, method=not isinstance(held, staticmethod))
    yield _linked(said(function))
    if options := options_of(function):
        rows = ([code(option), code(kind), SAYS.get(option, "")] for option, kind in options.items())
        yield table(["option", "type", "what it is"], rows)


def _linked(text: str) -> str:
    """Return "As Client.submit." as a link to that."""
    head = f"As {Client.__name__}."
    if not text.startswith(head):
        return text
    method, dot, more = text.removeprefix(head).partition(".")
    named = f"{Client.__name__}.{method}"
    is_told = method in dict(_methods(Client))
    return f"As {f'[{code(named)}]({anchor(named)})' if is_told else code(named)}{dot}{more}"


# Errors


def _exceptions(names: Sequence[str]) -> str:
    said_of = inspect.signature(AnymediaError).parameters
    facts = [[code(name), code(of_type(each.annotation))] for name, each in said_of.items()]
    parts = [ERRORS, table(["fact", "type"], facts)]
    for name in names:
        held = getattr(anymedia, name)
        parts += [f"## {code(name)}", *_bases(held), said(held)]
        parts += [fields(held)] if attrs.has(held) else []
        parts += [part for method, own in _methods(held) for part in _method(name, method, own)]
    return blocks(*parts)
