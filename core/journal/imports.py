"""How one journal moves into another: all that is in it, once, whatever ends the import and however often it runs.

The journal that moves is written to no more from the beginning on, so that nothing is bought there that the other one
does not know of. Entries come in the order of their numbers, and with each page the target notes how far it has come:
the next run goes on behind it. At the end, every entry is held against what the target has of it.
"""

import asyncio
import contextlib
import json
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import attrs

from anymedia.model.errors import JournalError

from .counts_as import UNCERTAIN
from .new_file import new_file
from .protocol import DAY, LATEST, Entry, Sum
from .whole import Arrived, Kept, Rest, Source, Target, results_of

SAME = ("account", "provider", "started", "quoted", "kind", "offer", "model", "labels", "batch", "idempotency_key")
"""What never changes of an entry."""

SETTLED = ("reserved", "counts_as", "task_id")
"""What changes no more of an entry that is not open."""


@attrs.frozen(kw_only=True)
class Imported:
    """What an import came to: `attempts` were added by it, and `before` ones by an earlier run that had not ended.

    `open` ones go on in the target, `uncertain` ones may have been billed, `uncollected` have results that are paid for
    and not saved. `pruned` had gone before, and their sums came. `reserved` is what all of these cost or may cost, in
    billionths of a USD. `files` are results that came as bytes. With `done`, an earlier run had ended: nothing was left
    to do.
    """

    attempts: int = 0
    before: int = 0
    open: int = 0
    uncertain: int = 0
    uncollected: int = 0
    pruned: int = 0
    reserved: int = 0
    files: int = 0
    done: bool = False


async def import_journal(
    source: Source, target: Target, told: Callable[[int], object] = lambda number: None
) -> Imported:
    """Move all that is in a journal into another one; `told` hears after each page how many entries are there.

    What was moved before stays as it is there. Errors: JournalError, after which it may be called again.
    """
    await target.check()
    leaving = await source.retire(target.name)
    arrived = await target.begin_import(leaving)
    if arrived.over:
        return Imported(done=True)
    files = await asyncio.to_thread(_copied, source, target)
    before = await _moved(source, target, leaving.id, arrived, told)
    done = await _checked(source, target)
    return attrs.evolve(done, attempts=done.attempts - before, before=before, files=files)


async def _moved(source: Source, target: Target, name: str, arrived: Arrived, told: Callable[[int], object]) -> int:
    """Move what has not arrived yet, and return how many entries had."""
    after, number = arrived.after, 0
    lead = _leads(source.results, target.results)
    while several := await source.kept(after):
        await target.take(name, after, [_with_results(_sound(each), *lead) for each in several])
        after, number = several[-1].entry.number, number + len(several)
        told(number)
    before = await source.count() - number
    await target.take_rest(name, after, _sound_rest(await source.rest()))
    return before


async def _checked(source: Source, target: Target) -> Imported:
    """Hold every entry against what the target has of it, and return what they are. Errors: JournalError."""
    found, after = Imported(), 0
    while several := await source.kept(after):
        there = {each.id: each for each in await target.found([each.entry.id for each in several])}
        for each in several:
            _agree(target, _sound(each).entry, there.get(each.entry.id))
            found = _counted(found, each.entry)
        after = several[-1].entry.number
    ours, theirs = await source.sums("account"), await target.sums("account")
    number, reserved = _total(ours)
    # Others may buy there already, or have bought there before; and what was open may have ended there.
    if not found.open and _total(theirs)[0] == number and _total(theirs)[1] != reserved:
        raise JournalError(f"{target.name}: what the attempts cost is not what it was in {source.name}")
    return attrs.evolve(found, pruned=number - found.pruned, reserved=reserved)


def _counted(found: Imported, entry: Entry) -> Imported:
    """Count an entry; what `pruned` counts here are those that are in a sum."""
    return attrs.evolve(
        found,
        attempts=found.attempts + 1,
        open=found.open + bool(entry.open),
        uncertain=found.uncertain + (entry.counts_as == UNCERTAIN),
        uncollected=found.uncollected + bool(entry.undownloaded),
        pruned=found.pruned + (entry.counts_as is not None),
    )


