"""Which offer is asked next. What is expected here is said in words of its own, and not read off the table."""

import asyncio
import math
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise, product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    AnymediaError,
    Attempt,
    BadApiKey,
    Billed,
    Cause,
    Client,
    Cooling,
    ImageRequest,
    Money,
    NoRoute,
    Order,
    Outcome,
    OutOfBounds,
    Quote,
    Secret,
    State,
    Task,
    errors,
)
from anymedia.engine.rules import STEPS, Then, after, cooldown, step
from anymedia.limits.health import Cooldown
from anymedia.model.options import Options

from .options import in_order

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TASK = Task(id="t", provider="acme", account="mine", submitted_at=NOW, path="/v1", state=State.FAILED)

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")

NO_CEILING = Options()
CEILING = Options(max_price="0.10")
UNCERTAIN = Options(max_price="0.10", on_uncertain="continue")
BLOCKED = Options(on_blocked="continue")
BLOCKED_CEILING = Options(max_price="0.10", on_blocked="continue")
ALL = (NO_CEILING, CEILING, UNCERTAIN, BLOCKED, BLOCKED_CEILING)

SENT = (None, Outcome.NOT_SENT, Outcome.REFUSED)
"""What a provider's error at a submit can have as its outcome: nothing was billed."""

UNKNOWN = (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID)


def follow(error, *terms):
    return {after(error, each) for each in terms or ALL}


# Before anything was accepted


@pytest.mark.parametrize("outcome", SENT)
@pytest.mark.parametrize("billed", [None, *Billed])
@pytest.mark.parametrize(
    ("error", "follows"),
    [
        (errors.BadApiKey, Then.ACCOUNT),  # no other offer of the account takes the key
        (errors.NoCredit, Then.ACCOUNT),
        (errors.RateLimited, Then.SOONER),
        (errors.Unavailable, Then.SOONER),
        (errors.Cooling, Then.SOONER),
        (errors.Rejected, Then.OFFER),
        (errors.NotFound, Then.OFFER),
    ],
)
def test_a_submit_that_was_not_sent_or_refused_is_no_reason_to_stop(error, follows, outcome, billed):
    assert follow(error("no", outcome=outcome, billed=billed)) == {follows}


@pytest.mark.parametrize(
    ("error", "follows"),
    [
        (errors.OverCeiling, Then.OFFER),
        (errors.OutOfBounds, Then.OFFER),
        (errors.Unsupported, Then.OFFER),
        (errors.RequestError, Then.OFFER),
        (errors.ConfigError, Then.ACCOUNT),
    ],
)
def test_what_does_not_fit_an_offer_or_an_account_may_fit_the_next(error, follows):
    assert follow(error("no")) == {follows}


@pytest.mark.parametrize("outcome", SENT)
def test_moderation_is_not_shopped_around_unless_it_is_asked_for(outcome):
    blocked = errors.Blocked("no", outcome=outcome)
    assert follow(blocked, NO_CEILING, CEILING, UNCERTAIN) == {Then.STOP}
    assert follow(blocked, BLOCKED, BLOCKED_CEILING) == {Then.OFFER}


@pytest.mark.parametrize("outcome", UNKNOWN)
@pytest.mark.parametrize("billed", [None, Billed.LIKELY, Billed.YES, Billed.UNKNOWN])
def test_what_may_have_been_billed_stops_unless_it_is_asked_to_go_on_within_a_ceiling(outcome, billed):
    uncertain = errors.SubmitUncertain("nobody knows", outcome=outcome, billed=billed)
    assert follow(uncertain, NO_CEILING, CEILING, BLOCKED, BLOCKED_CEILING) == {Then.STOP}
    assert follow(uncertain, UNCERTAIN) == {Then.OFFER}


@pytest.mark.parametrize("outcome", UNKNOWN)
@pytest.mark.parametrize("error", [*errors.PROVIDER_ERRORS.values(), errors.Cooling])
def test_no_cause_outweighs_that_nobody_knows_what_became_of_it(error, outcome):
    """No answer is read to this today; a table in which the cause came first would buy twice when one was."""
    uncertain = error("it said why, and not whether", outcome=outcome, billed=Billed.UNKNOWN)
    assert follow(uncertain, NO_CEILING, CEILING, BLOCKED, BLOCKED_CEILING) == {Then.STOP}
    assert follow(uncertain, UNCERTAIN) == {Then.OFFER}


# After it was accepted


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELED])
def test_a_task_that_failed_and_is_given_back_is_as_if_it_had_never_been(state):
    failed = errors.TaskFailed("no", task=attrs.evolve(TASK, state=state), billed=Billed.NO)
    assert follow(failed) == {Then.OFFER}


@pytest.mark.parametrize("billed", [None, Billed.LIKELY, Billed.YES, Billed.UNKNOWN])
def test_a_task_that_failed_and_is_not_given_back_is_tried_elsewhere_within_a_ceiling_alone(billed):
    failed = errors.TaskFailed("no", task=TASK, billed=billed)
    assert follow(failed, NO_CEILING, BLOCKED) == {Then.STOP}
    assert follow(failed, CEILING, UNCERTAIN, BLOCKED_CEILING) == {Then.OFFER}


