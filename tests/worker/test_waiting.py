"""How a batch waits for what it has handed over, and what it makes of what it is told, or is not."""

import asyncio
from types import SimpleNamespace

import attrs
import pytest

from anymedia import (
    Attempt,
    BadApiKey,
    DeadlineExceeded,
    JournalError,
    Money,
    RateLimited,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    Unavailable,
)
from anymedia.clock import Clock
from anymedia.engine.submits import not_in_time
from anymedia.errors import Cooling
from anymedia.model.options import Options
from anymedia.model.task import Order
from anymedia.model.vocabulary import Billed, Cause, Outcome
from anymedia.worker import elsewhere
from anymedia.worker.database import Told
from anymedia.worker.elsewhere import _Asked, _Desk, _Submits, _Waits
from anymedia.worker.written import Carrier

from .conftest import REQUEST

ORDER = Order(provider="kie", account="kie", offer="kie/flux-2-pro", path="/p", money=Money.unknown("not known"))
NOW = Clock().now()
TASK = Task(id="t1", provider="kie", account="kie", submitted_at=NOW, path="/p")
ATTEMPT = Attempt(id="a1", order=ORDER, started_at=NOW)
DONE = attrs.evolve(TASK, state=State.SUCCEEDED)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(elsewhere, "EACH", 0.001)
    monkeypatch.setattr(elsewhere, "ENDING", 0.01)


@attrs.define
class Fake:
    """A database, a ledger and the health of accounts, of which a batch hears what a test says."""

    told_: object = None
    attempt_: object = None
    is_waiting: bool = True
    fault: object = None
    tells: bool = False
    noted: list = attrs.field(factory=list)
    moves: list = attrs.field(factory=list)
    heard: object = None
    asked: int = 0
    submission: object = None

    async def put(self, kind, args, name):
        self._break("put")
        assert (kind, name, args["most"], args["account"], args["until"] is None) == (
            "anymedia:order",
            "a1",
            None,
            "kie",
            False,
        )
        return 7

    async def take_back(self, number):
        assert number == 7
        self._break("take_back")
        return self.is_waiting

    async def told(self, names):
        self.asked += 1
        if self.asked == 1:
            raise JournalError("it is asked again", away=True)
        return {name: Told(self.told_ is not None, self.told_ or None) for name in names}

    async def attempt(self, name):
        self._break("attempt")
        return self.attempt_

    async def with_task(self, account, task_id):
        return self.attempt_

    async def moved(self, after=None):
        self.asked += 1
        if self.asked == 2:
            raise JournalError("it is asked again", away=True)
        return (self.asked, []) if after is None else (self.asked, self.moves)

    def hear(self, heard):
        self.heard = heard
        return self.tells

    def note(self, account, attempt, ends, began):
        self.noted.append((attempt.id, str(ends.name)))

    @property
    def journal(self):
        return self

    def _break(self, where):
        if self.fault == where:
            raise JournalError("it is away", away=True)

    @property
    def session(self):
        return SimpleNamespace(clock=Clock(), ledger=self, health=self, replay_until=lambda attempt: None)

    async def submitted(self, seconds=60.0):
        asked = _Asked(self.told)
        submits = _Submits.__new__(_Submits)
        submits.session = self.session
        submits._desk = _Desk(self, Carrier(None), asked, SimpleNamespace(look=lambda: None))
        submits._request, submits._terms = REQUEST, Options()
        facts = {"account": "kie", "provider": "kie", "model": None}
        self.submission = SimpleNamespace(
            id="a1",
            order=ORDER,
            account=SimpleNamespace(name="kie"),
            claim=None,
            facts=facts,
            progress=SimpleNamespace(connected=False),
            left=lambda why: SubmitUncertain(why, attempt=ATTEMPT),
        )
        try:
            return await submits.shielded(None, self.submission, Clock().monotonic() + seconds)
        finally:
            await asked.close()


async def test_what_is_accepted_is_returned():
    accepted = attrs.evolve(ATTEMPT, outcome=Outcome.ACCEPTED, task=TASK)
    fake = Fake(False, accepted)
    assert (await fake.submitted(), fake.noted) == (accepted, [("a1", "NONE")])


