"""Where a submit writes what: places in its body and names in its query, and which two would overwrite each other."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, combinations
from typing import Any, TypeAlias

import attrs

from .fields import Value
from .files import Files
from .typed import typed
from .when import When, cases

FURTHEST = 100
"""The longest list of numbered fields that is held against the other places."""

_KEY = r"[^.?\[\]{}]+"
_KEYS = rf"{_KEY}(\[[0-9]\])*(\.{_KEY}(\[[0-9]\])*)*"
_PLACE = re.compile(rf"|\?{_KEY}|{_KEYS}(\.|\[\]|\[\]\.{_KEYS})?")
_STEP = re.compile(r"[^.\[\]]+(?:\[\])?|\[[0-9]+\]")  # "image[]" is a name of the parts of a form
_NAME = re.compile(rf"{_KEY}(\.{_KEY})*")

Keys: TypeAlias = tuple[str, ...]
"""The keys that lead to a place of the body; a name in the query is one key, "?name"."""


def _numbered_name(_: Any, attribute: "attrs.Attribute[Any]", name: str) -> None:
    if _NAME.fullmatch(name.replace("{n}", "2")) is None:
        raise ValueError(f"{name!r} is no name of a numbered field, like 'image_{{n}}'")


def _with_number(_: Any, attribute: "attrs.Attribute[Any]", name: str) -> None:
    if "{n}" not in name:
        raise ValueError(f"{name!r} is to hold {{n}}, the number of the element")


@attrs.frozen(field_transformer=typed)
class Numbered:
    """A list spread over fields: the first element under one name, the n-th under another."""

    first: str = attrs.field(validator=_numbered_name)
    further: str = attrs.field(validator=(_numbered_name, _with_number))

    def names(self, length: int) -> list[str]:
        """Return the field of each element."""
        return [self.first, *(self.further.format(n=n) for n in range(2, length + 1))][:length]


def numbered(first: str, further: str) -> Numbered:
    """Spread a list over fields: numbered("image", "image_{n}")."""
    return Numbered(first, further)


def keys_of(place: str) -> Keys:
    """Return the keys that lead to a place of the body, of which "[0]" is an element of a list."""
    return tuple(_STEP.findall(place))


def merges(to: str | Numbered) -> bool:
    """Return whether an object is merged into the one at a place: "input.", or the body itself, ""."""
    return isinstance(to, str) and (not to or to.endswith("."))


def places(to: str | Numbered | When[str] | None, takes: Value | When[Value]) -> list[str | Numbered]:
    """Return where a field may be written: its places, or that of each key of an object that is merged."""
    found: list[str | Numbered] = []
    for each in [to] if isinstance(to, Numbered) else cases(to):
        found += [f"{each}{key}" for taken in cases(takes) for key in taken.keys or ()] if merges(each) else [each]
    return found


def spreads(to: str | Numbered) -> bool:
    """Return whether a place is one for each element of a list."""
    return isinstance(to, Numbered) or "[]" in to


@attrs.frozen
class Written:
    """One thing that a submit writes: what it is called, where, and the values it takes (None: they are not chosen).

    `always`: it is there in each request; `in_query`: a call's own query or path brings it.
    """

    what: str
    to: str | Numbered | When[str]
    takes: Value | When[Value] | None = None
    always: bool = True
    in_query: bool = False

    @property
    def places(self) -> list[Keys]:
        """Every place that it may be written to. Errors: ValueError for what is no place."""
        if isinstance(self.to, Numbered):
            return [tuple(name.split(".")) for name in self.to.names(FURTHEST)]
        return [keys for to in cases(self.to) for keys in self._at(to)]

    def _at(self, to: str) -> list[Keys]:
        """Return the keys that lead to one of its places. Errors: ValueError for what is no place."""
        if _PLACE.fullmatch(to) is None or (to.endswith("[]") and not self._of_parts):
            raise ValueError(f"{self.what}: {to!r} is no place like 'input.prompt', 'images[].url' or '?name'")
        if merges(to):
            return [(*keys_of(to), key) for key in self._merged()]
        if to.startswith("?") and isinstance(self.to, When):
            raise ValueError(f"{self.what}: a place in the query is the same for each request")
        if self.takes is None and to.startswith("?") and not self.in_query:
            raise ValueError(f"{self.what}: what is always in the query stands in the path, or in the call's own query")
        # A list of objects is written as a whole: nothing else finds room beside its elements.
        return [keys_of(to.partition("[]")[0])]

    @property
    def _of_parts(self) -> bool:
        """Whether it is files that go as the parts of a form, of which a name may end in []."""
        taken = cases(self.takes)
        return bool(taken) and all(isinstance(each, Files) and "part" in each.forms for each in taken)

    def _merged(self) -> Iterator[str]:
        """Yield the keys that are merged into an object of the body. Errors: ValueError for what is no object."""
        if self.takes is None:
            raise ValueError(f"{self.what}: a place in the body is needed")
        for takes in cases(self.takes):
            if takes.keys is None:
                raise ValueError(f"{self.what}: only an object can be merged into {_shown(self)}")
            yield from takes.keys


def clashes(written: Iterable[Written], exclusive: Iterable[tuple[str, str]] = ()) -> Iterator[str]:
    """Yield each two things of which one would overwrite the other, in words.

    Two fields may share a place where no request can give both: `exclusive` are such pairs, and When tells others.
    Errors: ValueError for what is no place.
    """
    apart = {frozenset(pair) for pair in exclusive}
    found = [(each, _Reach.of(each.places)) for each in written]
    for (one, reach), (other, others) in combinations(found, 2):
        excluded = frozenset((one.what, other.what)) in apart and not (one.always or other.always)
        if not excluded and reach.meets(others) and _meet(one.takes, other.takes):
            yield f"{one.what} goes to {_shown(one)} and {other.what} to {_shown(other)}: one would overwrite the other"


@attrs.frozen
class _Reach:
    """The places of one thing: `ends` where it is written, `starts` these and all that lies above them, `lists` and
    `objects` what holds an element, or a key, of it."""

    ends: frozenset[Keys]
    starts: frozenset[Keys]
    lists: frozenset[Keys]
    objects: frozenset[Keys]

    @classmethod
    def of(cls, places: Iterable[Keys]) -> "_Reach":
        ends = frozenset(places)
        steps = [(keys[:depth], keys[depth][0] == "[") for keys in ends for depth in range(1, len(keys))]
        lists = frozenset(holder for holder, is_list in steps if is_list)
        objects = frozenset(holder for holder, is_list in steps if not is_list)
        return cls(ends, ends | lists | objects, lists, objects)

    def meets(self, other: "_Reach") -> bool:
        """Return whether one place equals another, or lies under it, or takes for an object what is a list to it."""
        apart = self.ends.isdisjoint(other.starts) and self.starts.isdisjoint(other.ends)
        return not apart or not (self.lists.isdisjoint(other.objects) and self.objects.isdisjoint(other.lists))


def _meet(one: Value | When[Value] | None, other: Value | When[Value] | None) -> bool:
    """Return whether two things are written in any one variant."""
    whens = [each for each in (one, other) if isinstance(each, When)]
    deciding = sorted(set(chain.from_iterable(when.fields for when in whens)))
    variants = chain.from_iterable(combinations(deciding, number) for number in range(len(deciding) + 1))
    return any(all(when.pick(given) is not None for when in whens) for given in variants)


def _shown(written: Written) -> str:
    if isinstance(written.to, Numbered):
        return f"{written.to.first}, {written.to.further}"
    return " or ".join(to.removesuffix(".") or "the body itself" for to in cases(written.to))
