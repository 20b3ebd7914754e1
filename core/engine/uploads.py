"""Files that are put in, placed where their provider finds them: once for its bytes, its account and its lifetime.

An upload costs nothing and may be repeated; it comes after the wait for a permit, and before the intent of the submit.
What is kept here is where a file lies, by the digest of its bytes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

from anymedia.account import Account
from anymedia.declare.files import Upload
from anymedia.model.errors import (
    AnymediaError,
    ConfigError,
    MalformedAnswer,
    OutOfBounds,
    ProviderError,
    RateLimited,
    Unavailable,
)
from anymedia.model.media import Media, Unreadable
from anymedia.model.request import unreadable
from anymedia.model.slots import Slot, Way, filled, slots
from anymedia.model.strict_json import Json
from anymedia.model.urls import is_on_the_web
from anymedia.model.vocabulary import Billed, Outcome
from anymedia.observe.events import Uploaded
from anymedia.translate.files import LENT, lent_key
from anymedia.translate.messages import Lost
from anymedia.translate.upload import Placed, found, known_of, placed, step_call

from .session import Session

T = TypeVar("T")

AT_A_TIME = 4
"""Files of one client that are placed at a time."""

SPARE = 900.0
"""Seconds for which a URL has to be good when a task is submitted: a queue may be long."""

REUSED = 3600.0
"""Seconds for which a file is found again where nobody says how long it lies there: our choice."""

REMEMBERED = 10_000
"""Files of which it is known where they lie."""


class Uploads:
    """The files of one client's requests, and where they lie."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._room = asyncio.Semaphore(AT_A_TIME)
        self._places: OrderedDict[tuple[str, str], asyncio.Task[Placed]] = OrderedDict()

    async def filled(self, account: Account, body: Json, model: str | None) -> Json:
        """Return the body of a submit with the URL of each file in its place, or with the file itself.

        A file that is a part of a form stays as it is. Errors, all before anything is bought: OutOfBounds for a file
        that is not what it was, ProviderError where it cannot be placed.
        """
        found_ = slots(body)
        if not found_:
            return body
        values = await asyncio.gather(*(self._value(account, slot, model) for slot in found_), return_exceptions=True)
        for value in values:
            if isinstance(value, BaseException):
                raise value
        for number, (slot, value) in enumerate(zip(found_, values, strict=True)):
            if isinstance(value, Placed) and not self._is_good(value):  # the others took longer than it lives
                values[number] = await self._value(account, slot, model)
        said = (value.url if isinstance(value, Placed) else value for value in values)
        by_slot = {id(slot): value for slot, value in zip(found_, said, strict=True)}
        return filled(body, lambda slot: by_slot[id(slot)])

    async def close(self) -> None:
        """Put no file anywhere any more."""
        under_way = [each for each in self._places.values() if not each.done()]
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _value(self, account: Account, slot: Slot, model: str | None) -> Placed | Json:
        """Return what stands in the place of a file, or where it lies; nothing of the disk is read for it later."""
        try:
            await _apart(slot.media, slot.media.digest)
            if slot.way is Way.PART:
                return await _apart(slot.media, slot.held)
            if slot.way.inline:
                return await _apart(slot.media, slot.written)
            place = await self._place(account, slot, model)
            return _reached(place, account) if slot.way is Way.STORAGE else place
        except Unreadable as error:
            problems = [unreadable(slot.field, slot.media, error)]
            raise OutOfBounds(problems=problems, account=account.name, provider=account.adapter.name) from None
        except (ProviderError, ConfigError) as error:
            raise _not_placed(account, slot.media, model, error) from error

    async def _place(self, account: Account, slot: Slot, model: str | None) -> Placed:
        """Return where a file lies; whoever asks for the same one at the same time waits for one upload.

        Errors: ProviderError, which others may get too; Unreadable.
        """
        lender = account.name if slot.way is Way.UPLOAD else ""  # a storage lends the same file to all
        name = (lender, slot.media.sha256)
        while (under_way := self._places.get(name)) is not None:
            if under_way.done() and not self._is_good(under_way.result()):
                break
            with suppress(Unreadable):  # of the other's copy, which may be another file
                return await asyncio.shield(under_way)
        under_way = self._places[name] = asyncio.ensure_future(self._placed(account, slot, model))
        under_way.add_done_callback(partial(self._came, name))
        if len(self._places) > REMEMBERED:
            self._places.popitem(last=False)
        return await asyncio.shield(under_way)  # another request may wait for it too

    def _came(self, name: tuple[str, str], under_way: "asyncio.Task[Placed]") -> None:
        """Keep where a file lies, and nothing of one that is not there: an error holds the file, and was heard."""
        if (under_way.cancelled() or under_way.exception() is not None) and self._places.get(name) is under_way:
            del self._places[name]

    def _is_good(self, place: Placed) -> bool:
        """Return whether a file lies somewhere for long enough."""
        until = place.until or place.since + timedelta(seconds=REUSED)
        return self._session.clock.now() < until - min(timedelta(seconds=SPARE), (until - place.since) / 2)

    async def _placed(self, account: Account, slot: Slot, model: str | None) -> Placed:
        """Put a file where a provider finds it, and tell of it. Errors: ProviderError, Unreadable."""
        place = self._lent if slot.way is Way.STORAGE else self._uploaded
        async with self._room:
            began = self._session.clock.monotonic()
            try:
                call = partial(place, account, slot.media, model)
                placed = await self._session.retried(call, Unavailable, RateLimited)
            except Exception as fault:
                self._tell(account, slot.media, began, type(fault).__name__)
                raise
            self._tell(account, slot.media, began, None)
            return placed

    def _tell(self, account: Account, media: Media, began: float, error: str | None) -> None:
        """Tell of an upload that is over."""
        seconds = self._session.clock.monotonic() - began
        event = Uploaded(account.name, account.adapter.name, media.size, media.media_type, seconds, error)
        self._session.tell(event)

    async def _lent(self, account: Account, media: Media, model: str | None) -> Placed:
        """Put a file into the storage, and return the URL that it lends. Errors: ProviderError, Unreadable."""
        stores, key = self._session.stores, lent_key(media, media.sha256)
        now = self._session.clock.now()
        store = stores.of(stores.at(str(account.lender)))
        try:
            await store.put(key, _pieces(media), media.media_type)
            return Placed(await store.presigned(key, LENT), now, now + timedelta(seconds=LENT))
        except Lost as lost:
            kind = ConfigError if lost.permanent else Unavailable  # a bucket that is not there, or keys that are not
            error = kind(lost.why, account=account.name, model=model)
        raise error

    async def _uploaded(self, account: Account, media: Media, model: str | None) -> Placed:
        """Upload a file, once. Errors: ProviderError, Unreadable."""
        upload = cast("Upload", account.adapter.upload)
        known = await _apart(media, lambda: known_of(media, upload))
        asked = self._session.asked(account, model)
        for step in upload.steps:
            call = await _apart(media, partial(step_call, account, step, known, media))
            try:
                answer = await self._session.upload(account, call)
            except Lost as lost:
                await _apart(media, media.look)
                raise asked.lost(lost, submit=False) from None
            known |= found(asked, step, answer)
        return placed(asked, upload, known)


