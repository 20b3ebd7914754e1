"""Where results are put: a folder, or a bucket. Nothing is written over there, and names are made by a pattern."""

import asyncio
import errno
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Protocol, cast

import attrs

from anymedia.model.file_names import FLAT, FileNames
from anymedia.model.task import Asset, Saved, SavedFile, Task
from anymedia.translate.messages import Lost

from .part import PRIVATE, PUBLIC, Part, free, is_file_of, part
from .store import Store

BESIDE = "application/json"
"""The media type of what is written beside a result."""


MOST_NAMES = 1000
"""Names of an object that are tried: a store that calls every one taken would be asked for ever."""


class Place(Protocol):
    """Where results are put; unfinished files are in the folder `work`, with these `rights`."""

    @property
    def work(self) -> Path:
        """The folder of unfinished files."""

    @property
    def rights(self) -> int:
        """The mode of a new file, before the user's umask."""

    @property
    def location(self) -> str:
        """What it is called: a path, or s3://bucket/prefix."""

    async def check(self) -> None:
        """Write something, and take it away again. Errors: Lost, OSError."""

    async def holds(self, asset: Asset) -> bool:
        """Return whether the file of an asset is here already. Errors: Lost."""

    async def keep(self, unfinished: Part, task: Task, number: int, asset: Asset, ending: str) -> Asset:
        """Put a file that is whole under its name, or the next free one; return the asset with where it is.

        Errors: Lost, OSError.
        """

    async def beside(self, asset: Asset, text: bytes) -> None:
        """Write JSON beside a file that is here, unless it is there. Errors: Lost, OSError."""

    def saved(self, asset: Asset) -> Saved:
        """Return the asset of a file that is here, of which is known what it is."""


def check_folder(path: Path) -> None:
    """Write an unfinished file to a folder, or to the one in which it would be made. Errors: OSError."""
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{there} is no folder")
    with part(there, PRIVATE) as unfinished:
        unfinished.write(b"-")


@attrs.frozen
class Folder:
    """A folder of this machine."""

    path: Path
    names: FileNames = attrs.field(factory=lambda: FileNames(FLAT))
    rights: int = PUBLIC

    @property
    def work(self) -> Path:
        """The folder itself, so that a file needs no more than a name."""
        return self.path

    @property
    def location(self) -> str:
        """The path."""
        return str(self.path)

    async def check(self) -> None:
        """Write an unfinished file: here, or in the folder in which this one would be made. Errors: OSError."""
        check_folder(self.path)

    async def holds(self, asset: Asset) -> bool:
        """Return whether a file is here, as deep as the pattern puts it, and is still what was saved."""
        if asset.path is None or len(asset.path.parents) <= (deep := self.names.pattern.count("/")):
            return False
        if asset.path.parents[deep].resolve() != self.path.resolve() or not asset.path.is_file():
            return False
        if asset.sha256 is None:
            return True
        return await asyncio.to_thread(is_file_of, asset.path, asset.length, asset.sha256)

    async def keep(self, unfinished: Part, task: Task, number: int, asset: Asset, ending: str) -> Asset:
        """Flush it to the disk and name it, beside the event loop: a disk takes its time. Errors: OSError.

        A cancel comes too late by then: the file has its name all the same, and it is returned with it.
        """
        put = asyncio.ensure_future(asyncio.to_thread(self.put, unfinished, task, number, asset, ending))
        try:
            return await asyncio.shield(put)
        except asyncio.CancelledError:
            await asyncio.wait({put})
            return put.result()

    def put(self, unfinished: Part, task: Task, number: int, asset: Asset, ending: str) -> Asset:
        """Do as `keep`."""
        unfinished.sync()
        return attrs.evolve(asset, path=unfinished.put(self.path, self.names.stem(task, number, asset), ending))

    async def beside(self, asset: Asset, text: bytes) -> None:
        """Write JSON beside a file. Errors: OSError."""
        path = Path(f"{asset.path}.json")
        with part(path.parent, self.rights) as unfinished, suppress(FileExistsError):
            unfinished.write(text)
            unfinished.sync()
            unfinished.named(path)

    def saved(self, asset: Asset) -> SavedFile:
        """Return the asset of a file that is here, by its path as the folder was named."""
        names = cast("Path", asset.path).parts[-1 - self.names.pattern.count("/") :]
        path = self.path.joinpath(*names)
        return SavedFile(**attrs.asdict(attrs.evolve(asset, path=path), recurse=False), location=str(path))


@attrs.frozen
class Bucket:
    """A bucket of a store; unfinished files are on this machine's disk, where only their user may read them."""

    store: Store
    names: FileNames
    rights: int = PRIVATE

    @property
    def work(self) -> Path:
        """The system's folder for temporary files (TMPDIR)."""
        return Path(tempfile.gettempdir())

    @property
    def location(self) -> str:
        """Its URL."""
        return self.store.storage.url

    async def check(self) -> None:
        """Write an empty object, and take it away again where that is allowed. Errors: Lost."""
        await self.store.check()

    async def holds(self, asset: Asset) -> bool:
        """Return whether a file is here. Errors: Lost."""
        key = self.store.key(asset.stored)
        try:
            return key is not None and await self.store.exists(key)
        except Lost as lost:
            lost.of_place = True
            raise

    async def keep(self, unfinished: Part, task: Task, number: int, asset: Asset, ending: str) -> Asset:
        """Send it up under a free name. Errors: Lost, OSError."""
        unfinished.file.flush()
        stem = self.names.stem(task, number, asset)
        for key in islice(free(stem, ending), MOST_NAMES):
            try:
                await self.store.put(key, unfinished.path, asset.media_type or "", over=False)
                return attrs.evolve(asset, stored=self.store.location(key))
            except FileExistsError:
                continue
            except Lost as lost:
                lost.permanent = lost.of_place = True  # the storage was asked several times
                raise
        what = f"{self.store.location(stem)}.{ending} and {MOST_NAMES - 1} names like it are taken"
        raise Lost(what, sent=True, permanent=True)

    async def beside(self, asset: Asset, text: bytes) -> None:
        """Write JSON beside a file. Errors: Lost."""
        with suppress(FileExistsError):
            await self.store.put(f"{self.store.key(asset.stored)}.json", text, BESIDE, over=False)

    def saved(self, asset: Asset) -> Saved:
        """Return the asset of a file that is here."""
        return Saved(**attrs.asdict(asset, recurse=False), location=str(asset.stored))
