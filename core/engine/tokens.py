"""The tokens of one client's accounts: asked for when a call needs one, kept in memory until they are about to end.

However many calls need one at the same time, it is asked for once; an answer that it is not good any more has it asked
for anew.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from copy import copy
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from anymedia.account import Account, Secret
from anymedia.clock import Clock
from anymedia.declare.endpoint import Token
from anymedia.model.errors import ProviderError
from anymedia.translate import decode, encode
from anymedia.translate.classify import Asked
from anymedia.translate.messages import Answer, Call, Lost
from anymedia.transport.auth import Credentials

SPARE = 60.0
"""Seconds before its end from which a token is asked for anew, and a tenth of its life where that is less."""

HIDDEN_LONG = 16
"""Tokens of a kind that are hidden: those before it may still be under way when there is another."""


Send: TypeAlias = Callable[[Account, Call, Credentials], Awaitable[Answer]]
"""What sends a call once. Errors: Lost."""


@attrs.frozen
class Kept:
    """A token, and until when it is used."""

    secret: Secret
    until: datetime


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """Work by name that all share who want it at the same time: it goes on where one of them waits no longer."""

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[V]] = {}

    def __contains__(self, name: K) -> bool:
        return name in self._under_way

    async def get(self, name: K, begin: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return what the work of a name comes to, which is begun unless it is under way. Errors: its own."""
        working = self._under_way.get(name)
        if working is None:
            working = self._under_way[name] = asyncio.create_task(begin())
            working.add_done_callback(lambda done: self._put_away(name, done))
        return await asyncio.shield(working)

    def _put_away(self, name: K, done: "asyncio.Task[V]") -> None:
        del self._under_way[name]
        if not done.cancelled():
            done.exception()  # which nobody may wait for any more

    async def close(self) -> None:
        """Give up all that is under way."""
        under_way = list(self._under_way.values())
        for working in under_way:
            working.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


class Tokens:
    """The tokens of one client. `send` sends a call once, and `asked` says who is asked.

    `known` is where each token is listed, so that it is hidden in what is written down.
    """

    def __init__(
        self,
        clock: Clock,
        send: Send,
        asked: Callable[[Account, str | None], Asked],
        known: list[Secret],
    ) -> None:
        self._clock = clock
        self._send = send
        self._asked = asked
        self._known = known
        self._kept: dict[tuple[str, Token], Kept] = {}
        self._given: dict[tuple[str, Token], deque[Secret]] = {}
        self._asking: Shared[tuple[str, Token], Kept] = Shared()

    def of(self, account: str) -> list[Secret]:
        """Return the latest tokens of an account."""
        return [secret for (name, _), given in self._given.items() if name == account for secret in given]

    async def credentials(self, account: Account, call: Call) -> Credentials:
        """Return what a call carries beside what its account has. Errors: ProviderError, where there is no token."""
        words = [each for each in call.auth if isinstance(each, Token)]
        return Credentials({word: await self._token(account, word) for word in words}, self._clock.now())

    def forget(self, account: Account, used: Credentials) -> bool:
        """Forget the tokens that a call carried; return whether it carried any."""
        for word, secret in used.tokens.items():
            kept = self._kept.get((account.name, word))
            if kept is not None and kept.secret == secret:
                self._kept[account.name, word] = attrs.evolve(kept, until=self._clock.now())
        return bool(used.tokens)

    async def close(self) -> None:
        """Ask for no token any more."""
        await self._asking.close()

    async def _token(self, account: Account, word: Token) -> Secret:
        name = (account.name, word)
        kept = self._kept.get(name)
        if kept is not None and self._clock.now() < kept.until:
            return kept.secret
        try:
            return (await self._asking.get(name, partial(self._renewed, account, word))).secret
        except ProviderError as error:
            raise copy(error) from None  # an error says of one call what became of it

    async def _renewed(self, account: Account, word: Token) -> Kept:
        """Ask for a token, and keep it. Errors: ProviderError."""
        name, kept = (account.name, word), await self._ask(account, word)
        given = self._given.setdefault(name, deque())
        self._kept[name] = kept
        given.append(kept.secret)
        self._known.append(kept.secret)
        if len(given) > HIDDEN_LONG:
            self._known.remove(given.popleft())
        return kept

    async def _ask(self, account: Account, word: Token) -> Kept:
        """Ask for a token, without a permit: whoever waits for it holds one. Errors: ProviderError."""
        try:
            answer = await self._send(account, encode.ask_token(account, word), Credentials(moment=self._clock.now()))
        except Lost as lost:  # what came of the answer may hold the token, so that no error leads to it
            broke = Lost(lost.why, sent=lost.sent, status=lost.status, permanent=lost.permanent)
        else:
            return self._taken(self._asked(account, None), word, answer)
        raise self._asked(account, None).lost(broke, submit=False)

    @staticmethod
    def _taken(asked: Asked, word: Token, answer: Answer) -> Kept:
        secret, until = decode.token(asked, word, answer)
        life = (until - asked.now).total_seconds()
        return Kept(secret, until - timedelta(seconds=min(SPARE, max(life, 0.0) / 10)))
