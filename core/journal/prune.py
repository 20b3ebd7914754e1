"""Which old attempts leave a journal, which lose their texts, and which stay: decided here once, for every journal."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import attrs

from anymedia.clock import midnight
from anymedia.model.task import Attempt

from .counts_as import may_be_paid
from .private import Hide, Private
from .protocol import Entry, Journal, Prunable, Pruned, What
from .records import in_json, read
from .redact import secrets_of


@attrs.frozen(kw_only=True)
class Pruning:
    """What a prune took: `attempts` that went, and `bare` ones that lost their texts, all over `before`, a midnight.

    `bytes` are those of the texts that went.
    """

    before: datetime
    attempts: int = 0
    bare: int = 0
    bytes: int = 0


async def prune(journal: Journal, before: datetime, hide: Hide, what: What, *, dry_run: bool) -> Pruning:
    """Prune what began and was over before the day (UTC) of a time; with `dry_run`, only tell what that would be."""
    done = Pruning(before=midnight(before))
    asked = Prunable(before=done.before.timestamp(), what=what)
    while entries := await journal.prunable(asked):
        chosen = await asyncio.to_thread(_chosen, entries, done.before, hide, what)
        went = {each.entry.id for each in chosen} if dry_run else {*await journal.prune(chosen)}
        for each in chosen:
            if each.entry.id in went:
                done = _counted(done, each)
        asked = attrs.evolve(asked, after=entries[-1].number)
    return done


def _counted(done: Pruning, pruned: Pruned) -> Pruning:
    entry, kept = pruned.entry, pruned.kept or ("", None)
    size = len(entry.record) + len(entry.task or "") + len(entry.body or b"") - len(kept[0]) - len(kept[1] or "")
    goes = pruned.kept is None
    return attrs.evolve(
        done, attempts=done.attempts + goes, bare=done.bare + (not goes), bytes=done.bytes + max(size, 0)
    )


def _chosen(entries: Sequence[Entry], before: datetime, hide: Hide, what: What) -> list[Pruned]:
    return [pruned for entry in entries if (pruned := _pruned(entry, before, hide, what)) is not None]


def _pruned(entry: Entry, before: datetime, hide: Hide, what: What) -> Pruned | None:
    """Return what is to become of an old entry; None where it stays as it is.

    One that cannot be read may be anything. One that was over only now may still be news to another process.
    """
    try:
        attempt = read(entry)
    except Exception:  # noqa: BLE001 - whatever is wrong with a row is that row's fault
        return None
    ended = attempt.ended_at if attempt.task is None else attempt.task.ended_at
    if ended is not None and ended >= before:
        return None
    needed = entry.idempotency_key is not None and what != "keys" and may_be_paid(attempt)
    if what != "texts" and not needed:
        return Pruned(entry=entry)
    now = bare(attempt, hide)
    return Pruned(entry=entry, kept=(in_json(now), None if now.task is None else in_json(now.task)))


def bare(attempt: Attempt, hide: Hide) -> Attempt:
    """Return an attempt without what was asked for, and without the provider's words, which may repeat it.

    Its labels, its names, its money and its files stay.
    """
    order = attempt.order
    bodiless = attrs.evolve(attempt, order=attrs.evolve(order, body=None, texts=()))
    clean = Private(None, hide).without(bodiless)
    clean = Private(secrets_of(order.body, order.texts), hide).without(clean)  # of the links that are left
    task = None if clean.task is None else attrs.evolve(clean.task, labels=order.labels)
    return attrs.evolve(clean, order=attrs.evolve(clean.order, labels=order.labels), task=task)
