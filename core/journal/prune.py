"""Which old attempts leave a journal, which lose their texts, and which stay: decided here once, for every journal."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import attrs

from anymedia.model.task import Attempt

from .counts_as import may_be_paid
from .private import Hide, Private
from .protocol import Entry, Journal, Prunable, Pruned, What
from .records import in_json, is_undownloaded, read
from .redact import secrets_of


@attrs.frozen(kw_only=True)
class Pruning:
    """What a prune took: `attempts` that went, and `bare` ones that lost their texts, all over `before`, a midnight.

    `bytes` are those of the texts that went. `unsaved` of the attempts that went had results that are paid for and were
    never saved; `uncollected` ones stayed for the sake of such results, which may still be fetched.
    """

    before: datetime
    attempts: int = 0
    bare: int = 0
    bytes: int = 0
    unsaved: int = 0
    uncollected: int = 0


async def prune(journal: Journal, asked: Prunable, hide: Hide, *, dry_run: bool) -> Pruning:
    """Prune what was begun and over before a midnight (UTC); with `dry_run`, only tell what that would be."""
    done = Pruning(before=datetime.fromtimestamp(asked.before, UTC))
    page = asked
    while entries := await journal.prunable(page):
        chosen, stay = await asyncio.to_thread(_chosen, entries, asked, hide)
        went = {each.entry.id for each in chosen} if dry_run else {*await journal.prune(chosen)}
        for each in chosen:
            if each.entry.id in went:
                done = _counted(done, each)
        done = attrs.evolve(done, uncollected=done.uncollected + stay)
        page = attrs.evolve(page, after=entries[-1].number)
    return attrs.evolve(done, uncollected=done.uncollected + await journal.uncollected(asked))


def _counted(done: Pruning, pruned: Pruned) -> Pruning:
    entry, kept = pruned.entry, pruned.kept or ("", None)
    size = len(entry.record) + len(entry.task or "") + len(entry.body or b"") - len(kept[0]) - len(kept[1] or "")
    goes = pruned.kept is None
    return attrs.evolve(
        done,
        attempts=done.attempts + goes,
        bare=done.bare + (not goes),
        bytes=done.bytes + max(size, 0),
        unsaved=done.unsaved + (goes and bool(entry.undownloaded)),
    )


def _chosen(entries: Sequence[Entry], asked: Prunable, hide: Hide) -> tuple[list[Pruned], int]:
    """Return what is to become of old entries, and how many stay since their results may still be fetched."""
    old = [(entry, attempt) for entry in entries if (attempt := _old(entry, asked.before)) is not None]
    lost = [(entry, attempt) for entry, attempt in old if asked.uncollected or _is_lost(attempt, asked.now)]
    return [_pruned(entry, attempt, hide, asked.what) for entry, attempt in lost], len(old) - len(lost)


def _old(entry: Entry, before: float) -> Attempt | None:
    """Return the attempt of an entry that was over before a time.

    One that cannot be read may be anything. One that was over only now may still be news to another process.
    """
    try:
        attempt = read(entry)
    except Exception:  # noqa: BLE001 - whatever is wrong with a row is that row's fault
        return None
    ended = attempt.ended_at if attempt.task is None else attempt.task.ended_at
    return attempt if ended is None or ended.timestamp() < before else None


def _is_lost(attempt: Attempt, now: float) -> bool:
    """Return whether nothing of an attempt is to be fetched any more: each result was saved, or should be gone."""
    if attempt.task is None or not is_undownloaded(attempt):
        return True
    dies = [asset.expires_at for asset in attempt.task.assets if not asset.kept]
    return all(each is not None and each.timestamp() < now for each in dies)


def _pruned(entry: Entry, attempt: Attempt, hide: Hide, what: What) -> Pruned:
    """Return what is to become of an old entry."""
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
