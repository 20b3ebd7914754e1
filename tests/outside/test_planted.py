"""The shipped suite notices the wrong facts that adapters of others were once found with, planted one at a time.

With ANYMEDIA_PROMISES=all the whole suite is run against each of them, in place of the promise that notices it.
"""

import os
from collections.abc import Iterator
from inspect import signature
from types import SimpleNamespace
from typing import Any

import pytest

from anymedia.testing import Contract

from .conftest import Planted, installed
from .planted_webhooks import WEBHOOKS
from .planted_words import WORDS

PROMISES = tuple(name for name in dir(Contract) if name.startswith("test_"))
ALL = os.environ.get("ANYMEDIA_PROMISES") == "all"


PLANTED = {
    "test_every_error_means_what_the_page_says": (
        Planted(
            "kie", "a code that means no credit", "402: Cause.NO_CREDIT", "402: Cause.BLOCKED", "it is read as Blocked"
        ),
        Planted(
            "kie",
            "a refused outcome of an error row",
            "=Outcome.REFUSED",
            "=Outcome.UNCERTAIN",
            "it is read as SubmitUncertain",
        ),
        Planted(
            "fal",
            "the status at which a text means no credit",
            "status=403",
            "status=402",
            "means no_credit, NoCredit, and is not billed; it is read as Rejected",
        ),
    ),
    "test_what_answers_tell_is_read": (
        Planted(
            "kie",
            "the place of the credits taken",
            '"data.creditsConsumed"',
            '"data.creditsTaken"',
            "look at `reply.credits`",
        ),
        Planted(
            "kie",
            "the unit of the completion time",
            "completeTime!ms",
            "completeTime!s",
            "look at `reply.completed` and its unit",
        ),
    ),
    "test_a_balance_is_what_the_account_has": (
        Planted("kie", "the balance's path", "/api/v1/chat/credit", "/api/v1/user/credit", "kie: no balance: NotFound"),
    ),
    "test_links_live_as_long_as_the_page_says": (
        Planted("kie", "how long results live", "expires=86_400", "expires=864_000", "`expires` says 864000"),
        Planted("bfl", "how long results live", "expires=600", "expires=6000", "`expires` says 6000"),
    ),
    "test_a_look_that_comes_too_early_is_no_error": (
        Planted(
            "kie", 'the code that means "not yet"', "not_yet=(422, 90)", "not_yet=(423, 90)", "is read as Rejected"
        ),
    ),
    "test_a_failure_is_read_as_the_page_tells_it": (
        Planted("kie", "failed tasks are refunded", 'refunds="yes"', 'refunds="no"', "that is read as refund no"),
        Planted(
            "kie",
            "the place of the failure's code",
            '"data.failCode"',
            '"data.failureCode"',
            "is read with the code None",
        ),
        Planted(
            "fal",
            "the code of moderation",
            '"content_policy_violation"',
            '"content_violation"',
            "was moderated, and is read as failed",
        ),
        Planted(
            "replicate",
            "the text that means moderation",
            'Match("E005")',
            'Match("E006")',
            "was moderated, and is read as failed",
        ),
    ),
    "test_limits_are_those_of_the_page": (
        Planted(
            "kie", "submits allowed in a window", "submits=(20, 10)", "submits=(2000, 10)", "`limits` says (2000, 10)"
        ),
        Planted("bfl", "tasks active at a time", "active=24", "active=2400", "`limits` says 2400"),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Planted("kie", "the name of the callback field", '"callBackUrl"', '"callbackUrl"', "never reads: callbackUrl"),
        Planted(
            "kie",
            "the name of an optional field",
            "input.negative_prompt",
            "input.negativePrompt",
            "never reads: input.negativePrompt",
        ),
        Planted("fal", "the name of the webhook query", '"?fal_webhook"', '"?webhook"', "never reads: ?webhook"),
        Planted(
            "fal",
            "the name of the seed field",
            '"seed": Param("seed", Whole()),\n            "moderation"',
            '"seed": Param("random_seed", Whole()),\n            "moderation"',
            "never reads: random_seed",
        ),
        Planted(
            "bfl", "the pattern of numbered fields", "input_image_{n}", "input_image{n}", "never reads: input_image2"
        ),
    ),
    "test_a_task_can_be_canceled": (
        Planted(
            "fal",
            "method and link of cancel",
            '"PUT", link="cancel_url"',
            '"GET", link="status_url"',
            "the provider goes on with what was canceled",
        ),
        Planted("replicate", "the path of cancel", "{id}/cancel", "{id}/stop", "not canceled: NotFound"),
    ),
    "test_a_refusal_in_place_of_the_result_ends_the_task": (
        Planted(
            "fal",
            "a refusal at the result is a verdict",
            "            verdict=True,\n",
            "",
            "comes to DeadlineExceeded",
        ),
    ),
    "test_a_call_is_named_as_the_provider_names_it": (
        Planted("fal", "the header of the request id", '"x-fal-request-id"', '"x-request-id"', "look at `request_id`"),
    ),
    "test_every_word_of_a_state_means_what_the_page_says": (
        Planted(
            "bfl",
            "a state word that means moderation",
            '"Content Moderated": Err(Cause.BLOCKED)',
            '"Content Moderated": State.FAILED',
            "is read as failed",
        ),
        Planted(
            "bfl", 'a state word that means "no such task"', "Err(Cause.NOT_FOUND)", "State.FAILED", "is read as failed"
        ),
        Planted("replicate", "the word for canceled", '"canceled": State', '"cancelled": State', "it is not listed"),
    ),
    "test_links_lead_to_every_host_of_the_provider": (
        Planted(
            "bfl",
            "hosts that links may lead to",
            'hosts=("bfl.ai", "bfl.ml")',
            'hosts=("bfl.dev",)',
            "polling_url may lead to api.eu2.bfl.ai",
        ),
    ),
    "test_the_wait_that_is_asked_for_is_read": (
        Planted(
            "replicate",
            "the place of retry_after in the body",
            '="retry_after"',
            '="retry_in"',
            "11 s are asked for in its body, and read as None",
        ),
    ),
    "test_every_work_is_as_it_is_asked_for": (
        Planted(
            "replicate", "the wire word of 2K", '"2K": "4 MP"', '"2K": "2 MP"', "2K is from 2.4 to 5.2 million pixels"
        ),
    ),
    "test_a_picture_that_is_put_in_costs_what_the_page_says": (
        Planted(
            "bfl",
            "the price of input megapixels",
            '"pro", 8, PerMegapixel("0.03", "0.015", "0.015")',
            '"pro", 8, PerMegapixel("0.03", "0.015", "0.03")',
            "by `put_in`",
        ),
    ),
}
"""By the promise that notices them."""

