"""What providers post: verified, matched with the attempt that it is about, written down, and told to whoever waits.

A signature over the body makes it an answer like a poll's. Everything else that is genuine is a hint: the task is
looked at. What is not genuine changes nothing, and nothing is read for it before that is clear.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias
from weakref import WeakValueDictionary

import attrs

from anymedia.account import Account
from anymedia.declare.lifecycle import Lifecycle
from anymedia.declare.webhook import Signed
from anymedia.journal.ledger import Ledger
from anymedia.model.errors import ConfigError, WebhookRefused
from anymedia.model.task import Attempt, Task
from anymedia.model.vocabulary import State
from anymedia.observe.events import Answered, Posted, Refused
from anymedia.translate import decode
from anymedia.translate.classify import Received
from anymedia.translate.links import followed
from anymedia.translate.messages import Answer
from anymedia.translate.reading import id_of
from anymedia.translate.signed import can_verify, forged, key_bytes, lacks

from .public_keys import PublicKeys
from .session import Session
from .watch import Watch

LONGEST = 1 << 20
"""Bytes of a webhook's body."""

READING = 10.0
"""Seconds in which a body has to come."""

MOST_BODIES = 64
"""Bodies that are read at a time; the others wait."""

LOOK = 5.0
"""Seconds for which the look is waited for that a hint leads to: providers want their answer in about ten."""

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
Body: TypeAlias = bytes | bytearray | memoryview | AsyncIterator[bytes]
Covers: TypeAlias = Literal["body", "id", "token"]

_log = logging.getLogger("anymedia")


@attrs.frozen
class Proof:
    """How a webhook of one lifecycle may be proven: by its signature, or (`signed` None) by its token alone."""

    life: Lifecycle
    signed: Signed | None = None


class Reading:
    """A webhook's body, which is read as the reply of a lifecycle's webhook says, once somebody asks for it."""

    def __init__(
        self, session: Session, account: Account, life: Lifecycle, headers: Mapping[str, str], body: bytes
    ) -> None:
        self.life: Lifecycle = life
        self.headers: Mapping[str, str] = headers
        self.body: bytes = body
        self._session = session
        self._account = account

    @cached_property
    def received(self) -> Received:
        """What it holds."""
        asked = self._session.asked(self._account, None)
        return Received.of(asked, Answer(200, self.headers, self.body), self.life.webhook_reply.reads)

    @property
    def task_id(self) -> str | None:
        """The id of the task that it names."""
        return id_of(self.life.webhook_reply.id, self.received.content)


@attrs.frozen
class Genuine:
    """A webhook that is proven, and what that `covers`."""

    reading: Reading
    covers: Covers

    @property
    def life(self) -> Lifecycle:
        """The lifecycle by whose webhook it is proven."""
        return self.reading.life

    @property
    def task_id(self) -> str | None:
        """The id of the task that it names."""
        return self.reading.task_id

    def told(self, task: Task) -> Task | None:
        """Return the task as the body tells it; None where nothing can be read, or the body is not covered."""
        reading = self.reading
        return decode.posted(reading.received, reading.life.webhook_reply, task) if self.covers == "body" else None


