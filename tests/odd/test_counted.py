"""What was bought twice, or not counted, before it was mended: each with the number of bills that it may have.

Stale answers in kept-alive connections, a journal that is found under two names or loses its file, a clock that is set
back, and a cost of 0 that is told too early. `make pythons` runs this on every Python there is, as connections are kept
alive in other ways there.
"""

import asyncio
import contextlib
import os
import shutil
import threading
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from anymedia import AnymediaError, JournalError, OverCeiling, SubmitUncertain
from anymedia.journal import SQLiteJournal

from .files import PNG, png
from .raw_server import CLOSE, KEEP, Reply, reply
from .shapes import SHAPES
from .world import REQUEST, Clock, ending, failing

PRICE = {
    "reapi": Decimal("0.028"),
    "api_in_one": Decimal("0.05"),
    "revidapi": Decimal("0.025"),
    "runapi": Decimal("0.05"),
}
"""USD for one picture at 1K."""

AGAIN = attrs.evolve(REQUEST, prompt="a harbour at noon")
OTHER_ID = {"reapi": "task_stale", "api_in_one": "n41stale_flux2", "revidapi": "5a1e" * 8, "runapi": "5a1e-5a1e"}
BALANCES = {
    "reapi": ("/api/v1/balance", {"balance": 12500}),
    "runapi": ("/api/v1/me/balance", {"balance_cents": 1250}),
}


# A stale answer in an idle kept-alive connection


def stale(provider, word):
    """Return an answer that nobody asked for now: a yes with another id, or a no."""
    if word == "accepted":
        answer = provider.accepted(OTHER_ID[provider.name])
    else:
        answer = provider.refusal(402, "no credit left")
    return b"".join(part for part in answer.data if isinstance(part, bytes))


BEFORE = ("look", "submit", "download", "balance")


async def leave_a_connection(client, world, provider, before, behind):
    """Use the account, so that a connection is kept alive; `behind` comes glued to the last answer."""

    def glued(answer):
        return Reply(data=[b"".join(answer.data) + behind], end=KEEP)

    if before == "submit":
        provider.submits.append(lambda task: glued(provider.accepted(task)))
        return await client.submit(REQUEST, provider.name)
    if before == "balance":
        path, body = BALANCES[provider.name]
        provider.others[path] = glued(reply(body))
        return await client.balance(provider.name)
    if before == "look":
        provider.looks.append(lambda task: glued(provider.done(task)))
    else:
        provider.files["/f/a.png"] = [glued(reply(PNG, kind="image/png"))]
    task = await client.wait(await client.submit(REQUEST, provider.name))
    return await client.download(task, world.out) if before == "download" else task


@pytest.mark.parametrize("end", [KEEP, CLOSE])
@pytest.mark.parametrize("how", ["glued", "pushed"])
@pytest.mark.parametrize("word", ["accepted", "refused"])
@pytest.mark.parametrize(
    ("name", "before"), [(n, b) for n in SHAPES for b in BEFORE if b != "balance" or n in BALANCES]
)
async def test_a_stale_answer_is_nobodys(world, name, before, word, how, end):
    other = "runapi" if name != "runapi" else "reapi"
    provider, second = world.provider(name), world.provider(other)
    late = stale(provider, word)
    async with world.client(name, other) as client:
        await leave_a_connection(client, world, provider, before, late if how == "glued" else b"")
        if how == "pushed":
            for number in list(provider.site.connections):
                provider.site.push(late, number, end=end)
        elif end == CLOSE:
            for number in list(provider.site.connections):
                provider.site.push(b"", number, end=end)
        await asyncio.sleep(0.003)  # for the kernel to deliver it
        bought = len(provider.bills)
        task = await client.submit(AGAIN, name, other)
        assert (len(provider.bills), len(second.bills)) == (bought + 1, 0)
        assert (task.account, task.id) == (name, provider.bills[-1])
        done = await client.wait(task)
        third = await client.submit(REQUEST, name, other)
        assert third.id == provider.bills[-1] != done.id  # later answers are not one off
    assert [asked.turn for asked in provider.buys()] == [1] * len(provider.bills)  # each on a connection of its own


@pytest.mark.parametrize("how", ["glued", "pushed"])
@pytest.mark.parametrize("name", SHAPES)
async def test_a_stale_answer_to_a_look_is_no_answer(world, name, how):
    provider = world.provider(name)
    running = provider.shape.states[0]
    other = reply(provider.shape.done(OTHER_ID[name], provider.shape.native([provider.url("/f/other.png")])))
    provider.always_file["/f/other.png"] = reply(png(9), kind="image/png")
    late = b"".join(other.data)

    def look(task):
        answer = reply(provider.shape.state(task, running))
        return Reply(data=[b"".join(answer.data) + (late if how == "glued" else b"")])

    provider.looks += [look, look]
    async with world.client(name) as client:
        task = await client.submit(REQUEST, name)
        task = await client.get(task)
        if how == "pushed":
            for number in list(provider.site.connections):
                provider.site.push(late, number)
        await asyncio.sleep(0.003)
        done = await client.wait(task)
        assert done.id == provider.bills[0]
        await client.download(done, world.out)
    assert list(world.files().values()) == [PNG]
    assert world.bills == 1


