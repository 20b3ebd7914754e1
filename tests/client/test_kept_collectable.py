"""What stands in the way of a file loses no result: it is said what to do, and once that is done it is collected."""

import asyncio
import errno
import json
import subprocess
import sys
import tracemalloc
from datetime import timedelta

import attrs
import pytest

from anymedia import Client, DownloadError, read_config
from anymedia.simulators import in_thread
from anymedia.transport.part import Part

from .works import CLIP, PICTURE

AT = ("api_in_one", "reapi", "revidapi", "runapi")


async def hold_collectable(client, clock, tasks):
    """Hold that the journal lists exactly these tasks among those whose results are nowhere yet."""
    soon = clock.now() + timedelta(days=30)
    listed = [attempt.task.id for attempt in await client.attempts(expiring=soon)]
    assert sorted(listed) == sorted(task.id for task in tasks)


def billed(sims):
    return [entry["charged"] - entry["refunded"] for one in sims for entry in one.bills()["entries"]]


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


# A place that is full


@attrs.define
class Disk:
    """A disk that takes so many bytes of results."""

    room: int
    written: int = 0

    def write(self, part, chunk, write=Part.write):
        if self.written + len(chunk) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written += len(chunk)
        write(part, chunk)


async def test_a_disk_that_becomes_full_loses_nothing_and_is_told_with_what_to_do(
    client, sims, clock, tmp_path, monkeypatch
):
    disk = Disk(room=200_000)
    monkeypatch.setattr(Part, "write", lambda part, chunk: disk.write(part, chunk))
    made = [client.generate(PICTURE, name, where=tmp_path) for name in AT for _ in range(2)]
    results = await asyncio.gather(*made)
    lost = [result for result in results if result.errors]
    assert 0 < len(lost) < len(results), "it becomes full in the middle"
    for result in lost:
        (error,) = result.errors
        assert error.startswith(f"the result of task {result.tasks[0].id} was not saved: {tmp_path}: No space left on")
        assert "; free some space there or name another place (--out), then `anymedia collect` fetches it" in error
        assert result.assets[0].url is not None
    assert len(files_in(tmp_path)) == len(results) - len(lost)
    await hold_collectable(client, clock, [result.tasks[0] for result in lost])

    fetched = sum(one["fetches"] for each in sims for one in each.bills()["results"])
    collected = await client.collect(tmp_path)
    assert (collected.tasks, {error.place_is_full for error in collected.errors}) == ((), {True})
    await hold_collectable(client, clock, [result.tasks[0] for result in lost])
    tried = sum(one["fetches"] for each in sims for one in each.bills()["results"]) - fetched
    assert tried <= len(lost)

    disk.room = 1 << 30
    collected = await client.collect(tmp_path)
    assert (len(collected.tasks), collected.errors) == (len(lost), ())
    assert len(files_in(tmp_path)) == len(results) == len(billed(sims))
    assert all(billed(sims))
    await hold_collectable(client, clock, [])


STORY = """
import asyncio, json, os, resource, subprocess, sys
from pathlib import Path
from anymedia import Client, VideoRequest, read_config

told = json.loads(sys.argv[1])
folder = Path(told["folder"])
SMALL, LARGE = 300_000, 50_000_000

def limit(size):
    # SIGXFSZ is ignored, as Python has it: what is written beyond the limit fails
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

def disk(size):
    remount = ",remount" if os.path.ismount(folder) else ""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}{remount}", "tmpfs", folder], check=True)

def left():
    return sorted(path.name for path in folder.rglob("*"))

async def main(has_room_for):
    config = read_config(told["config"], told["environ"])
    request = VideoRequest(model="kling-3.0", prompt="a lighthouse at dusk", duration=5, resolution="720p", audio=True)
    said = {}
    async with Client(config) as client:
        await client.attempts()  # the journal is there
        has_room_for(SMALL)
        result = await client.generate(request, "reapi", where=folder)
        said["errors"], said["left"] = result.errors, left()
        collected = await client.collect(folder)
        said["full"] = [error.place_is_full for error in collected.errors]
        said["still left"] = left()
        has_room_for(LARGE)
    async with Client(config) as client:
        collected = await client.collect(folder)
        said["collected"] = [(task.id, asset.sha256, asset.path.stat().st_size)
                             for task in collected.tasks for asset in task.assets]
        said["not"] = [str(error) for error in collected.errors]
        said["again"] = len((await client.collect(folder)).tasks)
    print(json.dumps(said))

asyncio.run(main({"limit": limit, "disk": disk}[told["by"]]))
"""
"""A program that buys a clip for which there is no room, and collects it once there is."""


