"""The results that an answer shows, and what it tells of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import attrs

from anymedia.declare.assets import Assets
from anymedia.declare.endpoint import Reply
from anymedia.declare.path import Place
from anymedia.model.formats import is_file
from anymedia.model.forms import shown
from anymedia.model.strict_json import Json
from anymedia.model.task import Asset, Task, Trouble
from anymedia.model.vocabulary import Retry

from .classify import LONGEST_NAME, Asked, Received
from .links import MOST, links
from .reading import amount, word
from .waiting import moment_of

WHOLE_SECOND = timedelta(seconds=1)
"""By how much a Date may be behind, as it tells no parts of a second."""

EARLY = timedelta(hours=1)
"""How long before its submit was answered a task may have been completed."""

LONGEST_AGO = timedelta(days=366)
"""Nothing that was completed longer ago is to be fetched."""

SHOWN = 200
"""Bytes of what is no file that an error repeats."""


def results(received: Received, reply: Reply, task: Task, completed_at: datetime | None) -> dict[str, Any]:
    """Return what an answer's results change of a task: the results, and the trouble with those that have no usable
    link.

    Errors: MalformedAnswer where there is none that can be fetched.
    """
    unusable: list[str] = []
    assets = [*_linked(received, reply, task, _expiry(received, task, completed_at), unusable)]
    if received.answer.file is not None:
        assets.append(attrs.evolve(received.answer.file, kind=task.kind.medium))
    held = [] if reply.files is None or reply.is_file else reply.files.find(received.content)
    medium = task.kind.medium
    assets += [Asset(kind=medium, data=data) for data in held if isinstance(data, bytes) and _is_file(data, unusable)]
    told = ", ".join(shown(received.asked.shown(link)) for link in unusable[:3])
    if not any(map(task.is_work, assets)):
        what = "a finished task that has no result"
        error = received.malformed(f"{what} that can be fetched: {told}" if told else what, task.id)
        error.retry = Retry.NEVER
        raise error
    error_told = f"{len(unusable)} of its results cannot be fetched: {told}"
    trouble = Trouble(error=error_told, answer=received.raw) if unusable else None
    return {"assets": tuple(assets), "trouble": trouble}


def _expiry(received: Received, task: Task, completed_at: datetime | None) -> datetime | None:
    """Return until when results can be fetched: the earliest that their retention allows."""
    life = received.asked.adapter.life(task.lifecycle).expires
    if life is None:
        return None
    # Nothing is finished later than now, whatever the answer says.
    done = (
        received.asked.now
        if completed_at is None
        else min(_by_our_clock(received, task, completed_at), received.asked.now)
    )
    return done + timedelta(seconds=life)


def _by_our_clock(received: Received, task: Task, moment: datetime) -> datetime:
    """Return the earliest that a time of the provider's clock can be by this machine's.

    The Date of an answer tells what the provider's clock showed when it made the answer, which was no longer ago than
    the call took. A Date that fits neither the time nor the task tells nothing, nor does that of a cached answer.
    """
    answer, now = received.answer, received.asked.now
    date = moment_of(answer.headers)
    if date is None or answer.took is None or "age" in answer.headers:
        return moment
    ago = date - moment + WHOLE_SECOND
    if not timedelta() <= ago <= min(now - task.submitted_at, LONGEST_AGO) + EARLY:
        return moment
    return now - timedelta(seconds=answer.took) - ago


def _linked(
    received: Received, reply: Reply, task: Task, expires_at: datetime | None, unusable: list[str]
) -> Iterator[Asset]:
    """Yield the results that have links, each once at its place, and those whose links hold the bytes."""
    seen: dict[tuple[str, str], set[str]] = {}
    for declared in reply.assets:
        for element in islice(declared.at.find(received.content), MOST):
            found = links(declared.url, element, received.asked.origin)
            facts = _facts(received.asked, declared, task, element)
            for url in found.urls:
                it = declared.beside(task.kind.medium, url)
                known = seen.setdefault((it.role, it.medium(task.kind.medium)), set())
                if url not in known:
                    told = facts if it is declared else _facts(received.asked, it, task, element)
                    yield Asset(url=url, expires_at=expires_at, **told)
                known.add(url)
            yield from (Asset(data=data, **facts) for data in found.data if _is_file(data, unusable))
            unusable += found.unusable


def _is_file(data: bytes, unusable: list[str]) -> bool:
    """Return whether bytes that stand in an answer are a file: not none at all, and no page or message."""
    if data and is_file(data):
        return True
    unusable.append(data[:SHOWN].decode("utf-8", "replace") if data else "no bytes")
    return False


def _facts(asked: Asked, declared: Assets, task: Task, element: Json) -> dict[str, Any]:
    """Return what an answer tells of a result beside its link."""
    title = word(_one(declared.title, element))
    seconds = amount(declared.seconds, element)
    return {
        "kind": declared.medium(task.kind.medium),
        "role": declared.role,
        "title": None if title is None else asked.shown(title)[:LONGEST_NAME] or None,
        "seconds": float(seconds) if seconds else None,
    }


def _one(where: Place | None, element: Json) -> Any:
    return None if where is None else where.one(element)