@pytest.mark.parametrize("name", SHAPES)
async def test_a_look_that_names_another_task_is_not_taken(world, name):
    provider = world.provider(name)
    provider.always_file["/f/other.png"] = reply(png(9), kind="image/png")
    links = provider.shape.native([provider.url("/f/other.png")])
    provider.looks += [lambda _: reply(provider.shape.done(OTHER_ID[name], links))] * 2
    async with world.client(name) as client:
        done = await client.wait(await client.submit(REQUEST, name))
        await client.download(done, world.out)
    assert (done.id, world.bills) == (provider.bills[0], 1)
    assert list(world.files().values()) == [PNG]


@pytest.mark.parametrize("name", SHAPES)
async def test_one_task_id_for_two_submits_is_told_and_both_stay_reserved(world, name, caplog):
    provider = world.provider(name)
    provider.ids = ["task_twice"] * 3
    account = {"daily_limit": str(PRICE[name] * 2)}
    async with world.client(name, account=account) as client:
        texts = []
        for request in (REQUEST, AGAIN):
            try:
                await client.submit(request, name)
            except AnymediaError as error:
                texts.append(str(error))
        attempts = await client.attempts()
        assert world.bills == len(attempts) == 2
        reserved = sum(attempt.reserved for attempt in attempts)
        assert reserved == PRICE[name] * 2
        texts += [attempt.error or "" for attempt in attempts] + [record.getMessage() for record in caplog.records]
        assert any("task_twice" in text for text in texts), "that one id was answered twice is told nowhere"
        await failing(client.submit(attrs.evolve(REQUEST, prompt="a third one"), name), OverCeiling)
    assert world.bills == 2


# The journal is one file


OTHER_NAMES = {
    "symlink to the file": lambda file, folder: (folder / "l.db").symlink_to(file) or folder / "l.db",
    "symlink to a symlink": lambda file, folder: (
        (folder / "m.db").symlink_to(file) or (folder / "l.db").symlink_to("m.db") or folder / "l.db"
    ),
    "symlink to the folder": lambda file, folder: (folder / "l").symlink_to(file.parent) or folder / "l" / file.name,
    "dots": lambda file, folder: file.parent / ".." / file.parent.name / file.name,
    "relative": lambda file, _: type(file)(os.path.relpath(file)),
}
LONG = 0.08
"""Seconds for which a submit is under way, so that another one meets it."""


def slow(provider, times=1):
    for _ in range(times):
        provider.submits.append(lambda task: Reply(data=[LONG, *provider.accepted(task).data]))


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come to it")


@pytest.mark.parametrize("way", OTHER_NAMES)
@pytest.mark.parametrize("first_by", ["its name", "the other name"])
async def test_two_names_of_a_journal_are_one_journal(world, way, first_by):
    names = [world.journal, OTHER_NAMES[way](_made(world.journal), world.folder)]
    if first_by != "its name":
        names.reverse()
    slow(world.reapi, 5)
    data = [{**world.data(), "journal": {"path": str(name)}} for name in names]
    async with world.client_of(data[0]) as one, world.client_of(data[1]) as two:
        buying = [
            asyncio.create_task(each.submit(REQUEST, "reapi", idempotency_key="order-1")) for each in (one, two, one)
        ]
        tasks = await asyncio.gather(*buying)
        tasks.append(await two.submit(REQUEST, "reapi", idempotency_key="order-1"))
    assert world.bills == 1
    assert {task.id for task in tasks} == {world.reapi.bills[0]}


def _made(file):
    """Make an empty journal, as an earlier process has left it."""

    async def make():
        journal = SQLiteJournal(file)
        await journal.check()
        await journal.close()

    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    return file


async def test_a_symlink_that_is_turned_while_a_journal_is_open_changes_nothing(world):
    one, two, link = _made(world.folder / "one.db"), _made(world.folder / "two.db"), world.folder / "l.db"
    link.symlink_to(one)
    data = {**world.data(), "journal": {"path": str(link)}}
    async with world.client_of(data) as client:
        await client.submit(REQUEST, "reapi", idempotency_key="order-1")
        link.unlink()
        link.symlink_to(two)
        with contextlib.suppress(JournalError):
            await client.submit(REQUEST, "reapi", idempotency_key="order-1")
    assert world.bills == 1


