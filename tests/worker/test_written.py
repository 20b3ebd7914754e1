"""Errors and requests that go from one process to another are the same there."""

from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from anymedia import (
    AnymediaError,
    ConfigError,
    NoRoute,
    OutOfBounds,
    Problem,
    RateLimited,
    RawRequest,
    Rejected,
    SpeechRequest,
    SubmitUncertain,
    Unavailable,
)
from anymedia.engine.handed_over import HandedOver
from anymedia.journal.ledger import Claimed
from anymedia.journal.protocol import Claim
from anymedia.model.options import Options
from anymedia.model.vocabulary import Billed, Outcome
from anymedia.storage import Storage
from anymedia.transport.store import Store
from anymedia.transport.store_faults import Lost
from anymedia.worker.told import FACTS, FLAGS, as_text, read
from anymedia.worker.written import INLINE, Carrier, order_args, order_of

from .conftest import REQUEST, asked

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(INLINE)


def known(error):
    names = (*FACTS, *FLAGS, "message", "billed", "retry", "outcome", "problems", "replay_until")
    return {name: getattr(error, name, None) for name in names}


@pytest.mark.parametrize(
    "error",
    [
        AnymediaError("a \ud800 \x00 message", billed=Billed.UNKNOWN),
        OutOfBounds(problems=[Problem(field="prompt", message="too long", page="page")], account="kie"),
        RateLimited("soon", status=429, retry_after=1.5, outcome=Outcome.REFUSED, billed=Billed.NO),
        SubmitUncertain("who knows", account="kie"),
        SubmitUncertain("who knows", replay_until=datetime(2026, 1, 1, tzinfo=UTC)),
        NoRoute(errors=[Rejected("no", account="kie", code="7"), Unavailable("away")]),
    ],
    ids=repr,
)
def test_an_error_is_the_same_where_it_is_read(error):
    found = read(as_text(error))
    assert (type(found), str(found), known(found)) == (type(error), str(error), known(error))
    if isinstance(error, NoRoute):
        assert [known(each) for each in found.errors] == [known(each) for each in error.errors]


def test_an_error_of_a_class_that_is_no_more_is_an_error():
    assert str(read(as_text(AnymediaError("why")).replace('"AnymediaError"', '"Gone"'))) == "why"


RAW = RawRequest("kie", "/p", {"a": 1})


@pytest.mark.parametrize(
    "request_", [REQUEST, asked(1, extra={"kie": {"x": [1]}}), SpeechRequest(model="m", text="\x00"), RAW], ids=repr
)
async def test_a_request_is_the_same_where_it_is_read(request_):
    assert await Carrier(None).request(await Carrier(None).text(request_)) == request_


async def test_large_files_travel_through_the_storage(bucket, tmp_path):
    picture = tmp_path / "big.png"
    picture.write_bytes(PICTURE)
    here, there = (Carrier(Storage(url=bucket.url, options=bucket.options)) for _ in range(2))
    request = asked(1, images=[picture, "https://example.com/a.png"], mask=b"\x89PNG\r\n\x1a\n123")
    text = await here.text(request)
    picture.unlink()
    found = await there.request(text)
    assert (len(text) < 2000, len(bucket.keys())) == (True, 2)
    assert ([each.read() for each in (found.images[0], found.mask)], found.images[1]) == (
        [PICTURE, b"\x89PNG\r\n\x1a\n123"],
        "https://example.com/a.png",
    )


async def test_a_file_that_changes_is_refused(bucket, tmp_path):
    picture = tmp_path / "big.png"
    picture.write_bytes(PICTURE)
    request = asked(1, images=[picture])
    picture.write_bytes(PICTURE + b"more")
    with pytest.raises(OutOfBounds, match="changed after it was put in"):
        await Carrier(Storage(url=bucket.url, options=bucket.options)).text(request)


async def test_a_folder_is_no_way_to_other_machines(tmp_path):
    with pytest.raises(OutOfBounds, match="files of 1,048,576 at most travel within a request"):
        await Carrier(Storage(url=tmp_path.as_uri())).text(asked(1, images=[PICTURE]))


@pytest.mark.parametrize(("permanent", "kind"), [(True, ConfigError), (False, Unavailable)])
async def test_a_storage_that_takes_nothing_is_told(bucket, monkeypatch, permanent, kind):
    carrier = Carrier(Storage(url=bucket.url, options=bucket.options))
    text = await carrier.text(asked(1, images=[PICTURE]))

    async def put(*_, **__):
        lost = Lost("it is full", sent=True)
        lost.permanent = permanent
        raise lost

    monkeypatch.setattr(Store, "put", put)
    with pytest.raises(kind, match=r"was not put into s3://.*: it is full"):
        await carrier.text(asked(1, images=[PICTURE]))
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.keys()[0])
    with pytest.raises(Unavailable, match="was not read"):
        await carrier.request(text)


def test_an_order_is_the_same_where_it_is_read():
    claimed = Claimed(claim=Claim(key="k", holder="h", owner="o", fence=3), digest="d")
    terms = Options(offer="kie/flux-2-pro", idempotency_key="k", batch="b", fallback=False)
    order = HandedOver(id="a", request=REQUEST, account="kie", units=range(1, 3), terms=terms, claimed=claimed)
    for each in (order, attrs.evolve(order, claimed=None, most=Decimal("0.10"), why="the cheapest")):
        assert order_of(order_args(each), REQUEST) == each


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type": "Unavailable"}',
        '{"type": 1}',
        as_text(Unavailable("m")).replace('"same"', '"later"'),
        as_text(Unavailable("m")).replace('"type"', '"kind"'),
    ],
)
def test_what_another_version_has_told_is_an_error_all_the_same(text):
    error = read(text)
    assert (type(error), error.billed) == (AnymediaError, Billed.UNKNOWN)
    assert error.message.startswith("what became of it cannot be read")
