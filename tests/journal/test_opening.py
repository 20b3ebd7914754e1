"""Which journal a path or a URL names."""

from pathlib import Path

import pytest

import anymedia.journal
from anymedia import Client, Config, ConfigError, ImageRequest, SyncClient, read_config
from anymedia.config import default_journal, load_config
from anymedia.journal import MemoryJournal, SQLiteJournal, open_journal
from anymedia.journal.opening import shown


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


THERE_ARE = "there are sqlite:///path/to/journal.db, postgresql://user@host/database and memory:"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://me:secret@db.example/x", f"no journal is known for mysql: URLs; {THERE_ARE}"),
        ("postgresql:", "must be like postgresql://user@host/database"),
        ("postgresql://me:se/cret@db.example/x", "% and two digits stand for each of : / ? # @"),
        ("postgresql://me:se@cret@db.example/x", "must be like"),
        ("postgresql://me:se#cret@db.example/x", "must be like"),
        ("postgresql://me:se?cret@db.example/x", "must be like"),
        ("postgresql://db.example:secret/x", "must be like"),
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


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("postgresql://me:secret@db.example:5433/media", "postgresql://me@db.example:5433/media"),
        (
            "postgres://a.example,b.example:1/x?password=secret&sslmode=verify-full",
            "postgresql://a.example,b.example:1/x",
        ),
        ("POSTGRESQL://%2Fvar%2Frun/x", "postgresql://%2Fvar%2Frun/x"),
        ("postgresql://me@[::1]:5432", "postgresql://me@[::1]:5432"),
        ("postgresql:///x?", "postgresql:///x"),
        ("postgresql://me:se/cret@db.example/x", "postgresql://…"),
        ("sqlite:///var/x.db", "sqlite:///var/x.db"),
        ("memory:", "memory:"),
        (Path("/var/x.db"), "/var/x.db"),
        (None, "None"),
    ],
)
def test_a_place_is_shown_without_its_password(place, name):
    assert shown(place) == name
    config = Config(accounts={}, journal=place)
    assert "secret" not in repr(config)


def test_postgresql_in_the_configuration(tmp_path):
    def read(**table):
        return read_config({"journal": table}, {}, path=tmp_path / "anymedia.toml")

    config = read(url="postgresql://me:secret@db.example/x", lease="1m", folder="spare")
    assert (config.journal, config.lease) == ("postgresql://me:secret@db.example/x", 60.0)
    assert config.folder == tmp_path / "spare"
    with pytest.raises(ConfigError, match=r"^config: journal: lease: must be 3 seconds or more, not 1$"):
        read(lease=1)


def test_postgresql_without_its_driver(monkeypatch):
    monkeypatch.setattr("anymedia.journal.opening.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"install anymedia with its extra postgres$"):
        open_journal("postgresql://db.example/x")


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