def _reached(place: Placed, account: Account) -> Placed:
    """Return where the storage lends a file. Errors: Unavailable where no provider could fetch it, as at home."""
    if account.local or is_on_the_web(place.url):
        return place
    host = urlsplit(place.url).hostname
    raise Unavailable(f"it lies at {host}, which is not on the web", account=account.name)


async def _apart(media: Media, read: Callable[[], T]) -> T:
    """Read a file of the disk in a thread; what stands in memory is read at once."""
    return await asyncio.to_thread(read) if isinstance(media.source, Path) else read()


async def _pieces(media: Media) -> AsyncIterator[bytes]:
    """Yield the bytes of a file, which are read in a thread. Errors: Unreadable."""
    chunks = media.chunks()
    while chunk := await _apart(media, lambda: next(chunks, b"")):
        yield chunk


def _not_placed(account: Account, media: Media, model: str | None, error: AnymediaError) -> AnymediaError:
    """Return an error as that of one request's file that was not placed.

    Nothing was bought, and nothing more is tried there.
    """
    kind = Unavailable if isinstance(error, MalformedAnswer) else type(error)
    not_placed = kind(
        f"{media.label} was not uploaded for {account.name}, and nothing was bought: {error}",
        account=account.name,
        provider=account.adapter.name,
        model=model,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        retry_after=error.retry_after,
        body=error.body,
        outcome=Outcome.NOT_SENT,
        billed=Billed.NO,
    )
    not_placed.permanent = True
    return not_placed
