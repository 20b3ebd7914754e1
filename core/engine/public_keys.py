"""The keys with which providers sign webhooks and that they publish: fetched when needed, kept for a day at most."""

import asyncio
import math
from copy import copy

import attrs

from anymedia.account import Account
from anymedia.declare.endpoint import Endpoint
from anymedia.model.errors import ProviderError
from anymedia.translate import encode
from anymedia.translate.classify import Received
from anymedia.translate.signed import public_keys

from .session import Session

KEPT = 86_400.0
"""Seconds for which keys are used."""

AGAIN = 60.0
"""Seconds after a fetch before which there is no other: whoever posts junk must not have keys fetched for it."""


@attrs.frozen
class Fetched:
    """The keys of a fetch, or why there are none, and when that was."""

    at: float
    keys: tuple[bytes, ...] = ()
    error: ProviderError | None = None


class PublicKeys:
    """The published keys of one client's accounts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fetched: dict[tuple[str, Endpoint], Fetched] = {}
        self._fetching = asyncio.Lock()

    async def of(self, account: Account, endpoint: Endpoint) -> tuple[bytes, ...]:
        """Return the keys that an endpoint gives. Errors: ProviderError where it gives none."""
        return await self._younger(account, endpoint, KEPT)

    async def newer(self, account: Account, endpoint: Endpoint) -> tuple[bytes, ...] | None:
        """Return keys that were fetched anew, as some may have been added; None where they are still the same ones.

        Errors: ProviderError.
        """
        before = self._fetched.get((account.name, endpoint))
        keys = await self._younger(account, endpoint, AGAIN)
        return None if before is not None and before.keys == keys else keys

    async def _younger(self, account: Account, endpoint: Endpoint, seconds: float) -> tuple[bytes, ...]:
        """Return keys that were fetched less than so many seconds ago. Errors: ProviderError."""
        name = (account.name, endpoint)
        async with self._fetching:  # however many webhooks come at once, they are fetched once
            held = self._fetched.get(name)
            age = math.inf if held is None else self._session.clock.monotonic() - held.at
            if held is None or age >= (seconds if held.error is None else AGAIN):
                held = self._fetched[name] = await self._fetch(account, endpoint)
        if held.error is not None:
            raise copy(held.error)
        return held.keys

    async def _fetch(self, account: Account, endpoint: Endpoint) -> Fetched:
        at = self._session.clock.monotonic()
        try:
            answer = await self._session.read(account, encode.call(account, endpoint, endpoint.path or ""))
            received = Received.of(self._session.asked(account, None), answer)
            if received.is_error(endpoint.reply.ok):
                raise received.refusal(submit=False)
            if not (keys := public_keys(received.content)):
                raise received.malformed("no key", None)
        except ProviderError as error:
            return Fetched(at, error=error)
        return Fetched(at, keys)
