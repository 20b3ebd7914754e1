"""Requests and orders as jobs carry them: canonical JSON, with small files in it, and large ones in the storage.

They are texts within a job: what JSON can hold, and the JSON of PostgreSQL cannot, gets through so.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs

from anymedia.engine.handed_over import HandedOver
from anymedia.engine.idempotency import compared
from anymedia.journal.ledger import Claimed
from anymedia.journal.protocol import Claim
from anymedia.model.codec import from_json, to_json_with
from anymedia.model.errors import ConfigError, OutOfBounds, Problem, Unavailable
from anymedia.model.kinds import KINDS
from anymedia.model.media import Media
from anymedia.model.options import Options, SubmitOptions, refuse, usd
from anymedia.model.request import AnyRequest, RawRequest, Request
from anymedia.model.strict_json import Json, loads
from anymedia.model.vocabulary import Kind
from anymedia.storage import Storage
from anymedia.translate.files import lent_key
from anymedia.translate.messages import Lost
from anymedia.transport.stores import Stores

INLINE = 1 << 20
"""Bytes of all files of a request that travel within it, at most: our choice. Larger ones need a storage."""

RAW = "raw"
"""The kind of a request whose body is in a provider's own words."""

STORED = "stored"
"""The key under which the place of a file stands that lies in the storage."""

OPTIONS = tuple(name for name in SubmitOptions.__annotations__ if name != "idempotency_key")
"""The options that a job carries; its idempotency key stands by itself."""

Args: TypeAlias = dict[str, Json]


@attrs.frozen
class Carrier:
    """How requests travel: files that are too large for the queue lie in `storage`, where that is a bucket."""

    storage: Storage | None
    stores: Stores = attrs.field(init=False, default=attrs.Factory(lambda self: Stores(self.storage), takes_self=True))

    def check(self, request: AnyRequest) -> None:
        """Refuse a request whose files cannot travel. Errors: OutOfBounds."""
        files = [*_files(request)]
        if not _are_large(files) or (self.storage is not None and self.storage.folder is None):
            return
        field, media = max(files, key=lambda each: each[1].size)
        message = (
            f"{media.label} has {media.size:,} bytes, and files of {INLINE:,} at most travel within a request: give "
            'its URL, or write [storage] url = "s3://bucket/prefix" into anymedia.toml, here and where workers run'
        )
        raise OutOfBounds(problems=[Problem(field=field, message=message)])

    async def text(self, request: AnyRequest) -> str:
        """Return a request as a job carries it; large files are in the storage then.

        Errors: OutOfBounds for a file that is not what it was, or cannot travel; ConfigError and Unavailable of the
        storage.
        """
        self.check(request)
        await compared(request)  # each file is what it was
        files = [*_files(request)]
        media: Callable[[Media], Json] = Media.data_uri
        if _are_large(files):
            places = {id(each): await self._put(each) for _, each in files}
            media = lambda each: places[id(each)]  # noqa: E731
        return await asyncio.to_thread(_text, request, media)

    async def _put(self, media: Media) -> Json:
        """Put a file into the storage, and return what stands in its place."""
        assert self.storage is not None  # noqa: S101 - `check` has said so
        store, key = self.stores.of(self.storage), lent_key(media, media.sha256)
        try:
            await store.put(key, _pieces(media), media.media_type)
        except Lost as lost:
            why, is_wrong = lost.why, lost.permanent
        else:
            return {STORED: store.location(key), "media_type": media.media_type}
        message = f"{media.label} was not put into {self.storage.url}: {why}"
        raise ConfigError(message) if is_wrong else Unavailable(message)

    async def request(self, text: str) -> AnyRequest:
        """Return the request that a job carries. Errors: OutOfBounds; ConfigError and Unavailable of the storage."""
        told = loads(text)
        if told["kind"] == RAW:
            return from_json(RawRequest, told["request"])
        kind, fields = KINDS[Kind(told["kind"])], told["request"]
        for name in kind.roles.files:
            if isinstance(held := fields.get(name), list):
                fields[name] = [await self._file(each) for each in held]
            else:
                fields[name] = await self._file(held)
        return from_json(kind, fields)

    async def _file(self, held: Json) -> Json:
        """Return a file as canonical JSON, which may lie in the storage."""
        if not isinstance(held, dict):
            return held
        try:
            data = b"".join([chunk async for chunk in self.stores.read(held[STORED])])
        except Lost as lost:
            why = lost.why
        else:
            return await asyncio.to_thread(Media(data, held["media_type"]).data_uri)
        raise Unavailable(f"{held[STORED]} was not read: {why}")


def _files(request: AnyRequest) -> Iterator[tuple[str, Media]]:
    """Yield the files of this machine that a request puts in, with their fields."""
    for field, media in request.files if isinstance(request, Request) else ():
        if isinstance(media, Media):
            yield field, media


def _are_large(files: list[tuple[str, Media]]) -> bool:
    return sum(media.size for _, media in files) > INLINE


async def _pieces(media: Media) -> AsyncIterator[bytes]:
    """Yield the bytes of a file, which are read in a thread. Errors: Unreadable."""
    chunks = media.chunks()
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk


def _text(request: AnyRequest, media: Callable[[Media], Json]) -> str:
    kind = RAW if isinstance(request, RawRequest) else str(request.kind)
    return json.dumps({"kind": kind, "request": to_json_with(request, media)})


# Options


def options_of(options: Mapping[str, Any]) -> Args:
    """Return options as a job carries them. Errors: OutOfBounds for a policy that is a function, and for an amount."""
    if callable(options.get("policy")):
        refuse("policy", "a function cannot be put into a queue: name a policy")
    given = {name: options[name] for name in OPTIONS if name in options}
    if given.get("max_price") is not None:
        given["max_price"] = str(usd(given["max_price"]))
    return given


# Orders that are handed over


def order_args(order: HandedOver) -> Args:
    """Return what a job carries of an order beside its request."""
    terms, claimed = order.terms, order.claimed
    return {
        "id": order.id,
        "account": order.account,
        "units": [order.units.start, order.units.stop],
        "terms": {name: getattr(terms, name) for name in _OF_ORDER},
        "claim": None if claimed is None else {**attrs.asdict(claimed.claim), "digest": claimed.digest},
        "most": None if order.most is None else str(order.most),
        "why": order.why,
    }


_OF_ORDER = ("offer", "on_unsupported", "check", "allow_unknown_price", "idempotency_key", "batch")
"""The terms that count once an order is handed over: which offer is asked, and how."""


def order_of(args: Mapping[str, Any], request: AnyRequest) -> HandedOver:
    """Return the order that a job carries."""
    claim = dict(args["claim"]) if args["claim"] is not None else None
    digest = None if claim is None else claim.pop("digest")
    return HandedOver(
        id=args["id"],
        request=request,
        account=args["account"],
        units=range(*args["units"]),
        terms=Options(**args["terms"], fallback=False),
        claimed=None if claim is None or digest is None else Claimed(claim=Claim(**claim), digest=digest),
        most=None if args["most"] is None else usd(args["most"]),
        why=args["why"],
    )
