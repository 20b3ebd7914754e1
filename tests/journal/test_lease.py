"""Whose lease has run out sends nothing: it is looked at just before the first byte, each time that one would leave."""

import pytest

from anymedia import Billed, Client, JournalError, Outcome, SubmitUncertain
from anymedia.journal import Ledger
from anymedia.observe.events import Sent
from anymedia.translate.messages import Call, Lost, Progress
from anymedia.transport.http import Transport
from tests.client.raw import account
from tests.client.test_connections import Server

from .remote import Remote

by_renewed = pytest.mark.parametrize("renewed", [False, True], ids=["", "renewed"])


@pytest.fixture
def journal(tmp_path):
    return Remote(tmp_path / "spool")


def lapses(client, journal, number, renewed):
    """Let the lease run out once a client has told so often that something is about to be sent."""
    told, tell = [], client._session.tell

    def hear(event):
        tell(event)
        told.extend([event] * isinstance(event, Sent))
        if len(told) == number and isinstance(event, Sent):
            journal.lapse(renewed=renewed)

    client._session.tell = hear


@by_renewed
async def test_nothing_is_sent_by_whose_lease_ran_out_after_the_intent(renewed, client, journal, sims, request_):
    lapses(client, journal, 1, renewed)
    with pytest.raises(JournalError, match="not heard of in the journal for too long; nothing was sent to") as lost:
        await client.submit(request_)
    error = lost.value
    assert (error.lapsed, error.outcome, error.billed, error.task) == (True, Outcome.NOT_SENT, Billed.NO, None)
    (attempt,) = await client.attempts()
    assert (attempt.id, attempt.outcome, attempt.sends, attempt.reserved) == (error.attempt.id, Outcome.NOT_SENT, 0, 0)
    assert [sim.bills()["submits"] for sim in sims] == [0] * len(list(sims))
    task = await client.submit(request_, "reapi")  # as another owner
    assert sims["reapi"].bills()["entries"][0]["task_id"] == task.id


async def test_an_intent_of_which_nobody_knows_whether_it_was_written_is_not_sent(
    client, journal, sims, request_, monkeypatch
):
    intend, written = journal.intend, []

    async def unknown(*given, **how):
        await intend(*given, **how)
        journal.lapse(renewed=True)
        written.append(True)
        raise JournalError("it does not answer", away=True, lapsed=True)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "intend", unknown)
        with pytest.raises(JournalError, match="it does not answer"):
            await client.submit(request_, "reapi", idempotency_key="k")
    assert written == [True]
    task = await client.submit(request_, "reapi", idempotency_key="k")
    first, second = await client.attempts()
    assert (first.outcome, first.error, second.task.id) == (Outcome.NOT_SENT, "it does not answer", task.id)
    assert sims["reapi"].bills()["submits"] == 1


@by_renewed
async def test_an_unanswered_submit_is_not_sent_again_under_its_key(renewed, client, journal, sims, request_):
    lapses(client, journal, 2, renewed)
    sims["runapi"].fault("reset_before", on="submit")
    with pytest.raises(SubmitUncertain):
        await client.submit(request_, "runapi")
    (attempt,) = await client.attempts()
    assert (attempt.outcome, attempt.sends, sims["runapi"].bills()["submits"]) == (Outcome.UNCERTAIN, 1, 1)


@by_renewed
async def test_neither_is_it_when_it_is_recovered(renewed, config, clock, journal, sims, request_):
    async with Client(config, clock=clock, journal=journal) as client:
        sims["runapi"].fault("reset_after", on="submit", times=9)
        with pytest.raises(SubmitUncertain):
            await client.submit(request_, "runapi")
        sims["runapi"].clear()
    submits = sims["runapi"].bills()["submits"]
    async with Client(config, clock=clock, journal=journal) as client:
        lapses(client, journal, 1, renewed)
        recovery = await client.recover(replay=True)
        assert (recovery.tasks, len(recovery.uncertain), len(recovery.errors)) == ((), 1, 1)
        assert sims["runapi"].bills()["submits"] == submits
        journal.lapse(renewed=renewed)  # before it is begun: then another owner begins it
        (task,) = (await client.recover(replay=True)).tasks
    (entry,) = sims["runapi"].bills()["entries"]
    assert (task.id, sims["runapi"].bills()["submits"]) == (entry["task_id"], submits + 1)


@pytest.mark.parametrize("alone", [True, False])
async def test_nothing_leaves_on_a_connection_that_was_used_before_either(alone):
    server, transport, progress = Server(), Transport(), Progress()
    call = Call(method="POST", url=f"{server.origin}/", json={}, alone=alone)
    try:
        await transport.send(account(server.origin), call, progress)
        progress.stands = lambda: False
        with pytest.raises(Lost, match="it was not to be sent any more") as lost:
            await transport.send(account(server.origin), call, progress)
        assert (lost.value.lapsed, lost.value.permanent) == (True, True)
        progress.stands = lambda: True
        await transport.send(account(server.origin), call, progress)
    finally:
        await transport.close()
        server.close()
    assert [number for number, _ in server.requests] == ([1, 3] if alone else [1, 1])


async def test_a_process_that_slept_through_its_lease_buys_as_another_owner(client, journal, sims, request_):
    await client.submit(request_, "reapi")
    journal.tells = True
    journal.lapse(renewed=False)
    await client.submit(request_, "reapi")
    journal.lapse(renewed=False)
    journal.is_away = True
    with pytest.raises(JournalError, match="does not answer"):
        await client.submit(request_, "reapi")
    assert sims["reapi"].bills()["submits"] == 2


async def test_an_owner_that_follows_does_not_stand_for_the_one_before(tmp_path):
    journal = Remote(tmp_path)
    ledger = Ledger(journal)
    stands = await ledger.lease()
    assert stands()
    journal.lapse(renewed=False)
    assert not stands()
    then = await ledger.lease()
    assert (stands(), then()) == (False, True)
