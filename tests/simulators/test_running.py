"""The face: names, running, in_thread, the fixture, and what an import costs."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from io import BytesIO

import aiohttp
import pytest

from anymedia import simulators as package
from anymedia.simulators import in_thread, names, running
from anymedia.simulators.fixtures import simulators
from tests.providers import NINE

__all__ = ["simulators"]


def test_names():
    assert names() == NINE


async def test_running_all():
    async with running() as every:
        assert tuple(one.name for one in every) == names()
        assert len(every) == len(NINE)
        accounts = every.config["providers"]
        for one in every:
            assert every[one.name] is one
            variable = f"ANYMEDIA_SIMULATED_{one.name.upper()}_KEY"
            secrets = {f"{name}_env": f"{variable[:-3]}{name.upper()}" for name in one.service.secrets}
            told = {**one.service.says, **secrets}
            settings = {"settings": told} if told else {}
            assert accounts[one.name] == {"base_url": one.base_url, "api_key_env": variable, **settings}
            shown = {every.environ[each] for each in secrets.values()} | {*one.service.says.values()}
            assert shown == {*one.service.settings.values()}
            assert every.environ[variable] == one.api_key
        assert [one.name for one in every if one.service.secrets] == ["bfl", "kie", "replicate", "runapi"]
        assert every["reapi"].api_key.startswith("rk_live_")
        assert every["api_in_one"].api_key.startswith("aio_")


def neighbours() -> int:
    """The first of two free ports that follow one another, below those that the system gives out to anybody."""
    for port in range(20_000, 32_000, 2):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two ports that follow one another are free")


async def test_a_run_can_have_the_ports_and_keys_of_an_earlier_one():
    async with running("bfl", "fal") as first:
        ports = {one.name: int(one.base_url.rpartition(":")[2]) for one in first}
        before = [(one.base_url, one.environ) for one in first]
    with in_thread("bfl", "fal", ports=ports, environ=first.environ) as again:
        assert [(one.base_url, one.environ) for one in again] == before
    with pytest.raises(OSError, match=r"bfl cannot listen at 127.0.0.1, port 65536: "):
        async with running("bfl", port=65_536):
            pass


async def test_ports_follow_one_another_and_order_is_kept():
    port = neighbours()
    async with running("runapi", "reapi", port=port) as two:
        assert [one.base_url for one in two] == [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"]
        with pytest.raises(OSError, match=str(port)):
            async with running("reapi", port=port):
                pass
    async with running("reapi", port=port):
        pass


async def test_wrong_arguments():
    with pytest.raises(ValueError, match="no simulator is named nope; there are api_in_one, bfl, fal"):
        async with running("nope"):
            pass
    with pytest.raises(ValueError, match="speed"):
        async with running(speed=0):
            pass


async def test_bodies_are_bounded():
    async with running("reapi") as one, aiohttp.ClientSession() as http:
        body = BytesIO(b" " * 11_000_000)
        async with http.post(one["reapi"].base_url + "/api/v1/images/generations", data=body) as response:
            assert response.status == 413


async def test_bodies_that_cannot_be_unpacked():
    async with running("reapi") as one, aiohttp.ClientSession() as http:
        headers = {"Content-Encoding": "gzip"}
        async with http.post(one["reapi"].base_url + "/x", data=b"no gzip", headers=headers) as response:
            assert response.status == 400


async def test_nothing_is_left_behind():
    before = asyncio.all_tasks()
    async with running() as every, aiohttp.ClientSession() as http:
        for one in every:
            async with http.get(one.base_url + "/__bills") as response:
                assert await response.json() == one.bills()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


def test_in_thread():
    before = set(threading.enumerate())
    with in_thread("reapi", speed=10) as threaded:
        one = threaded["reapi"]
        one.fault("status", status=500, on="any")
        assert [waiting.kind for waiting in one.service.faults] == ["status"]
        one.clear()
        with urllib.request.urlopen(one.base_url + "/__bills") as response:
            assert response.status == 200
        assert one.bills()["submits"] == 0
    assert set(threading.enumerate()) <= before
    with pytest.raises(ValueError, match="nope"), in_thread("nope"):
        pass


async def test_the_fixture_serves_async_tests_too(simulators):
    async with aiohttp.ClientSession() as http, http.get(simulators["runapi"].base_url + "/__faults") as response:
        assert await response.json() == {"faults": []}


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)


def test_import_is_light():
    done = run(
        "import sys, anymedia.simulators as s\n"
        "s.names()\n"
        "heavy = {'aiohttp', 'PIL', 'lameenc', 'pytest'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("package", ["PIL", "lameenc"])
def test_a_missing_package_is_told_in_a_sentence(package):
    done = run(
        "import sys, asyncio, anymedia.simulators as s\n"
        f"sys.modules['{package}'] = None\n"
        "async def main():\n"
        "    async with s.running(): pass\n"
        "asyncio.run(main())"
    )
    assert "install anymedia with its extra simulators" in done.stderr.splitlines()[-1]


def test_every_public_name_is_there():
    assert all(hasattr(package, name) for name in package.__all__)
