"""Webhooks as each page signs them, its own vector each, and what somebody without the key could make of one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anymedia.adapters.bfl import ADAPTER as BFL
from anymedia.adapters.fal import ADAPTER as FAL
from anymedia.adapters.kie import ADAPTER as KIE
from anymedia.adapters.replicate import ADAPTER as REPLICATE
from anymedia.declare import Signed
from anymedia.registry import adapters
from anymedia.translate.reading import id_of, read

PACKED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
RUNAPI = adapters()["runapi"]
OPENAI = Signed(  # its images are no tasks, so that its adapter has no webhook
    by="hmac-sha256",
    over="{@webhook-id}.{@webhook-timestamp}.{@}",
    signature="@webhook-signature",
    prefix="v1,",
    time="@webhook-timestamp",
    key="webhook_secret",
    key_written="whsec",
)
SEED = bytes(range(32))
FORGERS = b"another-key".ljust(32, b"-")
"""A key that nobody is given, of the length of one."""
JWKS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}]}


@attrs.frozen
class Scheme:
    """A page's way to sign: its vector, and how one who has the key (the `secret`, or SEED) signs."""

    signed: Signed
    headers: Mapping[str, str]
    body: bytes
    message: Callable[[Mapping[str, str], bytes], bytes]
    secret: str | None = None
    written: Callable[[bytes], str] = lambda made: base64.b64encode(made).decode()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(int(self.headers.get(self.time or "", "1764288000")), UTC)

    @property
    def signature(self) -> str:
        return self.signed.signature[1:]

    @property
    def time(self) -> str | None:
        return None if self.signed.time is None else self.signed.time[1:]

    def id_in(self, body: bytes) -> str | None:
        return id_of(KIE.lifecycle.webhook_reply.id, read(body)[0])

    def sign(self, headers: Mapping[str, str], body: bytes, key: bytes | None = None) -> str:
        """Return the signature of one who has the key, or another one."""
        message = self.message(headers, body)
        if self.secret is None:
            made = Ed25519PrivateKey.from_private_bytes(key or SEED).sign(message)
        else:
            made = hmac.digest(key or _key(self.secret, self.signed), message, "sha256")
        return self.signed.prefix + self.written(made)


def _key(secret: str, signed: Signed) -> bytes:
    packed = signed.key_written == "base64" or secret.startswith("whsec_")
    return base64.b64decode(secret.removeprefix("whsec_")) if packed else secret.encode()


def _standard(headers: Mapping[str, str], body: bytes) -> bytes:
    return f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body


def _runapi(headers: Mapping[str, str], body: bytes) -> bytes:
    return f"{headers.get('x-callback-id')}.{headers.get('x-callback-timestamp')}.".encode() + body


def _fal(headers: Mapping[str, str], body: bytes) -> bytes:
    named = [headers.get(f"x-fal-webhook-{name}", "") for name in ("request-id", "user-id", "timestamp")]
    return "\n".join([*named, hashlib.sha256(body).hexdigest()]).encode()


