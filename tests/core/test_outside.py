"""What adapters of other packages may say: each word counts where it stands, or is refused there."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import attrs
import pytest

from anymedia import (
    Account,
    Asset,
    Cause,
    ImageRequest,
    Kind,
    Money,
    Order,
    Outcome,
    RawRequest,
    Refund,
    Request,
    Secret,
    State,
    Task,
)
from anymedia.declare import (
    ANY,
    UNKNOWN,
    Choice,
    Credit,
    Endpoint,
    Err,
    Fault,
    Limits,
    Offer,
    Param,
    Per,
    PerMegapixel,
    Price,
    Reply,
    Rule,
    Said,
    Table,
    Text,
    Whole,
    when,
)
from anymedia.declare.prices import Override
from anymedia.engine.generate import _units
from anymedia.journal.redact import secrets_of
from anymedia.model.forms import FILE, FILES, LINK, TEXT, Role, files, holds, one_of
from anymedia.model.media import Media, put_in
from anymedia.model.redact import MARK, scrubbed
from anymedia.model.strict_json import dumps
from anymedia.pricing.offers import candidates
from anymedia.pricing.price import depends_on, priced, priced_part
from anymedia.pricing.quote import quote_of
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked
from anymedia.translate.encode import parts
from anymedia.translate.messages import Answer

from .acme import acme

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PROMPT = Param("prompt", Text())
SUBMIT = Endpoint(method="POST", path="/v1", reply=Reply(id="id", state="state"))
LOOK = Endpoint(method="GET", path="/{id}")


def sold(count=None, prices=None, **params):
    taken = {"prompt": PROMPT, **({} if count is None else {"count": count}), **params}
    return acme(submit=SUBMIT, offers=(Offer(name="m", params=taken, prices=prices or Price("0.10")),))


# How many


BY_COUNT = Table("count", {1: "0.10", 2: "0.15", 3: "0.18", 4: "0.20"})
BY_BOTH = Table.printed("quality count", ("1 2",), {"low": ".1 .15", "high": ".3 .5"})
TWO = Param("n", Whole(1, 4), default=2)
QUALITY = Param("q", Choice("low", "high"), default="low")


@pytest.mark.parametrize(
    ("count", "prices", "given_", "usd"),
    [
        (TWO, None, {}, "0.20"),
        (TWO, None, {"count": 1}, "0.10"),
        (TWO, None, {"count": 6}, "0.60"),
        (TWO, None, {"extra": {"acme": {"n": 3}}}, "0.30"),
        (TWO, None, {"extra": {"acme": {"n": "all"}}}, "a raw field sets n to what is no number of results"),
        (attrs.evolve(TWO, always_sent=True), None, {}, "0.20"),
        (Param("n", Whole(1, 4), default=when(images=3, otherwise=2)), None, {}, "0.20"),
        (Param("n", when(images=Whole(1, 4)), default=2), None, {}, "0.10"),  # there is no such field here
        (Param("n", Whole(1, 4)), None, {}, "0.10"),
        (Param("n", Whole(1, 4), default=UNKNOWN), None, {}, "0.40"),
        (Param("n", Whole(1, 4), default=Said("one, or two")), None, {"count": 1}, "0.10"),
        (None, None, {"count": 3}, "0.30"),
        (TWO, BY_COUNT, {}, "0.15"),
        (TWO, BY_COUNT, {"count": 3}, "0.18"),
        (TWO, BY_COUNT, {"count": 7}, "0.38"),  # tasks of 4 and 3
        (TWO, BY_COUNT, {"extra": {"acme": {"n": 4}}}, "0.20"),
        (Param("n", Whole(1, 4), default=UNKNOWN), BY_COUNT, {}, "0.20"),
        (attrs.evolve(TWO, bills_as={3: 4}), BY_COUNT, {"count": 3}, "0.20"),
        (TWO, Table("count", {1: "0.10"}), {}, "the page prints no price for count 2"),
        (TWO, BY_BOTH, {"quality": "high"}, "0.5"),
        (TWO, BY_BOTH, {"count": 1}, "0.1"),
    ],
)
def test_a_task_is_quoted_for_what_it_makes(count, prices, given_, usd):
    adapter = sold(count, prices, quality=QUALITY)
    request = ImageRequest(model="m", prompt="fox", **given_)
    checked = check(request, adapter, adapter.offers[0])
    assert checked.problems == ()
    money = priced(checked, parts(checked))
    assert (money.usd if money.usd is not None else money.reason) == (Decimal(usd) if usd[0].isdigit() else usd)


def test_what_is_not_known_of_a_count_is_an_estimate_and_a_price_of_ones_own_counts_alike():
    adapter = sold(Param("n", Whole(1, 4), default=UNKNOWN))
    account = Account(name="acme", adapter=adapter, origin=adapter.base_url, api_key=Secret("k"))
    (candidate,) = candidates(ImageRequest(model="m", prompt="fox"), [account])
    assert quote_of(candidate).status == "estimate"
    assert quote_of(candidate).reasons == ("count is unknown: the page names no default; the most is taken",)
    adapter = sold(TWO, BY_COUNT)
    checked = check(ImageRequest(model="m", prompt="fox", count=2), adapter, adapter.offers[0])
    (part,) = parts(checked)
    mine = Override(Table("count", {1: "1", 2: "1.5", 3: "2", 4: "2.5"}), "mine")
    assert priced_part(checked, part, mine).usd == Decimal("1.5")
    assert priced_part(checked, part, Override(Price("1"), "mine")).usd == 2
    short = priced_part(checked, part, Override(Table("count", {1: "1"}), "mine"))
    assert short.reason == "your configuration prints no price for count 2"
    assert depends_on(checked) == {"count": 2}


@pytest.mark.parametrize(
    ("kind", "units", "made", "there"),
    [
        (Kind.VIDEO, 2, ["video", "image"], 1),  # a cover is no second film
        (Kind.VIDEO, 1, ["image"], 0),  # only the cover came
        (Kind.VIDEO, 2, ["video", "image", "video", "image"], 2),
        (Kind.MUSIC, 1, ["audio", "audio", "image"], 1),  # two songs for one price
        (Kind.IMAGE, 4, ["image"] * 3, 3),
        (Kind.IMAGE, 1, [], 0),
    ],
)
def test_what_is_missing_is_counted_in_units(kind, units, made, there):
    assets = tuple(Asset(kind=each, url="https://a.b/1") for each in made)
    task = Task(id="t", provider="p", account="a", offer="p/o", kind=kind, assets=assets, submitted_at=NOW, path="/")
    order = Order(provider="p", account="a", path="/", money=Money(), units=units)
    assert _units(len(task.works), order) == there
    raw = attrs.evolve(task, offer=None)  # of which nobody knows the kind
    assert _units(len(raw.works), order) == min(len(made), units)
    covers = tuple(attrs.evolve(each, role="cover") for each in assets)
    for each in (task, raw):
        assert attrs.evolve(each, assets=covers).works == ()
    pairs = attrs.evolve(order, makes=2)
    assert [_units(works, pairs) for works in range(5)] == [min(each, units) for each in (0, 1, 1, 2, 2)]


# What a failure costs


@pytest.mark.parametrize(
    ("states", "code", "refunds", "came"),
    [
        ({"lost": State.FAILED}, None, "no", (Cause.FAILED, Refund.NO)),
        ({"lost": Err(Cause.BLOCKED)}, None, "no", (Cause.BLOCKED, Refund.NO)),
        ({"lost": Err(Cause.BLOCKED, refund=Refund.YES)}, None, "no", (Cause.BLOCKED, Refund.YES)),
        ({"lost": Err("failed", refund="no")}, None, "yes", (Cause.FAILED, Refund.NO)),
        ({"lost": Err(Cause.FAILED, refund=Refund.NO)}, "e1", "unknown", (Cause.FAILED, Refund.NO)),
        ({"lost": Err(Cause.BLOCKED)}, "e1", "no", (Cause.BLOCKED, Refund.YES)),
        ({"lost": State.FAILED}, "e1", "no", (Cause.REJECTED, Refund.YES)),
    ],
)
def test_the_word_of_a_state_says_what_a_failure_is_and_costs(states, code, refunds, came):
    reply = Reply(state="state", failure=Fault(code="code"))
    poll = Endpoint(method="GET", path="/v1/{id}", reply=reply)
    errors = {"e1": Err(Cause.REJECTED, refund=Refund.YES)}
    adapter = acme(submit=SUBMIT, poll=poll, states=states, refunds=refunds, errors=errors)
    asked = Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="m", now=NOW)
    task = Task(id="t", provider="acme", account="acme", submitted_at=NOW, path="/v1", money=Money(usd=Decimal(1)))
    task = looked(asked, poll, Answer(200, {}, dumps({"state": "lost", "code": code})), task)
    assert (task.failure.cause, task.failure.refund) == came
    assert task.money.usd == (0 if came[1] is Refund.YES else 1)


# Words that nothing would read


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"submit": attrs.evolve(SUBMIT, link="urls.get")}, "submit: nothing reads link of the call that submits"),
        ({"submit": attrs.evolve(SUBMIT, hosts=("a.b",))}, "submit: nothing reads hosts"),
        ({"submit": attrs.evolve(SUBMIT, not_yet=(404, 9))}, "submit: nothing reads not_yet"),
        ({"submit": attrs.evolve(SUBMIT, verdict=True)}, "submit: nothing reads verdict"),
        ({"poll": Endpoint(method="GET", path="/", model="model")}, "poll: model says where a submit names the wire"),
        ({"poll": Endpoint(method="GET")}, "poll: it has neither a path nor a link"),
        ({"poll": Endpoint(method="GET", path="/", reply=Reply(replayed="again"))}, "poll: only the answer to a sub"),
        ({"result": Endpoint(method="GET", path="/")}, "result: without a poll the answer to the submit is the"),
        ({"why": Endpoint(method="GET", path="/")}, "why: without a poll the answer to the submit is the result"),
        ({"poll": LOOK, "why": attrs.evolve(LOOK, verdict=True)}, "why: not_yet and verdict are read of the calls"),
        ({"poll": LOOK, "why": attrs.evolve(LOOK, not_yet=(404, 9))}, "why: not_yet and verdict are read of the"),
        ({"poll": LOOK, "why": attrs.evolve(LOOK, reply=Reply(state="s"))}, "why: of its reply nothing but `ok` is"),
        ({"states": {"no": Err(Cause.FAILED, submit=Outcome.REFUSED)}}, "states, no: submit says how a submit ended"),
        ({"states": {"no": Err(Cause.NOT_FOUND, refund=Refund.YES)}}, "states, no: a task that was not found is not"),
    ],
)
def test_a_word_that_no_step_would_read_is_refused(facts, why):
    with pytest.raises(ValueError, match=f"^{why}"):
        acme(**{"submit": SUBMIT} | facts)


def test_a_figure_is_what_is_printed_and_no_float():
    assert Price(credits="2.5").credits == Decimal("2.5")
    assert Price("0.05", 5) == Price(Decimal("0.05"), Decimal(5))
    assert Credit("0.01").usd == Decimal("0.01")
    for make, why in (
        (lambda: Price(credits=2.5), "Price, credits: a figure is a text or a whole number, like '0.05', not 2.5"),
        (lambda: Per(0.1, "duration"), "Per, usd: a figure is a text or a whole number"),
        (lambda: Price("about 3"), "Price, usd: a figure: 'about 3' is no number$"),
        (lambda: Credit(0.01), "Credit, usd: a figure is a text or a whole number"),
        (lambda: PerMegapixel("0.03", 0.015, "0"), "PerMegapixel, further: a figure is a text or a whole number"),
        (lambda: Table("quality", {"low": 0.05}), "cells, low: a figure is a text or a Price, not 0.05"),
    ):
        with pytest.raises(ValueError, match=f"^{why}"):
            make()


def test_a_text_for_a_state_or_a_cause_is_one_or_is_refused():
    adapter = acme(
        submit=SUBMIT,
        states={"parked": "queued", "bad": Cause.BLOCKED},
        errors={1005: "blocked", "e2": Err("rejected"), "e3": Cause.FAILED},
    )
    assert adapter.lifecycle.states == {"parked": State.QUEUED, "bad": Err(Cause.BLOCKED)}
    assert adapter.lifecycle.meaning("Parked") is State.QUEUED
    assert [each.cause for each in adapter.errors.values()] == [Cause.BLOCKED, Cause.REJECTED, Cause.FAILED]
    for facts, why in (
        ({"errors": {7: "bloked"}}, "errors, 7: 'bloked' is no Cause; there are .*blocked"),
        ({"errors": {7: State.FAILED}}, "errors, 7: 'failed' is no Cause"),
        ({"errors": {7: None}}, "errors, 7: None is no Cause"),
        ({"states": {"up": "finished"}}, "states, up: 'finished' is no State; there are queued, .*, or an Err"),
        ({"states": {"up": 3}}, "states, up: 3 is no State"),
    ):
        with pytest.raises(ValueError, match=f"^{why}"):
            acme(**{"submit": SUBMIT} | facts)


ONE = Offer(name="m", params={"prompt": PROMPT})


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: attrs.evolve(sold(), api_key_env="KEY"), "api_key_env is a tuple of names, not a text: a comma "),
        (lambda: acme(submit=SUBMIT, request_id="x-id"), "request_id is a tuple of names of headers, not a text"),
        (
            lambda: acme(submit=SUBMIT, offers=ONE),
            "offers is a tuple of offers, not one Offer: a comma before the last",
        ),
        (lambda: acme(submit=SUBMIT, gaps=("rates",)), "gaps is a tuple of gaps, and a text is in it"),
        (lambda: acme(submit=SUBMIT, gaps="rates"), "gaps is a tuple of gaps, not a text$"),
        (lambda: Endpoint(method="GET", path="/", hosts="a.b"), "hosts is a tuple of hosts, not a text"),
        (lambda: Endpoint(method="GET", path="/", not_yet=404), "not_yet is an error code and for how many seconds"),
        (lambda: Reply(ok="code"), "ok is the place of a code and the codes that mean yes, like .*, not a text"),
        (lambda: Limits(submits=20), "submits is so many calls in so many seconds, like .20, 10., not one int"),
        (lambda: Choice("1K", "4K", not_honoured="4K"), "not_honoured is a tuple of values, not a text"),
        (lambda: Rule(when={"mask": ANY}, allows={"quality": "low"}), "allows, quality: it is a tuple of values, not"),
        (lambda: attrs.evolve(ONE, rules=Rule(when={})), "rules is a tuple of rules, not one Rule"),
    ],
)
def test_a_text_where_several_things_are_meant_is_refused(make, why):
    with pytest.raises(ValueError, match=f"^{why}"):
        make()


def test_nothing_waits_for_a_task_that_has_failed():
    with pytest.raises(ValueError, match="nothing reads its retry_after"):
        Reply(failure=Fault(retry_after="seconds"))


# Whose words


@pytest.fixture
def song():
    """A kind of request whose author names no role but what its fields take."""

    @attrs.frozen(kw_only=True)
    class Song(Request):
        kind: ClassVar[Kind] = Kind.MUSIC

        lyrics: str = attrs.field(metadata=holds(TEXT))
        voice: str | None = attrs.field(default=None, metadata=holds(one_of(("alto", "bass"))))
        cover: str | Media | None = attrs.field(default=None, converter=put_in, metadata=holds(FILE))
        stems: tuple[str | Media, ...] = attrs.field(default=(), converter=files, metadata=holds(FILES))
        mood: str | None = attrs.field(default=None, metadata=holds(TEXT))
        tempo: str | None = attrs.field(default=None, metadata=holds(one_of(("slow", "fast")), Role.LOOK))
        hook: str | None = attrs.field(default=None, metadata=holds(LINK))

    return Song


def test_what_the_work_is_of_is_never_dropped_whatever_the_kind(song):
    assert song.roles.subject == ("lyrics", "voice", "cover", "stems")
    file = "https://a.b/1"
    request = song(
        model="m", lyrics="la", voice="alto", cover=file, stems=(file,), mood="blue", tempo="slow", hook="https://a.b"
    )
    offer = Offer(name="m", kind="music", params={"callback_url": Param("c", Text())})
    checked = check(request, acme(submit=SUBMIT, offers=(offer,)), offer, on_unsupported="drop")
    assert [problem.field for problem in checked.problems] == ["lyrics", "voice", "cover", "stems"]
    assert [each.field for each in checked.adjustments] == ["mood", "tempo", "hook"]


def test_every_text_of_a_request_is_private(song):
    extra = {"acme": {"style": {"words": ["grey", 7]}, "file": "https://a.b/1"}, "other": {"x": "sea"}}
    request = song(model="m", lyrics="la la", voice="alto", mood="blue", extra=extra)
    assert request.texts == ("la la", "blue", "grey", "sea")
    raw = RawRequest("acme", "/v1", {"q": "fox", "in": [{"w": "sea"}, "fox"], "n": 1, "u": "https://a.b/1"})
    assert raw.texts == ("fox", "sea")
    adapter = sold()
    account = Account(name="acme", adapter=adapter, origin=adapter.base_url, api_key=Secret("k"))
    picture = ImageRequest(model="m", prompt="fox", extra={"acme": {"w": "owl"}})
    (candidate,) = candidates(picture, [account])
    (order,) = candidate.orders()
    assert order.texts == ("fox", "owl")
    assert scrubbed({"said": "an owl"}, secrets_of(order.body, order.texts)) == {"said": f"an {MARK}"}
