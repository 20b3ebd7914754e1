"""Where no word will do: a pure function of an adapter's own, with the reason why it is needed."""

import copy
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import attrs

from anymedia.model.forms import is_json
from anymedia.model.strict_json import Json

from .typed import typed


class HookError(Exception):
    """A hook raised an error, or did not return what it is to return; the text says so in one sentence."""


def _reason(_: Any, __: Any, given: str) -> None:
    if not (isinstance(given, str) and given.strip()):
        raise ValueError("why: a hook says in words why it is needed, as why='signs each call with a JWT'")


@attrs.frozen(field_transformer=typed)
class Hook:
    """A pure function, named as "package.module:function", and `why` no word of this package does what it does.

    It is imported when the hook is declared. It gets copies of plain values and returns a plain value; it does no I/O,
    waits for nothing and chooses nothing. Errors: ValueError for a name that leads to no function, and for no reason.
    """

    at: str
    why: str = attrs.field(kw_only=True, validator=_reason)
    function: Callable[..., Any] = attrs.field(init=False, repr=False, eq=False)

    @function.default
    def _found(self) -> Callable[..., Any]:
        return _function(self.at)

    def __call__(self, *given: Any) -> Any:
        """Return what the function makes of these values. Errors: HookError for whatever it raises."""
        try:
            return self.function(*copy.deepcopy(given))
        except Exception as error:  # noqa: BLE001 - it is the adapter's own code, and may hold any mistake
            # Its text is not repeated: the API key, or the caller's own words, may be in it.
            raise HookError(f"the hook {self.at} raised {type(error).__name__}{_where(error, self.at)}") from None

    def made(self, kind: type, *given: Any) -> Json:
        """Return what the function makes of these values: JSON of a kind. Errors: HookError."""
        made = self(*given)
        if not (isinstance(made, kind) and is_json(made)):
            wanted = "JSON" if kind is object else f"a {kind.__name__} that is JSON"
            raise HookError(f"the hook {self.at} returned a {type(made).__name__}, not {wanted}")
        return made


def hooks(held: Any, where: str = "") -> Iterator[tuple[str, Hook]]:
    """Yield every hook within a declaration, each with where it stands, like "lifecycle.submit.writes"."""
    if isinstance(held, Hook):
        yield where, held
    elif attrs.has(type(held)):
        for field in attrs.fields(type(held)):
            if field.init:
                yield from hooks(getattr(held, field.name), f"{where}.{field.name}".strip("."))
    elif isinstance(held, Mapping):
        for name, each in held.items():
            yield from hooks(each, f"{where}.{name}")
    elif isinstance(held, tuple):
        for each in held:
            yield from hooks(each, where)


def _function(at: str) -> Callable[..., Any]:
    """Return the function of a name. Errors: ValueError."""
    module, _, name = at.partition(":")
    if not (name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ValueError(f"{at!r} is no function of a module, like 'package.module:function'")
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the hook {at} cannot be imported: {error}") from None
    if not callable(function) or iscoroutinefunction(function):
        raise ValueError(f"the hook {at} is no plain function")
    return function  # type: ignore[no-any-return]


def _where(error: Exception, at: str) -> str:
    """Return in which line of its own module a hook raised an error; "" where that is not known."""
    module, frame = at.partition(":")[0], error.__traceback__
    lines = []
    while frame is not None:
        if frame.tb_frame.f_globals.get("__name__") == module:
            lines.append(f" in line {frame.tb_lineno} of {Path(frame.tb_frame.f_code.co_filename).name}")
        frame = frame.tb_next
    return lines[-1] if lines else ""
