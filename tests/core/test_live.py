"""Prices that providers told: what they are used for, what may stand in their file, and what may be answered."""

import asyncio
import errno
import json
import logging
import os
import threading
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import AnymediaError, ConfigError, ImageRequest, Secret, SpeechRequest, VideoRequest, read_config, to_json
from anymedia.declare import Endpoint, PriceQuote
from anymedia.engine.refresh import refresh
from anymedia.engine.session import Session
from anymedia.limits.ceiling import Ceiling
from anymedia.pricing import live
from anymedia.pricing.figures import Unpriced
from anymedia.pricing.live import LivePrice, LivePrices
from anymedia.pricing.offers import candidates
from anymedia.pricing.quote import quote_of
from anymedia.registry import adapters
from anymedia.testing import FakeClock
from anymedia.translate.check import check
from anymedia.translate.encode import ask_price, parts
from anymedia.translate.messages import Answer, ToldPrice
from anymedia.transport.retry import Patience

FLUX = ImageRequest(model="flux-2-pro", prompt="a fox", resolution="1K")
HERE = "https://eu.example"
ACCOUNT = read_config({"providers": {"runapi": {"base_url": HERE, "api_key_env": "K"}}}, {}).accounts["runapi"]
TOLD = LivePrice(
    provider="runapi",
    origin=HERE,
    offer="flux-2-pro",
    variant="text",
    fields={"aspect_ratio": None, "resolution": "1K", "moderation": None, "count": 1},
    usd=Decimal("0.06"),
    date="2027-01-10",
    fetched_at=datetime(2027, 1, 12, tzinfo=UTC),
    tag='"a"',
    source="its answer",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "prices.json"


def money(path, request=FLUX, account=ACCOUNT):
    prices = path if isinstance(path, LivePrices) else LivePrices(path)
    (found,) = candidates(request, [account], live=prices)
    return quote_of(found).money


# What they are used for


def test_what_was_told_is_the_price_with_its_date_in_any_process(path):
    LivePrices(path).keep([TOLD])
    got = money(path)
    assert (str(got), got.list_usd, got.credits, got.status) == ("$0.06", Decimal("0.06"), None, "exact")
    assert (got.got, got.date, got.source, got.reason) == ("live", "2027-01-10", "its answer", None)
    assert money(path, attrs.evolve(FLUX, count=3)).usd == Decimal("0.18")  # three tasks of one picture
    # What the picture is of, and what happens to it then, changes no price.
    same = attrs.evolve(FLUX, prompt="a hen", callback_url="https://app.example/", labels={"a": "b"})
    assert money(path, same) == got
    assert LivePrices.at(path) is LivePrices.at(Path(str(path)))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "fields",
    [
        {"resolution": None},
        {"resolution": "2K"},
        {"aspect_ratio": "1:1"},
        {"moderation": "off"},
        {"images": ("https://img.example/1.png",)},
        {"model": "flux-2-flex"},
        {"extra": {"runapi": {"steps": 9}}},
        {"extra": {"runapi": {"output_resolution": "1k"}}},
    ],
)
def test_a_price_is_not_that_of_another_request(path, fields):
    LivePrices(path).keep([TOLD])
    assert money(path, attrs.evolve(FLUX, **fields)).got == "table"


def test_a_price_is_not_that_of_another_origin_provider_or_offer(path):
    others = [{"origin": "https://us.example"}, {"provider": "reapi"}, {"offer": "flux-2-flex"}, {"variant": "images"}]
    LivePrices(path).keep([attrs.evolve(TOLD, **change) for change in others])
    assert money(path).got == "table"
    LivePrices(path).keep([TOLD])
    assert money(path).got == "live"
    assert money(path, account=attrs.evolve(ACCOUNT, origin="https://runapi.ai")).got == "table"
    assert money(path, account=attrs.evolve(ACCOUNT, name="mine")).got == "live"


# The file