def _total(sums: Sequence[Sum]) -> tuple[int, int]:
    """Return the number of entries that are in sums, and what they reserve."""
    return sum(each.number for each in sums), sum(each.reserved for each in sums)


def _agree(target: Target, ours: Entry, theirs: Entry | None) -> None:
    """Check that the target has an entry as it was; an open one may have moved on there. Errors: JournalError."""
    names = SAME if ours.open else (*SAME, *SETTLED)
    if theirs is None or any(getattr(ours, name) != getattr(theirs, name) for name in names):
        raise JournalError(
            f"{target.name}: attempt {ours.id[:8]} did not arrive as it was; nothing is lost where it was"
        )


# What another program has written


def _sound(kept: Kept) -> Kept:
    """Return an entry as any database takes it: another program may have written there what is none."""
    entry = kept.entry
    wrong = {
        name: _typed(value, types) for name, types in _TYPES.items() if not _is(value := getattr(entry, name), types)
    }
    took = kept.took if kept.took is not None and all(map(math.isfinite, kept.took)) else None
    return (
        kept if not wrong and took == kept.took else attrs.evolve(kept, entry=attrs.evolve(entry, **wrong), took=took)
    )


def _sound_rest(rest: Rest) -> Rest:
    """Return what is kept beside the entries as any database takes it."""
    return attrs.evolve(
        rest,
        unknown=[
            attrs.evolve(each, account=_text(each.account), task_id=_text(each.task_id), task=_text(each.task))
            for each in rest.unknown
        ],
        gone=[
            attrs.evolve(
                each,
                group={name: _day(value) if name == "day" else _text(value) for name, value in each.group.items()},
                figures={name: _number(value) for name, value in each.figures.items()},
            )
            for each in rest.gone
        ],
        days={(_text(account), _day(day)): _number(reserved) for (account, day), reserved in rest.days.items()},
    )


def _is(value: Any, types: Sequence[Any]) -> bool:
    """Return whether a value is of one of some types, and none that a database would not take."""
    kind = type(value)
    if kind is str:
        return str in types and value.isascii() and "\0" not in value
    return kind in types and (kind is not float or abs(value) < LATEST)


def _typed(value: Any, types: Sequence[Any]) -> Any:
    """Return a value that is of one of some types."""
    return None if value is None and NoneType in types else _AS[types[0]](value)


def _text(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else repr(value)
    return text if text.isascii() and "\0" not in text else text.encode(errors="replace").decode().replace("\0", "?")


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and -(2**63) <= value < 2**63 else 0


def _day(value: object) -> int:
    return value if isinstance(value, int) and abs(value) * DAY < LATEST else 0


def _time(value: object) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < LATEST else 0.0


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode()


_TYPES = {field.name: get_args(field.type) or (field.type,) for field in attrs.fields(Entry)}
_AS: Mapping[Any, Callable[[Any], Any]] = {str: _text, int: _number, float: _time, bool: bool, bytes: _bytes}


# Results that came as bytes


def _copied(source: Source, target: Target) -> int:
    """Put the files of a journal into the other's folder, and return how many those are. Errors: JournalError."""
    files = results_of(source)
    if not files or _same(source.results, target.results):
        return 0
    try:
        target.results.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in files:
            with contextlib.suppress(FileExistsError):  # an earlier run has put it there
                _put(file, target.results / file.name)
    except OSError as error:
        raise JournalError(f"{target.results}: {error.strerror or error}") from None
    return len(files)


def _put(file: Path, there: Path) -> None:
    try:
        os.link(file, there)
    except FileExistsError:
        raise
    except OSError:  # it is another disk
        with new_file(there) as part:
            shutil.copyfile(file, part)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _leads(before: Path, now: Path) -> tuple[str, str]:
    """Return how the path of a file in a folder begins in the JSON of a task, before and now."""
    one, other = (f'"path":{json.dumps(str(folder / "-"))[:-2]}' for folder in (before, now))
    return one, other


def _with_results(kept: Kept, before: str, now: str) -> Kept:
    """Return an entry in which the paths of results that came as bytes lead to the target's folder."""
    task = kept.entry.task
    if task is None or before == now or before not in task:
        return kept
    return attrs.evolve(kept, entry=attrs.evolve(kept.entry, task=task.replace(before, now)))
