"""What becomes of the fields of a request at a seller: those that are given, and those that are left open."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from anymedia.declare.fields import Always, Text
from anymedia.declare.files import Files
from anymedia.declare.numbers import as_word
from anymedia.declare.when import UNKNOWN
from anymedia.declare.written import merges
from anymedia.model.forms import Roles
from anymedia.model.strict_json import dumps
from anymedia.translate.resolve import Field

from .side import Reader, Side, Trait

NEAR = 0.8
"""A text of this part of its bound, or longer, has its bounds compared."""


def given_traits(a: Side, b: Side) -> Iterator[tuple[str, tuple[str, Reader]]]:
    """Yield each field that is given, or wrong, with what it is called and how its trait is read."""
    given, alike = a.checked.given, _alike(a.roles)
    wrong = {problem.field for side in (a, b) for problem in side.checked.problems}
    for name, value in given.items():
        if name not in alike or name in wrong:
            what = name if name in alike else f"{name} {_shown(value)}"
            yield name, (what, partial(_sent, name, value))
    for name in sorted(wrong - set(given)):
        yield name, (name, partial(_needed, name))
    if "extra" not in wrong and any(_own(side) for side in (a, b)):
        yield "extra", ("what only one provider has", _extra)
    for name in given:
        if name in alike and name not in wrong and (what := _length(name, a, b)):
            yield name, (what, partial(_bounds, name))


def _alike(roles: Roles) -> tuple[str, ...]:
    """Return the fields that every seller gets as they are; their bounds, and the number of tasks, are compared."""
    return *roles.inputs, *(name for name in roles.texts if name in roles.subject), "count"


def _length(name: str, a: Side, b: Side) -> str:
    """Return how long a list, or a text near its bound, is; "" where that is not worth a word."""
    value = a.checked.given[name]
    if isinstance(value, tuple):
        return f"{len(value)} put in"
    return f"a {name} of {len(value)} characters" if any(_is_near(name, side) for side in (a, b)) else ""


def _is_near(name: str, side: Side) -> bool:
    most = _most(side, name)
    return most is not None and len(side.checked.given[name]) >= most * NEAR


def _sent(name: str, value: Any, side: Side) -> Trait:
    """Return a field as it is sent; another name for its place is no difference by itself."""
    refused = _refusal(name, side)
    if refused is not None:
        return refused
    if name in (adjustment.field for adjustment in side.checked.adjustments):
        return Trait("left out", "does not take it, so it is left out")
    if name in _alike(side.roles):
        return Trait("taken", "takes what is given")
    field = side.checked.fields.get(name)
    if field is not None and isinstance(field.takes, Always):
        return Trait("always so", "always has it", key="as it is given")
    moved = side.given(name) != value
    names = [each for each in side.roles.shape if side.given(each) is not None] if moved else [name]
    words = ", ".join(_written(side.checked.fields[each], _wire(each, side)) for each in names)
    if not names:
        return Trait("not sent", "gets nothing of it")  # auto is what pixels are without; or another field is wrong
    alike = not moved and _wire(name, side) == value
    return Trait(words, f"gets {words}", key="as it is given" if alike else words)


def _wire(name: str, side: Side) -> Any:
    """Return a field in the wire's words."""
    field = side.checked.fields[name]
    return None if field.takes is None else field.takes.write(field.sent)


def _written(field: Field, wire: Any) -> str:
    if isinstance(wire, Mapping) and field.to is not None and merges(field.to):
        return ", ".join(f"{name} {dumps(value).decode()}" for name, value in wire.items())
    return f"{str(field.to).lstrip('?')} {dumps(wire).decode()}"


def _refusal(name: str, side: Side) -> Trait | None:
    messages = side.problems(name)
    return Trait("refused", f"refuses it: {'; '.join(messages)}", key=messages) if messages else None


def _needed(name: str, side: Side) -> Trait:
    """Return what a seller makes of a field that is not given, and that one of the two requires."""
    return _refusal(name, side) or Trait("taken", "takes it without")


def _own(side: Side) -> dict[str, Any]:
    """Return the knobs and the raw fields that a seller gets."""
    return {**side.checked.knobs, **side.checked.extra}


def _extra(side: Side) -> Trait:
    own = _own(side)
    names = ", ".join(own)
    return Trait(names or "none", f"gets {names or 'none'}", key=own)


def _bounds(name: str, side: Side) -> Trait:
    most = _most(side, name)
    return Trait("unknown", "names no bound") if most is None else Trait(f"at most {most}", f"takes {most} at most")


def _most(side: Side, name: str) -> int | None:
    field = side.field(name)
    return field.takes.most if field is not None and isinstance(field.takes, Text | Files) else None


# Fields that are not


def left_open(a: Side, b: Side) -> Iterator[str]:
    """Yield the fields that the caller leaves open, and that somebody decides."""
    given = a.checked.given
    decided_by_size = a.roles.shape if "size" in given else ()
    for name in a.roles.names:
        decided = name in a.roles.looks or all(name in side.checked.defaults for side in (a, b))
        if decided and name not in given and name not in decided_by_size:
            yield name


def default_trait(name: str, side: Side) -> Trait:
    """Return what a seller takes for a field that is left open."""
    offer, field = side.taken.offer, side.field(name)
    if field is not None and field.raw:
        value = "a raw field" if field.value is None else as_word(field.value)
        return Trait(value, f"gets {value}" + (" by a raw field" if field.value is not None else ""))
    if field is None and (offer.shape is None or name not in offer.shape.takes):
        return Trait("no such field", "has no such field")
    default = side.checked.defaults.get(name)
    if default in (None, UNKNOWN):
        return Trait("unknown", "names no default")
    billed = offer.params[name].bills_as.get(default)
    word = as_word(default)
    return Trait(word, f"takes {word}" + (f", billed as {billed}" if isinstance(billed, str) else ""))


def _shown(value: Any) -> str:
    return "{}x{}".format(*value) if isinstance(value, tuple) else str(value)
