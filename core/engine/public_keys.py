"""The keys with which providers sign webhooks and that they publish: fetched when needed, kept for a day at most.

Whoever posts junk has nothing fetched by it but once a minute, and takes no keys away from what is genuine.
"""

import math
from copy import copy
from functools import partial
from typing import TypeAlias

import attrs

from anymedia.account import Account
from anymedia.declare.endpoint import Endpoint
from anymedia.model.errors import ProviderError
from anymedia.translate import encode
from anymedia.translate.signed import published

from .session import Session
from .tokens import Shared

KEPT = 86_400.0
"""Seconds for which keys are used."""

AGAIN = 60.0
"""Seconds after a fetch before which there is no other."""

Keys: TypeAlias = tuple[bytes, ...]


@attrs.frozen
class Fetched:
    """When keys were fetched last, and what that met; and the last keys that came, and when that was."""

    at: float
    error: ProviderError | None
    keys: Keys
    came: float


class PublicKeys:
    """The published keys of one client's accounts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clock = session.clock
        self._fetched: dict[tuple[str, Endpoint], Fetched] = {}
        self._fetching: Shared[tuple[str, Endpoint], Fetched] = Shared()

    async def of(self, account: Account, endpoint: Endpoint) -> Keys:
        """Return the keys that an endpoint gives, or gave within a day. Errors: ProviderError where it gives none."""
        held = self._fetched.get((account.name, endpoint))
        if held is not None and self._clock.monotonic() - held.came < KEPT:
            return held.keys
        return await self._newest(account, endpoint)

    async def newer(self, account: Account, endpoint: Endpoint, tried: Keys) -> Keys | None:
        """Return the keys that an endpoint gives now, as some may be new; None where they are those that were tried.

        Errors: ProviderError.
        """
        keys = await self._newest(account, endpoint)
        return None if keys == tried else keys

    async def close(self) -> None:
        """Fetch no keys any more."""
        await self._fetching.close()

    async def _newest(self, account: Account, endpoint: Endpoint) -> Keys:
        """Return the keys of a fetch within the last minute. Errors: ProviderError where there are none."""
        name = (account.name, endpoint)
        held = self._fetched.get(name)
        if name in self._fetching or held is None or self._clock.monotonic() - held.at >= AGAIN:
            held = await self._fetching.get(name, partial(self._fetch, account, endpoint))
        if held.error is not None:
            raise copy(held.error)  # an error says of one call what became of it
        return held.keys

    async def _fetch(self, account: Account, endpoint: Endpoint) -> Fetched:
        name, at = (account.name, endpoint), self._clock.monotonic()
        try:
            fetched = Fetched(at, None, await self._read(account, endpoint), at)
        except ProviderError as error:
            held = self._fetched.get(name)
            keys, came = ((), -math.inf) if held is None else (held.keys, held.came)
            fetched = Fetched(at, error, keys, came)
        self._fetched[name] = fetched
        return fetched

    async def _read(self, account: Account, endpoint: Endpoint) -> Keys:
        answer = await self._session.read(account, encode.call(account, endpoint, endpoint.path or ""))
        return published(self._session.asked(account, None), endpoint, answer)
