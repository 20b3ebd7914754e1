"""What a job does with what its client meets: it ends, or says when it is to come again, and it never waits."""

from contextlib import contextmanager
from types import SimpleNamespace

import attrs
import pytest

from anymedia import (
    BadApiKey,
    ConfigError,
    DeadlineExceeded,
    DownloadError,
    JournalError,
    OverCeiling,
    RateLimited,
    Rejected,
    SubmitUncertain,
    Unavailable,
)
from anymedia.clock import Clock
from anymedia.engine.advance import Advance
from anymedia.model.vocabulary import Billed
from anymedia.worker.jobs import FIRST, HOUR, LONGEST, Again, Jobs, Saving, pause
from anymedia.worker.written import Carrier

from .conftest import REQUEST


@attrs.define
class Fake:
    """A client, a ledger and a database of which a job hears what a test says."""

    ends: object = None
    attempt_: object = None
    meanwhile: object = None  # what another worker has written by the end of what is done here
    told: dict = attrs.field(factory=dict)
    followed: list = attrs.field(factory=list)
    saved: list = attrs.field(factory=list)
    where: list = attrs.field(factory=list)
    _session: object = attrs.field(factory=lambda: SimpleNamespace(clock=Clock()))

    async def _end(self):
        self.attempt_ = self.meanwhile or self.attempt_
        if isinstance(self.ends, BaseException):
            raise self.ends
        return self.ends

    async def submit(self, request, *accounts, **options):
        assert request == REQUEST
        return await self._end()

    async def _sent(self, order, timeout):
        return await self._end()

    async def advance(self, attempt, where, **how):
        self.where.append(where)
        return await self._end()

    async def lease(self):
        return lambda: True

    async def attempt(self, name):
        return self.attempt_

    async def with_task(self, account, task_id):
        return self.attempt_

    async def follow(self, attempt_id, name):
        self.followed.append(attempt_id)

    async def ended(self, name, error=None):
        self.told[name] = error

    @property
    def jobs(self):
        return Jobs(self, self, self, Carrier(None), Saving(where="out", on_saved=self.saved.append))


TASK = SimpleNamespace(id="t1", account="kie")
BOUGHT = SimpleNamespace(id="a1", task=TASK, outcome="accepted", order=SimpleNamespace(batch=None))
SENDING = SimpleNamespace(id="a1", task=None, outcome=None, settled=None, order=SimpleNamespace(batch="shots"))
REFUSED = SimpleNamespace(id="a1", task=None, outcome="refused", order=SimpleNamespace(batch=None))
LOST = SimpleNamespace(id="a1", task=None, outcome="uncertain", order=SimpleNamespace(batch=None))


@contextmanager
def comes_again(seconds):
    with pytest.raises(Again) as again:
        yield
    assert again.value.seconds == seconds


async def submitted(fake, *, until=None, times=0):
    text = await Carrier(None).text(REQUEST)
    await fake.jobs.submit(key="k", request=text, accounts=[], options={}, until=until, times=times)


PASSES = [
    JournalError("it is away", away=True),
    DeadlineExceeded("another call holds the key", billed=Billed.UNKNOWN),
    RateLimited("soon", billed=Billed.NO),
    Unavailable("soon", billed=Billed.NO),
]


@pytest.mark.parametrize("error", PASSES, ids=repr)
async def test_what_passes_is_tried_again_until_its_time_is_up(error):
    fake = Fake(error)
    with comes_again(FIRST):
        await submitted(fake)
    with comes_again(LONGEST):
        await submitted(fake, times=9)
    await submitted(fake, until=1.0)
    assert fake.told == {"k": error}


async def test_a_provider_says_when_to_come_again():
    with comes_again(90.0):
        await submitted(Fake(RateLimited("later", billed=Billed.NO, retry_after=90.0)))


@pytest.mark.parametrize(
    "error",
    [Rejected("no", billed=Billed.NO), OverCeiling("too dear"), ConfigError("no key"), SubmitUncertain("who knows")],
    ids=repr,
)
async def test_what_does_not_pass_is_told(error):
    fake = Fake(error)
    await submitted(fake)
    assert (fake.told, fake.followed) == ({"k": error}, [])


