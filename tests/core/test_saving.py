"""Files of results: who may read them, and what is on the disk once they are saved."""

import errno
import os
import stat
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from anymedia import Asset, DownloadError, Money, Task
from anymedia.model.file_names import FileNames
from anymedia.testing import FakeClock
from anymedia.transport.download import Sources, keep, save
from anymedia.transport.part import clear
from anymedia.transport.places import Folder
from anymedia.transport.stores import Stores

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\1" * 2


def task(*assets):
    return Task(
        id="t", provider="p", account="a", assets=assets, money=Money(), submitted_at=datetime.now(UTC), path="/"
    )


def rights(path):
    return path.stat().st_mode & 0o777


@pytest.mark.skipif(os.name != "posix", reason="this system has no umask")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
async def test_a_download_has_the_rights_of_any_new_file_and_what_is_kept_has_not(umask, tmp_path):
    before = os.umask(umask)
    try:
        kept = keep(task(Asset(kind="image", data=PNG)), tmp_path / "results").assets[0]
        saved = await save(
            Sources(None, Stores(), FakeClock().now),
            task(Asset(kind="image", path=kept.path)),
            0,
            Folder(tmp_path / "out"),
            None,
        )
    finally:
        os.umask(before)
    assert saved.path.read_bytes() == kept.path.read_bytes() == PNG
    assert (rights(saved.path), rights(kept.path)) == (0o666 & ~umask, 0o600)


def test_what_cannot_be_written_to_its_end_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        keep(task(Asset(kind="image", data=PNG)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_file_is_named_as_those_that_are_cleared(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("os.fsync", lambda _: seen.extend(tmp_path.iterdir()))  # of the file, then of its folder
    keep(task(Asset(kind="image", data=PNG)), tmp_path)
    unfinished = seen[0]
    unfinished.touch()
    os.utime(unfinished, (0, 0))
    clear(tmp_path)
    assert not unfinished.exists()


# A power loss


def saved_at(place):
    return save(Sources(None, Stores(), FakeClock().now), task(Asset(kind="image", data=PNG)), 0, place, None)


@pytest.fixture
def disk(monkeypatch):
    """What a power loss leaves, by inode: of a file the bytes, of a folder the names, as they were synced last."""
    left = {}

    def sync(number):
        there = os.fstat(number)
        if stat.S_ISDIR(there.st_mode):
            left[there.st_ino] = os.listdir(number)  # noqa: PTH208 - what is open has no path
        else:
            left[there.st_ino] = os.pread(number, there.st_size, 0)

    monkeypatch.setattr("os.fsync", sync)
    return left


@pytest.mark.skipif(os.name != "posix", reason="this system syncs no folder")
async def test_what_is_saved_is_there_after_a_power_loss_with_its_name_and_its_folders(tmp_path, disk, monkeypatch):
    for number in range(2):  # with links and without, in folders that are there and in new ones
        saved = await saved_at(Folder(tmp_path / "new" / "out", FileNames(f"{number}/{{account}}/{{task}}.{{ext}}")))
        way = [saved.path, *saved.path.parents]
        for path, folder in pairwise(way[: way.index(tmp_path) + 1]):
            assert path.name in disk[folder.stat().st_ino]
        assert disk[saved.path.stat().st_ino] == PNG
        monkeypatch.setattr("pathlib.Path.hardlink_to", no_links)


def no_links(*_):
    raise OSError(errno.EPERM, "Operation not permitted")


async def test_where_a_file_cannot_get_its_name_no_empty_one_is_left(tmp_path, monkeypatch):
    def no_rename(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("pathlib.Path.hardlink_to", no_links)
    monkeypatch.setattr("pathlib.Path.replace", no_rename)
    with pytest.raises(DownloadError, match="Input/output error"):
        await saved_at(Folder(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="this system syncs no folder")
@pytest.mark.parametrize(
    ("number", "is_saved"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False), (errno.ENOSPC, False)]
)
async def test_a_name_counts_as_saved_where_no_folder_is_synced_and_not_where_one_cannot_be(
    tmp_path, monkeypatch, number, is_saved
):
    def sync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", sync)
    if is_saved:
        assert (await saved_at(Folder(tmp_path))).path.read_bytes() == PNG
    else:
        with pytest.raises(DownloadError, match=os.strerror(number)):
            await saved_at(Folder(tmp_path))


async def test_a_folder_that_cannot_be_opened_is_left_to_its_file_system(tmp_path, monkeypatch):
    def opened(path, flags, *mode):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return opens(path, flags, *mode)

    opens = os.open
    monkeypatch.setattr("os.open", opened)
    assert (await saved_at(Folder(tmp_path))).path.read_bytes() == PNG