def owners_of(journal):
    return [file for file in journal.parent.iterdir() if "owners" in file.name]


@pytest.mark.parametrize("swept", ["the folder", "its files"])
@pytest.mark.parametrize("when", ["under way", "before the claim"])
async def test_the_swept_folder_of_owners(world, swept, when):
    """Another process's submit under the same key has to find that the first one's owner is alive."""
    slow(world.reapi, 2)

    def sweep():
        for folder in owners_of(world.journal):
            if swept == "the folder":
                shutil.rmtree(folder)
            else:
                for file in folder.iterdir():
                    file.unlink()

    data = world.data()
    ends = []

    async def buy(client):
        try:
            ends.append((await client.submit(REQUEST, "reapi", idempotency_key="order-1")).id)
        except JournalError as error:
            ends.append(error)

    async with world.client_of(data) as one, world.client_of(data) as two:
        await one.attempts()
        await one.submit(AGAIN, "reapi", idempotency_key="another order")
        world.reapi.submits.clear()
        slow(world.reapi, 2)
        before = world.bills
        if when == "before the claim":
            sweep()
        first = asyncio.create_task(buy(one))
        await until(lambda: world.bills > before)
        if when == "under way":
            sweep()
        await buy(two)
        await first
    assert world.bills == before + 1, ends
    assert world.reapi.bills[-1] in ends


def _cut(file, size):
    with file.open("r+b") as opened:
        opened.truncate(size)


def _copied(file):
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    copy.replace(file)


def _replaced_by_an_empty_one(file):
    (file.with_name("empty.db")).touch()
    file.with_name("empty.db").replace(file)


LOST = {
    "renamed": lambda file: file.rename(file.with_name("old.db")),
    "its folder renamed": lambda file: file.parent.rename(file.parent.with_name("old")),
    "deleted": lambda file: file.unlink(),
    "its folder deleted": lambda file: shutil.rmtree(file.parent),
    "replaced by a copy": _copied,
    "replaced by an empty file": _replaced_by_an_empty_one,
    "replaced by another journal": lambda file: _made(file.with_name("other.db")).replace(file),
    "cut to nothing": lambda file: _cut(file, 0),
    "cut to one byte": lambda file: _cut(file, 1),
}


@pytest.mark.parametrize("how", LOST)
async def test_a_journal_whose_file_is_gone_buys_nothing(world, how):
    async with world.client() as client:
        await client.submit(REQUEST, "reapi", idempotency_key="order-1")
        LOST[how](world.journal)
        for key in (None, "order-1", "order-2"):
            error = await failing(client.submit(REQUEST if key == "order-1" else AGAIN, "reapi", idempotency_key=key))
            assert isinstance(error, JournalError), f"{type(error).__name__}: {error}"
            # What an earlier call bought under the key stands in the file that is gone.
            assert (error.billed, error.outcome) == ("no" if key is None else "unknown", "not sent")
    assert world.bills == 1
    assert len(world.reapi.buys()) == 1


@pytest.mark.parametrize("how", LOST)
async def test_a_journal_whose_file_goes_while_a_submit_is_under_way_tells_the_task(world, how):
    slow(world.reapi)
    async with world.client() as client:
        buying = asyncio.create_task(client.submit(REQUEST, "reapi", idempotency_key="order-1"))
        await until(lambda: world.bills == 1)
        LOST[how](world.journal)
        error = await failing(buying)
        assert isinstance(error, JournalError), f"{type(error).__name__}: {error}"
        assert (error.task.id, error.billed) == (world.reapi.bills[0], "yes")
        await failing(client.submit(AGAIN, "reapi", idempotency_key="order-1"), JournalError)
    assert world.bills == 1


async def test_a_write_ahead_file_that_is_swept_is_noticed(world):
    """What was bought under a key stands there until it is moved into the journal."""
    async with world.client() as client:
        await client.submit(REQUEST, "reapi", idempotency_key="order-1")
        for ending in ("-wal", "-shm"):
            world.journal.with_name(world.journal.name + ending).unlink(missing_ok=True)
        async with world.client() as other:
            with contextlib.suppress(JournalError):
                await other.submit(REQUEST, "reapi", idempotency_key="order-1")
    assert world.bills == 1


async def test_a_journal_that_everybody_may_write_is_put_right_or_refused(world):
    _made(world.journal).chmod(0o666)
    async with world.client() as client:
        error = await ending(client.submit(REQUEST, "reapi"))
        if isinstance(error, JournalError):
            assert (str(world.journal) in str(error), world.bills) == (True, 0)
            return
    assert world.journal.stat().st_mode & 0o022 == 0


# Clocks


class SteppedClock(Clock):
    """A wall clock that can be set, beside a monotonic one."""

    off = 0.0

    def now(self):
        return super().now() + timedelta(seconds=self.off)


