"""How a name of Python is written, and what its docstring says of it."""

import ast
import enum
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import attrs

from anymedia.declare import Fault, Limits, Printed, Reply, path
from anymedia.model.options import LEFT_OUT

from .markdown import code, table

WIDE = 100
"""Characters of a line, above which a signature has a line for each parameter."""

_DOTTED = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w*\.)+(?=\w)")


def said(word: object) -> str:
    """Return a docstring as paragraphs of Markdown."""
    return escaped(inspect.cleandoc(getattr(word, "__doc__", None) or ""))


def escaped(text: str) -> str:
    """Return a text in which nothing but `code` and blocks that are indented mean anything to Markdown."""
    parts = text.split("`")
    return "`".join(part if number % 2 else re.sub(r"([*<])", r"\\\1", part) for number, part in enumerate(parts))


def sentence(word: object) -> str:
    """Return the first sentence of a docstring."""
    first = " ".join(said(word).partition("\n\n")[0].split())
    return re.split(r"(?<=[.:;]) (?=[A-Z`])", first)[0].rstrip(":;")


def written(name: str, word: Callable[..., Any], *, typed: bool = False, method: bool = False) -> str:
    """Return how a word is called, as a block of text; with types, and without the object it is a method of."""
    given = [*_parameters(word, typed=typed)][1 if method else 0 :]
    returned = inspect.signature(word).return_annotation
    is_told = typed and not inspect.isclass(word) and returned is not inspect.Signature.empty
    behind = f" -> {of_type(returned)}" if is_told else ""
    head = "async " if inspect.iscoroutinefunction(word) else ""
    line = f"{head}{name}({', '.join(given)}){behind}"
    if len(line) > WIDE and typed:
        line = f"{head}{name}(\n" + "".join(f"    {each},\n" for each in given) + f"){behind}"
    return f"```text\n{line}\n```"


def _parameters(word: Callable[..., Any], *, typed: bool) -> Iterator[str]:
    """Yield each parameter, and what holds where it is not given; options, of which there is a table, are one."""
    named = False
    given = inspect.signature(word).parameters.values()
    for each in (each for each in given if each.default is not LEFT_OUT):
        if each.kind is each.KEYWORD_ONLY and not named:
            named = True
            yield "*"
        if each.kind is each.VAR_POSITIONAL:
            named = True
            yield f"*{each.name}" + (f": {of_type(each.annotation)}" if typed else "")
        elif each.kind is each.VAR_KEYWORD:
            yield f"**{each.name}"
        else:
            yield _parameter(word, each, typed=typed)
    if any(each.default is LEFT_OUT for each in given):
        yield "**options"


def _parameter(word: Callable[..., Any], parameter: inspect.Parameter, *, typed: bool) -> str:
    is_typed = typed and parameter.annotation is not parameter.empty
    name = parameter.name + (f": {of_type(parameter.annotation)}" if is_typed else "")
    if parameter.default is parameter.empty:
        return name
    return f"{name}{' = ' if is_typed else '='}{_default(word, parameter)}"


def options_of(word: Callable[..., Any]) -> dict[str, str]:
    """Return the options that a word is given by name, each with its type."""
    given = inspect.signature(word).parameters.items()
    return {name: of_type(each.annotation) for name, each in given if each.default is LEFT_OUT}


def of_type(annotation: Any) -> str:
    """Return a type as a reader writes it."""
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(map(of_type, get_args(annotation)))
    if annotation is NoneType:
        return "None"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    text = annotation if isinstance(annotation, str) else str(annotation)
    return _DOTTED.sub("", text.replace("ForwardRef('", "").replace("')", "")).replace("NoneType", "None")


def _default(word: Callable[..., Any], parameter: inspect.Parameter) -> str:
    """Return what holds where a parameter is not given; … where that is made of the others."""
    given = parameter.default
    if given is attrs.NOTHING:
        made: Any = attrs.fields_dict(cast("type[Any]", word))[parameter.name].default
        return "…" if made.takes_self else shown(made.factory())
    return shown(given)


def shown(given: Any) -> str:
    """Return a value as it is written."""
    match given:
        case enum.Enum():
            return f"{type(given).__name__}.{given.name}"
        case Reply() | Fault() | Limits() | Printed():
            return f"{type(given).__name__}()"
        case path.Path():
            return repr(str(given))
        case Path():  # which depends on the machine
            return "…"
        case _ if given is os.environ:
            return "os.environ"
        case _ if attrs.has(type(given)):
            return f"{type(given).__name__}()"
        case _ if callable(given):
            return str(given.__name__)
        case _:
            return repr(given)


def fields(kind: type[Any]) -> str:
    """Return a table of the fields of a class of attrs that users see."""
    hints: Mapping[str, Any] = inspect.get_annotations(kind) if not attrs.has(kind) else {}
    rows = (
        [code(each.alias), code(of_type(hints.get(each.name, each.type))), _of_field(each)]
        for each in attrs.fields(kind)
        if each.init and not each.name.startswith("_")
    )
    return table(["field", "type", "unless given"], rows)


def _of_field(field: "attrs.Attribute[Any]") -> str:
    if field.default is attrs.NOTHING:
        return "is needed"
    if not isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
        return code(shown(field.default))
    made: Any = field.default
    return "…" if made.takes_self else code(shown(made.factory()))


def beside(name: str, module: ModuleType) -> str | None:
    """Return what the source of a module says of a constant, below it; None where it says nothing."""
    body = ast.parse(inspect.getsource(module)).body
    for one, other in pairwise(body):
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        is_it = [ast.unparse(each) for each in targets] == [name]
        if is_it and isinstance(other, ast.Expr) and isinstance(other.value, ast.Constant):
            return " ".join(str(other.value.value).split())
    return None
