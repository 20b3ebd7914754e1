"""What one request may cost in all, and what each of its attempts counts for."""

import decimal
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Attempt, Billed, Money, Order, Outcome, OutOfBounds, OverCeiling, PriceStatus, Result, State
from anymedia.limits.ceiling import Ceiling
from anymedia.model.options import usd

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def money(amount, got="table"):
    if amount is None:
        return Money.unknown("no page says")
    return Money(usd=Decimal(amount), status=PriceStatus.EXACT, got=got)


def attempt(amount="0.05", **changes):
    facts = {
        "id": "a" * 32,
        "provider": "acme",
        "account": "mine",
        "offer": "acme/1",
        "model": "one",
        "wire_id": "1",
        "path": "/v1",
        "money": money(amount),
        "started_at": NOW,
        **changes,
    }
    order = {name: facts.pop(name) for name in [*facts] if name in attrs.fields_dict(Order)}
    return Attempt(order=Order(**order), **facts)


def accepted(made, **changes):
    return attrs.evolve(made, outcome=Outcome.ACCEPTED, task=attrs.evolve(made.draft("t"), **changes))


# The ceiling

AMOUNTS = st.decimals("0", "0.5", places=3)
STEPS = st.lists(
    st.tuples(AMOUNTS, st.sampled_from(["kept", "let go", "billed less", "billed nothing", "unknown"])), max_size=25
)


@given(st.decimals("0", "2", places=3), STEPS)
def test_never_more_is_held_than_is_allowed_and_nothing_is_refused_that_fits(most, steps):
    ceiling, held = Ceiling(most), Decimal(0)
    for amount, becomes in steps:
        fits = held + amount <= most
        try:
            reservation = ceiling.reserve("acme/1", money(amount))
        except OverCeiling:
            assert not fits
            continue
        assert fits
        assert ceiling.held == held + amount <= most  # before anything is sent
        counts = {"let go": Decimal(0), "billed less": amount / 2, "billed nothing": Decimal(0)}.get(becomes, amount)
        if becomes == "let go":
            reservation.release()
        elif becomes != "kept":
            told = None if becomes == "unknown" else counts
            reservation.count(accepted(attempt(amount), money=money(told, "settled")))
        held += counts
        assert ceiling.held == held


def test_a_bill_above_the_quote_leaves_less_for_the_rest():
    ceiling = Ceiling(Decimal("0.10"))
    ceiling.reserve("acme/1", money("0.05")).count(accepted(attempt(), money=money("0.08", "settled")))
    with pytest.raises(
        OverCeiling, match=r"b costs \$0\.03, more than the \$0\.10 allowed, of which \$0\.08 are spent, or reserved"
    ):
        ceiling.reserve("b", money("0.03"))
    ceiling.reserve("b", money("0.02"))
    assert ceiling.held == Decimal("0.10")


def test_what_it_says_where_nothing_is_spent_yet():
    with pytest.raises(OverCeiling) as caught:
        Ceiling(Decimal("0.01")).reserve("acme/1", money("0.05"))
    assert str(caught.value) == "max_price: acme/1 costs $0.05, more than the $0.01 allowed"
    assert (caught.value.outcome, caught.value.billed) == (Outcome.NOT_SENT, "no")


def test_an_unknown_price_passes_no_ceiling_unless_it_is_allowed():
    with pytest.raises(
        OverCeiling,
        match=r"the price of acme/1 is unknown \(no page says\), and may be more than the \$1\.00 allowed",
    ):
        Ceiling(Decimal(1)).reserve("acme/1", money(None))
    ceiling = Ceiling(Decimal("0.05"), allow_unknown=True)
    unknown = ceiling.reserve("acme/1", money(None))
    assert ceiling.held == 0
    known = ceiling.reserve("acme/1", money("0.05"))
    unknown.count(accepted(attempt(None), money=money("0.02", "settled")))  # now it is known
    assert ceiling.held == Decimal("0.07")
    known.release()
    with pytest.raises(OverCeiling):
        ceiling.reserve("acme/1", money("0.04"))


def test_a_live_estimate_holds_no_ceiling_and_counts_where_it_is_allowed():
    guess = attrs.evolve(money("0.075", got="live"), status=PriceStatus.ESTIMATE)
    said = r"the price of acme/1, ~\$0\.075, is an estimate that may be too low, so it holds no ceiling; allow_unknown"
    with pytest.raises(OverCeiling, match=said):
        Ceiling(Decimal(1)).reserve("acme/1", guess)
    with pytest.raises(OverCeiling, match=r"acme/1 costs ~\$0\.075, more than the \$0\.05 allowed$"):
        Ceiling(Decimal("0.05"), allow_unknown=True).reserve("acme/1", guess)
    ceiling = Ceiling(Decimal("0.10"), allow_unknown=True)
    ceiling.reserve("acme/1", guess)
    assert ceiling.held == Decimal("0.075")
    assert [ceiling.fits(guess), ceiling.can_ever_fit(guess)] == [False, True]


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("7E+1", "70"),
        ("0.0280", "0.028"),
        ("6.0", "6"),
        ("-5E+2", "-500"),
        ("0.00", "0"),
        ("1E-70", "1E-70"),
        ("1E+999999", "1E+999999"),
        ("NaN", "NaN"),
    ],
)
def test_an_amount_has_one_form(given, form):
    assert str(Money(credits=Decimal(given)).credits) == form


def test_without_a_ceiling_everything_goes():
    ceiling = Ceiling(None)
    for amount in ("1000", None):
        ceiling.reserve("acme/1", money(amount)).release()
    assert ceiling.held == 0