MORE = {
    "test_an_offer_keeps_its_promises": (
        Planted(
            "fal",
            "the place of the results",
            '"images[].url"',
            '"images[].href"',
            "`result` (GET response_url), its `reply.ok` (not declared), its `reply.state` (not declared), its "
            "`reply.assets` (`images[].href`)",
        ),
        Planted(
            "kie",
            "the place of the state",
            'state="data.state",\n',
            'state="data.status",\n',
            "its `reply.ok` (`code`, 200), its",
        ),
    ),
    "test_calls_go_to_the_origin_of_the_page": (
        Planted("kie", "the origin", '"https://api.kie.ai"', '"https://api.kie.com"', "the page's origin is"),
    ),
    "test_a_credit_is_worth_what_the_page_says": (
        Planted("kie", "what a credit is worth", 'Credit("0.005")', 'Credit("0.05")', "`credit` says $0.05"),
        Planted("bfl", "what a credit is worth", 'Credit("0.01")', 'Credit("0.001")', "`credit` says $0.001"),
    ),
    "test_a_refusal_of_a_cancel_and_of_a_balance_is_heard": (
        Planted(
            "kie",
            "errors of the balance at HTTP 200",
            'ok=("code", 200), credits="data"',
            'credits="data"',
            "look at the `ok` of `balance`",
        ),
    ),
    "test_a_cancel_that_comes_too_late_is_refused": (
        Planted(
            "fal",
            "a refused cancel",
            'Match("Exhausted',
            'Match("ALREADY"): Cause.RATE_LIMITED,\n        Match("Exhausted',
            "which is Rejected, and is read as RateLimited",
        ),
    ),
    "test_a_balance_is_what_the_account_has": (
        Planted("bfl", "the unit of the balance", 'credits="credits"', 'usd="credits!cents"', "`balance`"),
    ),
    "test_every_word_of_a_state_means_what_the_page_says": (
        Planted("kie", "a word for queued", '"queuing": State.QUEUED', '"queuing": State.RUNNING', "means queued"),
    ),
    "test_every_work_is_as_it_is_asked_for": (
        Planted("kie", "a default", 'default="16:9"', 'default="9:16"', "its ratio is not 9:16"),
        Planted("kie", "the words of formats", '"jpeg": "jpg"}', '"jpeg": "png"}', "jpeg was asked for"),
    ),
    "test_what_no_page_says_is_a_gap": (Planted("kie", "a price", '"2K": "0.06", ', "", "a price of nano-banana-2"),),
    "test_what_the_adapter_declares_the_simulator_states": (
        Planted("kie", "a code that no page has", "433: Cause", "434: Cause", "errors.434"),
        Planted(
            "fal", "a state that no page has", '"COMPLETED": State', '"DONE": State.FAILED, "COMPLETED": State', "DONE"
        ),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Planted("bfl", "the least side", "least=64, ", "", "check passes what the simulator refuses"),
        Planted(
            "openai",
            "a rule between fields",
            '{"background": "transparent"}',
            '{"background": "no"}',
            "check passes what",
        ),
        Planted("bfl", "the most megapixels", "step=16, megapixels=4)", "step=16, megapixels=5)", "check passes what"),
    ),
    "test_an_offer_is_declared_without_contradiction": (
        Planted(
            "bfl", "the pixels of a resolution", '"2K": 4}', '"2K": 5}', "makes of a resolution are always refused"
        ),
    ),
}
"""Others that went unnoticed until they were looked for."""