WINDOW = 120
"""Seconds for which a replay key is honoured, by the adapter; this server forgets it then."""


@pytest.mark.parametrize("later", [WINDOW + 30, WINDOW * 10])
@pytest.mark.parametrize("back", [WINDOW, 3600, 86_400])
@pytest.mark.parametrize("when", ["before the post", "after the answer"])
async def test_no_key_is_replayed_past_its_window_by_a_clock_that_is_set_back(world, when, back, later):
    provider, clock = world.provider("runapi"), SteppedClock()
    provider.always_submit = lambda _: Reply(data=[b""], end="reset")

    def set_back(event):
        if when == "before the post" and getattr(event, "outcome", "") is None and clock.off == 0:
            clock.off = -back

    async with world.client_of(world.data("runapi"), clock=clock, on_event=set_back) as client:
        await failing(client.submit(REQUEST, "runapi", timeout=5), SubmitUncertain)
        clock.off = -back
        sent, bought = len(provider.buys()), world.bills
        clock.seconds += later
        provider.always_submit = None
        provider._replays.clear()  # its window is over
        recovery = await client.recover(world.out, replay=True)
        assert len(recovery.uncertain) == 1
    assert (len(provider.buys()), world.bills) == (sent, bought)


async def test_a_clock_that_is_set_back_makes_no_negative_age(world):
    clock = SteppedClock()
    world.reapi.looks += [lambda task: reply(world.reapi.shape.state(task, "processing"))] * 2
    async with world.client_of(world.data(), clock=clock) as client:
        task = await client.submit(REQUEST, "reapi")
        clock.off = -7200
        began = clock.seconds
        done = await client.wait(task)
        assert clock.seconds - began < 60  # it is not looked at in two hours alone
        (attempt,) = await client.attempts()
        assert min(attempt.queued, attempt.running) >= 0
        await client.download(done, world.out)
    assert world.bills == 1
    assert list(world.files().values()) == [PNG]


# Money told too early


COSTS = {"reapi": "credits", "runapi": "usd", "api_in_one": "credits"}


@pytest.mark.parametrize("amount", [0, 0.0, "0", 0.001, False, -1, None])
@pytest.mark.parametrize("where", ["the answer to the submit", "a look", "a look with an unknown word"])
@pytest.mark.parametrize("name", COSTS)
async def test_a_cost_told_too_early_lowers_no_reservation(world, name, where, amount):
    provider, price = world.provider(name), PRICE[name]
    shape, limit = provider.shape, str(price * 3)
    word = shape.states[0] if where != "a look with an unknown word" else "warming"
    if where == "the answer to the submit":
        provider.always_submit = lambda task: reply(shape.costs(shape.accepted(task), amount))
    provider.always_look = lambda task: reply(shape.costs(shape.state(task, word), amount))
    async with world.client(name, account={"daily_limit": limit}) as client:
        refused = 0
        for number in range(8):
            try:
                task = await client.submit(attrs.evolve(REQUEST, prompt=f"number {number}"), name)
            except OverCeiling:
                refused += 1
            else:
                await client.get(task)
        attempts = await client.attempts()
    assert (world.bills, refused) == (3, 5)
    assert sum(attempt.reserved for attempt in attempts) == price * 3


@pytest.mark.parametrize("name", ["reapi", "runapi"])
async def test_a_cost_of_a_finished_task_settles_it(world, name):
    """A final 0 may be right: the first calls are free."""
    provider = world.provider(name)
    shape = provider.shape
    links = shape.native([provider.url()])
    provider.always_look = lambda task: reply(shape.costs(shape.done(task, links), 0))
    async with world.client(name, account={"daily_limit": str(PRICE[name] * 2)}) as client:
        for number in range(5):
            request = attrs.evolve(REQUEST, prompt=f"number {number}")
            await client.wait(await client.submit(request, name))
        assert sum(attempt.reserved for attempt in await client.attempts()) == 0
    assert world.bills == 5


AMOUNTS = (999_999_999, 10**30, 1e300, "1_0", "٠", "1e999999", "0x1", " 0 ", "+0", "-0.01", "NaN", [0], {"usd": 0})


@pytest.mark.parametrize("amount", AMOUNTS, ids=repr)
@pytest.mark.parametrize("name", ["reapi", "runapi"])
async def test_an_amount_beyond_reason_settles_nothing(world, name, amount):
    provider = world.provider(name)
    shape = provider.shape
    links = shape.native([provider.url()])
    provider.always_look = lambda task: reply(shape.costs(shape.done(task, links), amount))
    async with world.client(name) as client:
        done = await client.wait(await client.submit(REQUEST, name))
        assert done.money.usd == PRICE[name]
        assert done.money.got != "settled"
        await client.download(done, world.out)
    assert list(world.files().values()) == [PNG]
