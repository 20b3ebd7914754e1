"""The keys that a provider publishes: fetched when they are needed, seldom, once for all who need them, and kept."""

import asyncio
import base64
import json

import attrs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anymedia import Account, Client, Config, ProviderError, WebhookRefused
from anymedia.account import Secret
from anymedia.adapters.fal import ADAPTER as FAL
from anymedia.engine.public_keys import AGAIN, KEPT
from anymedia.errors import MalformedAnswer, NotFound, Unavailable
from anymedia.journal.memory import MemoryJournal
from anymedia.testing import FakeClock
from tests.client.hooks import until
from tests.core.forger import SCHEMES, SEED

OTHER = b"another".ljust(32, b"-")
BODY = b'{"request_id": "elsewhere", "status": "OK"}'


def published(*seeds):
    """Return a JWKS with the public keys that belong to these seeds."""
    return {"keys": [listed(seed) for seed in seeds]}


def listed(seed, **more):
    raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).decode().rstrip("=")} | more


@attrs.define
class Publisher:
    """A provider that publishes keys, a client that is told of its tasks, and how often it was asked for them."""

    client: Client
    clock: FakeClock
    answers: object = attrs.field(factory=lambda: published(SEED))
    status: int = 200
    asked: int = 0
    goes_on: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def publish(self, request):
        self.asked += 1
        assert "authorization" not in request.headers  # everybody may read them
        await self.goes_on.wait()
        text = self.answers if isinstance(self.answers, bytes) else json.dumps(self.answers).encode()
        return web.Response(body=text, status=self.status, content_type="application/json")

    async def post(self, seed=SEED, body=BODY):
        """Return what a webhook comes to that is signed with a key: the task, or the error."""
        scheme = SCHEMES["fal"]
        headers = {**scheme.headers, scheme.time: str(int(self.clock.seconds))}
        headers[scheme.signature] = scheme.sign(headers, body, seed)
        try:
            return await self.client.receive("fal", headers, body)
        except (ProviderError, WebhookRefused) as error:
            return error


@pytest.fixture
async def publisher():
    app, clock = web.Application(), FakeClock()
    server = TestServer(app)
    one = Publisher(None, clock)
    app.router.add_get("/.well-known/jwks.json", one.publish)
    await server.start_server()
    origin = str(server.make_url("")).rstrip("/")
    account = Account(name="fal", adapter=FAL, origin=origin, api_key=Secret("key-1"))
    config = Config(accounts={"fal": account}, journal=None)
    one.goes_on.set()
    async with Client(config, clock=clock, journal=MemoryJournal()) as one.client:
        yield one
    one.goes_on.set()
    await server.close()


def is_refused(end):
    return isinstance(end, WebhookRefused) and end.status == 401


async def test_they_are_fetched_when_they_are_needed_and_kept_for_a_day(publisher):
    assert publisher.asked == 0
    for _ in range(3):
        assert await publisher.post() is None
    assert publisher.asked == 1
    publisher.clock.seconds += KEPT - 1
    assert (await publisher.post(), publisher.asked) == (None, 1)
    publisher.clock.seconds += 1
    assert (await publisher.post(), publisher.asked) == (None, 2)


async def test_a_key_that_is_new_is_fetched_once_a_minute_at_most(publisher):
    assert is_refused(await publisher.post(OTHER))
    for _ in range(30):
        assert is_refused(await publisher.post(OTHER))
    assert publisher.asked == 1
    publisher.answers = published(SEED, OTHER)
    assert is_refused(await publisher.post(OTHER))  # it will come again, by when the minute is over
    publisher.clock.seconds += AGAIN
    assert [await publisher.post(OTHER), await publisher.post(), publisher.asked] == [None, None, 2]
    publisher.clock.seconds += AGAIN
    assert is_refused(await publisher.post(b"nobody".ljust(32, b"-")))
    assert publisher.asked == 3


async def test_however_many_need_them_at_once_they_are_fetched_once(publisher):
    publisher.goes_on.clear()
    posted = [asyncio.create_task(publisher.post(SEED if number % 2 else OTHER)) for number in range(20)]
    await until(lambda: publisher.asked)
    publisher.goes_on.set()
    ends = await asyncio.gather(*posted)
    assert [each is None for each in ends] == [False, True] * 10
    assert publisher.asked == 1
    publisher.clock.seconds += AGAIN
    assert all(map(is_refused, await asyncio.gather(*(publisher.post(OTHER) for _ in range(20)))))
    assert publisher.asked == 2