UNNOTICED = {
    "test_every_form_of_an_answer_is_read": (
        Planted(
            "replicate",
            "output as a list or a text",
            'assets="output[]"',
            'assets="output"',
            "nothing is wrong: links are found in a list and in a text, however their place is written",
        ),
    ),
}
"""What no promise notices, why, and by which it is right."""


@pytest.mark.parametrize(
    ("promise", "planted"),
    [
        pytest.param(promise, each, id=str(each))
        for promise, planted in (*PLANTED.items(), *MORE.items(), *WORDS.items(), *WEBHOOKS.items())
        for each in planted
    ],
)
def test_a_wrong_fact_is_noticed(promise, planted, tmp_path):
    with installed({planted.provider: planted.text}):
        said = {each: broken(planted.provider, each, tmp_path) for each in (PROMISES if ALL else (promise,))}
    assert planted.said in str(said[promise])


@pytest.mark.parametrize(
    ("promise", "planted"),
    [pytest.param(promise, each, id=str(each)) for promise, planted in UNNOTICED.items() for each in planted],
)
def test_what_goes_unnoticed_is_right(promise, planted, tmp_path):
    with installed({planted.provider: planted.text}):
        said = {each: broken(planted.provider, each, tmp_path) for each in (PROMISES if ALL else (promise,))}
    assert said[promise] is None
    assert {*said.values()} <= {None, PASSED_OVER}


PASSED_OVER = "passed over, as the page says nothing of it"


def broken(provider: str, promise: str, folder: Any) -> str | None:
    """Return the first thing that a promise says against an adapter; None when it is kept in a case at least."""
    names = tuple(signature(getattr(Contract, promise)).parameters)[1:]
    more = {"tmp_path": folder} if "tmp_path" in names else {}
    end: str | None = PASSED_OVER
    for given in runs(provider, promise, names):
        try:
            getattr(Contract(), promise)(**given, **more)
        except pytest.fail.Exception as failed:
            return str(failed)
        except pytest.skip.Exception:  # how the suite says that a simulator states nothing to be held
            continue
        end = None
    return end


def runs(provider: str, promise: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what a promise is given each time, as pytest gives it."""
    marks = getattr(getattr(Contract, promise), "pytestmark", ())
    axes = [mark.args for mark in marks if mark.name == "parametrize"]
    one = type("TestOne", (Contract,), {"providers": (provider,)})
    one().pytest_generate_tests(SimpleNamespace(fixturenames=names, parametrize=lambda *axis, **_: axes.append(axis)))
    given: list[dict[str, Any]] = [{}]
    for axis in axes:
        given = [each | one for each in given for one in _along(*axis)]
    return given


def _along(names: Any, values: Any) -> Iterator[dict[str, Any]]:
    """Yield what each value of an axis gives to its names; what pytest would skip is left out."""
    several = names.split(",") if isinstance(names, str) else names
    for value in values:
        if not getattr(value, "marks", ()):
            held = getattr(value, "values", value) if hasattr(value, "marks") or len(several) > 1 else (value,)
            yield dict(zip(several, held, strict=True))
