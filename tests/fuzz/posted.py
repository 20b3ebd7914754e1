"""Providers that post, each with a client that is told: what they post of a task, and how they answer a look."""

import asyncio
import json

import attrs

from anymedia import Account, Client, Config, Outcome
from anymedia.account import Secret
from anymedia.adapters.bfl import ADAPTER as BFL
from anymedia.adapters.fal import ADAPTER as FAL
from anymedia.adapters.kie import ADAPTER as KIE
from anymedia.adapters.replicate import ADAPTER as REPLICATE
from anymedia.journal import Ledger, MemoryJournal
from anymedia.model.money import Money
from anymedia.model.task import Attempt, Order
from anymedia.registry import adapters
from anymedia.testing import FakeClock
from anymedia.translate.messages import Answer
from tests.client.hooks import Held
from tests.core.forger import JWKS, SCHEMES

ID, OTHER = "task_018f5a3a", "task_99999999"
URL = "https://cdn.example/media/1.png"
ATTEMPT, ANOTHER = "ab" * 16, "cd" * 16
ADAPTERS = {each.name: each for each in (BFL, FAL, KIE, REPLICATE)} | {
    name: adapters()[name] for name in ("api_in_one", "revidapi", "runapi")
}


def _wrapped(name, **more):
    return lambda task_id, word: {
        "code": 200,
        "data": {name: task_id, "state": word} | (more if word == "success" else {}),
    }


RESULT = json.dumps({"resultUrls": [URL]})
TOLD = {
    "runapi": lambda task_id, word: (
        {"id": task_id, "status": word}
        | ({"images": [{"url": URL}], "usage": {"cost": 0.05}} if word == "completed" else {})
    ),
    "api_in_one": lambda task_id, word: {
        "code": 200,
        "data": {"task_id": task_id, "status": word}
        | ({"output": {"image_urls": [URL]}, "credits_used": 5} if word == "COMPLETED" else {}),
    },
    "revidapi": _wrapped("taskId", resultJson=RESULT, failCode=None),
    "kie": _wrapped("taskId", resultJson=RESULT, consumeCredits=5, creditsConsumed=5),
    "fal": lambda task_id, word: (
        {"request_id": task_id, "status": word}
        | ({"payload": {"images": [{"url": URL}], "seed": 7}} if word == "OK" else {})
        | ({"error": "no"} if word == "ERROR" else {})
    ),
    "bfl": lambda task_id, word: (
        {"id": task_id, "status": word} | ({"result": {"sample": URL, "seed": 7}, "cost": 3} if word == "Ready" else {})
    ),
    "replicate": lambda task_id, word: (
        {"id": task_id, "status": word, "urls": {"get": f"{REPLICATE.base_url}/v1/predictions/1"}}
        | ({"output": URL} if word == "succeeded" else {})
    ),
}
"""The body of a webhook that says a word of a task."""

WORDS = {
    "runapi": ("pending", "processing", "completed", "failed"),
    "api_in_one": ("PENDING", "PROCESSING", "COMPLETED", "FAILED"),
    "revidapi": ("waiting", "generating", "success", "fail"),
    "kie": ("queuing", "generating", "success", "fail"),
    "fal": ("IN_QUEUE", "IN_PROGRESS", "OK", "ERROR"),
    "bfl": ("Pending", "Pending", "Ready", "Error"),
    "replicate": ("starting", "processing", "succeeded", "failed"),
}
"""A provider's words for what is queued, running, done and failed."""

LOOKED = TOLD | {
    "fal": lambda task_id, word: (
        {"status": {"OK": "COMPLETED", "ERROR": "COMPLETED"}.get(word, word)}
        | ({"error": "no"} if word == "ERROR" else {})
    )
}
"""What a look is answered."""

GOOD = {name: words[2] for name, words in WORDS.items()}
IN_BODY = ("runapi", "fal", "bfl", "replicate")
"""Those who sign the whole body."""
SIGNED = (*IN_BODY, "kie")


@attrs.define
class Provider:
    """One that answers each look with the word for how the task stands, and keeps what it was asked."""

    name: str
    word: int = 0
    asked: list = attrs.field(factory=list)
    said: list = attrs.field(factory=list)

    @property
    def looks(self):
        """How often it was asked how the task stands; fal has a further call for what it has made."""
        return sum(not url.endswith("/response") for _, url in self.asked)

    async def send(self, account, call, progress, credentials, *rest):
        if call.url.endswith("jwks.json"):
            return Answer(200, {}, json.dumps(JWKS).encode())
        await asyncio.sleep(0)
        self.asked.append((call.method, call.url))
        self.said.append(self.word)
        said = WORDS[self.name][self.word]
        body = {"images": [{"url": URL}]} if call.url.endswith("/response") else LOOKED[self.name](ID, said)
        return Answer(200, {"content-type": "application/json"}, json.dumps(body).encode())

    async def close(self):
        pass


@attrs.define
class Told:
    """A client that is told by a provider, its journal, and what its listener was told."""

    client: Client
    provider: Provider
    journal: MemoryJournal
    ledger: Ledger
    clock: FakeClock
    events: list

    @classmethod
    def of(cls, name, clock=None, journal=None):
        adapter, scheme = ADAPTERS[name], SCHEMES.get(name)
        signed = None if scheme is None else scheme.signed.key
        secrets = {} if signed is None else {signed: Secret(scheme.secret)}
        mine, second = (
            Account(name=each, adapter=adapter, origin=adapter.base_url, api_key=Secret("key-1"), settings=secrets)
            for each in ("mine", "second")
        )
        clock, journal, events = clock or Held(), journal or MemoryJournal(), []
        config = Config(accounts={"mine": mine, "second": second}, journal=None)
        client = Client(config, clock=clock, journal=journal, on_event=events.append)
        client._session._transport = provider = Provider(name)
        return cls(client, provider, journal, Ledger(journal), clock, events)

    @property
    def adapter(self):
        return ADAPTERS[self.provider.name]

    async def bought(self, outcome=Outcome.ACCEPTED, task_id=ID, attempt_id=ATTEMPT):
        """Write down a submit, and how it has ended (None: it has not)."""
        name = self.provider.name
        order = Order(provider=name, account="mine", path="/v1", money=Money(), webhook=True)
        begun = Attempt(
            id=attempt_id, order=order, started_at=self.clock.now(), origin=self.adapter.base_url, fingerprint="f"
        )
        await self.ledger.intend(begun, None)
        if outcome is None:
            return begun
        task = None
        if outcome is Outcome.ACCEPTED:
            origin = self.adapter.base_url
            links = {
                "status_url": f"{origin}/status",
                "response_url": f"{origin}/response",
                "polling_url": f"{origin}/x",
            }
            links |= {"urls.get": f"{origin}/get"}
            task = attrs.evolve(begun.draft(task_id, self.clock.now()), links=links)
        return await self.ledger.end(attrs.evolve(begun, outcome=outcome, task=task, ended_at=self.clock.now()))

    def headers(self, body, key=None, late=0):
        """Return the headers of a body, as its provider signs it."""
        scheme = SCHEMES.get(self.provider.name)
        if scheme is None:
            return {}
        headers = dict(scheme.headers)
        if scheme.time is not None:
            headers[scheme.time] = str(int(self.clock.seconds - late))
        return headers | {scheme.signature: scheme.sign(headers, body, key)}

    def kept(self):
        """Return all that is written down."""
        memory = self.journal.memory
        return dict(memory.entries), dict(memory.unknown), set(memory.wanted), memory.last_move, dict(memory.days)

    async def attempts(self):
        return await self.ledger.attempts()
