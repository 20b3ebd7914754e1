"""Names of result files by a pattern, like "{day}/{model}/{task}-{number}.{ext}"."""

import re
from collections.abc import Callable, Mapping
from string import Formatter

import attrs

from .errors import ConfigError
from .names import no_such
from .task import Asset, Task

FLAT = "{task}-{number}.{ext}"
"""How files are named in a folder unless told otherwise."""

BY_DAY = "{day}/{model}/" + FLAT
"""How they are named in a storage unless told otherwise."""

PIECE, WHOLE = 240, 800
"""Bytes of a piece between two slashes, and of a whole name, at most: what file systems and stores take, and a few for
the number of a name that is taken."""

_NO_TEXT = re.compile(r"[^A-Za-z0-9._ ()+=@,/-]")
_NO_VALUE = re.compile(r"[^\w.-]+")


@attrs.frozen
class _Field:
    """What a field of a pattern stands for, and how many bytes of it are written."""

    value: Callable[[Task, int, Asset], str | None]
    most: int = 48


FIELDS: Mapping[str, _Field] = {
    "account": _Field(lambda task, _, __: task.account),
    "day": _Field(lambda task, _, __: f"{task.submitted_at:%Y-%m-%d}", 10),
    "kind": _Field(lambda _, __, asset: asset.kind, 16),
    "model": _Field(lambda task, _, __: task.model or task.wire_id),
    "number": _Field(lambda _, number, __: str(number + 1), 8),
    "offer": _Field(lambda task, _, __: task.offer),
    "provider": _Field(lambda task, _, __: task.provider),
    "role": _Field(lambda _, __, asset: asset.role, 16),
    "sha256": _Field(lambda _, __, asset: asset.sha256, 64),
    "task": _Field(lambda task, _, __: task.id, 80),
    "title": _Field(lambda _, __, asset: asset.title),
}
"""What a name may be made of, beside `ext`; `day` is the day of the submit (UTC), `number` counts a task's results."""

_EXT = "ext"


@attrs.frozen
class FileNames:
    """A pattern of names. Errors: ConfigError for a pattern that is none, or that may lead out of the folder.

    It is a path below the folder, with `{field}` for what differs; it ends in `.{ext}`.
    """

    pattern: str
    _parts: tuple[tuple[str, str | None], ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_parts", _parsed(self.pattern))
        for piece in _stem(self.pattern).split("/"):
            _check_piece(self.pattern, piece)
        if (most := sum(len(text) + _most(field) for text, field in self._parts)) > WHOLE:
            raise _no_pattern(self.pattern, f"a name may get {most} bytes, and {WHOLE} are the most")

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the names are made of, without `ext`."""
        return frozenset(field for _, field in self._parts if field is not None)

    def stem(self, task: Task, number: int, asset: Asset) -> str:
        """Return the name of an asset of a task, by its number from 0 on, without the dot and the ending."""
        values = {field: _value(field, task, number, asset) for field in self.fields}
        return "".join(text + values.get(field or "", "") for text, field in self._parts)


def _parsed(pattern: str) -> tuple[tuple[str, str | None], ...]:
    """Return the texts of a pattern, each with the field behind it."""
    try:
        parts = list(Formatter().parse(_stem(pattern)))
    except ValueError as error:
        raise _no_pattern(pattern, str(error)) from None
    for text, field, form, conversion in parts:
        if (odd := _NO_TEXT.search(text)) is not None:
            raise _no_pattern(pattern, f"{odd[0]!r} may not stand in it")
        if form or conversion:
            raise _no_pattern(pattern, f"a field is written as {{{field}}} alone")
        if field is not None and field not in FIELDS:
            raise _no_pattern(pattern, no_such("field", field, {**FIELDS, _EXT: None}))
    return tuple((text, field) for text, field, *_ in parts)


def _stem(pattern: str) -> str:
    """Return a pattern without its ending."""
    stem, found, rest = pattern.rpartition("." + "{" + _EXT + "}")
    if not found or rest:
        raise _no_pattern(pattern, "it has to end in .{ext}, which is what the file is")
    return stem


def _check_piece(pattern: str, piece: str) -> None:
    if not piece or piece.startswith("."):
        raise _no_pattern(pattern, "no piece of the path may be empty or begin with a dot")
    most = sum(len(text) + (0 if field is None else FIELDS[field].most) for text, field, *_ in Formatter().parse(piece))
    if most > PIECE:
        raise _no_pattern(pattern, f"{piece!r} may get {most} bytes, and {PIECE} are the most")


def _most(field: str | None) -> int:
    return 0 if field is None else FIELDS[field].most


def _no_pattern(pattern: str, why: str) -> ConfigError:
    return ConfigError(f"names: {pattern!r:.200}: {why}")


def _value(name: str, task: Task, number: int, asset: Asset) -> str:
    """Return what stands for a field: letters, digits, "_", "-" and dots within, so that no value is a path."""
    field = FIELDS[name]
    text = _NO_VALUE.sub("_", field.value(task, number, asset) or "").strip("._-")
    return text.encode()[: field.most].decode("utf-8", "ignore").rstrip("._-") or f"no-{name}"