@pytest.mark.parametrize("billed", list(Billed))
def test_a_result_that_moderation_withheld_stops_unless_it_is_asked_for(billed):
    withheld = errors.Blocked("no", task=TASK, billed=billed)
    assert follow(withheld, NO_CEILING, CEILING, UNCERTAIN) == {Then.STOP}
    assert follow(withheld, BLOCKED_CEILING) == {Then.OFFER}
    assert follow(withheld, BLOCKED) == {Then.OFFER if billed is Billed.NO else Then.STOP}


@pytest.mark.parametrize(
    "error",
    [
        errors.DeadlineExceeded("too late", task=TASK),
        errors.DeadlineExceeded("too late for its key", outcome=Outcome.NOT_SENT, billed=Billed.NO),
        errors.MalformedAnswer("no result", task_id="t"),
        errors.TaskError("of some other kind", task=TASK),
        errors.JournalError("accepted, and not written down", task=TASK, outcome=Outcome.ACCEPTED, billed=Billed.YES),
        errors.JournalError("the disk is full"),
        errors.NoRoute("none", errors=[]),
        errors.AnymediaError("of some other kind"),
        errors.TaskFailed("which one is not said"),
    ],
    ids=lambda error: f"{type(error).__name__}: {error}",
)
def test_anything_else_stops_whatever_the_terms_are(error):
    assert follow(error) == {Then.STOP}


@pytest.mark.parametrize("error", list(errors.PROVIDER_ERRORS.values()))
def test_what_a_look_at_an_accepted_task_says_is_no_reason_to_buy_another(error):
    """A look's error names its task: whatever it says, the task may go on, and is paid for."""
    assert follow(error("no", task=attrs.evolve(TASK, state=State.RUNNING))) == {Then.STOP}


async def test_a_look_that_moderation_refuses_buys_nothing_elsewhere(client, sims):
    sims["reapi"].fault("status", status=400, code=80006, on="poll", times=None)
    with pytest.raises(AnymediaError) as caught:
        await client.generate(REQUEST, "reapi", "runapi", on_blocked="continue", timeout=60)
    assert [(each.order.account, each.status) for each in caught.value.attempts] == [("reapi", "running")]


def kinds(of):
    return {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, of)}


def test_each_error_that_there_is_stands_above():
    at_a_submit = {*errors.PROVIDER_ERRORS.values(), errors.Cooling, errors.SubmitUncertain, errors.ConfigError}
    of_the_request = {errors.RequestError, errors.Unsupported, errors.OutOfBounds, errors.OverCeiling, errors.BadRows}
    later = {errors.TaskError, errors.TaskFailed, errors.DeadlineExceeded, errors.DownloadError, errors.MalformedAnswer}
    others = {errors.AnymediaError, errors.ProviderError, errors.JournalError, errors.NoRoute, errors.WebhookRefused}
    assert kinds(errors.AnymediaError) == at_a_submit | of_the_request | later | others


def test_nothing_goes_on_after_something_was_billed_without_a_ceiling():
    """The rule behind all of them, over every error, however it came to be."""
    for kind in (*kinds(errors.TaskError), errors.SubmitUncertain, errors.Blocked, errors.JournalError):
        for outcome, billed in product([None, Outcome.ACCEPTED, *UNKNOWN], [Billed.LIKELY, Billed.YES, Billed.UNKNOWN]):
            tasks = [{}] if kind is errors.SubmitUncertain else [{}, {"task": TASK}]
            for task in tasks:
                error = kind("no", outcome=outcome, billed=billed, **task)
                assert follow(error, NO_CEILING, BLOCKED) == {Then.STOP}, (kind, outcome, billed, task)


def test_the_words_of_each_step_are_its_own():
    assert len({each.what for each in STEPS}) == len(STEPS)
    assert step(errors.SubmitUncertain("nobody knows")).what == "uncertain, or accepted without an id"
    assert step(errors.Blocked("no", task=TASK)).what == "accepted, then withheld by moderation"
    assert {each.unless for each in STEPS} == {None, "on_uncertain", "on_blocked"}


# What an account cools down by


def attempt(outcome, cause=None):
    return Attempt(
        id="a" * 32,
        order=Order(
            provider="acme", account="mine", offer="acme/1", model="one", wire_id="1", path="/v1", money=Money()
        ),
        started_at=NOW,
        outcome=outcome,
        cause=cause,
    )