def test_what_was_made_before_counts_too_though_it_is_above_the_ceiling():
    ceiling = Ceiling(Decimal("0.10"))
    ceiling.hold(attempt(None, outcome=Outcome.UNCERTAIN))  # what nobody knows cannot be counted
    ceiling.hold(attempt("0.30", outcome=Outcome.REFUSED))
    assert ceiling.held == 0
    lost = ceiling.hold(attempt("0.12", outcome=Outcome.UNCERTAIN))
    assert ceiling.held == Decimal("0.12")
    with pytest.raises(OverCeiling, match=r"of which \$0\.12 are spent, or reserved"):
        ceiling.reserve("acme/1", money("0.01"))
    lost.count(accepted(attempt("0.12"), state=State.FAILED, money=money("0", "settled")))
    ceiling.reserve("acme/1", money("0.10"))


def test_what_nobody_knows_is_taken_while_anything_is_left():
    ceiling = Ceiling(Decimal("0.05"), allow_unknown=True)
    first = ceiling.reserve("acme/1", Money.unknown("by tokens"))
    first.count(accepted(attempt("0.05"), state=State.SUCCEEDED, money=money("0.31", "settled")))
    with pytest.raises(OverCeiling, match=r"nothing is left for acme/1, whose price is unknown, of the \$0\.05"):
        ceiling.reserve("acme/1", Money.unknown("by tokens"))


def test_amounts_are_added_up_exactly_whatever_the_program_has_set():
    with decimal.localcontext(prec=2):
        ceiling = Ceiling(Decimal("1.000000002"))
        for _ in range(2):
            ceiling.reserve("acme/1", money("0.500000001"))
        with pytest.raises(OverCeiling):
            ceiling.reserve("acme/1", money("0.000000001"))
        assert ceiling.held == Decimal("1.000000002")


@pytest.mark.parametrize("given_", ["0", "0.10", 1, 0.5, Decimal("0.000000001"), 999_999, "999999"])
def test_an_amount(given_):
    assert usd(given_) == Decimal(given_)


@pytest.mark.parametrize(
    "given_",
    [
        -0.1,
        1e400,
        True,
        "",
        "a lot",
        "-0.01",
        -1,
        Decimal(-1),
        "NaN",
        "sNaN",
        "inf",
        Decimal("Infinity"),
        [1],
        b"1",
    ],
)
def test_what_is_no_amount_is_refused_and_shown(given_):
    with pytest.raises(OutOfBounds) as caught:
        usd(given_)
    assert str(caught.value) == f'max_price: must be an amount in USD, like "0.10", not {given_!r}'


# What an attempt counts

FIVE, NONE = Decimal("0.05"), Decimal(0)


@pytest.mark.parametrize(
    ("made", "counts", "charged"),
    [
        (attempt(), FIVE, None),  # being sent
        (attempt(outcome=Outcome.NOT_SENT), NONE, None),
        (attempt(outcome=Outcome.REFUSED), NONE, None),
        (attempt(outcome=Outcome.UNCERTAIN), FIVE, None),
        (attempt(outcome=Outcome.ACCEPTED_WITHOUT_ID), FIVE, None),
        (attempt(outcome=Outcome.UNCERTAIN, settled=Billed.NO), NONE, None),
        (attempt(outcome=Outcome.UNCERTAIN, settled=Billed.YES), FIVE, None),
        (accepted(attempt()), FIVE, None),
        (accepted(attempt(), state=State.SUCCEEDED, money=money("0.07", "settled")), Decimal("0.07"), "0.07"),
        (accepted(attempt(), state=State.FAILED, money=money("0", "settled")), NONE, "0"),
        (accepted(attempt(), state=State.FAILED), FIVE, None),  # nobody says that it is given back
        (attempt(None), None, None),
        (attempt(None, outcome=Outcome.UNCERTAIN), None, None),
        (attempt(None, outcome=Outcome.REFUSED), NONE, None),
        (accepted(attempt(None)), None, None),
        (accepted(attempt(None), money=money("0.03", "settled")), Decimal("0.03"), "0.03"),
    ],
)
def test_what_an_attempt_counts_and_what_the_provider_said_that_it_took(made, counts, charged):
    assert made.reserved == counts
    assert made.charged == (None if charged is None else money(charged, "settled"))


def test_what_a_request_has_cost_at_most():
    tries = (attempt(outcome=Outcome.REFUSED), attempt(outcome=Outcome.UNCERTAIN), accepted(attempt("0.02")))
    result = Result(tasks=(tries[2].task,), money=money("0.02"), attempts=tries)
    assert result.reserved == Decimal("0.07")
    assert attrs.evolve(result, attempts=(*tries, attempt(None))).reserved is None
    assert attrs.evolve(result, attempts=()).reserved == 0


def after(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("made", "queued", "running"),
    [
        (attempt(), None, None),
        (attempt(ended_at=after(4)), 4, None),
        (attempt(chosen_at=after(-3), ended_at=after(4)), 7, None),
        (attempt(ended_at=after(-1)), 0, None),  # the wall clock was set back
        (accepted(attempt(chosen_at=after(-3), ended_at=after(1))), None, None),
        (accepted(attempt(ended_at=after(1)), running_at=after(9)), 9, None),
        (accepted(attempt(ended_at=after(1)), running_at=after(9), ended_at=after(21)), 9, 12),
        (accepted(attempt(ended_at=after(1)), ended_at=after(21)), 21, None),  # it was never seen running
        (accepted(attempt(), running_at=after(9), ended_at=after(8)), 9, 0),
    ],
)
def test_how_long_an_attempt_was_queued_and_running(made, queued, running):
    assert (made.queued, made.running) == (queued, running)
