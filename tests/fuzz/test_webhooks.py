"""Whatever is posted, nothing breaks: what is not genuine changes nothing, and what is genuine buys nothing."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import AnymediaError, Outcome, ProviderError, State, Task, WebhookRefused
from anymedia.journal import SQLiteJournal
from tests.core.forger import FORGERS, SCHEMES

from .posted import ANOTHER, ATTEMPT, GOOD, ID, IN_BODY, OTHER, SIGNED, TOLD, WORDS, Told

PROVIDERS = sorted(TOLD)
LONG = ["x" * 70_000, "\x00", "\ud800", "é", "\u202e", "1" * 400, ""]
NAMES = [*sorted({name for scheme in SCHEMES.values() for name in scheme.headers}), "content-type", "X-Odd", "İ", ""]


@pytest.fixture
def runs():
    with asyncio.Runner() as runner:
        yield runner.run


@st.composite
def bodies(draw, provider, garbled, spoilt):
    """Return the bytes of what once told of a task."""
    told = TOLD[provider](draw(st.sampled_from([ID, ID, OTHER])), draw(st.sampled_from(WORDS[provider])))
    match draw(st.sampled_from(["as it is", "spoilt", "garbled", "bytes"])):
        case "as it is":
            return json.dumps(told).encode()
        case "spoilt":
            return json.dumps(draw(spoilt(told))).encode("utf-8", "replace")
        case "garbled":
            return draw(garbled(told))
        case _:
            return draw(st.binary(max_size=60))


def pieces(body, size):
    async def come():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    return come()


TEXTS = st.sampled_from(LONG) | st.text(max_size=40)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_not_genuine_changes_nothing(provider, runs, cases, garbled, spoilt, words):
    async def hold(data):
        told = Told.of(provider)
        body = data.draw(bodies(provider, garbled, spoilt))
        async with told.client:
            outcome = data.draw(st.sampled_from([Outcome.ACCEPTED, Outcome.UNCERTAIN, None]))
            attempt = await told.bought(outcome)
            right = await told.ledger.token(attempt.id)
            headers = dict(told.headers(body, FORGERS, data.draw(st.sampled_from([0, 299, 301, 10**9]))))
            headers |= data.draw(st.dictionaries(st.sampled_from(NAMES) | TEXTS, TEXTS, max_size=3))
            dropped = data.draw(st.sets(st.sampled_from(sorted(headers)), max_size=1)) if headers else ()
            headers = {name: text for name, text in headers.items() if name not in dropped}
            token = data.draw(
                st.none() | TEXTS | st.sampled_from([*words, right[:-1], right[32:], attempt.id, "0" * 64])
            )
            if provider in SIGNED:
                token = data.draw(st.sampled_from([token, right]))
            account = data.draw(st.sampled_from(["mine", "mine", "mine", "second", *words]) | TEXTS)
            twice = [*headers.items(), *data.draw(st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=2))]
            given_ = twice if data.draw(st.booleans()) else headers
            before = told.kept()
            posted = body if data.draw(st.booleans()) else pieces(body, data.draw(st.integers(1, 50)))
            with pytest.raises(WebhookRefused) as caught:
                await told.client.receive(account, given_, posted, token)
            assert (caught.value.status, told.kept(), told.provider.asked, told.events) == (401, before, [], [])
            assert len(str(caught.value)) < 200
            assert ID not in str(caught.value)

    @cases(120)
    @given(st.data())
    def each(data):
        runs(hold(data))

    each()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_genuine_buys_nothing_and_is_no_success_without_a_result(provider, runs, cases, garbled, spoilt):
    async def hold(data):
        told = Told.of(provider)
        body = data.draw(bodies(provider, garbled, spoilt))
        outcome = data.draw(st.sampled_from([Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.UNCERTAIN, None]))
        async with told.client:
            attempt = await told.bought(outcome)
            if data.draw(st.booleans()):
                await told.bought(task_id=OTHER, attempt_id=ANOTHER)
            told.provider.word = data.draw(st.sampled_from([0, 1, 2]))
            headers = told.headers(body, late=data.draw(st.sampled_from([0, 300])))
            token = data.draw(st.none()) if provider in SIGNED and data.draw(st.booleans()) else attempt.id
            token = None if token is None else await told.ledger.token(token)
            before = await told.attempts()
            end = await ended(told.client.receive("mine", headers, body, token))
            assert end is None or isinstance(end, Task | AnymediaError), end
            if isinstance(end, WebhookRefused):
                assert provider == "kie"  # what is signed is the id, and there is none
                assert (await told.attempts(), told.provider.asked) == (before, [])
            assert told.provider.looks <= 1 + (outcome is not Outcome.ACCEPTED)
            look = told.adapter.lifecycle.poll.method
            assert {method for method, _ in told.provider.asked} <= {look, "GET"}
            submit = told.adapter.lifecycle.submit.path
            assert not any(submit is not None and url.endswith(submit) for _, url in told.provider.asked)
            now = await told.attempts()
            assert [each.id for each in now] == [each.id for each in before]
            for each in now:
                believed(told, each, body)
            if isinstance(end, Task):
                assert end.id in (ID, OTHER) or outcome is not Outcome.ACCEPTED
                again = await told.client.receive("mine", headers, body, token)
                assert again is None or again.state.final or not end.state.final

    @cases(150)
    @given(st.data())
    def each(data):
        runs(hold(data))

    each()


async def ended(work):
    try:
        return await work
    except AnymediaError as error:
        return error


def believed(told, attempt, body):
    """Hold that nothing is taken for an end but by the documented word beside a result, or a look."""
    task, name = attempt.task, told.provider.name
    if task is None:
        return
    assert task.state in (State.QUEUED, State.RUNNING, State.SUCCEEDED)  # no look has found a failure
    if task.state is State.SUCCEEDED:
        assert task.assets
        assert all(asset.data or asset.url.lower().startswith(("http://", "https://")) for asset in task.assets)
        if not told.provider.looks:
            assert name in IN_BODY
            assert task.raw_state.lower() in {GOOD[name].lower(), "success", "completed"}
        elif told.provider.word != 2:
            assert name in IN_BODY
    assert task.money.usd is None or task.money.usd >= 0


ODD_IDS = (
    "\ud800",
    "\udcff-1",
    "\x00",
    "a\nb",
    "x" * 300,
    "x" * 100_000,
    "../../balance",
    "?x=",
    "{id}",
    "🦊",
    10**400,
    7,
)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_odd_id_is_no_harm_to_a_file(provider, runs, tmp_path):
    """Whether an attempt without a task gets it, or it is a task that nobody knows."""

    async def hold():
        journal = SQLiteJournal(tmp_path / "journal.db")
        told = Told.of(provider, journal=journal)
        async with told.client:
            for number, odd in enumerate(ODD_IDS):
                attempt = await told.bought(Outcome.UNCERTAIN, attempt_id=f"{number:032x}")
                for token in (None, odd if isinstance(odd, str) else "7", await told.ledger.token(attempt.id)):
                    for word in WORDS[provider]:
                        body = json.dumps(TOLD[provider](odd, word)).encode()
                        end = await ended(told.client.receive("mine", told.headers(body), body, token))
                        assert end is None or isinstance(end, Task | WebhookRefused | ProviderError), (odd, end)
            assert len(await told.attempts()) == len(ODD_IDS)
            assert len(await told.client.unknown()) <= len(ODD_IDS)
        await journal.close()

    runs(hold())


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.UNCERTAIN])
def test_what_is_right_is_believed(provider, outcome, runs):
    async def hold():
        told = Told.of(provider)
        async with told.client:
            attempt = await told.bought(outcome)
            told.provider.word = 2
            body = json.dumps(TOLD[provider](ID, GOOD[provider])).encode()
            token = await told.ledger.token(ATTEMPT)
            seen = await told.client.receive("mine", told.headers(body), body, token)
            (now,) = await told.attempts()
            assert (seen.state, now.task.state, now.id) == (State.SUCCEEDED, State.SUCCEEDED, attempt.id)
            assert told.provider.looks == (provider not in IN_BODY)

    runs(hold())
