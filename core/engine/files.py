"""The result files of tasks: saved in a folder or a bucket, by one at a time, or left to be collected; and read."""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import BinaryIO

import attrs

from anymedia.account import Account
from anymedia.model.errors import AnymediaError, ConfigError, DownloadError
from anymedia.model.file_names import FLAT, FileNames
from anymedia.model.formats import has_c2pa
from anymedia.model.task import Asset, Attempt, Result, Saved, Task
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
from .turns import Turns

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
    turns: Turns = attrs.field(init=False, default=attrs.Factory(lambda files: Turns(files.session), takes_self=True))

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

        A file that does not come is asked for again for about a minute, while its link lives. What was not saved is
        left for a collection. Errors: DownloadError, once all is tried.
        """
        errors: list[DownloadError] = []
        beside = None if sidecars is None else Beside(place, sidecars, errors)
        every = await asyncio.gather(*(self._in_turn(task, place, beside) for task in tasks))
        return _all_of([end for each in every for end in each], errors)

    async def try_once(self, task: Task, place: Place, sidecars: Sidecars | None = None) -> tuple[Saved, ...]:
        """Do as `download` for one task that is nowhere yet, without a second try, and without waiting for others.

        What others have saved by then stays where it is. Errors: DownloadError; Busy while somebody else fetches it.
        """
        errors: list[DownloadError] = []
        beside = None if sidecars is None else Beside(place, sidecars, errors)
        return _all_of(await self._in_turn(task, place, beside, once=True), errors)

    async def _in_turn(
        self, task: Task, place: Place, beside: "Beside | None", *, once: bool = False
    ) -> list[Saved | BaseException]:
        """Save the assets of a task while nobody else does, and return each, or why it is not saved."""
        task = attrs.evolve(task, assets=tuple(map(_bare, task.assets)))
        try:
            async with self.turns.of(task, waits=not once) as known:
                if once and all(map(_is_anywhere, known.assets)):
                    return [_where_it_is(asset) for asset in known.assets]
                saves = [
                    asyncio.ensure_future(self._saved(known, number, place, beside, once=once))
                    for number in range(len(known.assets))
                ]
                try:
                    await asyncio.gather(*saves, return_exceptions=True)
                finally:  # what was saved before a cancel is not fetched again
                    ends = [_end_of(each) for each in saves]
                    await self._note(known, ends)
        except asyncio.CancelledError:
            await self.session.leave(task)
            raise
        return ends

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

    async def _saved(self, task: Task, number: int, place: Place, beside: "Beside | None", *, once: bool) -> Saved:
        """Save a file, and tell of it. Errors: DownloadError."""
        clock, tell = self.session.clock, self.session.tell
        began = clock.monotonic()
        try:
            saved = place.saved(await self._tried(task, number, place, beside, once=once))
        except DownloadError as error:
            tell(Downloaded(task, number + 1, clock.monotonic() - began, error=type(error).__name__))
            raise
        tell(Downloaded(task, number + 1, clock.monotonic() - began, saved.length, saved.media_type))
        return saved

    async def _tried(self, task: Task, number: int, place: Place, beside: "Beside | None", *, once: bool) -> Asset:
        asset, clock = task.assets[number], self.session.clock
        account, sources = self._account(task), self._sources
        lives = asset.expires_at is None or clock.now() < asset.expires_at
        return await retried(
            lambda: save(sources, task, number, place, account, beside),
            lambda error: isinstance(error, DownloadError) and not error.permanent,
            clock=clock,
            patience=PATIENCE if lives and not once else Patience(tries=1),
            deadline=clock.monotonic() + MINUTE,
        )

    @property
    def _sources(self) -> Sources:
        return Sources(self.session.transport, self.session.stores, self.session.clock.now)

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
        assets = tuple(_placed_at(end, asset) for end, asset in zip(ends, task.assets, strict=True))
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
        error = DownloadError(what, **facts(task))
        error.permanent = True  # the result is saved, and is not asked for again
        self.errors.append(error)


def with_saved(result: Result, ends: Iterable[Sequence[Asset] | BaseException]) -> tuple[Result, list[AnymediaError]]:
    """Return a result with where its files are, by how the save of each of its tasks has ended, and why some are not.

    The tasks whose files are not saved keep their URLs.
    """
    tasks, errors = list[Task](), list[AnymediaError]()
    for task, end in zip(result.tasks, ends, strict=True):
        if isinstance(end, AnymediaError):
            errors.append(end)
        elif isinstance(end, BaseException):
            raise end
        tasks.append(task if isinstance(end, BaseException) else attrs.evolve(task, assets=tuple(end)))
    by_name = {(task.account, task.id): task for task in tasks}
    result = attrs.evolve(
        result,
        tasks=tuple(tasks),
        errors=(*result.errors, *map(str, errors)),
        attempts=tuple(_with_files(attempt, by_name) for attempt in result.attempts),
    )
    return result, errors


def _with_files(attempt: Attempt, by_name: Mapping[tuple[str, str], Task]) -> Attempt:
    """Return an attempt whose task is the one that was saved."""
    task = attempt.task
    return attempt if task is None else attrs.evolve(attempt, task=by_name.get((task.account, task.id), task))


def _bare(asset: Asset) -> Asset:
    return asset.asset if isinstance(asset, Saved) else asset


def _all_of(ends: Sequence[Saved | BaseException], errors: Sequence[DownloadError]) -> tuple[Saved, ...]:
    """Return what was saved, where that is all. Errors: the first."""
    for end in (*ends, *errors):
        if isinstance(end, BaseException):
            raise end
    return tuple(end for end in ends if isinstance(end, Saved))


def _is_anywhere(asset: Asset) -> bool:
    """Return whether a file is kept, and what it is is known."""
    return asset.kept and None not in (asset.media_type, asset.length, asset.sha256)


def _where_it_is(asset: Asset) -> Saved:
    """Return the asset of a file that is kept, wherever that is."""
    return Saved(**attrs.asdict(asset, recurse=False), location=asset.stored or str(asset.path))


def _end_of(save: "asyncio.Future[Saved]") -> Saved | BaseException:
    """Return what a save has come to, which is over."""
    if save.cancelled():
        return asyncio.CancelledError()
    return save.exception() or save.result()


def _placed_at(end: Saved | BaseException, was: Asset) -> Asset:
    """Return an asset as it is written down: where its file is, for any working directory."""
    return was if isinstance(end, BaseException) else attrs.evolve(end.asset, path=end.path and end.path.absolute())
