"""What a journal holds, told the same whether it is a file or a database, and how the database stands."""

import attrs

from anymedia.journal import SQLiteJournal, open_journal
from anymedia.journal.protocol import DAY
from anymedia.testing.journal_entries import ended, entry, seen

from .leases import execute, lapse
from .test_left import die

TOLD = {
    "statuses": {"succeeded": 2, "uncertain": 1, "sending": 2},
    "open": 3,
    "uncertain": 2,
    "uncollected": 1,
    "first": 1.0 * DAY,
    "last": 5.0 * DAY,
    "old": 1,
    "old_uncollected": 0,
    "results": 1,
    "results_bytes": 7,
}


async def filled(journal, lost):
    """Fill a journal with one of each; what `lost` was sending is uncertain."""
    for number in range(1, 6):
        owner = lost if number == 4 else journal
        await owner.intend(entry(number, started=number * DAY, counts_as="sending", body=b"{}"))
    for number in (1, 2):
        await journal.write(ended(number))
        await journal.write(seen(number, complete=number == 1))
    await journal.write(ended(3, status="uncertain", task=None, task_id=None, counts_as="uncertain"))
    journal.results.mkdir(parents=True)
    (journal.results / "1.png").write_bytes(b"picture")


async def test_what_a_journal_holds_is_told_alike(place, tmp_path):
    journal, lost = (open_journal(place, folder=tmp_path / "folder") for _ in range(2))
    assert await journal.info(9.0 * DAY) is None
    await filled(journal, lost)
    (die if isinstance(lost, SQLiteJournal) else lapse)(lost)
    told = attrs.asdict(await journal.info(9.0 * DAY, now=9.0 * DAY))
    assert {name: told[name] for name in TOLD} == TOLD
    assert told["path"] == journal.name
    assert told["texts"] > told["old_texts"] > 0
    assert min(told["bytes"], told["room"]) > 1000
    for each in (journal, lost):
        await each.close()


async def test_a_database_says_how_it_stands_and_what_waits_for_it_is_counted(postgres_url, tmp_path):
    journal, lost = (open_journal(postgres_url, folder=tmp_path / "folder") for _ in range(2))
    assert await journal.database() is None
    for each in (journal, lost):
        await each.check()
    lapse(lost)
    aside = journal.spool / "aside"
    aside.mkdir(parents=True)
    for folder, number in ((journal.spool, 1), (journal.spool, 2), (aside, 3)):
        (folder / f"ended-{number:020d}-{number:032x}.json").write_text("{}")
    found = await journal.database()
    ((version,),) = execute(journal, "SHOW server_version")
    assert abs(found.ahead) < 60
    facts = {"version": version, "ahead": found.ahead, "alive": 1, "dead": 1, "spooled": 2, "aside": 1}
    assert attrs.asdict(found) == facts
    assert (await journal.info(0.0)).database.spooled == 2
    for each in (journal, lost):
        await each.close()
