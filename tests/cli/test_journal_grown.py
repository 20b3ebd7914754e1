"""`anymedia journal`, and the lists of what is of a label or a batch, and of what is to be fetched before it dies."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from anymedia import Asset, Money, Outcome, State
from anymedia.cli.complete import batches
from anymedia.cli.expiry import roughly
from anymedia.journal import Ledger, open_journal
from anymedia.journal.records import Private
from tests.journal.reading import run
from tests.journal.test_left import attempt

NOW = datetime(2026, 12, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=100)


STAY = "1 attempt would stay: paid for, never saved"


def the_journal() -> Path:
    return Path(os.environ["HOME"], ".local", "state", "anymedia", "journal.db")


def done(number, *, began=OLD, hours=None, saved=True, **facts):
    """Return an attempt that has succeeded; its link dies in so many hours."""
    one = attempt(id=f"{number:x}" * 32, started_at=began, body={"prompt": f"a fox, number {number}"}, **facts)
    expires = None if hours is None else NOW + timedelta(hours=hours)
    path = Path(f"/out/{number}.png") if saved else None
    asset = Asset(kind="image", url="https://a.example/1.png", path=path, expires_at=expires)
    money = Money(usd=Decimal("0.05"), got="settled")
    task = attrs.evolve(
        one.draft(f"task-{number}"), state=State.SUCCEEDED, assets=(asset,), money=money, ended_at=began
    )
    return attrs.evolve(one, outcome=Outcome.ACCEPTED, ended_at=began, sends=1, task=task)


ATTEMPTS = [
    done(1, labels={"team": "blue"}),
    done(2, idempotency_key="order-2", batch="spring"),
    attrs.evolve(attempt(id="3" * 32, started_at=OLD), outcome=Outcome.UNCERTAIN, sends=1),
    done(4, hours=3.5, saved=False, batch="spring", labels={"team": "blue", "shop": "a"}),
    done(5, hours=-2, saved=False, began=NOW),
    done(6, saved=False, began=NOW),
    done(7, hours=72, saved=False, began=NOW),
    done(8, began=NOW),
]


async def fill(attempts, place=None):
    ledger = Ledger(open_journal(place or the_journal()))
    for each in attempts:
        await ledger.intend(attrs.evolve(each, outcome=None, task=None), json.dumps(each.order.body).encode())
        await ledger.end(each)
    await ledger.close()


@pytest.fixture
def filled(terminal, place):
    run(fill(ATTEMPTS, place))
    return terminal


@pytest.fixture
def in_file(terminal):
    """The journal in a file alone."""
    run(fill(ATTEMPTS))
    return terminal


def ids(attempts):
    return [each["id"][0] for each in attempts]


def test_the_list_is_of_labels_and_of_a_batch(filled):
    assert ids(filled.json("tasks", "--label", "team=blue")) == ["1", "4"]
    assert ids(filled.json("tasks", "--label", "team=blue", "--label", "shop=a")) == ["4"]
    assert ids(filled.json("tasks", "--batch", "spring")) == ["2", "4"]
    assert ids(filled.json("tasks", "--batch", "autumn")) == []
    assert filled("tasks", "--label", "team").exit_code == 2
    assert "batch            spring" in filled("tasks", "show", "2").stdout
    assert [item.value for item in batches(None, None, "s")] == ["spring"]


def test_what_dies_first_stands_on_top(filled):
    shown = filled("tasks", "--expiring", "24h")
    rows = [line.split("2026-")[0].split(None, 1) for line in shown.stdout.splitlines()[1:]]
    assert [(name[0], dies.strip()) for name, dies in rows] == [
        ("6", "unknown"),
        ("4", "in 3 h"),
        ("5", "should be gone"),
    ]
    assert ids(filled.json("tasks", "--expiring", "24h")) == ["6", "4", "5"]
    assert ids(filled.json("tasks", "--expiring", "7d", "--limit", "2")) == ["6", "4"]
    assert ids(filled.json("tasks", "--expiring", "2026-12-01", "--label", "team=blue")) == []
    assert ids(filled.json("tasks", "--expiring", "24h", "--batch", "spring", "--account", "reapi")) == ["4"]
    assert filled("tasks", "--expiring", "soon").exit_code == 2
    assert "no result is to be fetched" in filled("tasks", "--expiring", "1h", "--batch", "spring").stderr
    for name, told in (
        ("4", "until 2026-12-01 03:30:00 UTC: in 3 h"),
        ("5", "until 2026-11-30 22:00:00 UTC: should be gone"),
        ("6", "nobody says until when: fetch them now"),
    ):
        assert f"to be fetched  {told}" in filled("tasks", "show", name).stdout
    assert "to be fetched" not in filled("tasks", "show", "8").stdout


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.5, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_time_is_told_roughly(seconds, told):
    assert roughly(seconds) == told


def test_what_the_journal_holds_is_shown(filled, place):
    found = filled.json("journal", "info")
    assert found["statuses"] == {"succeeded": 7, "uncertain": 1}
    names = ("attempts", "open", "uncertain", "uncollected", "old", "old_uncollected", "form")
    assert {name: found[name] for name in names} == {
        "attempts": 8,
        "open": 1,
        "uncertain": 1,
        "uncollected": 4,
        "old": 2,
        "old_uncollected": 1,
        "form": 7 if isinstance(place, Path) else 1,
    }
    assert (found["first"], found["last"], found["pruned"]) == (OLD.isoformat(), NOW.isoformat(), None)
    shown = filled("journal", "info").stdout
    for words in (
        "8: 7 succeeded, 1 uncertain",
        "2026-08-23 00:00 to 2026-12-01 00:00 UTC",
        "takes 2 attempts and",
        STAY,
    ):
        assert words in " ".join(shown.split())
    filled("journal", "prune", "--older-than", "90d")
    shown = filled("journal", "info").stdout
    assert "attempts from before 2026-08-24; what they cost is kept" in shown
    assert filled.json("journal", "prune", "--older-than", "2026-12-01", "--uncollected")["unsaved"] == 1
    assert "would stay" not in filled("journal", "info").stdout


def test_results_that_may_be_there_go_where_that_is_asked_for(terminal, place):
    """Those that are gone go by themselves, once they are old."""
    hours = (-1, 0, 1, None)
    run(fill([*(done(number, hours=each, saved=False) for number, each in enumerate(hours, start=1)), done(5)], place))
    prune = ("journal", "prune", "--older-than", "90d")
    told = terminal(*prune, "--dry-run").stdout
    assert "of those that would go, 1 had results that are paid for and were never saved" in told
    assert "3 attempts would stay: paid for, never saved, and perhaps still to be had" in told
    told = terminal(*prune).stdout
    assert "of those that went, 1 had results that are paid for and were never saved" in told
    assert "3 attempts stayed: paid for, never saved" in told
    assert ids(terminal.json("tasks")) == ["2", "3", "4", "5"]
    went = terminal.json(*prune, "--uncollected")
    assert (went["attempts"], went["unsaved"], went["uncollected"]) == (3, 3, 0)
    assert "saved" not in terminal(*prune).stdout
    assert ids(terminal.json("tasks")) == ["5"]


def test_a_report_tells_what_was_pruned(filled):
    assert filled.json("report")["pruned"] is None
    filled("journal", "prune", "--older-than", "90d")
    told = "Attempts from before 2026-08-24 were pruned: in no figure here, but in those of `anymedia spend`."
    assert filled.json("report")["pruned"] == "2026-08-24T00:00:00+00:00"
    assert told in filled("report").stdout
    assert told.replace("`", "") in filled("report", "--html", "-").stdout.replace("`", "")
    assert told in filled("report", "--account", "nobody", "--html", "-").stdout
    assert "pruned" not in filled("report", "--since", "30d").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("prune",), "--older-than"),
        (("prune", "--older-than", "soon"), "must be an age like 90d, or a date"),
        (("prune", "--older-than", "2027-01-01"), "must be in the past"),
        (("prune", "--older-than", "9d", "--texts", "--keys"), "leave out one of --texts and --keys"),
        (("prune", "--older-than", "9d", "--dry-run", "--compact"), "leave out --compact"),
        (("backup", "-"), "a copy needs a file"),
        (("backup", "there"), "there is such a file already"),
        (("export", "there"), "there is such a file already"),
        (("export", "--json"), "--json needs a FILE"),
        (("export", "-", "--json"), "--json needs a FILE"),
    ],
)
def test_what_makes_no_sense_is_refused(in_file, words, told):
    filled = in_file
    Path("there").write_text("mine")
    ended = filled("journal", *words)
    assert (ended.exit_code, told in ended.stderr) == (2, True)
    assert Path("there").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("info",), 0),
        (("prune", "--older-than", "9d"), 0),
        (("export",), 0),
        (("backup", "copy.db"), 6),
        (("prune", "--older-than", "9d", "--compact"), 6),
    ],
)
def test_where_there_is_no_file_it_says_so(terminal, monkeypatch, words, code):
    ended = terminal("journal", *words)
    assert (ended.exit_code, "there is no journal at " in ended.stderr) == (code, True)
    assert not the_journal().parent.exists()
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "memory:")
    ended = terminal("journal", *words)
    assert (ended.exit_code, "it ends with its process, and has no file" in ended.stderr) == (3, True)


def test_where_there_is_no_file_there_is_nothing_to_tell(terminal):
    assert terminal.json("journal", "info") is None
    assert terminal("journal", "info").stderr.count("there is no journal at") == 1
    went = terminal.json("journal", "prune", "--older-than", "9d")
    assert (went["attempts"], went["unused"]) == (0, None)


def test_a_copy_is_read_as_a_journal(in_file, monkeypatch):
    filled = in_file
    told = filled.json("journal", "backup", "copy.db")
    assert (told["path"], told["bytes"]) == ("copy.db", Path("copy.db").stat().st_size)
    assert "copy-2.db has a copy of the journal" in filled("journal", "backup", "copy-2.db").stderr
    tasks = filled.json("tasks")
    monkeypatch.setenv("ANYMEDIA_JOURNAL", str(Path("copy.db").absolute()))
    assert filled.json("tasks") == tasks


def test_attempts_are_exported_as_lines(filled):
    lines = filled("journal", "export").stdout.splitlines()
    assert [json.loads(line) for line in lines] == filled.json("tasks")
    assert [
        json.loads(line)["id"][0] for line in filled("journal", "export", "-", "--since", "1d").stdout.splitlines()
    ] == [*"5678"]
    assert filled.json("journal", "export", "all.jsonl") == {"path": "all.jsonl", "attempts": 8}
    assert Path("all.jsonl").read_text().splitlines() == lines
    assert stat.S_IMODE(Path("all.jsonl").stat().st_mode) == 0o600
    assert "bare.jsonl has 8 attempts" in filled("journal", "export", "bare.jsonl", "--without-prompts").stderr
    assert "fox" in "".join(lines)
    assert "fox" not in Path("bare.jsonl").read_text()


def test_an_export_that_fails_leaves_no_file(filled, monkeypatch):
    def breaks(*_):
        raise RuntimeError("no more")

    monkeypatch.setattr(Private, "without", breaks)
    with pytest.raises(RuntimeError):
        filled("journal", "export", "bare.jsonl", "--without-prompts")
    assert not [file for file in Path().iterdir() if "jsonl" in file.name]


def test_what_only_a_file_has_says_what_to_use_with_a_database(terminal, postgres_url, monkeypatch):
    name = postgres_url.replace(":not-told@", "@")
    monkeypatch.setenv("ANYMEDIA_JOURNAL", postgres_url)
    assert terminal.json("journal", "info") is None
    for words in (("journal", "info"), ("journal", "info", "--json")):
        assert " ".join(terminal(*words).stderr.split()) == f"there is no journal at {name} yet"
    assert "of the file" not in terminal("journal", "prune", "--older-than", "90d").stdout
    run(fill(ATTEMPTS, postgres_url))
    told = terminal("journal", "backup", "copy file.dump")
    command = f"`pg_dump --format=custom --schema=anymedia '--file=copy file.dump' {name}`"
    assert (told.exit_code, command in told.stderr, "PGPASSWORD" in told.stderr) == (3, True, True)
    told = terminal("journal", "prune", "--older-than", "90d", "--compact")
    assert (told.exit_code, "uses the room of what is pruned by itself" in told.stderr) == (3, True)
    assert terminal.json("journal", "info")["attempts"] == 8
    went = terminal("journal", "prune", "--older-than", "90d")
    assert "of the file" not in went.stdout
    assert terminal.json("journal", "prune", "--older-than", "90d")["unused"] is None


def test_a_database_is_told_of_with_what_waits_for_it(terminal, postgres_url, monkeypatch):
    monkeypatch.setenv("ANYMEDIA_JOURNAL", postgres_url)
    run(fill(ATTEMPTS, postgres_url))
    found = terminal.json("journal", "info")
    assert (found["path"], found["unused"]) == (postgres_url.replace(":not-told@", "@"), None)
    database = found["database"]
    assert {name: database[name] for name in ("alive", "dead", "spooled", "aside")} == dict.fromkeys(
        ("alive", "dead", "spooled", "aside"), 0
    )
    assert abs(database["ahead"]) < 5
    told = terminal("journal", "info").stdout
    assert "0 owners alive" in told
    assert "free for new attempts" not in told
    aside = open_journal(postgres_url).spool / "aside"
    aside.mkdir(parents=True)
    (aside / f"ended-{1:020d}-{2:032x}.json").write_text("{")
    told = " ".join(terminal("journal", "info").stdout.split())
    assert "1 outcome on this machine that nobody can write: the log said why" in told
    examined = terminal.json("doctor", code=3)  # there is no API key either
    assert "journal" in examined["wrong"]
    assert examined["journal"]["database"]["alive"] == 0
    assert "PostgreSQL" in terminal("doctor").stdout
