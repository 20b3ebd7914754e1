"""The shipped suite notices the wrong facts that adapters of others were found with, one planted at a time.

With ANYMEDIA_PROMISES=all every promise is held against each of them, in place of the one that should notice it.
"""

import os
from collections.abc import Iterator
from inspect import signature
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from anymedia.registry import adapter
from anymedia.testing import Contract

from .conftest import HERE, installed

PROMISES = tuple(name for name in dir(Contract) if name.startswith("test_"))
ALL = os.environ.get("ANYMEDIA_PROMISES") == "all"


@attrs.frozen
class Planted:
    """A fact of a provider's adapter, its text, the wrong one, and the promise that notices it, with its words."""

    provider: str
    fact: str
    right: str
    wrong: str
    promise: str
    said: str

    def __str__(self) -> str:
        return f"{self.provider}: {self.fact}"

    @property
    def text(self) -> str:
        """The adapter with the wrong fact."""
        text = (HERE / f"anymedia_{self.provider}" / "adapter.py").read_text("utf-8")
        assert text.count(self.right) == 1, f"{self} stands {text.count(self.right)} times"
        return text.replace(self.right, self.wrong)


PLANTED = (
    Planted("kie", "a code that means no credit", "402: Cause.NO_CREDIT", "402: Cause.BLOCKED", "", ""),
    Planted("kie", "a refused outcome of an error row", "submit=Outcome.REFUSED", "submit=Outcome.UNCERTAIN", "", ""),
    Planted("kie", "the place of the credits taken", '"data.creditsConsumed"', '"data.creditsTaken"', "", ""),
    Planted("kie", "the balance's path", '"/api/v1/chat/credit"', '"/api/v1/user/credit"', "", ""),
    Planted("kie", "how long results live", "expires=86_400", "expires=864_000", "", ""),
    Planted("kie", 'the code that means "not yet"', "not_yet=(422, 90)", "not_yet=(423, 90)", "", ""),
    Planted("kie", "failed tasks are refunded", 'refunds="yes"', 'refunds="no"', "", ""),
    Planted("kie", "submits allowed in a window", "submits=(20, 10)", "submits=(2000, 10)", "", ""),
    Planted("kie", "the name of the callback field", '"callBackUrl"', '"callbackUrl"', "", ""),
    Planted("kie", "the unit of the completion time", '"data.completeTime!ms"', '"data.completeTime!s"', "", ""),
    Planted("kie", "the name of an optional field", '"input.negative_prompt"', '"input.negativePrompt"', "", ""),
    Planted("kie", "the place of the failure's code", '"data.failCode"', '"data.failureCode"', "", ""),
    Planted(
        "fal", "method and link of cancel", 'method="PUT", link="cancel_url"', 'method="GET", link="status_url"', "", ""
    ),
    Planted("fal", "the status at which a text means no credit", "status=403", "status=402", "", ""),
    Planted("fal", "the code of moderation", '"content_policy_violation"', '"content_violation"', "", ""),
    Planted("fal", "a refusal at the result is a verdict", ", verdict=True", "", "", ""),
    Planted("fal", "the name of the webhook query", '"?fal_webhook"', '"?webhook"', "", ""),
    Planted("fal", "the header of the request id", '"x-fal-request-id"', '"x-request-id"', "", ""),
    Planted(
        "fal",
        "the name of the seed field",
        '"seed": Param("seed", Whole()),\n            "moderation"',
        '"seed": Param("random_seed", Whole()),\n            "moderation"',
        "",
        "",
    ),
    Planted(
        "bfl",
        "a state word that means moderation",
        '"Content Moderated": Err(Cause.BLOCKED)',
        '"Content Moderated": State.FAILED',
        "",
        "",
    ),
    Planted(
        "bfl",
        'a state word that means "no such task"',
        '"Task not found": Err(Cause.NOT_FOUND)',
        '"Task not found": State.FAILED',
        "",
        "",
    ),
    Planted("bfl", "hosts that links may lead to", 'hosts=("bfl.ai", "bfl.ml")', 'hosts=("bfl.dev",)', "", ""),
    Planted("bfl", "tasks active at a time", "active=24", "active=2400", "", ""),
    Planted("bfl", "the pattern of numbered fields", '"input_image_{n}"', '"input_image{n}"', "", ""),
    Planted(
        "bfl",
        "the price of input megapixels",
        'flux_2("pro", 8, PerMegapixel("0.03", "0.015", "0.015"))',
        'flux_2("pro", 8, PerMegapixel("0.03", "0.015", "0.03"))',
        "",
        "",
    ),
    Planted("bfl", "how long results live", "expires=600", "expires=6000", "", ""),
    Planted("replicate", "the text that means moderation", 'Match("E005")', 'Match("E006")', "", ""),
    Planted("replicate", "the word for canceled", '"canceled": State', '"cancelled": State', "", ""),
    Planted(
        "replicate",
        "the place of retry_after in the body",
        'retry_after="retry_after"',
        'retry_after="retry_in"',
        "",
        "",
    ),
    Planted("replicate", "the path of cancel", '"/v1/predictions/{id}/cancel"', '"/v1/predictions/{id}/stop"', "", ""),
    Planted("replicate", "output as a list or a text", 'assets="output[]"', 'assets="output"', "", ""),
    Planted("replicate", "the wire word of 2K", '"2K": "4 MP"', '"2K": "2 MP"', "", ""),
)


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_a_wrong_fact_is_noticed(planted, tmp_path):
    with installed({planted.provider: planted.text}):
        assert planted.said in str(broken(planted.provider, planted.promise, tmp_path))