@pytest.mark.parametrize(
    ("written", "goes_on"), [(SENDING, True), (BOUGHT, True), (None, True), (REFUSED, True), (LOST, False)]
)
async def test_a_submit_that_is_given_up_may_still_be_under_way_or_have_ended_now(written, goes_on):
    fake = Fake(SubmitUncertain("the deadline passed", attempt=SENDING), written)
    if goes_on:
        with comes_again(FIRST):
            await submitted(fake)
    else:
        await submitted(fake)
    assert list(fake.told) == ([] if goes_on else ["k"])


async def test_what_is_bought_is_followed_once_it_is_written_down():
    fake = Fake(TASK)
    with comes_again(FIRST):
        await submitted(fake)
    fake.attempt_ = BOUGHT
    await submitted(fake)
    assert (fake.followed, fake.told) == (["a1"], {})


async def test_a_fault_of_ours_ends_a_job_once(caplog):
    fake = Fake(ZeroDivisionError("oops"))
    await submitted(fake)
    assert (fake.told["k"].billed, "a job broke" in caplog.text) == ("unknown", True)


ARGS = {"id": "a1", "account": "kie", "units": [0, 1], "terms": {}, "claim": None, "most": None, "why": None}


async def ordered(fake, until=None):
    await fake.jobs.order(request=await Carrier(None).text(REQUEST), until=until, times=0, **ARGS)


async def test_an_order_is_sent_once_and_told():
    fake = Fake(BOUGHT)
    await ordered(fake)
    assert (fake.followed, fake.told) == (["a1"], {"a1": None})
    fake = Fake(AssertionError("it was sent"), BOUGHT)  # by a worker that died then
    await ordered(fake)
    assert (fake.followed, fake.told) == (["a1"], {"a1": None})
    fake = Fake(AssertionError("it was sent"), LOST)
    await ordered(fake)
    assert (fake.followed, fake.told) == ([], {"a1": None})
    with comes_again(FIRST):
        await ordered(Fake(AssertionError("it was sent"), SENDING))


async def test_of_an_order_is_told_at_once_what_its_batch_decides():
    for error in (JournalError("another caller has taken over the key"), BadApiKey("no", billed=Billed.NO)):
        fake = Fake(error)
        await ordered(fake)
        assert fake.told == {"a1": error}
    for error in (
        JournalError("away", away=True),
        JournalError("lapsed", lapsed=True),
        Unavailable("", billed=Billed.NO),
    ):
        with comes_again(FIRST):
            await ordered(Fake(error))


async def test_of_an_order_that_another_worker_sends_meanwhile_nothing_is_told():
    """A worker that stood still finds it there; a batch that is told so would take it for lost, or buy it elsewhere."""
    for error in (JournalError("there is such an attempt"), Unavailable("not in time", billed=Billed.NO)):
        fake = Fake(error, meanwhile=SENDING)
        with comes_again(FIRST):
            await ordered(fake, until=1.0)
        assert (fake.followed, fake.told) == ([], {})


async def advanced(fake, times=0):
    await fake.jobs.advance(attempt="a1", name="k", times=times)


async def test_a_step_says_when_the_next_one_is_due():
    fake = Fake(Advance(task=TASK, after=7.5), BOUGHT)
    with comes_again(7.5):
        await advanced(fake)
    fake.ends = Advance(task=TASK)
    await advanced(fake)
    assert (fake.saved, fake.told, fake.where) == ([TASK], {"k": None}, ["out", "out"])


async def test_what_a_batch_has_bought_it_saves_itself():
    fake = Fake(Advance(task=TASK), SENDING)
    await advanced(fake)
    assert fake.where == [False]


async def test_what_is_paid_for_is_looked_at_whatever_is_in_the_way():
    for error in (BadApiKey("no"), ConfigError("no such account"), JournalError("away")):
        with comes_again(FIRST):
            await advanced(Fake(error, BOUGHT))
        with comes_again(HOUR):
            await advanced(Fake(error, BOUGHT), times=30)
    fake = Fake(DownloadError("its link is dead"), BOUGHT)
    await advanced(fake)
    assert fake.told == {"k": None}


def test_pauses_double_up_to_a_minute():
    assert [pause(times) for times in (0, 1, 2, 5, 500)] == [2, 4, 8, 60, 60]