async def test_a_sender_who_goes_away_has_them_fetched_no_more_often(publisher):
    publisher.goes_on.clear()
    for _ in range(5):
        gone = asyncio.create_task(publisher.post(OTHER))
        await until(lambda: publisher.asked)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
    stays = asyncio.create_task(publisher.post())
    await asyncio.sleep(0)
    publisher.goes_on.set()
    assert (await stays, publisher.asked) == (None, 1)


async def test_a_fetch_that_is_under_way_ends_with_its_client(publisher):
    publisher.goes_on.clear()
    posted = asyncio.create_task(publisher.post())
    await until(lambda: publisher.asked)
    await publisher.client.close()
    with pytest.raises(asyncio.CancelledError):
        await posted


JUNK = {
    "an error": (b"{}", 503, Unavailable),
    "no such page": (b"no", 404, NotFound),
    "no JSON": (b"\xff\xfe", 200, MalformedAnswer),
    "nested without end": (b'{"keys":' + b"[" * 100_000, 200, MalformedAnswer),
    "empty": (b"", 200, MalformedAnswer),
    "a list": ([], 200, MalformedAnswer),
    "no keys": ({"keys": []}, 200, MalformedAnswer),
    "keys that are none": ({"keys": {"kty": "OKP"}}, 200, MalformedAnswer),
}


@pytest.mark.parametrize("what", JUNK)
async def test_without_keys_it_is_to_come_again(publisher, what):
    publisher.answers, publisher.status, kind = JUNK[what]
    ends = [await publisher.post() for _ in range(3)]
    assert [type(each) for each in ends] == [kind] * 3
    assert len(set(map(id, ends))) == 3  # an error says of one webhook what became of it
    assert publisher.asked == 1
    publisher.answers, publisher.status = published(SEED), 200
    publisher.clock.seconds += AGAIN - 1
    assert (type(await publisher.post()), publisher.asked) == (kind, 1)
    publisher.clock.seconds += 1
    assert (await publisher.post(), publisher.asked) == (None, 2)


async def test_what_is_junk_among_keys_is_left_out(publisher):
    publisher.answers = {"keys": [None, listed(SEED, x="AA"), *[listed(OTHER)] * 30, listed(SEED)]}
    assert (await publisher.post(), await publisher.post(OTHER)) == (None, None)
    publisher.answers = {"keys": [listed(OTHER, x="_" * 43), listed(OTHER)]}  # 32 bytes that are no point of the curve
    publisher.clock.seconds += KEPT
    assert await publisher.post(OTHER) is None


async def test_a_fetch_that_fails_takes_no_keys_away(publisher):
    assert await publisher.post() is None
    publisher.status = 503
    publisher.clock.seconds += AGAIN
    assert isinstance(await publisher.post(OTHER), Unavailable)  # its key may be a new one
    assert [await publisher.post() for _ in range(3)] == [None] * 3
    assert isinstance(await publisher.post(OTHER), Unavailable)
    assert publisher.asked == 2
    publisher.clock.seconds += KEPT
    assert isinstance(await publisher.post(), Unavailable)
    publisher.status = 200
    publisher.clock.seconds += AGAIN
    assert [await publisher.post(), publisher.asked] == [None, 4]


async def test_each_account_has_keys_of_its_own(publisher):
    """Where one provider hangs, the webhooks of another account go on."""
    accounts = publisher.client.config.accounts
    second = attrs.evolve(accounts["fal"], name="second")
    keys = FAL.lifecycle.webhook.signed.keys
    await publisher.post()
    publisher.goes_on.clear()
    held = asyncio.create_task(publisher.client._webhooks._keys.of(second, keys))
    await until(lambda: publisher.asked == 2)
    assert await publisher.post() is None
    publisher.goes_on.set()
    assert len(await held) == 1


async def test_without_the_package_that_checks_them_it_is_said_which(publisher, monkeypatch):
    monkeypatch.setattr("anymedia.engine.webhooks.can_verify", lambda signed: False)
    assert "install anymedia with its extra webhooks" in str(await publisher.post())
    assert publisher.asked == 0
