"""`anymedia journal import`: a journal moves into another one, and what used it is told so."""

import os
from pathlib import Path

import pytest

from anymedia import JournalError
from anymedia.cli import journal_import
from anymedia.cli.complete import batches
from anymedia.journal import SQLiteJournal
from tests.journal.reading import run

from .test_journal_grown import ATTEMPTS, fill, the_journal


@pytest.fixture
def filled(terminal, tmp_path):
    """A journal in the default place, and the URL of another one."""
    run(fill(ATTEMPTS))
    return terminal


@pytest.fixture
def into(tmp_path):
    return f"sqlite://{tmp_path}/there/journal.db"


def moved(terminal, monkeypatch, into):
    """Move the journal, and configure the other one."""
    told = terminal.json("journal", "import", str(the_journal()), "--into", into)
    monkeypatch.setenv("ANYMEDIA_JOURNAL", into)
    return told


def test_every_command_tells_the_same_afterwards(filled, monkeypatch, into):
    filled("journal", "prune", "--older-than", "90d")
    asked = (("tasks",), ("spend",), ("spend", "--by", "label"), ("report",), ("tasks", "--expiring", "9d"))
    before = [filled.json(*words) for words in asked]
    told = moved(filled, monkeypatch, into)
    expected = {"attempts": 7, "before": 0, "open": 1, "uncertain": 1, "uncollected": 4, "pruned": 1, "files": 0}
    assert {name: told[name] for name in expected} == expected
    assert (told["usd"], told["done"], told["file"]) == ("0.35", False, str(the_journal()))
    assert [filled.json(*words) for words in asked] == before
    again = filled("journal", "import", str(the_journal()), "--into", into)
    assert "was imported into" in again.stdout
    assert again.exit_code == 0


def test_what_came_is_told(filled, monkeypatch, into):
    filled("journal", "prune", "--older-than", "90d")
    monkeypatch.setattr(journal_import, "TOLD", 5)
    ended = filled("journal", "import", str(the_journal()), "--into", into)
    told = " ".join(ended.stdout.split())
    for words in (
        "7 attempts and 0 files of results are in",
        "1 attempt more had been pruned: what they cost came along",
        "all of them cost $0.35, or may: both journals agree on each",
        "1 open, 1 of these uncertain; 4 paid for and not saved",
        f"nothing is written to {the_journal()} any more",
    ):
        assert words in told
    assert "7 attempts are there" in ended.stderr


def test_who_uses_the_old_one_is_told_of_the_new_one_until_that_is_undone(filled, monkeypatch, into):
    file = str(the_journal())
    assert "has moved nowhere" in filled("journal", "import", file, "--undo").stderr
    filled("journal", "import", file, "--into", into)
    settled = filled("tasks", "settle", "3", "--not-billed")
    assert (settled.exit_code, "it was imported into" in settled.stderr) == (6, True)
    assert filled("tasks").exit_code == 0
    named = filled("journal", "import", file, "--undo")
    assert (named.exit_code, f"has moved into {into.removeprefix('sqlite://')}: name that with" in named.stderr) == (
        3,
        True,
    )
    undone = filled("journal", "import", file, "--undo", "--into", into)
    assert f"can be written again; what was bought in {into.removeprefix('sqlite://')} since" in undone.stderr
    assert filled.json("journal", "import", file, "--undo") == {"file": file, "undone": False}
    assert filled("tasks", "settle", "3", "--not-billed").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("resume", "--out", "out"),
        ("collect", "--out", "out"),
        ("journal", "prune", "--older-than", "9d"),
        ("tasks", "settle", "8", "--dismiss"),
    ],
)
def test_what_would_write_to_the_old_one_is_refused_in_one_sentence_before_it_begins(filled, into, words):
    filled("journal", "import", str(the_journal()), "--into", into)
    ended = filled(*words)
    assert (ended.exit_code, ended.stdout, Path("out").exists()) == (6, "", False)
    assert ended.stderr.startswith("error: the journal cannot be used; nothing was sent\n")
    assert ended.stderr.count("was imported into") == ended.stderr.count("error") == 1
    assert "warning" not in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("tasks",),
        ("tasks", "--json"),
        ("tasks", "show", "8"),
        ("tasks", "--expiring", "9d"),
        ("spend",),
        ("report",),
        ("journal", "info"),
        ("journal", "export"),
        ("journal", "prune", "--older-than", "9d", "--dry-run"),
        ("prices", "--drift"),
    ],
)
def test_what_reads_the_old_one_says_that_it_has_moved(filled, into, words):
    before = filled(*words)
    assert "warning" not in before.stderr
    filled("journal", "import", str(the_journal()), "--into", into)
    ended = filled(*words)
    heir = into.removeprefix("sqlite://")
    told = f"warning: {the_journal()} was imported into {heir}: what was bought since is not in it"
    assert (ended.exit_code, " ".join(ended.stderr.split()).count(told)) == (0, 1)
    if words != ("journal", "info"):  # of which some is of the disk
        assert ended.stdout == before.stdout


