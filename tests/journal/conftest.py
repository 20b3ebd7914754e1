"""A journal in a folder of its own, and clients at simulators, on one clock that nobody waits for."""

import asyncio
import json
import sqlite3

import attrs
import pytest

from anymedia import Client, ImageRequest, Journal, read_config
from anymedia.simulators import running

REQUEST = ImageRequest(
    model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K", labels={"job": "7"}
)


@pytest.fixture
def request_():
    return REQUEST


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.db"


@pytest.fixture
async def sims(clock):
    async with running(clock=clock.time) as simulators:
        yield simulators


@pytest.fixture
def config(sims, path):
    return read_config({**sims.config, "journal": {"path": str(path)}}, sims.environ)


@pytest.fixture
def events():
    return []


@pytest.fixture
async def client(config, clock, events):
    async with Client(config, clock=clock, on_event=events.append) as client:
        yield client


@attrs.define
class Held:
    """The answers to submits from the `first` on, held back until they are let go."""

    first: int = 1
    arrived: int = 0
    let_go: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def until(self, number):
        while self.arrived < number:
            await asyncio.sleep(0)


@pytest.fixture
async def held(client, monkeypatch):
    transport, answers = client._session.transport, Held()
    send = transport.send

    async def slowly(account, call, progress):
        answer = await send(account, call, progress)
        if call.method == "POST":
            answers.arrived += 1
            if answers.arrived >= answers.first:
                await answers.let_go.wait()
        return answer

    monkeypatch.setattr(transport, "send", slowly)
    yield answers
    answers.let_go.set()


@pytest.fixture
def read(path):
    """Read the attempts as another process would."""

    def attempts(**asked):
        journal = Journal(path)
        try:
            return journal.attempts(**asked)
        finally:
            journal.close()

    return attempts


@pytest.fixture
def rows(path):
    """Read a column as it is on disk, past our own reading."""

    def column(name):
        connection = sqlite3.connect(path)
        try:
            return [value for (value,) in connection.execute(f"SELECT {name} FROM attempts ORDER BY number")]
        finally:
            connection.close()

    return column


@pytest.fixture
def whole(path):
    """Return everything that the journal's files hold, as one text."""

    def text():
        files = [file for file in path.parent.rglob("*") if file.is_file() and file.parent.name != "results"]
        return b"".join(file.read_bytes() for file in files).decode("latin-1") + json.dumps(str(files))

    return text
