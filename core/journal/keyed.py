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
    """Digests of 32 letters, keyed with a journal's salt, which is read once. Errors: JournalError."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._salt: bytes | None = None

    async def digest(self, text: bytes, purpose: Purpose = "") -> str:
        """Return what tells a text from others."""
        if self._salt is None:
            self._salt = await self._journal.salt()
        return hashlib.blake2b(text, key=self._salt, digest_size=16, person=purpose.encode()).hexdigest()

    async def token(self, attempt_id: str) -> str:
        """Return the token of an attempt: its id, and what nobody can guess."""
        return attempt_id + await self._signature(attempt_id)

    async def named_by(self, token: str) -> str | None:
        """Return the id of the attempt that a token names, in a time that tells nothing; None for what is no token."""
        attempt_id, signature = token[:ID], token[ID:]
        right = await self._signature(attempt_id)
        is_ours = hmac.compare_digest(signature.encode(errors="replace"), right.encode())
        return attempt_id if is_ours else None

    async def _signature(self, attempt_id: str) -> str:
        return await self.digest(attempt_id.encode(errors="replace"), "token")
