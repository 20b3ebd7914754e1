"""How one kind of work goes, and another: which calls are made, where they go, and why a task failed."""

import json
from decimal import Decimal

import attrs
import pytest

from anymedia import Account, Cause, Config, ConfigError, ImageRequest, Money, OutOfBounds, RawRequest, State
from anymedia.account import Secret
from anymedia.declare import Endpoint, Err, Fault, Lifecycle, Limits, Offer, Pace, Param, Reply, Text
from anymedia.engine.handle import handle, opened
from anymedia.engine.plan import plan
from anymedia.errors import MalformedAnswer
from anymedia.limits.permits import AccountLimits
from anymedia.model.money import PriceStatus
from anymedia.model.options import Options
from anymedia.model.task import Failure
from anymedia.model.vocabulary import Refund
from anymedia.pricing.offers import candidates
from anymedia.testing import FakeClock
from anymedia.translate import decode, encode
from anymedia.translate.classify import Asked
from anymedia.translate.messages import Answer

from .acme import acme
from .test_permits import bought
from .test_reading import NOW, TASK

ELSEWHERE = "https://files.acme.example"
SUBMIT = Endpoint(method="POST", path="/v1", model="model", reply=Reply(id="id", state="state"))
LOOK = Endpoint(method="GET", path="/v1/{id}", reply=Reply(state="state"))
SONG = Lifecycle(
    submit=Endpoint(method="POST", path="/v1/songs", model="song.model", headers={"X-Beta": "songs"}),
    poll=Endpoint(method="GET", link="look", reply=Reply(state="s", assets="tracks[]")),
    states={"sung": State.SUCCEEDED, "mute": State.FAILED},
    pace=Pace(first=9, then=0.5),
    expires=60,
)
PARAMS = {"prompt": Param("prompt", Text(1), required=True)}
ACME = acme(
    submit=SUBMIT,
    poll=LOOK,
    states={"done": State.SUCCEEDED, "bad": State.FAILED},
    lifecycles={"song": SONG},
    offers=(Offer(name="still", params=PARAMS), Offer(name="song", params=PARAMS, lifecycle="song")),
)
ACCOUNT = Account(name="acme", adapter=ACME, origin=ACME.base_url, api_key=Secret("k"))
CONFIG = Config(accounts={"acme": ACCOUNT})


def raw(lifecycle):
    return RawRequest("acme", "/v1/any", {"model": "m", "song": {"model": "s"}}, lifecycle=lifecycle)


# Several at one provider


@pytest.mark.parametrize(
    ("model", "lifecycle", "path", "body", "beta"),
    [
        ("still", None, "/v1", {"model": "still", "prompt": "a fox"}, None),
        ("song", "song", "/v1/songs", {"song": {"model": "song"}, "prompt": "a fox"}, "songs"),
    ],
)
def test_an_offer_goes_by_the_lifecycle_that_it_names(model, lifecycle, path, body, beta):
    (candidate,) = candidates(ImageRequest(model=model, prompt="a fox"), [ACCOUNT])
    (order,) = candidate.orders()
    call = encode.submit(ACCOUNT, order.lifecycle, order.path, order.body, None)
    assert (order.lifecycle, order.body) == (lifecycle, body)
    assert (call.url, call.headers.get("X-Beta")) == (f"https://api.acme.example{path}", beta)


def test_a_task_is_read_by_its_own_lifecycle():
    song = attrs.evolve(TASK, lifecycle="song")
    asked = Asked(adapter=ACME, account="acme", origin=ACME.base_url, model=None, now=NOW)
    seen = decode.looked(asked, SONG.poll, heard({"s": "Sung", "tracks": ["https://cdn.example/1.mp3"]}), song)
    assert (seen.state, (seen.assets[0].expires_at - NOW).total_seconds()) == (State.SUCCEEDED, 60)
    assert decode.looked(asked, LOOK, heard({"state": "sung"}), TASK).state is State.RUNNING  # no word of the usual one
    draft = attrs.evolve(song, id="draft")
    answer = {"id": "t-9", "look": "https://api.acme.example/v1/songs/t-9"}
    assert decode.submitted(asked, heard(answer), draft).links == {"look": "/v1/songs/t-9"}
    assert decode.submitted(asked, heard(answer | {"state": "x"}), attrs.evolve(draft, lifecycle=None)).links == {}


