"""A journal in a folder of its own, in which the client writes down what it does."""

import asyncio
import json
import sqlite3

import attrs
import pytest

from anymedia import ImageRequest, read_config
from anymedia.journal import Ledger, MemoryJournal, SQLiteJournal
from anymedia.journal.memory import Memory
from anymedia.journal.postgres import PostgresJournal
from tests.postgres import needs_postgres

from .reading import attempts_in

pytest.register_assert_rewrite("anymedia.testing.journal_entries", "anymedia.testing.journal_owners")

REQUEST = ImageRequest(
    model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K", labels={"job": "7"}
)


@pytest.fixture
def request_():
    return REQUEST


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs_postgres)])
def place(request):
    """Where a journal is that several processes share: a file, and a database."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return str(request.getfixturevalue("path"))


@pytest.fixture
def journal():
    """None: the client opens the file that its configuration names."""


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=needs_postgres)])
def opens(request, path):
    """Open ledgers over one journal, each another owner's: in memory, in a file, and in a database."""
    if request.param == "sqlite":
        return lambda: Ledger(SQLiteJournal(path))
    if request.param == "postgres":
        opens_postgres = request.getfixturevalue("opens_postgres")
        return lambda: Ledger(opens_postgres())
    memory = Memory()
    return lambda: Ledger(MemoryJournal(memory))


@pytest.fixture
def opens_postgres(postgres_url, tmp_path):
    """Open journals over one database, each another owner; those that a test leaves open are closed."""
    opened = []

    def opens(url=postgres_url, **how):
        opened.append(PostgresJournal(url, folder=tmp_path / "folder", **how))
        return opened[-1]

    yield opens
    for journal in opened:
        journal._store.close()


@pytest.fixture
def ledger():
    return Ledger(MemoryJournal())


@pytest.fixture
def other(ledger):
    """Another owner's ledger over the same journal, such as that of whoever receives webhooks."""
    return Ledger(MemoryJournal(ledger.journal.memory))


@pytest.fixture
def config(sims, path):
    return read_config({**sims.config, "journal": {"path": str(path)}}, sims.environ)


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

    async def slowly(account, call, *rest):
        answer = await send(account, call, *rest)
        if call.method == "POST":
            answers.arrived += 1
            if answers.arrived >= answers.first:
                await answers.let_go.wait()
        return answer

    monkeypatch.setattr(transport, "send", slowly)
    yield answers
    answers.let_go.set()


@pytest.fixture
def cancelled(monkeypatch):
    """Return a function that cancels a call once it has come to something, which then takes forever."""

    async def cancel(call, owner, name):
        begun = asyncio.Event()

        async def never(*_):
            begun.set()
            await asyncio.get_running_loop().create_future()

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, never)
            calling = asyncio.create_task(call)
            await begun.wait()
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling

    return cancel


@pytest.fixture
def read(path):
    """Read the attempts as another process would."""
    return lambda **asked: attempts_in(path, **asked)


@pytest.fixture
def rows(path):
    """Read a column as it is on disk, past our own reading."""

    def column(name):
        connection = sqlite3.connect(path)
        try:
            return [
                value
                for (value,) in connection.execute(
                    f"SELECT {name} FROM attempts JOIN texts USING (number) ORDER BY number"
                )
            ]
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
