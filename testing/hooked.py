"""The functions of an adapter's own: each is pure, ends, and raises for nothing that it can be given."""

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Thread
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from anymedia import Task
from anymedia.declare import Adapter, Hook, Lifecycle
from anymedia.declare.hook import hooks
from anymedia.model.forms import is_json
from anymedia.model.request import Request
from anymedia.model.strict_json import Json, dumps
from anymedia.translate.check import check
from anymedia.translate.encode import follow, parts
from anymedia.translate.reading import read

from .agreed import CASES, all_together
from .requests import one_by_one
from .suite import Suite, cases, promise
from .wire import Wire

PATIENCE = 10.0
"""Seconds within which a hook returns."""

SHOWN = 200
"""Characters of what a hook was given that are shown."""

EARLIEST, LATEST = datetime(2020, 1, 1), datetime(2100, 1, 1)
"""Between these a call is signed."""

URLS = (
    "https://api.acme.example/v1/pictures",
    "https://api.acme.example/v1/jobs/a%2Fb?page=1&page=2",
    "http://127.0.0.1:8080/",
)
"""Where a call that is signed may go."""

NOTHING: tuple[Json, ...] = (None, "", 0, [], {})
"""What may stand in an answer in place of anything."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ANY_JSON = st.recursive(SCALARS, lambda held: st.lists(held) | st.dictionaries(st.text(), held), max_leaves=20)

Hold: TypeAlias = Callable[[tuple[Any, ...]], None]
"""Hold what a hook promises for some values that it is given."""


class Hooked(Suite):
    """The hooks of an adapter."""

    def test_a_hook_is_a_pure_function(self, adapter: Adapter) -> None:
        """It makes the same of the same, changes nothing that it is given, ends, and never raises."""
        found = list(hooks(adapter))
        if not found:
            pytest.skip(f"{adapter.name} has no hooks")
        for where, hook in found:
            kind, given = KINDS[where.rpartition(".")[2]]
            given(adapter, where, _holding(f"{adapter.name}, {where}: the hook {hook.at}", hook, kind))


def _holding(name: str, hook: Hook, kind: type) -> Hold:
    def hold(given: tuple[Any, ...]) -> None:
        kept = copy.deepcopy(given)
        made = _made(name, hook, given)
        promise(given == kept, lambda: f"{name} changes what it is given, {_cut(kept)}")
        promise(
            isinstance(made, kind) and is_json(made), lambda: f"{name} makes no JSON of {_cut(given)}: {_cut(made)}"
        )
        again = _made(name, hook, given)
        promise(made == again, lambda: f"{name} makes two things of {_cut(given)}: {_cut(made)} and {_cut(again)}")

    return hold


def _made(name: str, hook: Hook, given: tuple[Any, ...]) -> Any:
    """Return what a hook makes of values, when it does so in time."""
    made: list[Any] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            made.append(hook.function(*given))
        except Exception as error:  # noqa: BLE001 - it is what the hook is asked about
            raised.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    promise(not raised, lambda: f"{name} raises {raised[0]!r} for {_cut(given)}")
    promise(bool(made), lambda: f"{name} does not end within {PATIENCE:g} s for {_cut(given)}")
    return made[0]


def _cut(value: Any) -> str:
    text = repr(value[0] if isinstance(value, tuple) and len(value) == 1 else value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _fuzzed(hold: Hold, given: st.SearchStrategy[tuple[Any, ...]]) -> None:
    @settings(max_examples=CASES, deadline=None, database=None, derandomize=True)
    @over(given)
    def hold_any(drawn: tuple[Any, ...]) -> None:
        hold(drawn)

    hold_any()


# What each kind of hook is given


def _bodies(adapter: Adapter, where: str, hold: Hold) -> None:
    """Give a hook every body that requests make, each field alone and then any of them together."""
    bare = _without_writes(adapter)
    for offer in bare.offers:
        if not _is_of(where, offer.lifecycle):
            continue

        def each(request: Request, offer: Any = offer) -> None:
            checked = check(request, bare, offer)
            for part in () if checked.problems else parts(checked)[:1]:
                hold((copy.deepcopy(part.body),))

        for variant in offer.variants:
            for request in one_by_one(bare, offer, variant):
                each(request)
            all_together(bare, offer, variant, each)


def _is_of(where: str, lifecycle: str | None) -> bool:
    return where.startswith("lifecycle." if lifecycle is None else f"lifecycles.{lifecycle}.")


def _without_writes(adapter: Adapter) -> Adapter:
    """Return an adapter whose bodies no hook has made."""

    def bare(life: Lifecycle) -> Lifecycle:
        return attrs.evolve(life, submit=attrs.evolve(life.submit, writes=None))

    lives = {name: bare(life) for name, life in adapter.lifecycles.items()}
    return attrs.evolve(adapter, lifecycle=bare(adapter.lifecycle), lifecycles=lives)


def _answers(adapter: Adapter, _: str, hold: Hold) -> None:
    """Give a hook what the simulator answers, the same with anything missing or empty, and any JSON and text."""
    real = list(_real(adapter))
    for words in real:
        hold((words,))
        for spoiled in _spoiled(words):
            hold((spoiled,))
    _fuzzed(hold, st.tuples(ANY_JSON))


def _real(adapter: Adapter) -> Iterator[Json]:
    """Yield the words of the simulator's answers to a submit and to the looks at its task."""
    wire, case = Wire.of(adapter), next(cases(_without_writes(adapter)))
    checked = check(case.request, adapter, case.offer)
    response = wire.submit(checked, parts(checked)[0])
    yield read(response.body)[0]
    task = wire.accepted(response, checked)
    if isinstance(task, Task):
        for endpoint in checked.life.looks.values():
            yield read(wire.send(follow(wire.account, endpoint, task)).body)[0]


def _spoiled(words: Json) -> Iterator[Json]:
    """Yield JSON with nothing in place of each value in it, in turn."""
    yield from NOTHING
    if isinstance(words, Mapping):
        for key, value in words.items():
            yield {name: each for name, each in words.items() if name != key}
            yield from ({**words, key: spoiled} for spoiled in _spoiled(value))
    if isinstance(words, list):
        for at, value in enumerate(words):
            yield from ([*words[:at], spoiled, *words[at + 1 :]] for spoiled in _spoiled(value))


def _calls(_: Adapter, __: str, hold: Hold) -> None:
    """Give a hook calls to sign: method, URL, headers, body, secret and moment."""
    methods, urls = st.sampled_from(["GET", "POST", "DELETE"]), st.sampled_from(URLS)
    headers = st.dictionaries(st.sampled_from(["Accept", "Content-Type", "X-Request"]), st.sampled_from(["a", "b/c"]))
    bodies = st.just(b"") | ANY_JSON.map(dumps) | st.binary(max_size=64)
    secrets = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=64)
    moments = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))
    _fuzzed(hold, st.tuples(methods, urls, headers, bodies, secrets, moments))


KINDS: Mapping[str, tuple[type, Callable[[Adapter, str, Hold], None]]] = {
    "writes": (dict, _bodies),
    "reads": (object, _answers),
    "auth": (dict, _calls),
}
"""What a hook returns and is given, by the word under which it is declared."""
