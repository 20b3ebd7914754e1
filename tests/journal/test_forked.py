"""A process that forks while its journal is open: both write on, neither waits for ever, and nothing is lost."""

import json
import os
import threading

import pytest

from anymedia import JournalError
from anymedia.journal.forks import _after_fork, _before_fork
from anymedia.journal.process_lock import is_alive
from anymedia.journal.sqlite_file import SQLiteFile
from anymedia.journal.sqlite_schema import Schema

from .child import child, until
from .reading import attempts_in, run

SCHEMA = Schema((("CREATE TABLE things (name TEXT)",),))
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no process")


def go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def insert(connection):
    connection.execute("INSERT INTO things VALUES ('x')")


def count(connection):
    return connection.execute("SELECT count(*) FROM things").fetchone()[0]


@forks
@pytest.mark.parametrize("first", ["child", "parent"])
def test_both_processes_write_whichever_ends_first(first, path):
    with child("forks", {"path": str(path), "first": first}, {}) as process:
        assert until(process, "child") == "[true, true, 2]"
        go_on(process)  # a parent that ends now would put away the log that the child writes to
        parent, status = json.loads(until(process, "over"))
        assert status == 0
        # The child has not let its parent's lock go.
        assert is_alive(path.with_name("journal.db-owners"), parent) == (first == "child")
        go_on(process)
        assert process.wait() == 0
    assert [attempt.id[0] for attempt in attempts_in(path)] == ["a", "b", "c"]


@forks
def test_a_process_forks_while_its_threads_write_and_read(path):
    with child("forks", {"path": str(path), "first": None}, {}) as process:
        assert until(process, "over") == "9"
        assert process.wait() == 0


def test_while_a_process_forks_the_file_is_closed_and_what_comes_waits(tmp_path):
    store = SQLiteFile(tmp_path / "store.db", SCHEMA)
    store.call(insert)
    assert run(store.glance(count, 0)) == 1  # beside the thread
    _before_fork()
    late = threading.Thread(target=store.call, args=(insert,), daemon=True)
    try:
        late.start()
        assert [file.name for file in tmp_path.iterdir()] == ["store.db"]  # no log: nobody has it open
    finally:
        _after_fork()
    late.join(60)
    assert store.call(count) == run(store.glance(count, 0)) == 2
    store.close()


def test_a_process_that_was_forked_without_a_word_is_told_so(tmp_path, monkeypatch):
    store = SQLiteFile(tmp_path / "store.db", SCHEMA)
    store.call(insert)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_process", 7)
        _after_fork()  # which is not told of it before either
        for use in (lambda: store.put(insert), lambda: run(store.read(count, 0)), lambda: run(store.glance(count, 0))):
            with pytest.raises(JournalError, match=f"{store.path}: its process was forked while it was open"):
                use()
        store.close()  # waits for no thread that is not there
    assert store.call(count) == 1
    store.close()
