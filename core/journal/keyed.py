"""What only those can make who have the journal: digests of requests, and tokens of attempts, keyed with its salt."""

import hashlib
import hmac
from typing import Literal, TypeAlias

from .protocol import Journal

Purpose: TypeAlias = Literal["", "token"]
"""What a digest is for: one for a purpose says nothing of that for another."""

ID = 32
"""The letters of an attempt's id, with which its token begins."""


class Keyed:
    """Digests of 32 letters, keyed with a journal's salts, which are read once. Errors: JournalError."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._salts: list[bytes] = []

    async def look_again(self) -> None:
        """Read the salts anew: another journal may have been imported meanwhile."""
        self._salts = await self._journal.salts()

    async def digests(self, text: bytes, purpose: Purpose = "") -> list[str]:
        """Return what tells a text from others: as it is written now, then as the imported journals wrote it."""
        if not self._salts:
            await self.look_again()
        return [
            hashlib.blake2b(text, key=salt, digest_size=16, person=purpose.encode()).hexdigest() for salt in self._salts
        ]

    async def token(self, attempt_id: str) -> str:
        """Return the token of an attempt: its id, and what nobody can guess."""
        return attempt_id + (await self._signatures(attempt_id))[0]

    async def named_by(self, token: str) -> str | None:
        """Return the id of the attempt that a token names, in a time that tells nothing; None for what is no token."""
        attempt_id, signature = token[:ID], token[ID:].encode(errors="replace")
        rights = await self._signatures(attempt_id)
        compared = [hmac.compare_digest(signature, right.encode()) for right in rights]
        return attempt_id if any(compared) else None

    async def _signatures(self, attempt_id: str) -> list[str]:
        return await self.digests(attempt_id.encode(errors="replace"), "token")