def _kie(headers: Mapping[str, str], body: bytes) -> bytes:
    try:
        told = json.loads(body)["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        told = None
    told = told if isinstance(told, dict) else {}
    return f"{told.get('taskId') or told.get('task_id')}.{headers.get('x-webhook-timestamp')}".encode(
        errors="surrogatepass"
    )


_OPENAI = (
    b'{"object":"event","id":"evt_0001","type":"video.completed","created_at":1764288000,"data":{"id":"video_0001"}}'
)

SCHEMES = {
    "runapi": Scheme(
        RUNAPI.lifecycle.webhook.signed,
        {
            "x-callback-id": "3f2c8a10-6d5b-4f7e-9a51-0c1d2e3f4a5b",
            "x-callback-timestamp": "1764288000",
            "x-callback-signature": "M6ysD7nc9OALY+HwGh88yXgnFpyAxGOP4sgA4TZwQ+Q=",
        },
        b'{"id":"6f0a2b1e-1111-4222-8333-944445555666","status":"completed","videos":'
        b'[{"url":"https://example.com/v.mp4"}],"usage":{"cost":0.7}}',
        _runapi,
        PACKED,
    ),
    "replicate": Scheme(
        REPLICATE.lifecycle.webhook.signed,
        {
            "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
            "webhook-timestamp": "1764288000",
            "webhook-signature": "v1,9wQ+6V323vFzj9xsKjXhp4Nw8ix/DSHpMH04pSSC+bE=",
        },
        b'{"id":"gm3qorzdhgbfurvjtvhg6dckhu","status":"succeeded","output":"https://replicate.delivery/x/out.mp4"}',
        _standard,
        f"whsec_{PACKED}",
    ),
    "openai": Scheme(
        OPENAI,
        {
            "webhook-id": "wh_0001",
            "webhook-timestamp": "1764288000",
            "webhook-signature": "v1,+A6cd69JBLnwrIB/SCu+bRGRagqbZYIUPrL7xfINNkk=",
        },
        _OPENAI,
        _standard,
        f"whsec_{PACKED}",
    ),
    "openai, a plain secret": Scheme(
        OPENAI,
        {
            "webhook-id": "wh_0001",
            "webhook-timestamp": "1764288000",
            "webhook-signature": "v1,r/Eo2N8C18RsfmlLYilzJusdLT7qW/CjTf75joZwnLY=",
        },
        _OPENAI,
        _standard,
        "plain-secret",
    ),
    "fal": Scheme(
        FAL.lifecycle.webhook.signed,
        {
            "x-fal-webhook-request-id": "123e4567-e89b-12d3-a456-426614174000",
            "x-fal-webhook-user-id": "github|1234567",
            "x-fal-webhook-timestamp": "1764288000",
            "x-fal-webhook-signature": "a0f0d5dc56259054b260541ebbc2272e8dfa57a48d7f322052714ca1ce5df629"
            "8fec46be75a911d905bb73c6c36498a3ec86f842c97472d96c50c1e8ddd99903",
        },
        b'{"request_id":"123e4567-e89b-12d3-a456-426614174000",'
        b'"gateway_request_id":"123e4567-e89b-12d3-a456-426614174000","status":"OK",'
        b'"payload":{"video":{"url":"https://v3.fal.media/files/x/out.mp4"}}}',
        _fal,
        written=bytes.hex,
    ),
    "kie": Scheme(
        KIE.lifecycle.webhook.signed,
        {
            "x-webhook-timestamp": "1769670760",
            "x-webhook-signature": "XtPdIqcu2ApbbXj39jiCVexel5PX3yEm5UN+OZ2EbzE=",
        },
        b'{"code":200,"msg":"ok","data":{"taskId":"ee9c2715375b7837f8bb51d641ff5863","state":"success"}}',
        _kie,
        "kie-test-hmac-key",
    ),
    "bfl": Scheme(
        BFL.lifecycle.webhook.signed,
        {"x-bfl-signature": "sha256=2c54ac6a047e87050e5a97d388468758544a8124ad18f02cd68c87dda46b8f7f"},
        b'{"id":"0b6f2a1c-1111-4222-8333-944445555666","status":"Ready","result":{"sample":'
        b'"https://example.com/s.png","prompt":"a red fox","seed":42},"timestamp":"2026-11-28T00:00:00Z"}',
        lambda _, body: body,
        "bfl-test-secret",
        written=bytes.hex,
    ),
}


@attrs.frozen
class Try:
    """What a forger sends."""

    what: str
    headers: Mapping[str, str]
    body: bytes


def tries(scheme: Scheme) -> Iterator[Try]:
    """Yield what a forger may try who knows one genuine webhook, and not the key."""
    for what, headers in _headers(scheme):
        yield Try(what, {name: each for name, each in headers.items() if each is not None}, scheme.body)
    for what, body in _bodies(scheme):
        yield Try(f"the body: {what}", scheme.headers, body)


def _headers(scheme: Scheme) -> Iterator[tuple[str, dict[str, str | None]]]:
    headers, right = dict(scheme.headers), scheme.headers[scheme.signature]
    for what, text in _signatures(scheme, right):
        yield f"signature: {what}", headers | {scheme.signature: text}
    named = [name[1:] for name in scheme.signed.names if name.startswith("@") and name != "@"]
    for name in named:
        text = headers[name]
        for what, other in {"missing": None, "empty": "", "longer": text + "0", "shorter": text[:-1]}.items():
            yield f"{name}: {what}", headers | {name: other}
        yield f"{name}: of another, signed by another key", _by_another(scheme, headers | {name: text[::-1]})
    if scheme.time is not None:
        for what, text in _times(int(headers[scheme.time])):
            yield f"time: {what}", headers | {scheme.time: text}
            yield f"time: {what}, signed by another key", _by_another(scheme, headers | {scheme.time: text})
    if len(named) > 1:  # what is signed would read the same, were the parts taken from other places
        first, second = named[:2]
        yield (
            "a part of one header in another",
            headers
            | {
                first: headers[first][:-1],
                second: headers[first][-1] + headers[second],
            },
        )
    yield "no header at all", {}


def _by_another(scheme: Scheme, headers: dict[str, str]) -> dict[str, str | None]:
    return headers | {scheme.signature: scheme.sign(headers, scheme.body, FORGERS)}


def _signatures(scheme: Scheme, right: str) -> Iterator[tuple[str, str | None]]:
    signed = scheme.signed
    bare = right.removeprefix(signed.prefix)
    made = bytes.fromhex(bare) if signed.written == "hex" else base64.b64decode(bare)
    other = base64.b64encode(made).decode() if signed.written == "hex" else made.hex()
    yield "missing", None
    yield "empty", ""
    yield "blank", " "
    yield "the prefix alone", signed.prefix or "v1,"
    yield "null", "null"
    yield "zeros", scheme.written(bytes(len(made)))
    yield "ones", scheme.written(b"\xff" * len(made))
    yield "its first half", right[: len(right) // 2]
    yield "its last letter left out", right[:-1]
    yield "a letter more", right + bare[-1]
    yield "backwards", scheme.written(made[::-1])
    yield "one bit changed", scheme.written(bytes([made[0] ^ 1, *made[1:]]))
    yield "one byte shorter", scheme.written(made[:-1])
    yield "one byte longer", scheme.written(made + b"\0")
    yield "written in another way", other
    yield "in pieces", f"{right[:9]} {right[9:]}"
    yield "with a comma", f"{bare},{bare}"
    yield "of a version that there is not", f"v9,{bare}"
    yield "with the prefix twice", f"{signed.prefix or 'v1,'}{signed.prefix or 'v1,'}{bare}"
    yield "with letters beyond ASCII", "é" * len(bare)
    yield "with lone surrogates", "\udcff" * len(bare)
    yield "a thousand wrong ones", " ".join([scheme.written(bytes(len(made)))] * 1000)
    yield "the right one behind a hundred", " ".join([*[scheme.written(bytes(len(made)))] * 100, right])
    yield "by another key", scheme.sign(scheme.headers, scheme.body, FORGERS)
    yield "of nothing", scheme.signed.prefix + scheme.written(hashlib.sha256().digest())
    yield "a digest without a key", scheme.signed.prefix + scheme.written(hashlib.sha256(scheme.body).digest())
    yield "of an empty key", scheme.signed.prefix + scheme.written(hmac.digest(b"", scheme.body, "sha256"))
    if scheme.secret is not None:
        lax = hmac.digest(_key(scheme.secret, signed), b"", "sha256")
        yield "by the key, of nothing", scheme.signed.prefix + scheme.written(lax)
    if signed.written == "base64":
        yield "without its padding", right.rstrip("=")
        yield "with bits that mean nothing", right[:-2] + chr(ord(right[-2]) + 1) + "="


def _times(at: int) -> Iterator[tuple[str, str | None]]:
    yield "too old", str(at - 301)
    yield "too new", str(at + 301)
    yield "in milliseconds", str(at * 1000)
    yield "with a fraction", f"{at}.0"
    yield "with a sign", f"+{at}"
    yield "below nothing", f"-{at}"
    yield "in ISO", "2026-11-28T00:00:00Z"
    yield "in hex", hex(at)
    yield "in other digits", "".join(chr(0x660 + int(digit)) for digit in str(at))
    yield "with an underscore", f"{at:_}"
    yield "endless", "9" * 5000
    yield "infinite", "inf"
    yield "no number", "NaN"


def _bodies(scheme: Scheme) -> Iterator[tuple[str, bytes]]:
    body = scheme.body
    yield "empty", b""
    yield "null", b"null"
    yield "another id", next(other for other in _others(body) if other != body)
    yield "no JSON", b"\xff\xfe" + body
    yield "cut", body[: len(body) // 2]
    yield "a million bytes of junk", bytes(range(256)) * 4096
    yield "nested without end", b"[" * 100_000
    if scheme.signed.covers == "id":
        kinds = {"an object": {}, "a list": ["a"], "a number": 1.5, "a blank": " ", "null": None, "a flag": True}
        for what, told in kinds.items():
            yield f"the id is {what}", json.dumps({"data": {"taskId": told}}).encode()
        yield "the id elsewhere", json.dumps({"taskId": "ee9c2715375b7837f8bb51d641ff5863"}).encode()
        return
    yield "one byte changed", body[:-3] + bytes([body[-3] ^ 1]) + body[-2:]
    yield "a blank more", body + b" "
    yield "written anew", json.dumps(json.loads(body)).encode()
    yield "in UTF-16", body.decode().encode("utf-16")
    yield "twice", body + body


def _others(body: bytes) -> Iterator[bytes]:
    return (body.replace(part, part[::-1]) for part in (b"-4222-", b"4266", b"ee9c", b"gm3q", b"_0001"))
