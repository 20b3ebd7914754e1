"""What differs by what is put in, and values that can only be told in words."""

from collections.abc import Container, Mapping
from typing import Generic, TypeVar

import attrs

from anymedia.model.forms import is_given

from .typed import typed

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(field_transformer=typed)
class When(Generic[T_co]):
    """What holds where a field is given, the first that fits; None: there is no such variant.

    A flag counts as given where it is true.
    """

    cases: tuple[tuple[str, T_co | None], ...]
    otherwise: T_co | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that decide."""
        return tuple(field for field, _ in self.cases)

    def pick(self, given: Container[str]) -> T_co | None:
        """Return what holds where these fields are given."""
        return next((each for field, each in self.cases if decides(field, given)), self.otherwise)


def decides(field: str, given: Container[str]) -> bool:
    """Return whether a field is among those given, which may be names or values by name: a false flag is not."""
    return field in given and (not isinstance(given, Mapping) or is_given(given[field]))


def when(*, otherwise: T | None = None, **cases: T | None) -> When[T]:
    """Say a thing once for each field that may be put in: when(images="paint-edit", otherwise="paint")."""
    return When(tuple(cases.items()), otherwise)


def pick(thing: "T | When[T] | None", given: Container[str]) -> T | None:
    """Return a thing, or what holds of it where these fields are given."""
    return thing.pick(given) if isinstance(thing, When) else thing


def cases(thing: "T | When[T] | None") -> list[T]:
    """Return everything that a thing may be, whatever is put in."""
    held = [each for _, each in thing.cases] + [thing.otherwise] if isinstance(thing, When) else [thing]
    return [each for each in held if each is not None]


@attrs.frozen(field_transformer=typed)
class Said:
    """A value that can only be told in words, like a default that depends on what is put in."""

    words: str

    def __str__(self) -> str:
        return self.words


UNKNOWN = Said("unknown: the page names no default")
"""The default of a field of which no page says what is taken without it."""

ANY = Said("any value")
"""In the `when` of a rule: the field is given, with whatever value."""