@pytest.mark.skipif(not ALL, reason="every promise against each of them takes minutes")
@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_no_promise_fails_in_any_other_way(planted, tmp_path):
    """The whole suite runs to its end, whatever is wrong: a promise is broken, with a sentence, or it is kept."""
    with installed({planted.provider: planted.text}):
        said = {promise: broken(planted.provider, promise, tmp_path) for promise in PROMISES}
    assert said[planted.promise]


def broken(provider: str, promise: str, folder: Any) -> str | None:
    """Return the first thing that a promise says against an adapter; None when it is kept."""
    for given in runs(provider, promise):
        try:
            getattr(Contract(), promise)(**given, **({"tmp_path": folder} if "tmp_path" in wanted(promise) else {}))
        except pytest.fail.Exception as failed:
            return str(failed)
        except pytest.skip.Exception:
            continue
    return None


def wanted(promise: str) -> tuple[str, ...]:
    return tuple(signature(getattr(Contract, promise)).parameters)[1:]


def runs(provider: str, promise: str) -> Iterator[dict[str, Any]]:
    """Yield what a promise is given each time, as pytest would give it."""

    class TestOne(Contract):
        providers = (provider,)

    axes = [mark.args for mark in getattr(getattr(Contract, promise), "pytestmark", ()) if mark.name == "parametrize"]
    metafunc = SimpleNamespace(fixturenames=wanted(promise), parametrize=lambda *axis, **_: axes.append(axis))
    TestOne().pytest_generate_tests(metafunc)
    given: list[dict[str, Any]] = [{}]
    for names, values in axes:
        given = [each | one for each in given for one in map(dict, _named(names, values))]
    yield from given


def _named(names: Any, values: Any) -> Iterator[Iterator[tuple[str, Any]]]:
    """Yield the pairs of each value of an axis; what is skipped there is left out."""
    several = names.split(",") if isinstance(names, str) else names
    for value in values:
        if getattr(value, "marks", ()):
            continue
        held = value.values if hasattr(value, "marks") else value if len(several) > 1 else (value,)
        yield zip(several, held, strict=True)


def test_an_adapter_can_be_asked_for():
    with installed():
        assert adapter("kie").name == "kie"
