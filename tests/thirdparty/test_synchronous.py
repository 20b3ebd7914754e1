"""The suite over a provider whose answer to a submit is the result: nothing is looked at, bodies hold the pictures."""

import pytest

from anymedia.declare import Reply
from anymedia.simulators.message import Response
from anymedia.simulators.picture import Picture
from anymedia.testing import Contract
from anymedia.testing.wire import answer_of
from tests.samples import sample

from .test_suite import PLAYED, PassedOver, broken

PNG = sample("picture.png")

ADAPTER = """
from anymedia.declare import (
    Adapter, Cause, Choice, Endpoint, Fault, Gap, Header, Lifecycle, Offer, Pace, Param, Price, Printed, Reply, Size,
    Text, Whole,
)

ADAPTER = Adapter(
    name="instant",
    title="Instant",
    page="a page",
    read="2026-11-20",
    base_url="https://api.instant.example",
    api_key_env=("INSTANT_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            path="/v1/images/generations",
            model="model",
            limit=64 << 20,
            reply=Reply(created="created!s", files="data[].b64_json!base64"),
        ),
        pace=Pace(first=0, then=1),
    ),
    fault=Fault(code="error.code", message="error.message"),
    errors={"moderation_blocked": Cause.BLOCKED, "insufficient_quota": Cause.NO_CREDIT},
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
FILE = {
    'path="/v1/images/generations",': 'path="/v1/paint",',
    "limit=64 << 20,": "",
    'created="created!s", files="data[].b64_json!base64"': 'id="@x-job", files="@", usd="@x-cost-cents!cents"',
    '"count": Param("n", Whole(1, 10), default=1),': "",
    '"quality": Param("quality", Choice("auto", "low", "medium", "high"), default="auto"),': "",
}
"""What is said of a provider whose answer is the file itself, in place of what the other says."""
COUNT = '"count": Param("n", Whole(1, 10), default=1),'
FORM = {
    'path="/v1/images/generations",': 'path="/v1/images/edits", body="form",',
    COUNT: """
        "images": Param(
            "image[]",
            Files(
                1, 16, forms=("part",), types=("image/png", "image/webp"), megabytes=4, sides=(32, 2048), megapixels=2
            ),
            required=True,
        ),
    """,
    "Endpoint,": "Endpoint, Files,",
}
"""A provider that is asked by a form, and takes files as its parts alone."""
OTHERS = {
    "base64": ("Instant", {}),
    "file": ("Painter", FILE),
    "form": ("Retoucher", FORM),
}
"""Each provider's simulator, and what is said of it in place of what the first says."""
PROMISES = [name for name in dir(Contract) if name.startswith("test_") and name not in (PLAYED, TOLD)]
AGREED = "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges"


NOTHING_TO_HOLD = [
    "test_a_bad_look_does_not_lose_the_task",
    "test_a_balance_is_what_the_account_has",
    "test_a_call_is_named_as_the_provider_names_it",
    "test_a_cancel_that_comes_too_late_is_refused",
    "test_a_credit_is_worth_what_the_page_says",
    "test_a_failed_task_says_why_and_what_it_costs",
    "test_a_failure_is_read_as_the_page_tells_it",
    "test_a_failure_that_a_webhook_tells_is_looked_at",
    "test_a_forged_webhook_changes_nothing",
    "test_a_hook_is_a_pure_function",
    "test_a_look_that_comes_too_early_is_no_error",
    "test_a_picture_that_is_put_in_costs_what_the_page_says",
    "test_a_refusal_in_place_of_the_result_ends_the_task",
    "test_a_refusal_of_a_cancel_and_of_a_balance_is_heard",
    "test_a_task_can_be_canceled",
    "test_a_task_that_does_not_end_is_handed_over_alive",
    "test_a_token_that_has_ended_is_asked_for_anew",
    "test_a_webhook_is_believed_as_far_as_it_is_signed",
    "test_a_webhook_of_the_page_is_declared",
    "test_an_error_of_a_look_is_the_look_s_alone",
    "test_every_form_of_an_answer_is_read",
    "test_every_word_for_a_state_is_known",
    "test_every_word_of_a_state_means_what_the_page_says",
    "test_limits_are_those_of_the_page",
    "test_links_lead_to_every_host_of_the_provider",
    "test_one_call_looks_at_several_tasks",
    "test_what_is_told_of_a_task_is_read",
    "test_without_its_secret_a_webhook_is_a_hint",
]
"""What a provider without tasks, and whose page says little, gives nothing to hold: it is passed over, and no more."""


