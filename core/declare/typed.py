"""What may stand where in a word: each argument is held against the type that its class names, and refused by name."""

import enum
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, wraps
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from anymedia.model.names import either

Field: TypeAlias = "attrs.Attribute[Any]"

P = ParamSpec("P")
T = TypeVar("T")


def typed(word: type, fields: list[Field]) -> list[Field]:
    """Return the fields of a word, each of which raises ValueError for what is not of its type.

    What a field's own check says of such a thing counts: it may know what was meant. It is how attrs transforms fields.
    """
    return [each.evolve(converter=_Held.of(word, each)) if each.init else each for each in fields]


@attrs.frozen
class _Held:
    """The converter of a field, and the type that what it makes is held against."""

    word: type
    field: Field
    converter: Any

    @classmethod
    def of(cls, word: type, field: Field) -> "_Held":
        """Return that of a field, which may stand in a word that this one grows from."""
        return (
            attrs.evolve(field.converter, word=word)
            if isinstance(field.converter, cls)
            else cls(word, field, field.converter)
        )

    def __call__(self, given: Any) -> Any:
        if self.converter is None:
            made = given
            if given is self.field.default:
                return given
        else:
            made = self._converted(given)
        if not _test_for(self.word, self.field.name)(made):
            self._say(made)
            raise self._wrong(given)
        return made

    def _converted(self, given: Any) -> Any:
        try:
            return self.converter(given)
        except (TypeError, AttributeError):
            raise self._wrong(given) from None
        except ValueError as error:
            named = self.field.name in str(error)
            raise ValueError(str(error) if named else f"{self._where}: {error}") from None

    def _wrong(self, given: object) -> ValueError:
        taken = None if self.converter is None else _taken_by(self.converter)
        hint = _hints(self.word)[self.field.name] if taken in (None, Any) else taken
        return _wrong(self._where, hint, given)

    @property
    def _where(self) -> str:
        return f"{self.word.__name__}, {self.field.name}"

    def _say(self, made: object) -> None:
        """Raise what the field's own check says of a thing; one of another type may be more than it can read."""
        with suppress(TypeError, AttributeError):
            if self.field.validator is not None:
                self.field.validator(None, self.field, made)


def typed_call(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function that raises ValueError for an argument that is not of its type, and names it."""
    parameters = signature(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        given = parameters.bind(*args, **kwargs).arguments
        hints = _hints(function)
        for name, value in given.items():
            if name in hints and not fits(value, hints[name]):
                raise _wrong(f"{function.__qualname__}, {name}", hints[name], value)
        return function(*args, **kwargs)

    return call


def _wrong(where: str, hint: Any, given: object) -> ValueError:
    return ValueError(f"{where}: takes {in_words(hint)}, not {given!r:.80}")


@cache
def _hints(word: Any) -> dict[str, Any]:
    return get_type_hints(word)


def _taken_by(converter: Any) -> Any:
    """Return the type of what a converter takes; None where it does not say so."""
    return next(iter(_hints(converter).values()), None)


@cache
def _test_for(word: type, name: str) -> Callable[[Any], bool]:
    """Return what tells whether a thing is of a field's type: names are looked up faster than types are."""
    return _test_of(_hints(word)[name])


def fits(given: object, hint: Any) -> bool:
    """Return whether a thing is of a type; true is no number, and a whole number is a number."""
    return _test_of(hint)(given)


@cache
def _test_of(hint: Any) -> Callable[[Any], bool]:
    """Return what tells whether a thing is of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return lambda given: True
    if origin in (Union, UnionType):
        tests = [_test_of(each) for each in inner]
        return lambda given: any(test(given) for test in tests)
    if origin is Literal:
        return lambda given: any(type(given) is type(each) and given == each for each in inner)
    if origin is tuple:
        return _test_of_tuple(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_key, of_value = map(_test_of, inner)
        return lambda given: (
            isinstance(given, Mapping) and all(of_key(key) and of_value(value) for key, value in given.items())
        )
    kinds = (int, float) if hint is float else origin or hint
    if hint in (int, float):
        return lambda given: isinstance(given, kinds) and not isinstance(given, bool)
    return lambda given: isinstance(given, kinds)


def _test_of_tuple(inner: tuple[Any, ...]) -> Callable[[Any], bool]:
    """Return what tells whether a thing is a tuple: of one and the same type, or of a type for each place."""
    if inner[-1] is Ellipsis:
        of_each = _test_of(inner[0])
        return lambda given: isinstance(given, tuple) and all(map(of_each, given))
    tests = [_test_of(each) for each in inner]
    return lambda given: (
        isinstance(given, tuple)
        and len(given) == len(tests)
        and all(test(each) for test, each in zip(tests, given, strict=True))
    )


NAMES: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    NoneType: "None",
    Any: "anything",
}
"""What plain types are called."""


def in_words(hint: Any) -> str:
    """Return what a type is called: "a text or None", "{a text: a Setting}", "(a whole number, a number)"."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in NAMES:
        return NAMES[hint]
    if origin in (Union, UnionType):
        return either(dict.fromkeys(map(in_words, inner)))
    if origin is Literal:
        return either(map(repr, inner))
    if origin is tuple:
        return f"({', '.join('…' if each is Ellipsis else in_words(each) for each in inner)})"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "{" + ": ".join(map(in_words, inner)) + "}"
    if isinstance(hint, enum.EnumType):
        return f"one of {', '.join(hint)}"
    name = (origin or hint).__name__
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def word_of(vocabulary: type[enum.StrEnum], given: Any) -> Any:
    """Return a word of a vocabulary; what is none stays as it is, and is refused for its type."""
    return vocabulary(given) if given in tuple(vocabulary) else given
