"""Whether a webhook is the provider's own: its signature and its time, against what an adapter says of them; pure.

Nothing is read here of a body but its bytes until the signature is found to be right, and no reason repeats a secret or
what was sent.
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.util import find_spec
from itertools import islice

from anymedia.declare.endpoint import Endpoint
from anymedia.declare.path import Path
from anymedia.declare.webhook import SIGNED, Signed
from anymedia.model.strict_json import Json

from .classify import Asked, Received
from .messages import Answer

MOST_SIGNATURES = 10
"""Signatures in one header that are looked at: a secret that is rotated makes two."""

MOST_KEYS = 20
"""Public keys that are kept of those that a provider publishes."""

MOST_LISTED = 100
"""Public keys, of whatever kind, that are looked at."""

_WHSEC = "whsec_"
_SECONDS = re.compile(r"[0-9]{1,12}")
_KEYS = Path("keys[]")
_POINT = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64 without padding


def can_verify(signed: Signed) -> bool:
    """Return whether its signatures can be checked here: those with public keys need the package cryptography."""
    return signed.by != "ed25519" or find_spec("cryptography") is not None


def lacks(signed: Signed, headers: Mapping[str, str], now: datetime) -> str | None:
    """Return what a webhook lacks so that no look at its body would help; None where it lacks nothing.

    That is a signature, a header that is signed, or a time close enough to now. Names of headers are in lower case.
    """
    named = [name for name in signed.names if name.startswith("@") and name != "@"]
    for name in (signed.signature.lower(), *named):
        if not headers.get(name[1:]):
            return f"it has no {name[1:]} header"
    return None if signed.time is None else _untimely(headers[signed.time[1:].lower()], signed, now)


def _untimely(text: str, signed: Signed, now: datetime) -> str | None:
    if _SECONDS.fullmatch(text) is None:
        return "its time is no number of seconds since 1970"
    if abs(now.timestamp() - int(text)) > signed.within:
        return f"its time is not within {signed.within:g} seconds of now"
    return None


def forged(
    signed: Signed,
    *,
    headers: Mapping[str, str],
    body: bytes,
    id: Callable[[], str | None],  # noqa: A002 - it stands for {id}
    keys: Sequence[bytes],
    now: datetime,
) -> str | None:
    """Return why a webhook is not known to be genuine; None where one of its signatures is by one of these keys.

    `id` finds the id in its body, and is asked only where that is signed. `keys` are the bytes of secrets, or public
    keys. Names of headers are in lower case.
    """
    if (lack := lacks(signed, headers, now)) is not None:
        return lack
    message = _message(signed, headers, body, id)
    if message is None:
        return "it has no id, which is what is signed"
    given = tuple(_signatures(signed, headers[signed.signature[1:].lower()]))
    is_right = _is_public if signed.by == "ed25519" else _is_secret
    tried = [is_right(key, message, given) for key in keys]  # each, so that the time does not tell which one is right
    if any(tried):
        return None
    return "its signature is not right" if keys else "there is no key that its signature could be checked with"


def _message(signed: Signed, headers: Mapping[str, str], body: bytes, id_: Callable[[], str | None]) -> bytes | None:
    """Return the bytes that are signed; None where the id is among them and there is none."""
    message, at = bytearray(), 0
    for found in SIGNED.finditer(signed.over):
        message += signed.over[at : found.start()].encode()
        at, name = found.end(), found[1].lower()
        if name == "@":
            message += body
        elif name == "sha256":
            message += sha256(body).hexdigest().encode()
        elif name == "id":
            told = id_()
            if told is None:
                return None
            message += _as_sent(told)
        else:
            message += _as_sent(headers[name[1:]])
    return bytes(message + signed.over[at:].encode())


def _as_sent(text: str) -> bytes:
    """Return the bytes of a header or of an id, in which a caller may have put lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def _signatures(signed: Signed, text: str) -> Iterator[bytes]:
    """Yield the signatures that a header holds."""
    for each in text.split(maxsplit=MOST_SIGNATURES)[:MOST_SIGNATURES]:
        decoded = _decoded(each.removeprefix(signed.prefix), signed.written)
        if decoded is not None:
            yield decoded


def _decoded(text: str, written: str) -> bytes | None:
    """Return the bytes that a text writes; None for what is not written so, or is so in a roundabout way."""
    try:
        if written == "hex":
            return bytes.fromhex(text)
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def _is_secret(key: bytes, message: bytes, given: Sequence[bytes]) -> bool:
    right = hmac.digest(key, message, "sha256")
    compared = [hmac.compare_digest(right, each) for each in given]
    return any(compared)


def _is_public(key: bytes, message: bytes, given: Sequence[bytes]) -> bool:
    from cryptography.exceptions import InvalidSignature  # few installations need it, and it takes a while
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        return False
    for each in given:
        try:
            public.verify(each, message)
        except InvalidSignature:
            continue
        return True
    return False


# Keys


def key_bytes(signed: Signed, secret: str) -> bytes:
    """Return the key that a secret writes. Errors: ValueError, whose text says what is wrong and not with what."""
    packed = signed.key_written == "base64" or (signed.key_written == "whsec" and secret.startswith(_WHSEC))
    try:
        key = base64.b64decode(secret.removeprefix(_WHSEC), validate=True) if packed else secret.encode()
    except ValueError:
        raise ValueError(f"{signed.key} is not base64") from None
    if not key:
        raise ValueError(f"{signed.key} is empty")
    return key


def public_keys(words: Json) -> tuple[bytes, ...]:
    """Return the Ed25519 keys of a JWKS, 20 at most; what is none is left out."""
    found = (_public_key(each) for each in islice(_KEYS.find(words), MOST_LISTED))
    return tuple(dict.fromkeys(key for key in found if key is not None))[:MOST_KEYS]


def published(asked: Asked, endpoint: Endpoint, answer: Answer) -> tuple[bytes, ...]:
    """Return the keys that an answer publishes, with which webhooks are signed. Errors: ProviderError."""
    received = Received.of(asked, answer)
    if received.is_error(endpoint.reply.ok):
        raise received.refusal(submit=False)
    if not (keys := public_keys(received.content)):
        raise received.malformed("no key", None)
    return keys


def _public_key(listed: Json) -> bytes | None:
    if not isinstance(listed, Mapping) or (listed.get("kty"), listed.get("crv")) != ("OKP", "Ed25519"):
        return None
    text = listed.get("x")
    if not isinstance(text, str) or _POINT.fullmatch(text) is None:
        return None
    return base64.urlsafe_b64decode(text + "=")