@pytest.mark.parametrize(
    ("outcome", "cause", "kind"),
    [
        (Outcome.REFUSED, Cause.BAD_API_KEY, BadApiKey),
        (Outcome.REFUSED, Cause.RATE_LIMITED, RateLimited),
        (Outcome.UNCERTAIN, None, SubmitUncertain),
    ],
)
async def test_what_came_to_nothing_is_told_by_its_attempt(outcome, cause, kind):
    """Where a worker has died before it could say more."""
    attempt = attrs.evolve(ATTEMPT, outcome=outcome, cause=cause, error="why")
    fake = Fake(False, attempt)
    with pytest.raises(kind) as told:
        await fake.submitted()
    assert (told.value.attempt, len(fake.noted)) == (attempt, 1)
    fake = Fake(BadApiKey("what a worker says"), attempt)
    with pytest.raises(BadApiKey, match="what a worker says"):
        await fake.submitted()


async def test_an_account_that_workers_leave_alone_is_left_alone_here():
    for wait, permanent, noted in ((30.0, False, [("a1", "TIME")]), (None, True, [])):
        fake = Fake(Cooling("in trouble", retry_after=wait, account="kie", provider="kie"))
        with pytest.raises(Cooling) as told:
            await fake.submitted()
        assert (told.value.permanent, fake.noted) == (permanent, noted)
    with pytest.raises(Unavailable, match="could not be sent to in time"):
        await Fake(False).submitted()
    assert isinstance(not_in_time("kie"), Unavailable)


async def test_what_is_taken_when_the_time_is_up_may_be_bought():
    with pytest.raises(Unavailable, match="could not be sent to in time"):
        await Fake().submitted(0.01)
    for fake in (Fake(is_waiting=False), Fake(fault="take_back"), Fake(None, ATTEMPT)):  # it is sent, and comes again
        with pytest.raises(SubmitUncertain, match="the deadline passed"):
            await fake.submitted(0.01)


@pytest.mark.parametrize("is_waiting", [True, False])
async def test_a_cancel_takes_back_what_no_worker_has(is_waiting):
    fake = Fake(is_waiting=is_waiting)
    waiting = asyncio.create_task(fake.submitted())
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert fake.submission.progress.connected is not is_waiting


@pytest.mark.parametrize("where", ["put", "attempt"])
async def test_a_journal_that_is_away_says_that_it_may_be_bought(where):
    with pytest.raises(JournalError) as told:
        await Fake(False, fault=where).submitted()
    assert told.value.billed is Billed.UNKNOWN


# Tasks


@pytest.mark.parametrize("tells", [False, True])
async def test_a_task_that_moves_is_heard_of(tells):
    fake = Fake(tells=tells)
    waits = _Waits(fake.session, fake)
    waiting = [asyncio.create_task(waits.until_done(None, TASK, 60.0)) for _ in range(2)]
    await asyncio.sleep(0.01)
    other = SimpleNamespace(account="bfl", task_id="t1", attempt=None)
    over = SimpleNamespace(account="kie", task_id="t1", attempt=attrs.evolve(ATTEMPT, task=DONE))
    fake.moves = [other, over]
    fake.heard()
    assert await asyncio.gather(*waiting) == [DONE, DONE]
    fake.moves, fake.attempt_ = [], attrs.evolve(ATTEMPT, task=attrs.evolve(TASK, state=State.FAILED))
    both = (waits.until_done(None, TASK, 60.0) for _ in range(2))
    known = await asyncio.gather(*both, return_exceptions=True)  # what the journal knew before anybody waited
    assert [type(each) for each in known] == [TaskFailed] * 2
    assert await waits.until_done(None, DONE, 60.0) is DONE
    await waits.close()


async def test_a_task_that_takes_too_long_lives_on():
    fake = Fake(attempt_=attrs.evolve(ATTEMPT, task=TASK))
    waits = _Waits(fake.session, fake)
    with pytest.raises(DeadlineExceeded, match="it lives on"):
        await waits.until_done(None, TASK, 0.02)
    await waits.close()
    await _Waits(fake.session, fake).close()


def test_what_is_heard_when_all_is_over_is_nothing():
    fake = Fake()

    async def listens():
        _Waits(fake.session, fake)._listens()

    asyncio.run(listens())
    fake.heard()