def test_what_other_processes_write_is_seen_and_kept(path):
    ours, theirs = LivePrices(path), LivePrices(path)
    ours.keep([TOLD])
    assert str(money(theirs)) == "$0.06"
    theirs.keep([attrs.evolve(TOLD, usd=Decimal("0.055"), fields=TOLD.fields | {"resolution": "2K"})])
    ours.keep([attrs.evolve(TOLD, usd=Decimal("0.045"))])
    for each in (ours, theirs, LivePrices(path)):
        shown = [str(money(each, attrs.evolve(FLUX, resolution=resolution))) for resolution in ("1K", "2K")]
        assert shown == ["$0.045", "$0.055"]
    path.unlink()
    assert money(ours).got == money(theirs).got == "table"


def test_a_file_that_is_replaced_within_one_tick_of_the_disk_s_clock_is_read_anew(path):
    ours, theirs = LivePrices(path), LivePrices(path)
    theirs.keep([TOLD])
    assert str(money(ours)) == "$0.06"
    tick = path.stat().st_mtime_ns
    theirs.keep([attrs.evolve(TOLD, usd=Decimal("0.09"))])
    os.utime(path, ns=(tick, tick))
    assert str(money(ours)) == "$0.09"


def test_another_thread_does_not_find_half_of_it(path, monkeypatch):
    LivePrices(path).keep([TOLD])
    prices, seen, parse = LivePrices(path), [], live.loads

    def while_another_looks(data):
        monkeypatch.setattr(live, "loads", parse)
        other = threading.Thread(target=lambda: seen.append(money(prices)))
        other.start()
        other.join(10)
        return parse(data)

    monkeypatch.setattr(live, "loads", while_another_looks)
    seen.append(money(prices))
    assert [each.got for each in seen] == ["live", "live"]


PLAIN = {"anymedia": 1, "prices": [to_json(TOLD)]}


def changed(**fields):
    return json.dumps({"anymedia": 1, "prices": [to_json(TOLD) | fields]})