def can_mount():
    """Return whether a process of its own may mount a disk that nobody else sees."""
    mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.parametrize("by", ["limit", "disk"])
def test_what_the_system_itself_refuses_is_collected_once_there_is_room(tmp_path, by):
    if by == "disk" and not can_mount():
        pytest.skip("this user mounts no disk; the limit of a file is tried in its place")
    folder = tmp_path / "out"
    folder.mkdir()
    with in_thread("reapi", speed=1000) as sims:
        config = {**sims.config, "journal": {"path": str(tmp_path / "journal.db")}}
        told = json.dumps({"folder": str(folder), "config": config, "environ": sims.environ, "by": by})
        way = ["unshare", "--mount"] if by == "disk" else []
        done = subprocess.run([*way, sys.executable, "-c", STORY, told], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        said = json.loads(done.stdout)
        (entry,) = sims["reapi"].bills()["entries"]
        (result,) = sims["reapi"].service.results.values()
        assert entry["state"] == "succeeded"
    reason = {"limit": "File too large", "disk": "No space left on device"}[by]
    (error,) = said["errors"]
    assert error.startswith(f"the result of task {entry['task_id']} was not saved: {folder}: {reason}; free some space")
    assert (said["left"], said["still left"], said["full"], said["not"]) == ([], [], [True], [])
    (collected,) = said["collected"]
    assert (collected[0], collected[2] > 300_000, said["again"]) == (entry["task_id"], True, 0)
    assert result.whole <= 3


# Another result than the one that was bought


OTHERS = {
    "a picture": ({"kind": "other_media"}, "a file of type image/png came in place of video"),
    "JSON": (
        {"kind": "raw", "body": '{"error": "gone"}', "headers": {"Content-Type": "video/mp4"}},
        "a page or a message came in its place",
    ),
    "a page": ({"kind": "html"}, "a page or a message came in its place"),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_a_result_of_another_type_is_not_kept_and_can_be_had_later(client, sims, clock, tmp_path, name):
    fault, said = OTHERS[name]
    sims["reapi"].fault(**fault, on="result", times=None)
    result = await client.generate(CLIP, "reapi", where=tmp_path)
    (error,) = result.errors
    assert error.startswith(f"the result of task {result.tasks[0].id} was not saved: {said}")
    assert "`anymedia collect`" in error
    assert files_in(tmp_path) == []
    await hold_collectable(client, clock, result.tasks)
    sims["reapi"].clear()
    collected = await client.collect(tmp_path)
    assert (len(collected.tasks), collected.errors) == (1, ())
    (file,) = files_in(tmp_path)
    assert file.suffix == ".mp4"
    assert (len(billed(sims)), sims["reapi"].bills()["results"][0]["whole"]) == (1, 1)


# A result that is larger than may come


@pytest.mark.parametrize("tells", [True, False])
async def test_a_result_of_two_gigabytes_is_cut_off_and_can_be_had_once_so_much_may_come(
    sims, config, clock, journal, tmp_path, tells
):
    capped = read_config({**sims.config, "download": {"largest": "50 MB"}}, sims.environ)
    sims["reapi"].fault("huge", on="result", times=None, bytes=2 << 30, length=tells)
    async with Client(capped, clock=clock, journal=journal) as client:
        await client.attempts()
        tracemalloc.start()
        try:
            result = await client.generate(PICTURE, "reapi", where=tmp_path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        (error,) = result.errors
        told = "it has 2.1 GB" if tells else "it has more"
        assert error == (
            f"the result of task {result.tasks[0].id} was not saved: {told}, and [download] largest is 50.0 MB; raise "
            f"that in anymedia.toml, then `anymedia collect` fetches it (its link is good until "
            f"{result.assets[0].expires_at:%Y-%m-%d %H:%M} UTC)"
        )
        assert peak < 20 << 20
        assert files_in(tmp_path) == []
        await hold_collectable(client, clock, result.tasks)
        (collected,) = (await client.collect(tmp_path)).errors
        assert isinstance(collected, DownloadError)
        assert collected.permanent
        assert not collected.place_is_full
    sent = sims["reapi"].bills()["results"][0]
    assert (sent["fetches"], sent["whole"]) == (2, 0)
    assert sent["bytes"] < 2 * (70 << 20), "it was not read to its end"
    sims["reapi"].clear()
    sims["reapi"].fault("huge", on="result", bytes=60_000_000, length=tells)
    async with Client(config, clock=clock, journal=journal) as client:
        collected = await client.collect(tmp_path)
        assert (len(collected.tasks), collected.errors) == (1, ())
    (file,) = files_in(tmp_path)
    assert file.stat().st_size > 60_000_000
    assert len(billed(sims)) == 1
