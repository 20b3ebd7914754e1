"""Shared limits in PostgreSQL: what becomes of a question when the server, or the process, is not there any more."""

import asyncio
import os
from queue import SimpleQueue

import pytest

from anymedia import JournalError
from anymedia.journal.forks import _after_fork, _before_fork
from anymedia.journal.postgres.limits import PostgresLimits, _next
from anymedia.journal.postgres.schema import Schema
from anymedia.journal.postgres.server import Server
from anymedia.shared_limits import SUBMITS, Question, Want
from tests.postgres import needs_postgres

from .reading import run

pytestmark = needs_postgres


@pytest.fixture
def limits(postgres_url):
    limits = PostgresLimits(Server(postgres_url, patience=0.0), Schema())
    yield limits
    limits.close()


def asked(name="1", most=9, **what):
    wants = [Want(kind=SUBMITS, name=name, most=most, after=600.0)]
    return Question(**{"account": "acme", "wants": wants, "place": name, **what})


def test_one_question_that_cannot_be_answered_keeps_no_other_from_it(limits):
    async def main():
        assert (await limits.ask(asked(), 0.0)).wait == 0
        questions = [asked("2"), asked("3", account="half \0 a text"), asked("4", most=3)]
        ends = await asyncio.gather(*(limits.ask(each, 0.0) for each in questions), return_exceptions=True)
        assert [type(end).__name__ for end in ends] == ["Answer", ends[1].__class__.__name__, "Answer"]
        assert isinstance(ends[1], Exception)
        assert [ends[0].wait, ends[2].wait] == [0, 0]

    run(main())


def test_a_server_that_is_away_is_told_and_found_again(limits, postgres):
    async def main():
        assert (await limits.ask(asked(), 0.0)).wait == 0
        postgres.stop()
        for _ in range(2):
            with pytest.raises(JournalError, match="does not answer") as caught:
                await limits.ask(asked("2"), 0.0)
            assert caught.value.away
        postgres.start()
        assert (await limits.ask(asked("3", most=1), 0.0)).wait > 0

    run(main())


def test_who_does_not_wait_any_more_is_not_told(limits):
    async def main():
        await limits.ask(asked(), 0.0)
        asking = asyncio.create_task(limits.ask(asked("2"), 0.0))
        await asyncio.sleep(0)
        asking.cancel()
        assert (await limits.ask(asked("3"), 0.0)).wait == 0

    run(main())


def test_what_was_asked_before_the_end_is_answered():
    questions = SimpleQueue()
    for each in ("first", "last", None):
        questions.put(each)
    assert [_next(questions), _next(questions)] == [["first", "last"], []]


def test_while_a_process_forks_the_connection_is_closed(limits, monkeypatch):
    assert run(limits.ask(asked(), 0.0)).wait == 0
    _before_fork()
    assert not limits._link.is_open
    _after_fork()
    assert run(limits.ask(asked("2"), 0.0)).wait == 0
    with monkeypatch.context() as patch:
        another = os.getpid() + 1
        patch.setattr("os.getpid", lambda: another)
        with pytest.raises(JournalError, match="its process was forked while it was open"):
            run(limits.ask(asked("3"), 0.0))
        limits.close()  # waits for no thread that is not there
    assert run(limits.ask(asked("3"), 0.0)).wait == 0
