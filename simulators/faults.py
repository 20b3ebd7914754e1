"""Faults on demand: what can go wrong at a provider or on the way to it, one kind a row.

A fault waits until a request comes that it is about, and is used up after `times` of them. By its phase

- *before*: its answer comes in place of the provider's, and nothing is created;
- *after*: the provider does its work first (a task is created and charged), then its good answer is lost or spoiled;
- *view*: it changes what one look at a task shows;
- *task*: it is the fate of the next task that is created; of the next one whose caller wants to be told, where it is
  about webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import evolve, field, frozen

Phase = Literal["before", "after", "view", "task"]
Place = Literal["submit", "poll", "output", "result", "upload", "webhook", "any"]

API: tuple[Place, ...] = ("submit", "poll")
ALL: tuple[Place, ...] = ("submit", "poll", "result", "upload", "any")
SUBMIT: tuple[Place, ...] = ("submit",)
FATES: tuple[Place, ...] = ("submit", "output")
POLL: tuple[Place, ...] = ("poll",)
RESULT: tuple[Place, ...] = ("result",)
TOLD: tuple[Place, ...] = ("webhook",)
SAID: tuple[Place, ...] = (*API, *TOLD)


@frozen
class Kind:
    """A row: the phase, the places it can happen at, the default of `on`, and the options it takes."""

    phase: Phase
    places: tuple[Place, ...]
    on: Place
    options: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "status": Kind(
        "before",
        ALL,
        "any",
        ("status", "http_status", "code", "message", "retry_after", "body", "created"),
        needed=("status",),
    ),
    "reset_before": Kind("before", ALL, "submit"),
    "reset_after": Kind("after", ALL, "submit"),
    "no_answer": Kind("before", ALL, "submit", ("created", "seconds")),
    "cut_body": Kind("after", ALL, "submit"),
    "cut_json": Kind("after", SAID, "submit"),
    "not_json": Kind("after", SAID, "submit"),
    "html": Kind("after", ALL, "submit"),
    "other_media": Kind("after", RESULT, "result"),
    "without_id": Kind("after", SAID, "submit"),
    "wrong_types": Kind("after", SAID, "submit"),
    "unknown_state": Kind("after", SAID, "poll", ("word",)),
    "unknown_fields": Kind("after", SAID, "poll"),
    "no_result": Kind("view", POLL, "poll"),
    "failed": Kind("task", FATES, "submit", ("code", "message", "like")),
    "moderated": Kind("task", API, "submit", ("code", "message")),
    "stuck": Kind("task", SUBMIT, "submit"),
    "latency": Kind("task", SUBMIT, "submit", ("seconds",), needed=("seconds",)),
    "no_credit": Kind("before", API, "submit", ("code", "message")),
    "unauthorised": Kind("before", API, "submit", ("code", "message")),
    "throttled": Kind("before", ALL, "any", ("code", "message", "retry_after")),
    "not_yet": Kind("before", POLL, "poll", ("code", "message")),
    "not_found": Kind("before", ("poll", "result"), "poll", ("code", "message")),
    "huge": Kind("after", ALL, "any", ("bytes", "length")),
    "gzip_bomb": Kind("after", ALL, "any", ("bytes",)),
    "redirect": Kind("before", ALL, "any", ("status", "location")),
    "raw": Kind("before", ALL, "any", ("status", "headers", "body", "created")),
    "webhook_never": Kind("task", TOLD, "webhook"),
    "webhook_late": Kind("task", TOLD, "webhook", ("seconds",), needed=("seconds",)),
    "webhook_twice": Kind("task", TOLD, "webhook"),
    "webhook_reordered": Kind("task", TOLD, "webhook"),
    "webhook_forged": Kind("task", TOLD, "webhook"),
}
WEBHOOK = tuple(name for name, kind in KINDS.items() if kind.places == TOLD)
"""What can go wrong with how a caller is told."""


@frozen
class Fault:
    """A fault that is pending; `times` None: until it is cleared."""

    kind: str
    on: Place
    times: int | None = 1
    options: Mapping[str, object] = field(factory=dict)

    @property
    def phase(self) -> Phase:
        """When it happens: `created` moves a fault behind the work, moderation is at the submit or in the task."""
        if self.kind == "moderated" and self.on == "submit":
            return "before"
        return "after" if self.options.get("created") else KINDS[self.kind].phase

    def text(self, option: str, default: str) -> str:
        """An option that is a text."""
        return str(self.options.get(option, default))

    def number(self, option: str, default: int) -> int:
        """An option that is an integer."""
        return cast(int, self.options.get(option, default))

    def seconds(self) -> float | None:
        """The option `seconds`, if given."""
        return cast("float | None", self.options.get("seconds"))

    def plain(self) -> dict[str, object]:
        """The fault as JSON, as it was asked for."""
        return {"kind": self.kind, "on": self.on, "times": self.times, **self.options}


TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110: a header's name
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # what no header's value may hold


def _whole(least: int, most: int | None = None) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value >= least and (most is None or value <= most)


def _word(value: object) -> bool:
    return isinstance(value, str) and not CONTROL.search(value)


def _headers(value: object) -> bool:
    return isinstance(value, dict) and all(TOKEN.fullmatch(str(name)) and _word(value[name]) for name in value)


Option: TypeAlias = tuple[Callable[[Any], bool], str]
CODE: Option = (lambda value: type(value) in (int, str), "an integer or a text")
SECONDS: Option = (
    lambda value: type(value) in (int, float) and 0 <= value < float("inf"),
    "a number of seconds, 0 or more",
)
STATUS: Option = (_whole(200, 599), "an HTTP status from 200 to 599")
OPTIONS: dict[str, Option] = {
    "status": STATUS,
    "http_status": STATUS,
    "code": CODE,
    "message": (lambda value: isinstance(value, str), "a text"),
    "retry_after": (lambda value: _whole(0)(value) or _word(value), "whole seconds or an HTTP date"),
    "body": (lambda value: isinstance(value, str), '"json", "html", "empty" or any other text'),
    "created": (lambda value: isinstance(value, bool), "true or false"),
    "seconds": SECONDS,
    "word": (lambda value: isinstance(value, str), "a text"),
    "like": (lambda value: isinstance(value, str), "the name of a failure of the provider's"),
    "bytes": (_whole(1), "an integer of 1 or more"),
    "length": (lambda value: isinstance(value, bool), "true or false"),
    "location": (_word, "a text without control characters"),
    "headers": (_headers, "an object of header names and texts without control characters"),
}


def fault(wanted: Mapping[str, object]) -> Fault:
    """The fault that plain data describe. Raises ValueError, with one sentence, when they are wrong."""
    options = dict(wanted)
    name = options.pop("kind", None)
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(f"no fault is named {name!r}: the kinds are {', '.join(KINDS)}")
    kind = KINDS[name]
    on, times = options.pop("on", None), options.pop("times", 1)
    if on is not None and on not in kind.places:
        raise ValueError(f"on must be one of {', '.join(kind.places)} for {name}, not {on!r}")
    if times is not None and not _whole(1)(times):
        raise ValueError(f"times must be an integer of 1 or more, or null until cleared, not {times!r}")
    options = {option: value for option, value in options.items() if value is not None}
    _check(name, kind, options)
    return Fault(name, on or kind.on, cast("int | None", times), options)


def _check(name: str, kind: Kind, options: Mapping[str, object]) -> None:
    for option, value in options.items():
        if option not in kind.options:
            takes = ", ".join(("on", "times", *kind.options))
            raise ValueError(f"{name} takes {takes}; not {option!r}")
        fits, form = OPTIONS[option]
        if not fits(value):
            raise ValueError(f"{option} must be {form}, not {value!r}")
    if missing := [option for option in kind.needed if option not in options]:
        raise ValueError(f"{name} needs {', '.join(missing)}")


class Faults:
    """The faults that are pending, first come first served."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._pending)

    def add(self, new: Fault) -> None:
        """Puts a fault behind the others."""
        self._pending.append(new)

    def clear(self) -> None:
        """Drops them all."""
        self._pending.clear()

    def take(self, place: str, phase: Phase, kind: str | None = None) -> Fault | None:
        """The first fault of a phase that is about a place, used up once; None when there is none."""
        for index, one in enumerate(self._pending):
            if one.on in (place, "any") and one.phase == phase and kind in (None, one.kind):
                if one.times == 1:
                    del self._pending[index]
                elif one.times is not None:
                    self._pending[index] = evolve(one, times=one.times - 1)
                return one
        return None
