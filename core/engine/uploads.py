"""Files that are put in, placed where their provider finds them: once for its bytes, its account and its lifetime.

An upload costs nothing and may be repeated; it comes after the wait for a permit, and before the intent of the submit.
What is kept here is where a file lies, by the digest of its bytes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from anymedia.account import Account
from anymedia.declare.files import Upload
from anymedia.model.errors import MalformedAnswer, OutOfBounds, ProviderError, RateLimited, Unavailable
from anymedia.model.media import Media, Unreadable
from anymedia.model.request import unreadable
from anymedia.model.slots import Slot, Way, filled, slots
from anymedia.model.strict_json import Json
from anymedia.model.vocabulary import Billed, Outcome
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
        by_slot = {id(slot): value for slot, value in zip(found_, values, strict=True)}
        return filled(body, lambda slot: by_slot[id(slot)])

    async def _value(self, account: Account, slot: Slot, model: str | None) -> Json:
        """Return what stands in the place of a file."""
        try:
            await _apart(slot.media, slot.media.digest)
            if slot.way is Way.PART:
                return slot
            if slot.way.inline:
                return await _apart(slot.media, slot.written)
            return (await self._place(account, slot, model)).url
        except Unreadable as error:
            problems = [unreadable(slot.field, slot.media, error)]
            raise OutOfBounds(problems=problems, account=account.name, provider=account.adapter.name) from None

    async def _place(self, account: Account, slot: Slot, model: str | None) -> Placed:
        """Return where a file lies; whoever asks for the same one at the same time waits for one upload."""
        lender = account.name if slot.way is Way.UPLOAD else ""  # a storage lends the same file to all
        name = (lender, slot.media.sha256)
        under_way = self._places.get(name)
        if under_way is None or (under_way.done() and not self._is_good(under_way)):
            under_way = self._places[name] = asyncio.ensure_future(self._placed(account, slot, model))
            under_way.add_done_callback(_heard)
            if len(self._places) > REMEMBERED:
                self._places.popitem(last=False)
        return await asyncio.shield(under_way)  # another request may wait for it too

    def _is_good(self, under_way: "asyncio.Task[Placed]") -> bool:
        """Return whether a file was placed, and lies there for long enough."""
        if under_way.cancelled() or under_way.exception() is not None:
            return False
        place, now = under_way.result(), self._session.clock.now()
        return now + timedelta(seconds=SPARE) < (place.until or place.since + timedelta(seconds=REUSED))

    async def _placed(self, account: Account, slot: Slot, model: str | None) -> Placed:
        async with self._room:
            try:
                place = self._lent if slot.way is Way.STORAGE else self._uploaded
                return await self._session.retried(lambda: place(account, slot.media, model), Unavailable, RateLimited)
            except ProviderError as error:
                raise _not_placed(account, slot.media, error) from error

    async def _lent(self, account: Account, media: Media, model: str | None) -> Placed:
        """Put a file into the storage, and return the URL that it lends. Errors: ProviderError, Unreadable."""
        stores, key = self._session.stores, lent_key(media, media.sha256)
        now = self._session.clock.now()
        store = stores.of(stores.at(str(account.lender)))
        try:
            await store.put(key, _pieces(media), media.media_type)
            return Placed(await store.presigned(key, LENT), now, now + timedelta(seconds=LENT))
        except Lost as lost:
            error = Unavailable(f"{account.lender}: {lost.why}", account=account.name, model=model)
            error.permanent = lost.permanent
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


async def _apart(media: Media, read: Callable[[], T]) -> T:
    """Read a file of the disk in a thread; what stands in memory is read at once."""
    return await asyncio.to_thread(read) if isinstance(media.source, Path) else read()


async def _pieces(media: Media) -> AsyncIterator[bytes]:
    """Yield the bytes of a file, which are read in a thread. Errors: Unreadable."""
    chunks = media.chunks()
    while chunk := await _apart(media, lambda: next(chunks, b"")):
        yield chunk


def _not_placed(account: Account, media: Media, error: ProviderError) -> ProviderError:
    """Return an error as that of a file that was not placed: nothing was bought, and nothing more is tried there."""
    kind = Unavailable if isinstance(error, MalformedAnswer) else type(error)
    not_placed = kind(
        f"{media.label} was not uploaded for {account.name}, and nothing was bought: {error}",
        account=account.name,
        provider=account.adapter.name,
        model=error.model,
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


def _heard(under_way: "asyncio.Task[Placed]") -> None:
    """Take note of an error, which whoever waits has heard."""
    if not under_way.cancelled():
        under_way.exception()
