"""What was once heard is still understood: cassettes of a provider's answers, played to the client."""

import json
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from anymedia import AnymediaError, Client, Outcome, OutOfBounds, RawRequest, SubmitUncertain, Task, read_config
from anymedia.declare import Adapter, Numbered, Offer, Param, When, pick
from anymedia.declare.fields import Value
from anymedia.declare.path import Path as Place
from anymedia.declare.when import cases as alternatives
from anymedia.model.kinds import KINDS
from anymedia.model.request import Request
from anymedia.pricing.explain import MASK
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from anymedia.translate.places import held

from .clock import FakeClock, while_sold
from .credentials import carried, tokens_of
from .suite import LIMIT, Suite, fail, in_a_loop, promise


class Played(Suite):
    """Recorded conversations: each is one submit, with the looks at its task."""

    @in_a_loop
    async def test_a_cassette_is_played_to_its_end(self, adapter: Adapter, cassette: Path) -> None:
        """The adapter sends what was sent, and makes of each answer what leads to the next call."""
        vcr = pytest.importorskip("vcr", reason="cassettes are played with vcrpy")
        matched = vcr.VCR(match_on=("method", "path", "query", "body"), record_mode="none")
        with matched.use_cassette(str(cassette)) as tape:
            first, name = next(each for each in tape.requests if not _asks_for_token(adapter, each.uri)), cassette.name
            said = [secret for each in tape.requests for secret in carried(adapter, each.headers, each.uri)]
            held = ", ".join(dict.fromkeys(where for where, key in said if not _is_masked(key)))
            promise(not held, f"{name} holds what may be a key, in {held}")
            body, path = json.loads(first.body), urlsplit(first.uri)._replace(scheme="", netloc="").geturl()
            request = written_as(adapter, path, body) or RawRequest(adapter.name, path, body)
            try:
                came = await _run(adapter, first.uri, request)
            except vcr.errors.CannotOverwriteExistingCassetteException as error:
                asked = f"{error.failed_request.method} {error.failed_request.uri}"
                fail(f"{name}: the adapter asks for what was not recorded (again): {asked}")
        heard = f"{tape.play_count} of {len(tape)} answers were asked for, then it came to {came!r}"
        promise(tape.all_played, f"{name}: {heard}")
        refused = getattr(came, "outcome", None) is Outcome.REFUSED  # a "no" may come at HTTP 200
        accepted = any(answer["status"]["code"] < 300 for answer in tape.responses) and not refused
        known = isinstance(request, Request) or not accepted
        promise(known, f"{name}: the adapter does not write this body (any more): {body}")
        promise(not (accepted and isinstance(came, SubmitUncertain)), f"{name}: what was accepted came to {came!r}")


def _asks_for_token(adapter: Adapter, url: str) -> bool:
    return urlsplit(url).path in [token.call.path for token in tokens_of(adapter)]


def _is_masked(key: str) -> bool:
    return key.endswith(MASK) or not key


async def _run(adapter: Adapter, url: str, request: Request | RawRequest) -> Task | AnymediaError:
    """Return what a request comes to at the origin that a cassette was recorded at."""
    origin = urlsplit(url)._replace(path="", query="").geturl()
    settings = {f"{name}_env": "KEY" for name in adapter.settings}
    table = {"base_url": origin, "api_key_env": "KEY", "settings": settings}
    # A secret in the query is in the cassette as its mask.
    config = read_config({"providers": {adapter.name: table}, "journal": {"enabled": False}}, {"KEY": MASK})
    async with Client(config, clock=FakeClock(while_sold(adapter))) as client:
        try:
            return await client.wait(await client.submit(request, timeout=LIMIT), LIMIT)
        except AnymediaError as error:
            return error


def written_as(adapter: Adapter, path: str, body: Any) -> Request | None:
    """Return the request that an adapter writes as a body, at a path; None when there is none. Null is not given."""
    where = urlsplit(path)
    sent = {**body, **{f"?{name}": text for name, text in parse_qsl(where.query)}}
    sold = [each for each in adapter.offers if where.path in _paths(adapter, each) and _is_named(adapter, each, body)]
    may_be = (
        (offer, request)
        for offer in sold
        for variant in offer.variants
        for request in _read_back(adapter, offer, variant, sent)
    )
    return next((request for offer, request in may_be if _writes(request, adapter, offer, where.path, body)), None)


def _writes(request: Request, adapter: Adapter, offer: Offer, path: str, body: Any) -> bool:
    """Return whether a request for an offer is written as a body, at a path."""
    checked = check(request, adapter, offer)
    there = urlsplit(checked.path).path == path
    return there and not checked.problems and [given(each.body) for each in parts(checked)] == [given(body)]


def given(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body without its nulls."""
    return {name: value for name, value in body.items() if value is not None}


def _paths(adapter: Adapter, offer: Offer) -> set[str]:
    """Return where requests for an offer may be submitted."""
    submit = adapter.life(offer.lifecycle).submit
    paths, ids = alternatives(offer.path) or [submit.path or ""], alternatives(offer.wire_id)
    return {urlsplit(path.replace("{wire_id}", each)).path for path in paths for each in ids}


def _is_named(adapter: Adapter, offer: Offer, body: Any) -> bool:
    """Return whether a body names an offer by a wire id of it, where bodies name one."""
    place = adapter.life(offer.lifecycle).submit.model
    return place is None or Place(place).one(body) in alternatives(offer.wire_id)


def _read_back(adapter: Adapter, offer: Offer, variant: str, sent: Mapping[str, Any]) -> Iterator[Request]:
    """Yield what may have been asked for: with fields as they are in a variant, then beside those that are found."""
    kind = KINDS[offer.kind]
    blank = {field.name: "" for field in attrs.fields(kind) if field.default is attrs.NOTHING}
    beside = {name: param for name, param in offer.params.items() if not _excluded(kind, name, variant)}
    for beside_it in ((variant,), (variant, *dict(_fields(beside, (variant,), sent)))):
        fields = dict(_fields(beside, beside_it, sent))
        for one, other in kind.exclusive:  # a place that two fields share is that of the first
            fields = {name: value for name, value in fields.items() if name != other or one not in fields}
        extra = {adapter.name: dict(_fields(offer.knobs, beside_it, sent))}
        with suppress(OutOfBounds):
            yield kind(**{**blank, **fields, "model": offer.model, "extra": extra})


def _excluded(kind: type[Request], field: str, variant: str) -> bool:
    """Return whether a request in a variant cannot have a field: another may share its place."""
    return any({field, variant} == {*pair} for pair in kind.exclusive)


def _fields(params: Mapping[str, Param], given: Container[str], body: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields that a body holds where these are given, in canonical words."""
    for field, param in params.items():
        takes = pick(param.takes, given)
        to = param.to.pick(given) if isinstance(param.to, When) else param.to
        wire = None if takes is None or to is None else _at(to, takes, body)
        if takes is not None and wire is not None and (value := takes.read(wire)) is not None:
            yield field, value


def _at(to: str | Numbered, takes: Value, body: Any) -> Any:
    if isinstance(to, Numbered):
        return [body[name] for name in to.names(len(body)) if name in body] or None
    if to.startswith("?"):
        return body.get(to)
    return (Place(to).find(body) or None) if "[]" in to else held(body, to, takes.keys or ())
