"""The journals that are built in keep what every journal promises."""

import pytest

from anymedia.journal import Journal, MemoryJournal, SQLiteJournal
from anymedia.journal.memory import Memory
from anymedia.testing.journal import JournalContract
from tests.postgres import needs_postgres

from .leases import die_of_lease
from .test_left import die


class TestSQLite(JournalContract):
    @pytest.fixture
    def opens(self, path):
        return lambda: SQLiteJournal(path)

    def crash(self, journal):
        die(journal)


@needs_postgres
class TestPostgres(JournalContract):
    has_clock = True

    @pytest.fixture
    def opens(self, opens_postgres):
        return opens_postgres

    def crash(self, journal):
        die_of_lease(journal)


class TestMemory(JournalContract):
    @pytest.fixture
    def opens(self):
        memory = Memory()
        return lambda: MemoryJournal(memory)

    def crash(self, journal):
        journal.crash()


def test_both_are_journals(path):
    journals: list[Journal] = [SQLiteJournal(path), MemoryJournal()]
    assert [journal.name for journal in journals] == [str(path), "memory"]


def test_the_results_of_a_journal_in_memory_are_gone_with_it():
    journal = MemoryJournal()
    beside, results = MemoryJournal(journal.memory), journal.results
    (results / "1.png").write_bytes(b"?")
    del journal
    assert beside.results == results
    assert results.is_dir()
    del beside
    assert not results.exists()