@pytest.mark.parametrize(
    ("outcome", "cause", "cools"),
    [
        (Outcome.REFUSED, Cause.BAD_API_KEY, Cooldown.KEY),
        (Outcome.REFUSED, Cause.NO_CREDIT, Cooldown.BALANCE),
        (Outcome.REFUSED, Cause.RATE_LIMITED, Cooldown.TIME),
        (Outcome.REFUSED, Cause.UNAVAILABLE, Cooldown.TRIAL),
        (Outcome.NOT_SENT, Cause.UNAVAILABLE, Cooldown.TRIAL),
        (Outcome.UNCERTAIN, None, Cooldown.TRIAL),
        (Outcome.ACCEPTED_WITHOUT_ID, None, Cooldown.TRIAL),
        (Outcome.REFUSED, Cause.REJECTED, Cooldown.NONE),
        (Outcome.REFUSED, Cause.NOT_FOUND, Cooldown.NONE),
        (Outcome.REFUSED, Cause.BLOCKED, Cooldown.NONE),
        (Outcome.NOT_SENT, None, Cooldown.NONE),  # cancelled before it left
        (Outcome.ACCEPTED, None, Cooldown.NONE),
        (None, None, Cooldown.NONE),
    ],
)
def test_what_an_account_cools_down_by(outcome, cause, cools):
    assert cooldown(attempt(outcome, cause)) is cools


# The order


def quote(account, offer, usd):
    return Quote(
        offer=offer,
        provider="acme",
        account=account,
        model="one",
        status="unknown" if usd is None else "exact",
        money=Money(usd=None if usd is None else Decimal(usd)),
        tasks=1,
        depends_on={},
    )


ONE, TWO, THREE, FOUR = (
    quote("first", "acme/dear", "0.07"),
    quote("first", "acme/cheap", "0.05"),
    quote("second", "acme/dear", None),
    quote("second", "acme/cheap", "0.04"),
)
QUOTES = [ONE, TWO, THREE, FOUR]
MANY = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.decimals("0", "1", places=2)), max_size=8).map(
    lambda made: [quote(account, f"acme/{number}", usd) for number, (account, usd) in enumerate(made)]
)


@pytest.mark.parametrize("policy", ["ordered", "spread"])
def test_accounts_come_in_their_order_and_of_each_the_cheapest_first(policy):
    assert in_order(policy, QUOTES) == [TWO, ONE, FOUR, THREE]


def test_the_cheapest_comes_first_and_what_nobody_knows_last():
    assert in_order("cheapest", QUOTES) == [FOUR, TWO, ONE, THREE]


@given(MANY, st.sampled_from(["ordered", "spread", "cheapest"]))
def test_no_order_adds_or_leaves_out_and_equals_stay_as_they_were(quotes, policy):
    went = in_order(policy, quotes)
    assert sorted(map(id, went)) == sorted(map(id, quotes))
    accounts = list(dict.fromkeys(each.account for each in quotes))

    def place(each):
        by_price = (each.money.usd is None, each.money.usd or 0)
        return by_price if policy == "cheapest" else (accounts.index(each.account), *by_price)

    for earlier, later in pairwise(went):
        assert place(earlier) <= place(later)
        if place(earlier) == place(later):
            assert quotes.index(earlier) < quotes.index(later)


def test_a_function_chooses_and_orders_and_cannot_change_what_it_is_given():
    assert in_order(lambda quotes: (quotes[3], quotes[0]), QUOTES) == [FOUR, ONE]
    assert in_order(lambda quotes: iter(quotes[:1]), QUOTES) == [ONE]
    assert in_order(lambda quotes: [], QUOTES) == []
    given_ = list(QUOTES)
    assert in_order(lambda quotes: [quotes.pop()], given_) == [FOUR]
    assert given_ == QUOTES


async def test_a_function_that_takes_none_is_what_the_error_names(client):
    with pytest.raises(NoRoute, match="policy"):
        await client.generate(REQUEST, policy=lambda quotes: [])


async def test_whoever_waits_for_ever_does_not_wait_for_a_key_that_is_bad(config, clock):
    revoked = attrs.evolve(config.account("reapi"), api_key=Secret("revoked"))
    async with Client(attrs.evolve(config, accounts={"reapi": revoked}), clock=clock) as client:
        for _ in range(3):
            with pytest.raises(BadApiKey):
                await client.generate(REQUEST, timeout=math.inf)
        while client.health()[0].until is not None:  # its balance is refused too
            await asyncio.sleep(0.001)
        with pytest.raises(Cooling, match="until its configuration changes: reapi answered 401"):
            await client.generate(REQUEST, timeout=math.inf)


@pytest.mark.parametrize(
    "policy",
    [
        lambda quotes: [quotes[0], quotes[0]],
        lambda quotes: [quote("third", "acme/cheap", "0.01")],
        lambda quotes: [attrs.evolve(quotes[0], money=Money(usd=Decimal(0)))],
        lambda quotes: [attrs.evolve(quotes[0])],  # as good as the one that was given, and not it
        lambda quotes: [quotes[0], attrs.evolve(quotes[0])],
        lambda quotes: ["acme/cheap"],
        lambda quotes: [None],
        lambda quotes: None,
    ],
    ids=["the same twice", "another", "a changed one", "a copy", "one and its copy", "a name", "none", "nothing"],
)
def test_a_function_that_returns_what_it_was_not_given_is_refused(policy):
    with pytest.raises(OutOfBounds) as caught:
        in_order(policy, QUOTES)
    assert str(caught.value).startswith("policy: the function returned")
