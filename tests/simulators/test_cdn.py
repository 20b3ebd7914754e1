"""How results are served: links that die, a slow CDN, fetches that fail, and how often each result was fetched."""

import asyncio
from email.utils import formatdate
from io import BytesIO

import aiohttp
import pytest
from PIL import Image

from anymedia.simulators import CDN, names, running
from anymedia.simulators.cdn import FAILURES
from anymedia.simulators.task import Order, Task


class Timed:
    """Time that passes when a server waits, and not otherwise."""

    def __init__(self, clock):
        self.clock, self.slept = clock, []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.tick(seconds)
        await asyncio.sleep(0)


def done(one, clock):
    """Return a task of a provider that is over, and the path of its result."""
    service = one.service
    task = Task("task-1", Order("model", "A fox", (64, 64), "png", 1), service.clock(), 1, 3)
    service.tasks[task.id] = task
    clock.tick(4)
    return task, service.result_links(task, "")[0]


async def fetched(http, one, path):
    """Return the status and the bytes of a fetch; what went wrong with it, where nothing came."""
    try:
        async with http.get(one.base_url + path, headers={"Connection": "close"}) as response:
            return response.status, await response.read()
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        return "reset", b""
    except aiohttp.ClientPayloadError:
        return "cut", b""


def result(one):
    (entry,) = one.bills()["results"]
    return entry


async def test_at_every_provider_links_live_as_long_as_they_are_told_to(clock):
    async with running(clock=clock, cdn=CDN(link_life=60)) as simulators, aiohttp.ClientSession() as http:
        assert tuple(one.name for one in simulators) == names()
        for one in simulators:
            task, path = done(one, clock)
            clock.tick(59.9)
            status, body = await fetched(http, one, path)
            assert (status, Image.open(BytesIO(body)).size) == (200, (64, 64))
            clock.tick(0.1)
            assert (await fetched(http, one, path))[0] == 403
            began = task.ends
            assert result(one) == {
                "task_id": task.id,
                "path": path,
                "expires": began + 60,
                "fetches": 2,
                "whole": 1,
                "late": 1,
                "bytes": len(body) + len(b"this link has expired\n"),
                "first": pytest.approx(began + 59.9),
                "last": pytest.approx(began + 60),
            }
            one.service.cdn = CDN()
            if one.service.lifetime:
                assert (await fetched(http, one, path))[0] == 200


async def test_a_fresh_link_is_one_more_to_the_same_result(clock, helpers):
    async with running("kie", clock=clock, cdn=CDN(link_life=60)) as simulators, aiohttp.ClientSession() as http:
        one = simulators["kie"]
        _, path = done(one, clock)
        clock.tick(61)
        assert (await fetched(http, one, path))[0] == 403
        ask = http.post(
            f"{one.base_url}/api/v1/common/download-url",
            json={"url": one.base_url + path},
            headers=helpers["auth"](one),
        )
        async with ask as response:
            fresh = (await response.json())["data"].removeprefix(one.base_url)
        assert (await fetched(http, one, fresh))[0] == 200
        clock.tick(1200)
        assert (await fetched(http, one, fresh))[0] == 403
        entry = result(one)
        assert (entry["path"], entry["fetches"], entry["whole"], entry["late"]) == (path, 3, 1, 2)


async def test_a_slow_cdn_takes_its_time_on_the_clock_that_it_is_given(clock):
    timed = Timed(clock)
    cdn = CDN(delay=5, rate=1000)
    async with (
        running("reapi", clock=clock, cdn=cdn, sleep=timed.sleep) as simulators,
        aiohttp.ClientSession() as http,
    ):
        one = simulators["reapi"]
        _, path = done(one, clock)
        before = clock()
        status, body = await fetched(http, one, path)
        assert (status, Image.open(BytesIO(body)).size) == (200, (64, 64))
        assert clock() - before == pytest.approx(5 + len(body) / 1000)
        assert timed.slept[0] == 5
        assert max(timed.slept[1:]) == 0.25
        assert (result(one)["bytes"], result(one)["whole"]) == (len(body), 1)
        async with http.head(one.base_url + path) as head:
            assert head.content_length == len(body)
        assert result(one)["fetches"] == 1