def test_a_handle_names_the_lifecycle():
    links = {"look": "https://api.acme.example/v1/songs/t-1"}
    song = attrs.evolve(TASK, account="acme", provider="acme", path="/v1", lifecycle="song", links=links)
    text = handle(song, ACCOUNT)
    assert json.loads(text)["lifecycle"] == "song"
    assert opened(text, CONFIG)[0].lifecycle == "song"
    for wrong in ("sung", 7):
        with pytest.raises(OutOfBounds, match="lifecycle"):
            opened(json.dumps(json.loads(text) | {"lifecycle": wrong}), CONFIG)
    with pytest.raises(OutOfBounds, match="not followed along a link named 'look'"):
        opened(json.dumps({name: value for name, value in json.loads(text).items() if name != "lifecycle"}), CONFIG)


@pytest.mark.parametrize(("lifecycle", "wire_id"), [(None, "m"), ("song", None)])
def test_a_raw_request_names_one_too(lifecycle, wire_id):
    (option,) = plan(raw(lifecycle), [ACCOUNT], Options()).options
    (order,) = option.orders(range(1))
    assert (order.lifecycle, order.wire_id) == (lifecycle, wire_id)


def test_a_lifecycle_that_is_not_there_is_said():
    with pytest.raises(ConfigError, match=r"^Acme: no lifecycle is named 'sing'; did you mean song"):
        plan(raw("sing"), [ACCOUNT], Options())
    with pytest.raises(OutOfBounds, match="lifecycle: must be a text, not 7"):
        raw(7)
    with pytest.raises(ValueError, match=r"^acme: song: no lifecycle is named 'song'; there are none"):
        acme(submit=SUBMIT, offers=ACME.offers[1:])


def test_nothing_is_overwritten_in_any_of_them():
    clashing = Offer(name="duet", params={"prompt": Param("song", Text(1))}, lifecycle="song")
    with pytest.raises(ValueError, match=r"^acme: duet: the wire id goes to song\.model and prompt to song"):
        acme(submit=SUBMIT, lifecycles={"song": SONG}, offers=(clashing,))
    assert acme(submit=SUBMIT, offers=(attrs.evolve(clashing, lifecycle=None),))  # the usual one writes nothing there


def test_the_rate_of_looks_is_held_at_the_fastest_pace():
    limits = AccountLimits(attrs.evolve(ACCOUNT, limits=Limits(polls=(4, 1))), FakeClock())
    limits.active.add(bought(0))
    assert limits.load()[0] == 1 / (4 * SONG.pace.then)


# Where calls go


@pytest.mark.parametrize(
    ("facts", "origin", "url"),
    [
        ({}, ACME.base_url, "https://api.acme.example/v1/t-1"),
        ({"origin": ELSEWHERE}, ACME.base_url, "https://files.acme.example/v1/t-1"),
        ({"origin": ELSEWHERE}, "http://127.0.0.1:9", "http://127.0.0.1:9/v1/t-1"),
        ({"path": None, "link": "look", "origin": ELSEWHERE}, ACME.base_url, "https://api.acme.example/v1/songs/t-1"),
        ({"path": None, "link": "there", "origin": ELSEWHERE}, ACME.base_url, "https://files.acme.example/t-1"),
        ({"path": None, "link": "there", "origin": ELSEWHERE}, "http://127.0.0.1:9", None),
        ({"path": None, "link": "there"}, ACME.base_url, None),
    ],
)
def test_a_call_goes_to_its_origin_unless_the_account_has_one_of_its_own(facts, origin, url):
    links = {"look": "/v1/songs/t-1", "there": "https://files.acme.example/t-1"}
    task, here = attrs.evolve(TASK, id="t-1", links=links), attrs.evolve(ACCOUNT, origin=origin)
    if url is None:
        with pytest.raises(MalformedAnswer, match="named no usable there"):
            encode.follow(here, attrs.evolve(LOOK, **facts), task)
    else:
        assert encode.follow(here, attrs.evolve(LOOK, **facts), task).url == url