PUT_IN = {
    "test_a_file_is_uploaded_once_as_long_as_it_lasts",
    "test_a_file_that_is_put_in_arrives_as_it_is",
    "test_a_url_of_this_machine_is_taken_at_a_simulator",
    "test_an_upload_that_fails_buys_nothing",
    "test_of_files_too_check_passes_what_the_simulator_takes",
}
HELD = {
    "form": {
        "test_a_file_that_is_put_in_arrives_as_it_is",
        "test_of_files_too_check_passes_what_the_simulator_takes",
    },
}
"""Which promises a provider gives something to hold that the others pass over."""


def texts_of(name, *changes):
    """Return the adapter and the simulator of a provider, with some words of them replaced."""
    service, said = OTHERS[name]
    adapter, simulator = ADAPTER, SIMULATOR.replace("Instant", service)
    for old, new in (*said.items(), *changes):
        assert adapter.count(old) == 1, old
        adapter = adapter.replace(old, new)
    return {"anymedia_acme/adapter.py": adapter, "anymedia_acme/simulator.py": simulator}


@pytest.fixture
def provider(plugged):
    """Return a function that installs a provider, with some words of its adapter replaced."""
    return lambda name, *changes: plugged(name="instant", texts=texts_of(name, *changes))


@pytest.mark.parametrize("name", OTHERS)
def test_every_promise_can_be_kept(provider, name, tmp_path):
    synchronous, skipped = provider(name), {}
    for promise in PROMISES:
        try:
            assert broken(promise, synchronous, tmp_path=tmp_path) is None
        except PassedOver as why:
            skipped[promise] = str(why)
    assert skipped["test_an_error_of_a_look_is_the_look_s_alone"] == "at instant the answer to a submit is the result"
    assert sorted(skipped) == sorted({*NOTHING_TO_HOLD, *PUT_IN} - HELD.get(name, set()))


FILES = "test_of_files_too_check_passes_what_the_simulator_takes"
ARRIVES = "test_a_file_that_is_put_in_arrives_as_it_is"
ONCE = "test_a_file_is_uploaded_once_as_long_as_it_lasts"
KEPT = "test_an_offer_keeps_its_promises"
WRONG = [
    ("form", ("megabytes=4", "megabytes=5"), FILES, "refuses: image/png of 64x64 with 5000000 bytes; the simulator"),
    ("form", ("sides=(32, 2048)", "sides=(33, 2048)"), FILES, "takes: image/png of 32x64 with"),
    ("form", ("sides=(32, 2048)", "sides=(32, 2049)"), FILES, "refuses: image/png of 2049x64 with"),
    ("form", ("megapixels=2", "megapixels=1"), FILES, "takes: image/png of 1024x1025 with"),
    ("form", ('"image/webp"', '"image/gif"'), FILES, "refuses: image/gif of 64x64 with"),
    ("form", (' body="form",', ""), ARRIVES, None),  # parts are a form as it is
    ("form", ('"image[]"', '"image"'), KEPT, "image[] is required; image is not supported here"),
    ("file", ('files="@"', 'files="data"'), KEPT, "did not succeed"),
    ("file", ("@x-cost-cents!cents", "@x-cost-cents!num"), "test_what_answers_tell_is_read", "4 were taken"),
    ("base64", ("!base64", ""), KEPT, "did not succeed"),
]
"""By provider: what is said wrongly, which promise that breaks, and what the suite says to it; None: nothing."""


@pytest.mark.parametrize(("name", "change", "promise", "said"), WRONG)
def test_a_wrong_fact_is_said(provider, name, change, promise, said, tmp_path):
    told = broken(promise, provider(name, change), tmp_path=tmp_path)
    assert told is None if said is None else said in str(told)


@pytest.mark.parametrize("name", ["base64", "file"])
def test_no_picture_is_drawn_that_nobody_looks_at(provider, name, monkeypatch):
    """A thousand requests are compared, and each answer holds its pictures once somebody reads it."""
    monkeypatch.setattr(Picture, "write", lambda *_: pytest.fail("a picture was drawn"))
    assert broken(AGREED, provider(name)) is None


@pytest.mark.parametrize(
    ("response", "is_file"),
    [
        (Response(200, {}, PNG), True),
        (Response(201, {"X-Job": "7"}, lambda: PNG), True),
        (Response(200, {}, b'{"error": "no"}'), False),
        (Response(500, {}, PNG), False),
    ],
)
def test_a_simulator_may_answer_with_any_file_and_with_words_in_its_place(response, is_file):
    came = answer_of(response, Reply(files="@"))
    assert (came.file is not None, came.body == b"") == (is_file, is_file)
    assert answer_of(response).body == response.body
