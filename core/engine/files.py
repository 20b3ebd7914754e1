"""The result files of tasks: saved in a folder or a bucket for about a minute, or left for a recovery; and read."""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import BinaryIO

import attrs

from anymedia.account import Account
from anymedia.model.errors import ConfigError, DownloadError
from anymedia.model.file_names import FLAT, FileNames
from anymedia.model.formats import has_c2pa
from anymedia.model.task import Asset, Saved, Task
from anymedia.model.urls import origin_of
from anymedia.observe.events import Downloaded
from anymedia.storage import OPTIONS, Storage, folder_of, unwritable
from anymedia.translate.encode import facts
from anymedia.translate.messages import Lost
from anymedia.transport.download import Sources, save
from anymedia.transport.part import clear
from anymedia.transport.places import Bucket, Folder, Place
from anymedia.transport.retry import Patience, retried

from .session import Session
from .sidecar import Sidecars

MINUTE = 60.0
"""Seconds for which a file that does not come is asked for again, while its link lives."""

PATIENCE = Patience(tries=1000, first=1.0, most=16.0)
"""How long to wait between; MINUTE ends it."""

_SQUASHED = re.compile(rf"(?:{'|'.join(OPTIONS)}):")
"""What a path begins with that was made of the URL of a bucket, and has lost a slash."""


