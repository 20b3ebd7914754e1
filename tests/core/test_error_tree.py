"""The error tree is the one that its docstring draws."""

import copy
import inspect
import pickle
from datetime import UTC, datetime

import attrs
import pytest

from anymedia import Attempt, Money, Order
from anymedia.errors import (
    PROVIDER_ERRORS,
    AnymediaError,
    BadApiKey,
    Billed,
    Blocked,
    Cause,
    NoCredit,
    NoRoute,
    Outcome,
    OutOfBounds,
    OverCeiling,
    Problem,
    RateLimited,
    Rejected,
    SubmitUncertain,
    Unavailable,
    Unsupported,
)
from anymedia.model import errors

CLASSES = {
    name: each
    for name, each in vars(errors).items()
    if inspect.isclass(each) and issubclass(each, AnymediaError) and each is not AnymediaError
}


def drawn():
    """Yield (name, parent) as the docstring's picture shows them."""
    picture = inspect.getdoc(errors).split("\n\n")[1].splitlines()
    assert picture[0] == "AnymediaError"
    above = {0: "AnymediaError"}
    for line in picture[1:]:
        shown = line.replace("├", " ").replace("└", " ").replace("│", " ").replace("─", " ")
        depth = (len(shown) - len(shown.lstrip())) // 3
        for name in shown.strip().split("  ")[0].split(" · "):
            yield name, above[depth - 1]
            above[depth] = name


def test_the_picture_names_exactly_the_classes_and_their_parents():
    assert dict(drawn()) == {name: each.__base__.__name__ for name, each in CLASSES.items()}
    assert len(list(drawn())) == len(CLASSES)


def test_every_cause_but_that_of_a_task_alone_has_its_error():
    assert set(PROVIDER_ERRORS) == set(Cause) - {Cause.FAILED}
    assert {kind.__name__: kind.cause for kind in PROVIDER_ERRORS.values()} == {
        "BadApiKey": Cause.BAD_API_KEY,
        "NoCredit": Cause.NO_CREDIT,
        "NotFound": Cause.NOT_FOUND,
        "Rejected": Cause.REJECTED,
        "Blocked": Cause.BLOCKED,
        "RateLimited": Cause.RATE_LIMITED,
        "Unavailable": Cause.UNAVAILABLE,
        "MalformedAnswer": Cause.MALFORMED,
    }


FACTS = {
    "account": "acme-eu",
    "provider": "acme",
    "model": "paint-1",
    "task_id": "t-1",
    "status": 500,
    "code": "c",
    "request_id": "r",
    "retry_after": 2.0,
    "body": {"a": 1},
}


def text_of(kind):
    """Return the text of an error of "some text": one that is uncertain says what follows from it."""
    uncertain = "some text; the submit may have been billed and is not sent again"
    return uncertain if kind is SubmitUncertain else "some text"


@pytest.mark.parametrize("kind", [AnymediaError, *CLASSES.values()])
def test_every_error_carries_what_is_known_of_the_call(kind):
    error = kind("some text", **FACTS)
    assert {name: getattr(error, name) for name in FACTS} == FACTS
    assert (str(error), error.message) == (text_of(kind), "some text")
    assert (error.retry in errors.Retry, error.billed in Billed) == (True, True)
    assert (kind().outcome, kind().billed, kind().account) == (kind.outcome, kind.billed, None)
    told = kind("x", outcome=Outcome.REFUSED, billed=Billed.YES)
    assert (told.outcome, told.billed) == (Outcome.REFUSED, Billed.YES)


def test_what_is_unsure_is_never_called_free():
    assert (SubmitUncertain().outcome, SubmitUncertain().billed) == (Outcome.UNCERTAIN, Billed.UNKNOWN)
    free = {name for name, each in CLASSES.items() if each.billed is Billed.NO}
    assert free.isdisjoint({"SubmitUncertain", "TaskError", "TaskFailed", "DeadlineExceeded"})


def test_what_follows_from_an_uncertain_submit_is_in_its_text():
    attempt = Attempt(
        id="a",
        order=Order(provider="p", account="p", path="/", money=Money()),
        started_at=datetime(2026, 12, 1, tzinfo=UTC),
    )
    settled = SubmitUncertain("lost", attempt=attrs.evolve(attempt, settled=Billed.YES))
    assert str(settled) == "lost; nothing is sent again for it"
    open_ = SubmitUncertain("lost", attempt=attempt, replay_until=datetime(2026, 12, 1, 0, 2, tzinfo=UTC))
    assert str(open_) == (
        "lost; the submit may have been billed; until 2026-12-01 00:02:00 UTC `anymedia resume --replay` "
        "(recover(replay=True)) sends it again under its replay key, so that it is billed once"
    )


def test_an_error_of_several_says_them_all():
    problems = [Problem(field="a", message="is odd", page="a page"), Problem(field="b", message="is odd too")]
    error = OutOfBounds(problems=problems)
    assert (str(error), error.problems) == ("a: is odd (a page); b: is odd too", tuple(problems))
    both = NoRoute(errors=[error, Rejected("no")])
    assert (str(both), both.errors[0]) == ("a: is odd (a page); b: is odd too; no", error)


@pytest.mark.parametrize(
    ("each", "told"),
    [
        ([Unavailable("a"), RateLimited("b", retry_after=9)], ("same", None, False)),
        ([NoCredit("a"), Unavailable("b", retry_after=60), RateLimited("c", retry_after=9)], ("same", 9, False)),
        ([NoCredit("a"), BadApiKey("b")], ("never", None, False)),
        ([Unavailable("a"), Blocked("b")], ("never", None, False)),
        ([Unavailable("a"), SubmitUncertain("b")], ("never", None, False)),
        ([Unsupported("a"), OutOfBounds("b"), Rejected("c"), Blocked("d")], ("never", None, True)),
        ([OutOfBounds("a"), OverCeiling("b")], ("never", None, False)),
        ([], ("never", None, False)),
    ],
)
def test_an_error_of_several_says_whether_and_when_to_ask_again(each, told):
    error = NoRoute("no", errors=each)
    assert (error.retry, error.retry_after, error.must_change) == told


@pytest.mark.parametrize("kind", [AnymediaError, *CLASSES.values()])
@pytest.mark.parametrize("way", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_a_process_pool(kind, way):
    error = way(kind("some text", **FACTS))
    assert (type(error), str(error), error.task_id, error.status) == (kind, text_of(kind), "t-1", 500)