def test_a_call_has_its_own_headers_and_may_go_without_the_key():
    endpoint = attrs.evolve(LOOK, headers={"accept": "image/png", "X-One": "1"}, keyed=False)
    call = encode.call(ACCOUNT, endpoint, "/x", headers={"x-one": "2"})
    assert (call.keyed, call.headers) == (False, {"accept": "image/png", "x-one": "2"})
    assert encode.look_up(ACCOUNT, "/funds").keyed


# Why it failed

WHY = Endpoint(method="GET", path="/v1/{id}/why")
FAILING = acme(
    submit=SUBMIT,
    poll=attrs.evolve(LOOK, reply=Reply(state="state", failure=Fault("code", "text"), usd="cost")),
    why=WHY,
    states={"done": State.SUCCEEDED, "bad": State.FAILED, "flagged": Err(Cause.BLOCKED, refund="no")},
    fault=Fault(code="error.code", message="error.text"),
    errors={
        "nsfw": Err(Cause.BLOCKED, refund="no"),
        "free": Err(Cause.FAILED, refund="yes"),
        "lost": Err(Cause.NOT_FOUND),
        "early": Err(Cause.UNAVAILABLE),
    },
    refunds="yes",
)
QUOTED = Money(usd=Decimal("0.10"), list_usd=Decimal("0.10"), status=PriceStatus.EXACT, got="table")
PAID, FREE = Decimal("0.10"), Decimal(0)


def heard(body, status=200):
    return Answer(status, {"x-id": "r-2"}, json.dumps(body).encode())


def failed(shown, answer):
    """Return what is known of a task of which a look shows this, and which is then explained so."""
    asked = Asked(adapter=FAILING, account="acme", origin=FAILING.base_url, model=None, now=NOW)
    task = attrs.evolve(TASK, money=QUOTED)
    seen = decode.looked(asked, FAILING.lifecycle.poll, heard(shown), task)
    return seen, decode.explained(asked, WHY, answer, task, seen)


def no(status=422, **error):
    return heard({"error": error}, status)


@pytest.mark.parametrize(
    ("shown", "answer", "cause", "code", "text", "refund", "usd"),
    [
        ({}, no(code="nsfw", text="flagged"), "blocked", "nsfw", "flagged", "no", PAID),
        ({}, no(code="free", text="broke"), "failed", "free", "broke", "yes", FREE),
        ({}, no(code="new", text="odd"), "failed", "new", "odd", "yes", FREE),
        ({}, no(code="new"), "failed", "new", None, "yes", FREE),
        ({"text": "no"}, no(504, code="nsfw"), "blocked", "nsfw", "no", "no", PAID),
        ({}, no(text="a bad picture"), "failed", None, "a bad picture", "yes", FREE),
        # What the look took, or said to have taken, counts.
        ({"cost": "0.04"}, no(code="free", text="x"), "failed", "free", "x", "unknown", Decimal("0.04")),
        ({"cost": "0.04"}, no(code="nsfw", text="x"), "blocked", "nsfw", "x", "no", Decimal("0.04")),
        ({"cost": 0}, no(code="free", text="x"), "failed", "free", "x", "yes", FREE),
        # The word of the state comes before the code.
        ({"state": "flagged"}, no(code="free", text="x"), "blocked", "free", "x", "no", PAID),
    ],
)
def test_why_tells_code_and_text(shown, answer, cause, code, text, refund, usd):
    seen, end = failed({"state": "bad"} | shown, answer)
    assert end.failure == Failure(cause=Cause(cause), code=code, message=text, refund=Refund(refund))
    assert (end.state, end.money.usd, end.raw) == (State.FAILED, usd, json.loads(answer.body))
    assert end.raw_state == seen.raw_state


@pytest.mark.parametrize(
    "answer",
    [
        heard({"fine": 1}),
        heard({}, 422),
        no(text="another text"),
        no(401, code="new", text="who are you"),
        no(429, code="new", text="too fast"),
        no(404, code="lost", text="gone"),
        no(503, code="early", text="busy"),
        no(500, text="the gateway broke"),
        Answer(502, {}, b"<html>Bad gateway</html>"),
    ],
)
def test_what_tells_nothing_of_the_work_changes_nothing(answer):
    seen, end = failed({"state": "bad", "code": "c-1", "text": "no"}, answer)
    assert end is seen
    assert (end.failure.code, end.failure.message) == ("c-1", "no")
