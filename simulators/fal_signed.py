"""How fal signs what it posts: with a key whose public half anyone can ask for.

Ours, where the page is silent: whom a webhook names as the user; that an older key stands beside the one that signs.
cryptography is imported where it is used.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from .message import Clock, Request, Response, json_response
from .service import Service
from .task import Task
from .webhooks import Delivery

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

USER = "github|1234567"
"""Whose request a webhook is about."""


class FalSigned(Service):
    """Who says that a task is done."""

    key_routes: ClassVar[Sequence[tuple[str, str, str]]] = (("GET", r"/\.well-known/jwks\.json", "public_keys"),)

    def __init__(self, *, clock: Clock, speed: float, balance: float) -> None:
        super().__init__(clock=clock, speed=speed, balance=balance)
        self._webhook_key: str = self.new_secret("")
        self._older_key: str = self.new_secret("")

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """Request, user and time, signed with the body's digest."""
        about = (delivery.task.id, USER, str(int(self.now)))
        lines = "\n".join((*about, hashlib.sha256(body).hexdigest()))
        names = ("Request-Id", "User-Id", "Timestamp", "Signature")
        signature = _private(key).sign(lines.encode()).hex()
        return {f"X-Fal-Webhook-{name}": value for name, value in zip(names, (*about, signature), strict=True)}

    def webhook_key(self, task: Task) -> str:
        """The seed of a private key, in hex; callers have the public one."""
        return self._webhook_key

    def new_secret(self, name: str) -> str:
        """32 bytes in hex."""
        return secrets.token_hex(32)

    def public_keys(self, request: Request, _: re.Match[str]) -> Response:
        """The JWKS, for anyone: the key that signs, behind one that did so before."""
        keys = [{"kty": "OKP", "crv": "Ed25519", "x": _public(key)} for key in (self._older_key, self._webhook_key)]
        return json_response({"keys": keys})


def _private(seed: str) -> Ed25519PrivateKey:
    """A key that signs. Raises ImportError where cryptography is not installed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def _public(seed: str) -> str:
    """The public key that belongs to a seed, as a JWKS writes it."""
    return base64.urlsafe_b64encode(_private(seed).public_key().public_bytes_raw()).rstrip(b"=").decode()
