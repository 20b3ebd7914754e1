"""Files of results: who may read them."""

import os
from datetime import UTC, datetime

import pytest

from anymedia import Asset, Money, Task
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
    monkeypatch.setattr("os.fsync", lambda _: seen.extend(tmp_path.iterdir()))
    keep(task(Asset(kind="image", data=PNG)), tmp_path)
    (unfinished,) = seen
    unfinished.touch()
    os.utime(unfinished, (0, 0))
    clear(tmp_path)
    assert not unfinished.exists()
