"""Which journal a path or a URL names."""

from pathlib import Path

import pytest

import anymedia.journal
from anymedia import Client, Config, ConfigError, ImageRequest, SyncClient, read_config
from anymedia.config import default_journal, load_config
from anymedia.journal import MemoryJournal, SQLiteJournal, open_journal


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("journal.db", "journal.db"),
        (Path("/var/journal.db"), "/var/journal.db"),
        ("sqlite:///var/my%20journal.db", "/var/my journal.db"),
        ("a:b", "a:b"),
        ("c:/journal.db", "c:/journal.db"),
    ],
)
def test_a_file(place, path):
    journal = open_journal(place)
    assert isinstance(journal, SQLiteJournal)
    assert journal.path == Path.cwd() / path


def test_memory():
    assert isinstance(open_journal("memory:"), MemoryJournal)


THERE_ARE = "there are sqlite:///path/to/journal.db and memory:"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgres://me:secret@db.example/x", f"no journal is known for postgres: URLs; {THERE_ARE}"),
        ("sqlite://", "three slashes, then the path from the root"),
        ("sqlite://journal.db", "three slashes"),
        ("sqlite:///journal.db?mode=ro", "nothing after it"),
        ("sqlite:///journal.db#1", "nothing after it"),
        ("memory://", "nothing may follow memory:"),
        ("sqlite://[", f"this is no URL of a journal; {THERE_ARE}"),
    ],
)
def test_urls_that_name_no_journal(url, sentence):
    for read in (
        open_journal,
        lambda url: read_config({"journal": {"url": url}}, {}),
        lambda url: default_journal({"ANYMEDIA_JOURNAL": url}),
        lambda url: load_config(environ={"ANYMEDIA_JOURNAL": url}),
    ):
        with pytest.raises(ConfigError) as caught:
            read(url)
        assert sentence in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_url_in_the_configuration():
    def place(table, **environ):
        return read_config({"journal": table}, environ, path=Path("/etc/anymedia.toml")).journal

    assert place({"url": "sqlite:///var/journal.db"}) == Path("/var/journal.db")
    assert place({"url": "memory:"}) == place({}, ANYMEDIA_JOURNAL="memory:") == "memory:"
    assert place({"url": "memory:", "enabled": False}) is None
    for table, sentence in (
        ({"url": "memory:", "path": "a"}, "config: journal: path and url both name the journal; leave one of them out"),
        ({"url": "journal.db"}, f"config: journal: url: this is no URL; {THERE_ARE}"),
    ):
        with pytest.raises(ConfigError, match=f"^{sentence}"):
            place(table)


def test_what_the_room_names():
    for name in anymedia.journal.__all__:
        assert getattr(anymedia.journal, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Jornal'"):
        _ = anymedia.journal.Jornal


# A client's journal


REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk")


async def test_a_journal_that_is_given_stays_open(config, clock, path):
    journal = MemoryJournal()
    async with Client(config, clock=clock, journal=journal) as client:
        assert client.journal is journal
        task = await client.submit(REQUEST, "reapi", idempotency_key="k")
    assert not path.exists()
    entries = await journal.select(anymedia.journal.Query())
    assert [(each.task_id, each.alive) for each in entries] == [(task.id, True)]
    async with Client(config, clock=clock, journal=journal) as client:
        assert (await client.submit(REQUEST, "reapi", idempotency_key="k")).id == task.id


async def test_a_journal_that_was_opened_is_closed(config, clock):
    async with Client(config, clock=clock) as client:
        await client.submit(REQUEST, "reapi")
    (entry,) = await SQLiteJournal(config.journal).select(anymedia.journal.Query())
    assert not entry.alive


async def test_a_url_is_opened_by_the_client(config, clock):
    async with Client(Config(accounts=config.accounts, journal="memory:"), clock=clock) as client:
        await client.submit(REQUEST, "reapi")
        assert isinstance(client.journal, MemoryJournal)
        assert len(await client.attempts()) == 1


def test_a_client_without_await_has_the_same(config):
    with SyncClient(config, journal=MemoryJournal()) as client:
        assert isinstance(client.journal, MemoryJournal)
        assert client.attempts(limit=1) == []
        for call in (lambda: client.find("a"), lambda: client.settle("a", billed=True)):
            with pytest.raises(Exception, match="no attempt and no task has the id"):
                call()
