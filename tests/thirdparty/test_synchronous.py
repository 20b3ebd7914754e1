"""The suite over a provider whose answer to a submit is the result: nothing is looked at, bodies hold the pictures."""

import pytest

from anymedia.simulators.picture import Picture
from anymedia.testing import Contract

from .test_suite import PLAYED, broken

ADAPTER = """
from anymedia.declare import (
    Adapter, Cause, Choice, Endpoint, Fault, Gap, Header, Offer, Pace, Param, Price, Printed, Reply, Size, Text, Whole,
)

ADAPTER = Adapter(
    name="instant",
    title="Instant",
    page="a page",
    read="2026-11-20",
    base_url="https://api.instant.example",
    api_key_env=("INSTANT_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    submit=Endpoint(
        method="POST",
        path="/v1/images/generations",
        model="model",
        limit=64 << 20,
        reply=Reply(created="created!s", files="data[].b64_json!base64"),
    ),
    fault=Fault(code="error.code", message="error.message"),
    errors={"moderation_blocked": Cause.BLOCKED, "insufficient_quota": Cause.NO_CREDIT},
    states={},
    pace=Pace(first=0, then=1),
    printed=Printed("2026-11-20"),
    offers=(
        Offer(
            name="gpt-image-2",
            params={
                "prompt": Param("prompt", Text(1, 32_000), required=True),
                "count": Param("n", Whole(1, 10), default=1),
                "size": Param("size", Size("{width}x{height}")),
                "quality": Param("quality", Choice("auto", "low", "medium", "high"), default="auto"),
            },
            prices=Price("0.04"),
        ),
    ),
    gaps=(Gap("rates"),),
)
"""
SIMULATOR = """
from tests.simulators.instant import Instant

SERVICE = Instant
"""
TOLD = "test_a_price_that_the_provider_tells_is_what_it_charges"
PROMISES = [name for name in dir(Contract) if name.startswith("test_") and name not in (PLAYED, TOLD)]
AGREED = "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges"


@pytest.fixture
def synchronous(plugged):
    """The provider, installed."""
    texts = {"anymedia_acme/adapter.py": ADAPTER, "anymedia_acme/simulator.py": SIMULATOR}
    return plugged(name="instant", texts=texts)


def test_every_promise_can_be_kept(synchronous, tmp_path):
    skipped = {}
    for promise in PROMISES:
        try:
            assert broken(promise, synchronous, tmp_path=tmp_path) is None
        except pytest.skip.Exception as why:
            skipped[promise] = str(why)
    assert skipped["test_an_error_of_a_look_is_the_look_s_alone"] == "at instant the answer to a submit is the result"
    assert "test_an_offer_keeps_its_promises" not in skipped
    assert AGREED not in skipped


def test_no_picture_is_drawn_that_nobody_looks_at(synchronous, monkeypatch):
    """A thousand requests are compared, and each answer holds its pictures once somebody reads it."""
    monkeypatch.setattr(Picture, "draw", lambda _: pytest.fail("a picture was drawn"))
    assert broken(AGREED, synchronous) is None
