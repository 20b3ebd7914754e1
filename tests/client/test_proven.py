"""What a webhook does to its task, by how far it is proven: a made-up provider with two kinds of work."""

import hashlib
import hmac
import json

import attrs
import pytest

from anymedia import Account, Client, Config, ConfigError, Secret, State, WebhookRefused
from anymedia.declare import Endpoint, Lifecycle, Pace, Reply, Setting, Signed, Webhook
from anymedia.engine.webhooks import LONGEST
from anymedia.journal import Ledger, MemoryJournal
from anymedia.journal.protocol import Ended, Seen
from anymedia.model.money import Money
from anymedia.model.task import Attempt, Order
from anymedia.model.vocabulary import Outcome
from tests.client.hooks import Held
from tests.core.acme import acme

from .raw import KEY, answer, raw_server

SECRET = "planted-secret-1"
BODY = Signed(by="hmac-sha256", over="{@}", signature="@x-body", written="hex", key="secret")
ID = Signed(by="hmac-sha256", over="{id}", signature="@x-id", written="hex", key="secret")
SLOW = "slow"
POLL = Endpoint(method="GET", path="/v1/{id}", reply=Reply(id="id", state="state", assets="url"))
LIFE = {
    "submit": Endpoint(method="POST", path="/v1", reply=Reply(id="id")),
    "poll": POLL,
    "states": {"waiting": State.QUEUED, "going": State.RUNNING, "done": State.SUCCEEDED, "broken": State.FAILED},
}
ACME = acme(
    **LIFE,
    webhook=Webhook(signed=BODY),
    lifecycles={SLOW: Lifecycle(pace=Pace(first=1, then=1), webhook=Webhook(signed=ID), **LIFE)},
    settings={"secret": Setting(env="ACME_SECRET", secret=True)},
)
DONE = {"id": "t-1", "state": "done", "url": "https://cdn.example/1.png"}


def signed(header, what):
    return {header: hmac.digest(SECRET.encode(), what, hashlib.sha256).hex()}


def by_body(**words):
    """Return the headers and the body of a webhook whose body is signed."""
    body = json.dumps(words).encode()
    return signed("X-Body", body), body


def by_id(**words):
    """Return those of one whose id is signed."""
    return signed("X-Id", words["id"].encode()), json.dumps(words).encode()


@attrs.frozen
class World:
    client: Client
    ledger: Ledger
    server: object
    events: list

    async def receive(self, webhook, token=None):
        return await self.client.receive("acme", *webhook, token)

    async def begun(self, task_id, *, lifecycle=None, id_="ab" * 16):
        """Write down an attempt, with a task or (None) uncertain, and return it with its token."""
        order = Order(provider="acme", account="acme", path="/v1", money=Money(), webhook=True, lifecycle=lifecycle)
        now = self.client._session.clock.now()
        attempt = Attempt(id=id_, order=order, started_at=now, origin=self.server.origin, fingerprint="f")
        await self.ledger.intend(attempt, None)
        task = None if task_id is None else attempt.draft(task_id, now)
        outcome = Outcome.UNCERTAIN if task is None else Outcome.ACCEPTED
        ended = attrs.evolve(attempt, outcome=outcome, task=task, ended_at=now)
        return await self.ledger.end(ended), await self.ledger.token(id_)


@pytest.fixture
async def world(journal, secret):
    async with raw_server(answer(json.dumps(DONE).encode())) as server:
        settings = {"secret": Secret(secret)}
        account = Account(name="acme", adapter=ACME, origin=server.origin, api_key=Secret(KEY), settings=settings)
        events = []
        config = Config(accounts={"acme": account}, journal=None)
        async with Client(config, clock=Held(), journal=journal, on_event=events.append) as client:
            yield World(client, Ledger(journal), server, events)


@pytest.fixture
def secret():
    return SECRET


async def test_a_signed_body_is_a_result_and_a_signed_id_is_looked_at(world):
    await world.begun("t-2")
    await world.begun("t-1", lifecycle=SLOW, id_="cd" * 16)
    assert (await world.receive(by_body(**DONE | {"id": "t-2"}))).state is State.SUCCEEDED
    assert world.server.requests == []
    assert (await world.receive(by_id(id="t-1"))).state is State.SUCCEEDED
    assert [request.split()[1] for request in world.server.requests] == ["/v1/t-1"]


async def test_a_signature_counts_for_its_own_kind_of_work_alone(world):
    attempt, token = await world.begun("t-1")
    for by in (token, None):
        with pytest.raises(WebhookRefused, match="its signature is of another kind of work than its task"):
            await world.receive(by_id(**DONE), by)
    assert await world.ledger.attempt(attempt.id) == attempt


async def pieces(body, size=50_000):
    """Yield a body in pieces."""
    for at in range(0, len(body), size):
        yield body[at : at + size]


@pytest.mark.parametrize("form", [bytes, pieces])
async def test_a_body_is_bounded_in_whatever_form_it_is_given(world, form):
    with pytest.raises(WebhookRefused, match=r"longer than 1,048,576 bytes") as caught:
        await world.receive(({"x-body": "00"}, form(b"x" * (LONGEST + 1))))
    assert caught.value.status == 413


@pytest.mark.parametrize("secret", [""])
async def test_a_secret_that_is_none_is_said(world):
    with pytest.raises(ConfigError, match="acme: secret is empty"):
        await world.receive(by_body(**DONE))


@pytest.mark.parametrize(
    ("words", "stands"),
    [
        ({}, None),  # it names no task
        ({"id": "t-1"}, State.SUCCEEDED),  # which a look tells
        ({"id": "t-1", "state": "going"}, State.RUNNING),
        ({"id": "t-1", "state": "broken"}, State.SUCCEEDED),  # which no look confirms
        (DONE, State.SUCCEEDED),
    ],
)
async def test_what_is_told_of_an_uncertain_submit(world, words, stands):
    attempt, token = await world.begun(None)
    task = await world.receive(by_body(**words), token)
    settled = await world.ledger.attempt(attempt.id)
    outcome = Outcome.UNCERTAIN if stands is None else Outcome.ACCEPTED
    assert (settled.outcome, task and task.state) == (outcome, stands)
    assert settled.task == task
    looks = stands is State.SUCCEEDED and words != DONE
    assert len(world.server.requests) == looks


# Others are faster


class Overtaken(MemoryJournal):
    """A journal to which another process writes something else just before."""

    before: type | None = None
    with_: object = None

    async def write(self, change):
        if self.before is not None and isinstance(change, self.before):
            self.before = None
            await super().write(self.with_)
        return await super().write(change)


@pytest.fixture
def journal():
    return Overtaken()


async def test_the_answer_to_a_submit_may_be_faster(world, journal):
    attempt, token = await world.begun(None)
    answered = attrs.evolve(attempt, outcome=Outcome.ACCEPTED, task=attempt.draft("t-1", attempt.started_at))
    journal.with_ = world.ledger._records.ended(answered)
    journal.before = Ended
    assert (await world.receive(by_body(**DONE), token)).state is State.SUCCEEDED
    settled = await world.ledger.attempt(attempt.id)
    assert (settled.task.id, settled.task.state, world.server.requests) == ("t-1", State.SUCCEEDED, [])


async def test_a_look_may_be_faster(world, journal):
    attempt, _ = await world.begun("t-1")
    failed = attrs.evolve(attempt.task, state=State.FAILED)
    journal.with_ = world.ledger._records.seen(failed)
    journal.before = Seen
    assert (await world.receive(by_body(**DONE))).state is State.FAILED
    assert (await world.ledger.attempt(attempt.id)).task.state is State.FAILED
    assert world.events == []