@attrs.frozen
class Files:
    """The downloads of one client; `account_of` returns the account of a task, `accounts` are all that there are."""

    session: Session
    account_of: Callable[[Task], Account]
    accounts: Collection[Account]

    def place(self, where: str | os.PathLike[str] | None, names: str | None = None) -> Place:
        """Return where results are put: a folder, a bucket, or (None) where the configuration says, else here.

        Errors: ConfigError.
        """
        known = self.session.stores.storage
        if where is None and known is not None and known.results:
            return self._stored(known if names is None else attrs.evolve(known, names=names))
        text = os.fspath("." if where is None else where)
        if _SQUASHED.match(text) and isinstance(where, os.PathLike):
            raise ConfigError(f"{text}: the URL of a storage is given as a text, not as a path")
        if (folder := folder_of(text)) is not None:
            return Folder(folder, FileNames(names or FLAT))
        usual = {} if known is None or known.folder is not None else {"names": known.names}
        return self._stored(self.session.stores.at(text, **(usual if names is None else {"names": names})))

    def _stored(self, storage: Storage) -> Place:
        names, folder = FileNames(storage.names), storage.folder
        return Bucket(self.session.stores.of(storage), names) if folder is None else Folder(folder, names)

    async def download(
        self, tasks: Sequence[Task], place: Place, sidecars: Sidecars | None = None
    ) -> tuple[Saved, ...]:
        """Save every asset of some tasks, and return them with where they are.

        What was not saved is left for a recovery. Errors: DownloadError, once all is tried.
        """
        tasks = [attrs.evolve(task, assets=tuple(map(_bare, task.assets))) for task in tasks]
        errors: list[DownloadError] = []
        beside = None if sidecars is None else Beside(place, sidecars, errors)
        saves = [self._saved(task, number, place, beside) for task in tasks for number in range(len(task.assets))]
        try:
            ends = await asyncio.gather(*saves, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                await self.session.leave(task)
            raise
        saved = iter(ends)
        for task in tasks:
            await self._note(task, [next(saved) for _ in task.assets])
        for end in (*ends, *errors):
            if isinstance(end, BaseException):
                raise end
        return tuple(end for end in ends if isinstance(end, Saved))

    async def check(self, place: Place) -> str:
        """Return what a place is called, once it is known that it can be written to. Errors: ConfigError.

        Unfinished files that killed processes left there are removed.
        """
        try:
            await place.check()
        except Lost as lost:
            raise unwritable(place.location, lost.why) from None
        except OSError as error:
            raise unwritable(place.location, error.strerror or str(error)) from None
        await asyncio.to_thread(clear, place.work)
        return place.location

    async def read(self, asset: Asset) -> AsyncIterator[bytes]:
        """Yield the bytes of a result from where it is: this machine's disk, the storage, or its link.

        Errors: DownloadError, also at the end of a file that is not the one that was saved; ConfigError.
        """
        came = hashlib.sha256()
        try:
            async for piece in self._sources.read(asset, self._account_at(asset.url)):
                came.update(piece)
                yield piece
        except Lost as lost:
            why, status = lost.why, lost.status
        except OSError as fault:
            why, status = f"{fault.filename}: {fault.strerror or fault}", None
        else:
            if asset.sha256 in (None, came.hexdigest()):
                return
            why, status = f"{asset.path or asset.stored or asset.url} is not what was saved", None
        raise DownloadError(f"the result cannot be read: {why}", status=status)

    async def _saved(self, task: Task, number: int, place: Place, beside: "Beside | None") -> Saved:
        """Save a file, and tell of it. Errors: DownloadError."""
        clock, tell = self.session.clock, self.session.tell
        began = clock.monotonic()
        try:
            saved = place.saved(await self._tried(task, number, place, beside))
        except DownloadError as error:
            tell(Downloaded(task, number + 1, clock.monotonic() - began, error=type(error).__name__))
            raise
        tell(Downloaded(task, number + 1, clock.monotonic() - began, saved.length, saved.media_type))
        return saved

    async def _tried(self, task: Task, number: int, place: Place, beside: "Beside | None") -> Asset:
        asset, clock = task.assets[number], self.session.clock
        account, sources = self._account(task), self._sources
        lives = asset.expires_at is None or clock.now() < asset.expires_at
        return await retried(
            lambda: save(sources, task, number, place, account, beside),
            lambda error: isinstance(error, DownloadError) and not error.permanent,
            clock=clock,
            patience=PATIENCE if lives else Patience(tries=1),
            deadline=clock.monotonic() + MINUTE,
        )

    @property
    def _sources(self) -> Sources:
        return Sources(self.session.transport, self.session.stores)

    def _account(self, task: Task) -> Account | None:
        """Return the account of a task; None where it is gone, and the file is fetched as any other."""
        try:
            return self.account_of(task)
        except ConfigError:
            return None

    def _account_at(self, url: str | None) -> Account | None:
        """Return the account whose own origin a link is on: its files may lie anywhere."""
        origin = None if url is None else origin_of(url)
        return next((each for each in self.accounts if origin is not None and origin_of(each.origin) == origin), None)

    async def _note(self, task: Task, ends: Sequence[Saved | BaseException]) -> None:
        """Write down where the files of a task are, and whether some are still to be fetched."""
        assets = tuple(_placed_at(end, was) for end, was in zip(ends, task.assets, strict=True))
        if assets != task.assets:
            await self.session.note(attrs.evolve(task, assets=assets))
        if any(isinstance(end, BaseException) for end in ends):
            await self.session.leave(task)


@attrs.frozen
class Beside:
    """What writes sidecars; a fault of one is put to the `errors`: the result itself is saved by then."""

    place: Place
    sidecars: Sidecars
    errors: list[DownloadError]

    async def __call__(self, task: Task, number: int, asset: Asset, file: BinaryIO) -> None:
        """Write the sidecar of an asset that is where it is to be, whose bytes are in a file."""
        text = await self.sidecars.text(task, number, asset, c2pa=has_c2pa(file))
        try:
            await self.place.beside(asset, text)
            return
        except Lost as lost:
            why = lost.why
        except OSError as fault:
            why = f"{fault.filename}: {fault.strerror or fault}"
        what = f"the result of task {task.id} was saved, and what stands beside it was not: {why}"
        self.errors.append(DownloadError(what, **facts(task)))


def _bare(asset: Asset) -> Asset:
    return asset.asset if isinstance(asset, Saved) else asset


def _placed_at(end: Saved | BaseException, was: Asset) -> Asset:
    """Return an asset as it is written down: where its file is, for any working directory."""
    return was if isinstance(end, BaseException) else attrs.evolve(end.asset, path=end.path and end.path.absolute())