class Webhooks:
    """The webhooks that come in to one client."""

    def __init__(self, session: Session, watch: Watch) -> None:
        self._session = session
        self._watch = watch
        self._keys = PublicKeys(session)
        self._reading, self._expected = asyncio.Semaphore(MOST_BODIES), asyncio.Semaphore(MOST_BODIES)
        self._taking: set[asyncio.Task[Task | None]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        """Wait for what is being taken, and fetch nothing any more for what comes in."""
        await asyncio.gather(*self._taking, return_exceptions=True)
        await self._keys.close()

    async def receive(
        self, account: Account, ledger: Ledger, headers: Headers, body: Body, token: str | None
    ) -> Task | None:
        """Take what was posted for an account, tell of it, and return the task that it is about, as it then stands.

        None where no attempt has it. Errors: WebhookRefused where nothing proves where it comes from; JournalError and
        ProviderError where it should come again.
        """
        try:
            task = await self._received(account, ledger, headers, body, token)
        except WebhookRefused as refused:
            self._session.tell(Refused(account.name, str(refused)))
            raise
        self._session.tell(Posted(account.name, task))
        return task

    async def _received(
        self, account: Account, ledger: Ledger, headers: Headers, body: Body, token: str | None
    ) -> Task | None:
        heads = _plain(headers)
        named = None if token is None else await ledger.named_by(token)
        proofs = self._proofs(account, heads, by_token=named is not None)
        whole = await self._read(body, self._expected if named is not None else self._reading)
        genuine = await self._genuine(account, proofs, heads, whole)
        if (attempt := await self._attempt(account, ledger, genuine, named)) is None:
            await self._unknown(account, ledger, genuine)
            return None
        life = account.adapter.life(attempt.order.lifecycle)
        one = next((each for each in genuine if are_told_alike(each.life, life)), None)
        if one is None:
            raise WebhookRefused("its signature is of another kind of work than its task")
        self._watch.arrived(account.name)
        # A server may cancel what it calls when the sender goes away: what is taken is taken all the same.
        self._taking.add(taking := asyncio.create_task(self._take(account, ledger, one, attempt)))
        taking.add_done_callback(self._taking.discard)
        return await asyncio.shield(taking)

    # Whether it is genuine

    def _proofs(self, account: Account, headers: Mapping[str, str], *, by_token: bool) -> list[Proof]:
        """Return how it may be proven, before its body is read. Errors: WebhookRefused where it cannot be."""
        proofs, reasons = list[Proof](), list[str]()
        for life in _lives(account):
            signed = None if life.webhook is None else life.webhook.signed
            if signed is None or not is_verifiable(account, signed):
                reason = None if by_token else _unproven(account, signed)
                proof = Proof(life)
            else:
                reason = lacks(signed, headers, self._session.clock.now())
                proof = Proof(life, signed)
            if reason is None:
                proofs.append(proof)
            else:
                reasons.append(reason)
        if not proofs:
            raise WebhookRefused(next(iter(reasons), f"{account.adapter.title} posts no webhooks"))
        return proofs

    async def _read(self, body: Body, line: asyncio.Semaphore) -> bytes:
        """Return a body that is not all too long, and does not take all too long. Errors: WebhookRefused.

        What has a task's token stands in a line of its own: slow bodies of nobody hold up none of these.
        """
        if isinstance(body, bytes | bytearray | memoryview):
            if len(body) > LONGEST:
                raise _too_long()
            return bytes(body)
        if not hasattr(body, "__aiter__"):
            raise TypeError(f"body: bytes are needed, or what yields them asynchronously, not {type(body).__name__}")
        whole, begun = bytearray(), False
        try:
            async with asyncio.timeout(READING), line:
                begun = True
                async for piece in body:
                    whole += piece
                    if len(whole) > LONGEST:
                        raise _too_long()
        except TimeoutError:
            if not begun:
                raise WebhookRefused("others were read all the time", status=503) from None
            raise WebhookRefused(f"its body did not come within {READING:g} s", status=408) from None
        return bytes(whole)

    async def _genuine(
        self, account: Account, proofs: Sequence[Proof], headers: Mapping[str, str], body: bytes
    ) -> list[Genuine]:
        """Return what is proven. Errors: WebhookRefused where nothing is; ProviderError without the keys for it."""
        proven, reason = list[Genuine](), ""
        for proof in proofs:
            reading = Reading(self._session, account, proof.life, headers, body)
            wrong = None if proof.signed is None else await self._forged(account, proof.signed, reading)
            if wrong is None:
                covers: Covers = "token" if proof.signed is None else proof.signed.covers
                proven.append(Genuine(reading, covers))
            else:
                reason = wrong
        if not proven:
            raise WebhookRefused(reason)
        return proven

    async def _forged(self, account: Account, signed: Signed, reading: Reading) -> str | None:
        """Return why a signature is not the provider's; None where it is. Errors: ProviderError."""

        def wrong(keys: Sequence[bytes]) -> str | None:
            return forged(
                signed,
                headers=reading.headers,
                body=reading.body,
                id=lambda: reading.task_id,
                keys=keys,
                now=self._session.clock.now(),
            )

        if signed.keys is None:
            return wrong(_secret_keys(account, signed))
        tried = await self._keys.of(account, signed.keys)
        reason = wrong(tried)
        if reason is not None and (keys := await self._keys.newer(account, signed.keys, tried)) is not None:
            reason = wrong(keys)
        return reason

    # What it is about

    async def _attempt(
        self, account: Account, ledger: Ledger, genuine: Sequence[Genuine], named: str | None
    ) -> Attempt | None:
        """Return the attempt of its token, else that which has its task. Errors: WebhookRefused, JournalError."""
        attempt = None if named is None else await ledger.attempt(named)
        if attempt is not None and attempt.order.account != account.name:
            raise WebhookRefused("its token is of another account")
        if attempt is not None and attempt.task is not None and _names(genuine, attempt.task.id):
            return attempt
        for each in genuine:
            task_id = each.task_id
            found = None if task_id is None else await ledger.with_task(account.name, task_id)
            if found is not None:
                return None if each.covers == "token" else found  # a token says nothing of another attempt's task
        return attempt if attempt is not None and attempt.task is None else None

    async def _unknown(self, account: Account, ledger: Ledger, genuine: Sequence[Genuine]) -> None:
        """Keep a task in sight that no attempt has: it is paid for all the same."""
        for each in genuine:
            if each.covers != "token" and each.task_id is not None:
                task = Task(
                    id=each.task_id,
                    provider=account.adapter.name,
                    account=account.name,
                    lifecycle=_name_of(account, each.life),
                    submitted_at=self._session.clock.now(),
                    path=each.life.submit.path or "/",
                )
                await ledger.told_unknown(each.told(task) or task)
                _log.warning("a webhook tells of task %s at %s, which no attempt has", task.id, account.name)
                return

    # What becomes of it

    async def _take(self, account: Account, ledger: Ledger, genuine: Genuine, attempt: Attempt) -> Task | None:
        named = _named(account, genuine, attempt) if attempt.task is None else None
        by_token = genuine.covers == "token"
        if named is not None:  # what only the token proves is looked at first
            seen = await self._watch.hinted(account, named, LOOK) if by_token else genuine.told(named) or named
        async with self._turns.setdefault(attempt.id, asyncio.Lock()):  # duplicates come at once
            attempt = await ledger.attempt(attempt.id) or attempt
            if attempt.task is None and named is not None:
                attempt = await self._accepted(ledger, attempt, named, seen, is_looked_at=by_token)
            task = attempt.task
            if task is None or task.state.final or attempt.dismissed:
                return task  # a duplicate, or too late
            told = genuine.told(task)
            if told is not None and not told.state.final:
                return await self._moved(task, told)
            # First: it may be over by what comes next, and whoever waits for it may be gone.
            # Saving its files clears this.
            await ledger.want(task)
            if told is not None and _is_result(told):
                return await self._saw(ledger, told, task)
        return await self._watch.hinted(account, task, LOOK)

    async def _accepted(
        self, ledger: Ledger, attempt: Attempt, named: Task, seen: Task, *, is_looked_at: bool
    ) -> Attempt:
        """Return an attempt of which no answer is known, with the task that a webhook names, as told or seen."""
        named = named if seen.state.final else seen
        settled = await ledger.accepted_by_webhook(attempt, named)
        self._session.permits.found(settled)
        if settled.task != named:
            return settled  # its answer was faster, or another attempt has the task
        await ledger.want(named)  # its caller was told that nobody knows, and does not wait for it
        if _is_result(seen) or (seen.state.final and is_looked_at):
            seen = await self._session.kept_if_can_be(seen)
            await ledger.see(seen, by_webhook=True)  # not before: what is over, and wanted by nobody, is not fetched
            settled = attrs.evolve(settled, task=seen)
            self._watch.told(seen)
        self._session.tell(Answered(settled, by_webhook=True))
        return settled

    async def _saw(self, ledger: Ledger, task: Task, was: Task) -> Task:
        """Write down how a task has ended, and tell whoever waits for it. Errors: JournalError."""
        task = await self._session.kept_if_can_be(task)
        if await ledger.see(task, by_webhook=True):
            self._session.saw(task, was)
        else:  # a look was faster
            stands = await ledger.with_task(task.account, task.id)
            task = (stands and stands.task) or task
        self._watch.told(task)
        return task

    async def _moved(self, task: Task, told: Task) -> Task:
        """Write down how far a task is, unless that was known: webhooks may come out of order."""
        if (task.state is State.RUNNING and told.state is State.QUEUED) or _progress(told) < _progress(task):
            return task
        if told.state is not task.state or told.told != task.told:
            await self._session.see(told, task, by_webhook=True)
            self._watch.told(told)
        return told


def _named(account: Account, genuine: Genuine, attempt: Attempt) -> Task | None:
    """Return the task of an attempt, as a webhook names it and before anything else is known of it."""
    if (task_id := genuine.task_id) is None:
        return None
    received = genuine.reading.received
    links = dict(followed(account.adapter, attempt.order.lifecycle, account.origin, received.content))
    return attrs.evolve(attempt.draft(task_id), links=links, raw=received.raw)


def is_verifiable(account: Account, signed: Signed) -> bool:
    """Return whether signatures can be checked: with the package that it needs, and the account's secret."""
    return can_verify(signed) and (signed.keys is not None or bool(account.secrets_of(signed.key or "")))


def _unproven(account: Account, signed: Signed | None) -> str:
    """Return why nothing but a token could prove a webhook, and that it has none of a task here."""
    why = "nothing proves where it comes from"
    if signed is not None and not can_verify(signed):
        why = "its signature needs the package cryptography: install anymedia with its extra webhooks"
    elif signed is not None:
        why = f"there is no {signed.key} to check its signature with"
    return f"{why}, and it has no token of a task here"


def _secret_keys(account: Account, signed: Signed) -> list[bytes]:
    """Return the keys that an account's secrets write. Errors: ConfigError."""
    try:
        return [key_bytes(signed, secret.reveal()) for secret in account.secrets_of(signed.key or "")]
    except ValueError as error:
        raise ConfigError(f"{account.name}: {error}", account=account.name) from None


def _lives(account: Account) -> list[Lifecycle]:
    """Return one lifecycle for each different webhook of an account's provider."""
    different: list[Lifecycle] = []
    for life in account.adapter.lives.values():
        if life.webhook is not None and not any(are_told_alike(life, each) for each in different):
            different.append(life)
    return different


def are_told_alike(one: Lifecycle, other: Lifecycle) -> bool:
    """Return whether the same webhook tells of the tasks of two lifecycles."""
    return (one.webhook, one.webhook_reply) == (other.webhook, other.webhook_reply)


def _name_of(account: Account, life: Lifecycle) -> str | None:
    return next(name for name, each in account.adapter.lives.items() if each is life)


def _names(genuine: Sequence[Genuine], task_id: str) -> bool:
    """Return whether a webhook names a task, or none."""
    named = {each.task_id for each in genuine} - {None}
    return not named or task_id in named


def _is_result(task: Task) -> bool:
    return task.state is State.SUCCEEDED and bool(task.assets)


def _progress(task: Task) -> float:
    progress = task.told.get("progress")
    return progress if isinstance(progress, float) else 0.0


def _plain(headers: Headers) -> dict[str, str]:
    """Return headers by names in lower case; one that comes twice, and says two things, says nothing."""
    pairs = headers.items() if hasattr(headers, "items") else headers
    every = [(_text(name).lower(), _text(value)) for name, value in pairs]
    plain = dict(every)
    for name in {name for name, value in every if plain[name] != value}:
        del plain[name]
    return plain


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _too_long() -> WebhookRefused:
    return WebhookRefused(f"its body is longer than {LONGEST:,} bytes", status=413)