DAMAGED = {
    "nothing": "",
    "half": json.dumps(PLAIN)[:99],
    "no text": b"\xff\xfe\x00",
    "a list": "[]",
    "a text": '"prices"',
    "null": "null",
    "another form": json.dumps(PLAIN | {"anymedia": 2}),
    "without a form": json.dumps({"prices": [to_json(TOLD)]}),
    "no prices": '{"anymedia": 1}',
    "prices by name": json.dumps(PLAIN | {"prices": {"a": to_json(TOLD)}}),
    "prices null": json.dumps(PLAIN | {"prices": None}),
    "nested": "[" * 100_000,
    "a long number": '{"anymedia": 1, "prices": [' + "9" * 5000 + "]}",
    "NaN": '{"anymedia": 1, "prices": [NaN]}',
    "a float": changed(usd=0.01),
    "no amount": changed(usd="cheap"),
    "NaN USD": changed(usd="NaN"),
    "infinite USD": changed(usd="Infinity"),
    "one field more": changed(colour="red"),
    "no time": changed(fetched_at="yesterday"),
    "no time zone": changed(fetched_at="2027-01-12T00:00:00"),
    "fields that are none": changed(fields=[1]),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_not_used_and_that_is_said(path, caplog, kind):
    path.parent.mkdir()
    path.write_bytes(DAMAGED[kind] if isinstance(DAMAGED[kind], bytes) else DAMAGED[kind].encode())
    prices = LivePrices(path)
    assert [money(prices).got, money(prices).got] == ["table", "table"]
    (warning,) = caplog.records  # once, not at every look
    assert (warning.levelno, str(path) in warning.message) == (logging.WARNING, True)


def test_a_file_that_cannot_be_read_is_not_used_and_that_is_said(path, caplog):
    path.mkdir(parents=True)
    assert money(path).got == "table"
    assert "cannot be read" in caplog.text
    assert money(path / "below" / "prices.json").got == "table"


@pytest.mark.parametrize("usd", ["-0.06", "0", "0.000", "1000.01", "1E+400", "1E-400"])
def test_an_amount_that_no_answer_could_have_brought_is_not_used(path, usd):
    path.parent.mkdir()
    path.write_text(changed(usd=usd))
    assert money(path).got == "table"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PLACES = [field.name for field in attrs.fields(LivePrice)]
FILES = (
    st.binary()
    | JSON.map(lambda data: json.dumps(data).encode())
    | st.fixed_dictionaries({"anymedia": st.just(1) | JSON, "prices": st.lists(JSON) | JSON}).map(
        lambda data: json.dumps(data).encode()
    )
    | st.tuples(st.sampled_from(PLACES), JSON).map(lambda change: changed(**dict([change])).encode())
)


@given(FILES)
def test_whatever_is_in_the_file_it_is_read_or_left_alone(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "anything.json"
    path.write_bytes(content)
    found = money(path)
    assert found.got in ("table", "live")
    assert found.usd > 0
    LivePrices(path).keep([TOLD])
    assert str(money(path)) == "$0.06"


@pytest.mark.parametrize("depth", [20, 400, 900])
def test_fields_nested_to_any_depth_are_no_trap(path, depth):
    path.parent.mkdir()
    nested = json.dumps({"a": None}).replace("null", "[" * depth + "]" * depth)
    path.write_text(changed(fields="?").replace('"?"', nested))
    assert money(path).got == "table"
    LivePrices(path).keep([TOLD])
    assert money(path).got == "live"


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_file_and_the_prices_as_they_were(path, monkeypatch):
    prices = LivePrices(path)
    prices.keep([TOLD])
    before = path.read_bytes()
    dearer = attrs.evolve(TOLD, usd=Decimal("0.09"))
    with monkeypatch.context() as patch:
        patch.setattr(live.json, "dump", no_space)
        with pytest.raises(OSError, match="No space left"):
            prices.keep([dearer])
    assert (path.read_bytes(), list(path.parent.iterdir())) == (before, [path])
    assert str(money(path)) == "$0.06"
    assert str(money(prices)) == "$0.06"  # what is not on disk, no other process would quote
    prices.keep([dearer])
    assert str(money(prices)) == str(money(path)) == "$0.09"


def test_a_place_that_cannot_be_written_to_is_an_os_error(path):
    path.parent.parent.joinpath("file").write_text("")
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's choice
        LivePrices(path.parent.parent / "file" / "prices.json").keep([TOLD])
    path.mkdir(parents=True)
    with pytest.raises(OSError):  # noqa: PT011
        LivePrices(path).keep([TOLD])
    assert list(path.parent.iterdir()) == [path]


# What is answered

QUOTED = {"pricing_status": "available", "currency": "USD", "reservation_amount_cents": 5, "as_of": "2027-01-14T00:00Z"}


def quoted(**changes):
    return json.dumps({"price_quote": QUOTED | changes}).encode()


LIST = Answer(200, {"etag": '"b"'}, b'{"price_schedules": []}')
PRICE = Answer(200, {}, quoted())


@attrs.define
class Wire:
    """What answers in a provider's place: the list of prices, and the price."""

    schedules: Answer = LIST
    price: Answer = PRICE
    calls: list = attrs.field(factory=list)

    def gate(self, _):
        return nullcontext()

    async def send(self, _account, call, _progress, _credentials):
        self.calls.append(call)
        return self.schedules if call.method == "GET" else self.price

    @property
    def asked(self):
        """The methods and the tags sent since the last look, and forget them."""
        said = [(call.method, call.headers.get("If-None-Match")) for call in self.calls]
        self.calls.clear()
        return said


def ask(wire, prices, *requests, account=ACCOUNT):
    """Ask what requests cost, and return what went wrong."""
    session = Session(FakeClock(), Patience(tries=1), None, None)
    session._transport = wire
    found = [each for request in requests or [FLUX] for each in candidates(request, [account])]
    return asyncio.run(refresh(found, session, prices))


def test_a_question_is_what_the_page_says_and_carries_no_key(path):
    wire = Wire()
    assert ask(wire, LivePrices(path)) == []
    changes, price = wire.calls
    assert (changes.method, changes.url, changes.json) == ("GET", f"{HERE}/api/v1/price_schedules", None)
    assert (price.method, price.url) == ("POST", f"{HERE}/api/v1/price_quotes")
    assert price.json == {
        "service": "flux_2",
        "action": "text_to_image",
        "model": "flux-2-pro-text-to-image",
        "params": {"model": "flux-2-pro-text-to-image", "prompt": "a fox", "output_resolution": "1k"},
    }
    assert [call.keyed for call in wire.calls] == [False, False]
    got = money(path)
    assert (str(got), got.date, got.source) == ("$0.05", "2027-01-14", "RunAPI's answer to a price quote")


def test_every_different_task_is_asked_for_once_and_what_cannot_be_quoted_is_not(path):
    wire = Wire()
    assert ask(wire, LivePrices(path), attrs.evolve(FLUX, count=9)) == []
    assert wire.asked == [("GET", None), ("POST", None)]
    for request in (attrs.evolve(FLUX, extra={"runapi": {"a": 1}}), attrs.evolve(FLUX, seed=1)):
        assert ask(wire, LivePrices(path), request) == []
    assert wire.asked == []


def test_the_same_tag_says_that_nothing_has_changed(path):
    wire, prices = Wire(), LivePrices(path)
    prices.keep([TOLD])

    def dated():
        said = json.loads(path.read_text())["prices"][0]
        return said["usd"], said["date"], said["fetched_at"][:10], said["tag"]

    wire.schedules = Answer(304)
    assert ask(wire, prices) == []
    assert wire.asked == [("GET", '"a"')]
    assert dated() == ("0.06", "2027-01-10", "2027-01-15", '"a"')
    wire.schedules = Answer(200, {"etag": '"a"'}, b"{}")  # it does not look at what it is asked
    assert (ask(wire, LivePrices(path)), wire.asked) == ([], [("GET", '"a"')])
    wire.schedules = LIST
    assert (ask(wire, prices), wire.asked) == ([], [("GET", '"a"'), ("POST", None)])
    assert dated() == ("0.05", "2027-01-14", "2027-01-15", '"b"')


def test_without_a_tag_it_is_asked_every_time(path):
    wire, prices = Wire(schedules=Answer(200, {}, b"{}")), LivePrices(path)
    for _ in range(2):
        assert (ask(wire, prices), wire.asked) == ([], [("GET", None), ("POST", None)])
    wire.schedules = Answer(304)  # to a question without a tag
    assert (ask(wire, prices), wire.asked) == ([], [("GET", None), ("POST", None)])
    # Of two tags nobody knows which one holds.
    prices.keep([TOLD, attrs.evolve(TOLD, tag='"b"', fields=TOLD.fields | {"resolution": "2K"})])
    wire.schedules = LIST
    assert ask(wire, prices, FLUX, attrs.evolve(FLUX, resolution="2K")) == []
    assert wire.asked == [("GET", None), ("POST", None)]  # the one under the tag of now is known


def test_a_provider_may_have_no_list_and_tell_usd_and_no_date(path):
    asks = Endpoint(method="POST", path="/quote", keyed=False)
    words = PriceQuote(call=asks, of="/api/v1/{family}/{what}", sends={"input": "{body}"}, usd="cost")
    account = attrs.evolve(ACCOUNT, adapter=attrs.evolve(ACCOUNT.adapter, price_quote=words))
    wire = Wire(price=Answer(200, {}, b'{"cost": 0.07}'))
    for _ in range(2):
        assert ask(wire, LivePrices(path), account=account) == []
    assert wire.calls[0].json == {"input": candidates(FLUX, [ACCOUNT])[0].parts[0].body}
    assert wire.asked == [("POST", None)] * 2
    got = money(path)
    assert (str(got), got.date) == ("$0.07", "2027-01-15")
    # Who tells no prices at all is not asked.
    silent = attrs.evolve(ACCOUNT, adapter=attrs.evolve(ACCOUNT.adapter, price_quote=()))
    assert (ask(wire, LivePrices(path), account=silent), wire.asked) == ([], [])


HOSTILE = {
    "not JSON": b"<html>",
    "nothing": b"",
    "no UTF-8": b"\xff\xfe",
    "null": b"null",
    "a list": b"[1, 2]",
    "a text": b'"5"',
    "no quote": b"{}",
    "a quote of null": b'{"price_quote": null}',
    "nested": b"[" * 100_000,
    "pending": quoted(pricing_status="pending", reservation_amount_cents=None),
    "pending, with an amount": quoted(pricing_status="pending"),
    "no status": quoted(pricing_status=None),
    "another currency": quoted(currency="EUR"),
    "no currency": quoted(currency=None),
    "a list of currencies": quoted(currency=["USD"]),
    "no amount": quoted(reservation_amount_cents=None),
    "nothing to pay": quoted(reservation_amount_cents=0),
    "minus nothing": quoted(reservation_amount_cents=-0.0),
    "negative": quoted(reservation_amount_cents=-5),
    "more than anything costs": quoted(reservation_amount_cents=100_001),
    "1e9": quoted(reservation_amount_cents=1e9),
    "1e308": quoted(reservation_amount_cents=1e308),
    "1e999": quoted().replace(b"5", b"1e999", 1),
    "5,000 digits": quoted().replace(b"5", b"5" * 5000, 1),
    "NaN": quoted(reservation_amount_cents=float("nan")),
    "infinite": quoted(reservation_amount_cents=float("inf")),
    "a text of other digits": quoted(reservation_amount_cents="٥"),
    "a text with an exponent": quoted(reservation_amount_cents="5e0"),
    "true": quoted(reservation_amount_cents=True),
    "a list of one": quoted(reservation_amount_cents=[5]),
    "an object": quoted(reservation_amount_cents={"cents": 5}),
    "many digits": quoted(reservation_amount_cents=5.000000000000001),
    "next to nothing": quoted(reservation_amount_cents=5e-324),
    "another century": quoted(as_of="2127-01-01T00:00:00Z"),
    "the day after tomorrow": quoted(as_of="2027-01-17T00:00:00Z"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_answer_that_is_no_price_is_an_error_and_changes_nothing(path, kind):
    LivePrices(path).keep([TOLD])
    before = path.read_bytes(), money(path)
    (error,) = ask(Wire(price=Answer(200, {}, HOSTILE[kind])), LivePrices(path))
    assert isinstance(error, AnymediaError)
    assert (error.account, error.provider, error.model) == ("runapi", "runapi", "flux-2-pro")
    assert (path.read_bytes(), money(path)) == before


@pytest.mark.parametrize("status", [301, 307, 400, 401, 402, 404, 429, 500, 503])
def test_an_answer_with_another_status_is_none_whatever_it_says(path, status):
    LivePrices(path).keep([TOLD])
    before = path.read_bytes()
    for wire in (Wire(price=Answer(status, {}, quoted())), Wire(schedules=Answer(status, LIST.headers, LIST.body))):
        (error,) = ask(wire, LivePrices(path))
        assert str(status) in str(error)
    assert len(wire.calls) == 1  # without the list nothing is asked for
    assert path.read_bytes() == before


def test_what_is_not_told_is_not_written(path):
    (_,) = ask(Wire(price=Answer(200, {}, b"{}")), LivePrices(path))
    assert not path.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text(DAMAGED["another form"])  # a later version's
    (_,) = ask(Wire(price=Answer(200, {}, b"{}")), LivePrices(path))
    assert path.read_text() == DAMAGED["another form"]


def test_the_bounds_of_what_is_believed(path):
    def told(**changes):
        wire = Wire(Answer(200, {}, b"{}"), Answer(200, {}, quoted(**changes)))
        assert ask(wire, LivePrices(path)) == []
        return money(path)

    for cents, usd in ((0.0001, "0.000001"), (0.5, "0.005"), (5, "0.05"), (5.0, "0.05"), (100_000, "1000")):
        assert told(reservation_amount_cents=cents).usd == Decimal(usd)
    assert told(as_of="2027-01-16T00:00:00Z").date == "2027-01-16"
    assert told(as_of="2020-02-02").date == "2020-02-02"
    assert told(as_of=None).date == "2027-01-15"


BODIES = (
    st.binary()
    | JSON.map(lambda data: json.dumps(data).encode())
    | st.fixed_dictionaries({}, optional=dict.fromkeys(QUOTED, JSON)).map(lambda changes: quoted(**changes))
    | (st.integers() | st.floats()).map(lambda cents: quoted(reservation_amount_cents=cents))
    | st.datetimes().map(lambda when: quoted(as_of=when.isoformat()))
)
STATUSES = st.just(200) | st.sampled_from([200, 204, 304, 307, 404, 429, 500])


@given(STATUSES, BODIES, STATUSES, BODIES, st.text())
def test_any_answer_is_a_price_or_an_error(tmp_path_factory, list_status, list_body, status, body, tag):
    path = tmp_path_factory.getbasetemp() / "answered.json"
    path.unlink(missing_ok=True)
    wire = Wire(Answer(list_status, {"etag": tag}, list_body), Answer(status, {}, body))
    errors = ask(wire, LivePrices(path))
    got = money(path)
    if errors:
        assert [isinstance(error, AnymediaError) for error in errors] == [True]
        assert got.got == "table"
        return
    assert (got.got, got.status, type(got.usd)) == ("live", "exact", Decimal)
    said = json.loads(body)["price_quote"]
    assert (said["pricing_status"], said["currency"]) == ("available", "USD")
    assert Fraction(got.usd) == Fraction(repr(said["reservation_amount_cents"])) / 100
    assert 0 < got.usd <= 1000
    assert datetime.fromisoformat(got.date) < datetime(2027, 1, 17)


def test_a_path_that_has_not_the_form_of_the_adapter_s_is_a_mistake_in_the_adapter(path):
    (words,) = adapters()["runapi"].price_quote
    words = attrs.evolve(words, of="/api/v2/{service}/{action}")
    adapter = attrs.evolve(adapters()["runapi"], price_quote=words)
    checked = check(FLUX, adapter, adapter.offer("flux-2-pro"))
    with pytest.raises(ValueError, match=r"/api/v1/flux_2/text_to_image does not have the form /api/v2/"):
        ask_price(words, ACCOUNT, checked, parts(checked)[0])


LISTED = PriceQuote(
    call=Endpoint(method="GET", origin="https://prices.acme.example", path="/v1/list", query={"id": "{wire_id}"}),
    known={"prices[0].id": "{wire_id}", "prices[0].currency": "USD"},
    usd="prices[0].unit_price",
    unit="prices[0].unit",
    units={"images": "count", "seconds": "duration", "pages": "pages"},
)
AVERAGE = PriceQuote(
    call=Endpoint(method="POST", origin="https://prices.acme.example", path="/v1/average"),
    sends={"kind": "average", "of": {"{wire_id}": {"calls": 1}}},
    usd="total",
    doubt="what calls cost on average",
)


@pytest.fixture
def listed():
    """An account whose offers have no printed price, at a provider whose list tells prices by the unit."""
    offers = tuple(attrs.evolve(each, prices=None) for each in ACCOUNT.adapter.offers)
    adapter = attrs.evolve(ACCOUNT.adapter, offers=offers, price_quote=(LISTED, AVERAGE))
    return attrs.evolve(ACCOUNT, adapter=adapter, api_key=Secret("key"))


def unit_price(usd, unit, wire_id="flux-2-pro-text-to-image"):
    entry = {"id": wire_id, "unit_price": usd, "unit": unit, "currency": "USD"}
    return Answer(200, {}, json.dumps({"prices": [entry]}).encode())


class Lists(Wire):
    """A list of prices, and another that tells averages, which answer in turn."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)

    async def send(self, _account, call, _progress, _credentials):
        self.calls.append(call)
        return self.answers.pop(0)


CLIP = VideoRequest(model="kling-3.0", prompt="a fox", duration=7)
AVERAGED = "what calls cost on average"
A_UNIT = "the price list has one price for each {}, and does not say what else changes it"


@pytest.mark.parametrize(
    ("request_", "listed_as", "average", "usd", "reason"),
    [
        (attrs.evolve(FLUX, count=2), unit_price(0.025, "images"), None, "0.05", A_UNIT.format("count")),
        (CLIP, unit_price(0.1, "seconds", "kling-3.0"), None, "0.7", A_UNIT.format("duration")),
        (FLUX, unit_price(0.1, "gpu hours"), Answer(200, {}, b'{"total": 0.04}'), "0.04", AVERAGED),
        (
            FLUX,
            unit_price(0.1, "images", "other"),
            Answer(200, {}, b'{"total": 0.04}'),
            "0.04",
            "what calls cost on average",
        ),
        (FLUX, unit_price(0.1, None), Answer(200, {}, b'{"total": 0.04}'), "0.04", AVERAGED),
        (FLUX, unit_price(0.1, "pages"), Answer(200, {}, b'{"total": 0.04}'), "0.04", AVERAGED),
    ],
)
def test_a_price_by_the_unit_is_an_estimate_where_the_page_has_none(
    path, listed, request_, listed_as, average, usd, reason
):
    prices, wire = LivePrices(path), Lists(listed_as, *([average] if average else []))
    assert ask(wire, prices, request_, account=listed) == []
    (candidate,) = candidates(request_, [listed], live=LivePrices(path))
    money = candidate.money
    assert (money.usd, money.status, money.got, money.reason) == (Decimal(usd), "estimate", "live", reason)
    assert money.bound is None  # what it may cost more nobody knows, so that no ceiling is held by it
    assert not Ceiling(Decimal(9)).fits(money)
    first, *others = wire.calls
    assert (first.keyed, first.json, first.url) == (
        True,
        None,
        f"{HERE}/v1/list?id={candidate.checked.wire_id.replace('/', '%2F')}",
    )
    assert [call.json for call in others] == [{"kind": "average", "of": {candidate.checked.wire_id: {"calls": 1}}}] * (
        average is not None
    )


def test_what_the_page_prints_is_not_asked_for_by_the_unit(path, listed):
    printed = attrs.evolve(ACCOUNT, adapter=attrs.evolve(ACCOUNT.adapter, price_quote=(LISTED, AVERAGE)))
    wire = Lists()
    assert (ask(wire, LivePrices(path), account=printed), wire.calls) == ([], [])


def test_a_list_that_needs_a_key_is_not_asked_without_one(path, listed):
    (error,) = ask(wire := Lists(), LivePrices(path), account=attrs.evolve(listed, api_key=None))
    assert (type(error), wire.calls) == (ConfigError, [])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (unit_price(1e-9, "images"), "no price that can be"),
        (Answer(429, {"retry-after": "9"}, b"{}"), "429"),
        (Answer(401, {}, b"{}"), "401"),
    ],
)
def test_what_goes_wrong_at_a_better_way_is_not_hidden_behind_an_average(path, listed, answer, said):
    wire = Lists(answer)
    (error,) = ask(wire, LivePrices(path), account=listed)
    assert (said in str(error), len(wire.calls)) == (True, 1)


def test_an_estimate_that_was_kept_stands_back_behind_a_figure_of_the_page(path, listed):
    ask(Lists(unit_price(0.1, "images")), LivePrices(path), account=listed)
    assert money(path, account=listed).got == "live"
    assert (money(path).got, money(path).status) == ("table", "exact")


def test_a_price_of_the_unit_is_rounded_up_and_held_to_what_a_task_can_cost():
    spoken = SpeechRequest(model="elevenlabs-multilingual-v2", voice="Rachel", text="a fox", speed=0.75)
    checked = check(spoken, ACCOUNT.adapter, ACCOUNT.adapter.offer("text-to-speech-multilingual-v2"))
    for usd, whole in (("0.000000001", "0.000000001"), ("0.000000003", "0.000000003"), ("1200", "900")):
        assert live.whole(ToldPrice(Decimal(usd), None, "speed"), checked, 1)[0] == Decimal(whole)
    with pytest.raises(Unpriced, match=r"no task costs \$1501\.50"):
        live.whole(ToldPrice(Decimal(2002), None, "speed"), checked, 1)


def test_a_price_list_and_an_average_beside_it_have_tags_of_their_own(path, listed):
    ways = (attrs.evolve(LISTED, changes="/v1/changes"), AVERAGE)
    account = attrs.evolve(listed, adapter=attrs.evolve(listed.adapter, price_quote=ways))
    wire = Lists(LIST, unit_price(0.1, "gpu hours"), Answer(200, {}, b'{"total": 0.04}'))
    assert ask(wire, LivePrices(path), account=account) == []
    (kept,) = json.loads(path.read_text())["prices"]
    assert (kept["usd"], kept["tag"]) == ("0.04", None)


def test_what_no_way_tells_is_said_as_the_last_one_says_it(path, listed):
    wire = Lists(unit_price(0.1, "gpu hours"), Answer(200, {}, b"{}"))
    (error,) = ask(wire, LivePrices(path), account=listed)
    assert "no price that can be" in str(error)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"call": Endpoint(method="GET", link="a")}, "price_quote: its call has no path"),
        ({"unit": None}, "price_quote: unit and units go together"),
        ({"units": {}}, "price_quote: unit and units go together"),
    ],
)
def test_words_of_a_price_quote_that_say_nothing(words, said):
    with pytest.raises(ValueError, match=said):
        attrs.evolve(LISTED, **words)