async def test_a_link_that_dies_during_a_slow_fetch_serves_it_to_its_end(clock):
    timed = Timed(clock)
    cdn = CDN(link_life=1, rate=100)
    async with (
        running("reapi", clock=clock, cdn=cdn, sleep=timed.sleep) as simulators,
        aiohttp.ClientSession() as http,
    ):
        one = simulators["reapi"]
        _, path = done(one, clock)
        assert (await fetched(http, one, path))[0] == 200
        assert (await fetched(http, one, path))[0] == 403
        entry = result(one)
        assert (entry["fetches"], entry["whole"], entry["late"]) == (2, 1, 1)


async def test_the_end_of_a_run_does_not_wait_for_what_is_slow(clock):
    never = asyncio.Event()
    async with aiohttp.ClientSession() as http:
        async with running("reapi", clock=clock, cdn=CDN(delay=9), sleep=lambda _: never.wait()) as simulators:
            one = simulators["reapi"]
            _, path = done(one, clock)
            waiting = asyncio.create_task(fetched(http, one, path))
            while not one.bills()["results"]:
                await asyncio.sleep(0)
        await waiting


def test_a_share_of_fetches_fails_and_the_same_ones_in_each_run(caller):
    def run(cdn):
        one = caller("reapi")
        one.service.cdn = cdn
        task_id, seen = one.submit(), []
        one.clock.tick(4)
        for _ in range(200):
            response = one.raw("GET", f"/media/tasks/{task_id}/0.jpg")
            is_page = response.headers.get("Content-Type", "").startswith("text/html")
            seen.append((response.status, response.delivery, is_page))
        assert result(one.service)["fetches"] == 200
        return seen

    first = run(CDN(failing=0.2, seed=7))
    good = (200, "whole", False)
    assert 0.12 < 1 - first.count(good) / 200 < 0.28
    lost = {(200, "reset", False), (200, "cut", False)}
    assert {*first} == {good, *lost, (500, "whole", True), (503, "whole", False), (200, "whole", True)}
    assert run(CDN(failing=0.2, seed=7)) == first
    assert run(CDN(failing=0.2, seed=8)) != first


def test_every_way_to_fail_comes_and_none_where_nothing_fails():
    seen = [CDN(failing=1, seed=1).failure("reapi", number) for number in range(200)]
    assert all(seen.count(each) > 20 for each in FAILURES)
    assert None not in seen
    assert {CDN(seed=1).failure("reapi", number) for number in range(200)} == {None}


async def test_a_fault_that_was_asked_for_comes_first_and_every_try_is_counted(clock):
    async with running("reapi", clock=clock, cdn=CDN(failing=1)) as simulators, aiohttp.ClientSession() as http:
        one = simulators["reapi"]
        task, path = done(one, clock)
        for kind, more, seen in (("status", {"status": 410}, 410), ("cut_body", {}, "cut"), ("html", {}, 200)):
            one.fault(kind, on="result", **more)
            assert (await fetched(http, one, path))[0] == seen
        one.service.cdn = CDN()
        assert (await fetched(http, one, path.replace(task.id, "none")))[0] == 404
        entry = result(one)
        assert (entry["fetches"], entry["whole"]) == (3, 0)
        assert entry["bytes"] > 100


@pytest.mark.parametrize("off", [7200, -7200])
async def test_all_times_follow_the_clock_of_a_provider_that_is_wrong(clock, helpers, off):
    async with running("kie", clock=clock) as simulators, aiohttp.ClientSession() as http:
        one = simulators["kie"]
        one.service.clock = lambda: clock() + off
        task, path = done(one, clock)
        look = http.get(f"{one.base_url}/api/v1/jobs/recordInfo?taskId={task.id}", headers=helpers["auth"](one))
        async with look as response:
            told = (await response.json())["data"]
            assert response.headers["Date"] == formatdate(clock() + off, usegmt=True)
        assert (told["createTime"], told["completeTime"]) == ((clock() + off - 4) * 1000, (clock() + off) * 1000)
        async with http.get(one.base_url + path) as response:
            assert response.headers["Date"] == formatdate(clock() + off, usegmt=True)
        assert result(one)["first"] == clock() + off


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"link_life": -1}, "link_life must be a number of 0 or more, not -1"),
        ({"delay": None}, "delay must be a number of 0 or more, not None"),
        ({"delay": float("nan")}, "delay must be"),
        ({"rate": 0}, "rate must be more than 0"),
        ({"rate": "fast"}, "rate must be a number"),
        ({"failing": 1.1}, "failing must be a share from 0 to 1"),
        ({"failing": True}, "failing must be a number"),
    ],
)
def test_what_no_cdn_can_be(said, wrong):
    with pytest.raises(ValueError, match=wrong):
        CDN(**said)