def test_the_words_of_a_command_are_completed_in_silence(filled, into, capsys):
    filled("journal", "import", str(the_journal()), "--into", into)
    assert [item.value for item in batches(None, None, "s")] == ["spring"]
    assert capsys.readouterr().err == ""


def test_an_import_that_did_not_end_is_given_up_in_both_journals(filled, monkeypatch, into):
    file, takes = str(the_journal()), SQLiteJournal.take

    async def breaks(*_):
        raise JournalError("it is away")

    monkeypatch.setattr(SQLiteJournal, "take", breaks)
    assert filled("journal", "import", file, "--into", into).exit_code == 6
    monkeypatch.setattr(SQLiteJournal, "take", takes)
    there = SQLiteJournal(into.removeprefix("sqlite://"))
    assert run(there.claim("order-2", "a")) is None
    monkeypatch.setenv("ANYMEDIA_JOURNAL", into)
    for command in ("doctor", "journal info"):
        assert f"`anymedia journal import {file}` goes on with it" in " ".join(filled(*command.split()).stdout.split())
    filled("journal", "import", file, "--undo")
    assert run(there.claim("order-2", "a")) is not None
    run(there.close())
    filled("journal", "import", file)
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "off")
    assert "name that with --into" in filled("journal", "import", file, "--undo").stderr
    assert filled("journal", "import", file, "--gone").exit_code == 2
    assert "can be written again" in filled("journal", "import", file, "--undo", "--gone").stderr


def test_into_the_configured_journal(filled, monkeypatch, into):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", into)
    assert filled.json("journal", "import", str(the_journal()))["attempts"] == 8
    assert len(filled.json("tasks")) == 8


@pytest.mark.parametrize(
    ("journal", "words", "code", "told"),
    [
        (None, (), 3, "is the journal of the configuration itself: name another one"),
        ("off", (), 3, "name one with --into"),
        ("memory:", (), 3, "nothing moves into memory: it ends with its process"),
        (None, ("--into", "mysql://h/d"), 2, "'--into': no journal is known for mysql"),
    ],
)
def test_what_makes_no_sense_is_refused(filled, monkeypatch, journal, words, code, told):
    if journal is not None:
        monkeypatch.setenv("ANYMEDIA_JOURNAL", journal)
    ended = filled("journal", "import", str(the_journal()), *words)
    assert (ended.exit_code, told in ended.stderr) == (code, True), ended.stderr
    assert filled("journal", "import", "nowhere.db", *words).exit_code == 2


def test_a_fault_of_a_journal_that_the_command_names_is_none_of_the_configuration(filled, into):
    Path("shots.csv").write_text("prompt\n" + "a fox\n" * 100)
    for words in (("shots.csv", "--into", into), (str(the_journal()), "--into", "shots.csv")):
        ended = filled("journal", "import", *words)
        assert (ended.exit_code, "shots.csv: " in ended.stderr, "ANYMEDIA_JOURNAL" in ended.stderr) == (6, True, False)


def test_a_journal_that_is_in_use_does_not_move(filled, into):
    user = SQLiteJournal(the_journal())
    run(user.check())
    ended = filled("journal", "import", str(the_journal()), "--into", into)
    assert (ended.exit_code, "another process has it open and may be buying" in ended.stderr) == (6, True)
    run(user.close())
    assert Path(os.environ["HOME"]).exists()
