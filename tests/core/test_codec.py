"""The canonical model to JSON and back: nothing is lost, and nothing but itself is read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Adjustment,
    Asset,
    Attempt,
    Cause,
    Failure,
    ImageRequest,
    Money,
    Order,
    Outcome,
    OutOfBounds,
    PriceStatus,
    Problem,
    RawRequest,
    Refund,
    Result,
    State,
    Task,
    from_json,
    to_json,
)
from anymedia.model.codec import to_bare_json

URL = "https://img.example/1.png"
TEXT = st.text(max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
AMOUNT = st.none() | st.decimals(allow_nan=False, allow_infinity=False)
MOMENT = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]))
maybe = lambda strategy: st.none() | strategy  # noqa: E731
URLS = st.sampled_from([URL, "http://a/ä"])

MONEY = st.builds(
    Money, usd=AMOUNT, list_usd=AMOUNT, credits=AMOUNT, status=st.sampled_from(PriceStatus), reason=maybe(TEXT)
)
ADJUSTMENT = st.builds(Adjustment, field=TEXT, given=JSON, sent=JSON, reason=TEXT)
ASSET = st.builds(
    Asset,
    kind=TEXT,
    role=st.sampled_from(["main", "cover", "last_frame"]),
    title=maybe(TEXT),
    seconds=maybe(st.floats(0, 1e6)),
    sha256=maybe(TEXT),
    stored=maybe(TEXT),
    url=maybe(TEXT),
    data=maybe(st.binary()),
    path=maybe(st.sampled_from([Path("out/a.png"), Path("/ä b/c")])),
    width=maybe(st.integers()),
    length=maybe(st.integers()),
    expires_at=maybe(MOMENT),
)
FAILURE = st.builds(
    Failure, cause=st.sampled_from(Cause), code=maybe(TEXT), message=maybe(TEXT), refund=st.sampled_from(Refund)
)
TASK = st.builds(
    Task,
    id=TEXT,
    provider=TEXT,
    account=TEXT,
    offer=maybe(TEXT),
    state=st.sampled_from(State),
    raw_state=maybe(TEXT),
    assets=st.lists(ASSET, max_size=2).map(tuple),
    failure=maybe(FAILURE),
    money=MONEY,
    adjustments=st.lists(ADJUSTMENT, max_size=2).map(tuple),
    labels=st.dictionaries(TEXT, TEXT, max_size=2),
    submitted_at=MOMENT,
    created_at=maybe(MOMENT),
    path=TEXT,
    links=st.dictionaries(TEXT, TEXT, max_size=2),
    replayed=st.booleans(),
    raw=JSON,
)
ORDER = st.builds(
    Order,
    provider=TEXT,
    account=TEXT,
    offer=maybe(TEXT),
    model=maybe(TEXT),
    wire_id=maybe(TEXT),
    path=TEXT,
    body=JSON,
    money=MONEY,
    adjustments=st.lists(ADJUSTMENT, max_size=2).map(tuple),
    labels=st.dictionaries(TEXT, TEXT, max_size=2),
    idempotency_key=maybe(TEXT),
)
ATTEMPT = st.builds(
    Attempt,
    id=TEXT,
    order=ORDER,
    replay_key=maybe(TEXT),
    replay_until=maybe(MOMENT),
    started_at=MOMENT,
    outcome=maybe(st.sampled_from(Outcome)),
    task=maybe(TASK),
    error=maybe(TEXT),
)
RESULT = st.builds(Result, tasks=st.lists(TASK, max_size=2).map(tuple), errors=st.tuples(TEXT), money=MONEY)
IMAGE_REQUEST = st.builds(
    ImageRequest,
    model=TEXT,
    prompt=TEXT,
    images=st.lists(URLS, max_size=2).map(tuple),
    size=maybe(st.tuples(st.integers(1, 9), st.integers(1, 9))),
    resolution=maybe(st.sampled_from(["1K", "2K"])),
    count=maybe(st.integers(1, 9)),
    seed=maybe(st.integers(0, 2**70)),
    callback_url=maybe(URLS),
    extra=st.dictionaries(TEXT, st.dictionaries(TEXT, JSON, max_size=2), max_size=2),
    labels=st.dictionaries(TEXT, TEXT, max_size=2),
)
RAW_REQUEST = st.builds(RawRequest, provider=TEXT, path=st.just("/v1"), body=st.dictionaries(TEXT, JSON, max_size=2))
PROBLEM = st.builds(Problem, field=TEXT, message=TEXT, page=maybe(TEXT), unsupported=st.booleans())

EVERY = [MONEY, ADJUSTMENT, ASSET, FAILURE, TASK, ATTEMPT, RESULT, IMAGE_REQUEST, RAW_REQUEST, PROBLEM]


@given(st.one_of(EVERY))
def test_nothing_is_lost_on_the_way(value):
    written = json.dumps(to_json(value), allow_nan=False)
    assert from_json(type(value), json.loads(written)) == value


def test_how_it_is_written():
    money = Money(usd=Decimal("0.0280"), status=PriceStatus.EXACT)
    asset = Asset(kind="image", path=Path("a.png"), data=b"hi", expires_at=datetime(2026, 11, 20, tzinfo=UTC))
    written = to_json(Result(tasks=(), money=money)) | to_json(asset)
    assert written["tasks"] == []
    assert (written["money"]["usd"], written["money"]["status"]) == ("0.028", "exact")
    assert (written["path"], written["data"], written["expires_at"]) == ("a.png", "aGk=", "2026-11-20T00:00:00+00:00")


TASK_JSON = {"id": "t", "provider": "p", "account": "a", "submitted_at": "2026-11-20T12:00:00+00:00", "path": "/x"}
REQUEST_JSON = {"model": "m", "prompt": "p"}
WRONG = [
    *((ImageRequest, "count", value) for value in (True, 1.0, "1", [1], 0)),
    *((ImageRequest, "seed", value) for value in (1.5, "1", False)),
    *((ImageRequest, "images", value) for value in (URL, {}, {URL: 1}, None, "", [7], ["cat.png"])),
    *((ImageRequest, "size", value) for value in ("12", [1], [1, 2, 3], [1, "2"], {"0": 1, "1": 2}, [0, 1])),
    *((ImageRequest, "extra", value) for value in ([], None, "", {"a": []}, {"a": None})),
    *((ImageRequest, "labels", value) for value in ([], {"a": 1}, [["a", "b"]])),
    *((ImageRequest, "prompt", value) for value in (None, 7, ["p"])),
    (ImageRequest, "colour", "red"),
    *((Task, "state", value) for value in ("done", "", None, 1, [], {})),
    *((Task, "assets", value) for value in ({}, "", None, 7, [7], ["x"], [{}], [{"kind": "image", "width": "1"}])),
    *(
        (Task, "money", value)
        for value in (None, [], "0.05", {"usd": 0.05}, {"usd": "NaN"}, {"usd": "1e"}, {"usd": True})
    ),
    *((Task, "submitted_at", value) for value in ("2026-11-20T12:00:00", "today", 1735000000, None)),
    *((Task, "replayed", value) for value in (1, "true", None)),
    *(
        (Task, "assets", [{"kind": "image", field: value}])
        for field, value in (("path", 7), ("data", "%"), ("data", 7))
    ),
    (Task, "who", "me"),
]


@pytest.mark.parametrize(("cls", "field", "value"), WRONG)
def test_what_is_wrong_is_said_with_its_place(cls, field, value):
    good = REQUEST_JSON if cls is ImageRequest else TASK_JSON
    assert from_json(cls, good)
    with pytest.raises(OutOfBounds) as caught:
        from_json(cls, good | {field: value})
    assert cls.__name__ in caught.value.problems[0].field
    assert field in str(caught.value)


def test_every_fault_is_named():
    assets = [{"kind": "image"}, {}, {"kind": "image", "role": "hero"}, {"kind": "image", "role": ["main"]}]
    with pytest.raises(OutOfBounds) as caught:
        from_json(Task, {"id": 7, "provider": "p", "account": "a", "path": "/x", "assets": assets})
    assert [(problem.field, problem.message) for problem in caught.value.problems] == [
        ("Task.id", "expected str, got int"),
        ("Task.assets[1].kind", "required: kind"),
        ("Task.assets[2].role", "expected main, cover or last_frame, got 'hero'"),
        ("Task.assets[3].role", "expected main, cover or last_frame, got ['main']"),
        ("Task.submitted_at", "required: submitted_at"),
    ]


@pytest.mark.parametrize("cls", [ImageRequest, Task, Money, Asset, Attempt, Result, Failure])
@pytest.mark.parametrize("data", [None, [], "x", 7, True, [["id", "x"]]])
def test_what_is_no_object_is_nothing_of_ours(cls, data):
    with pytest.raises(OutOfBounds, match=f"^{cls.__name__}: "):
        from_json(cls, data)


@given(st.sampled_from([ImageRequest, Task, Money, RawRequest, Failure]), st.data())
def test_any_json_is_a_value_or_out_of_bounds(cls, data):
    keys = st.sampled_from([*(field.name for field in cls.__attrs_attrs__), "x"])
    body = data.draw(st.dictionaries(keys, JSON) | JSON)
    try:
        value = from_json(cls, body)
    except OutOfBounds:
        return
    assert from_json(cls, to_json(value)) == value


def test_values_in_a_list_or_under_names_are_written_as_alone():
    money = Money(usd=Decimal("0.05"))
    assert to_json({"a": money, "b": 1}) == {"a": to_json(money), "b": 1}
    assert to_json([money, 1]) == [to_json(money), 1]


@given(ATTEMPT)
def test_what_is_stored_beside_a_value_is_left_out_of_its_bare_json(attempt):
    plain = to_json(attempt)
    task = plain.pop("task")
    del plain["order"]["body"]
    assert to_bare_json(attempt) == plain
    if task is not None:
        for asset in task["assets"]:
            del asset["data"]
        del task["bought_before"]
        assert to_bare_json(attempt.task) == task
