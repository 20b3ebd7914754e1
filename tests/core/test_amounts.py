"""Money, in which unknown is a value of its own."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.declare.prices import Credit, PerMegapixel, Price, Table
from anymedia.model.money import Money, PriceStatus, in_credits, total

EXACT, ABOUT, ESTIMATE, UNKNOWN = PriceStatus


def cents(count, status=EXACT, **more):
    usd = Decimal(count) / 100
    return Money(usd=usd, list_usd=usd, status=status, **more)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (cents(5), "$0.05"),
        (cents(100), "$1.00"),
        (cents(10_000), "$100.00"),
        (cents(0), "$0.00"),
        (cents(5, ABOUT), "~$0.05"),
        (cents(5, ESTIMATE), "~$0.05"),
        (Money(usd=Decimal("0.000001"), status=EXACT), "$0.000001"),
        (cents(10), "$0.10"),
        (cents(Decimal("2.75")), "$0.0275"),
        (cents(Decimal("1e3"), ABOUT), "~$10.00"),
        (cents(-150), "-$1.50"),  # what an account owes
        (Money(usd=Decimal(f"7.{'0' * 40}1"), status=EXACT), f"$7.{'0' * 40}1"),  # more than a context holds
        (Money.unknown("why"), "unknown"),
    ],
)
def test_how_money_is_shown(money, shown):
    assert str(money) == shown


@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from([EXACT, ABOUT, ESTIMATE])), min_size=1))
def test_a_sum_is_as_sure_as_its_least_sure_part(parts):
    summed = total(cents(*part) for part in parts)
    assert summed.usd == summed.list_usd == Decimal(sum(count for count, _ in parts)) / 100
    assert summed.status == max((status for _, status in parts), key=list(PriceStatus).index)


def test_one_unknown_part_makes_the_sum_unknown():
    summed = total([cents(5), Money.unknown("why"), cents(7)])
    assert (summed.usd, summed.status, summed.reason) == (None, UNKNOWN, "why")


def test_what_one_part_lacks_the_sum_lacks():
    summed = total([cents(5, credits=Decimal(5)), cents(7)])
    assert (summed.usd, summed.credits) == (Decimal("0.12"), None)


def test_the_money_of_one_task_is_its_own():
    money = cents(5, got="settled", source="its answer")
    assert total([money]) is money


@given(st.decimals(0, 100, places=6), st.sampled_from(["0.001", "0.01", "0.005"]))
def test_whole_credits_are_rounded_up_and_by_less_than_one(usd, rate):
    exact, billed = Credit(rate).bill(usd), Credit(rate, whole=True).bill(usd)
    assert exact * Decimal(rate) == usd
    assert billed == billed.to_integral_value()
    assert 0 <= billed - exact < 1


def test_a_printed_table_is_read_as_it_is_printed():
    table = Table.printed(("ratio", "resolution"), ("1K 2K",), {"1:1 2:1": ".1 | .2", "3:1": ".3"})
    assert {cell: str(price.usd) for cell, price in table.cells.items()} == {
        ("1:1", "1K"): "0.1",
        ("1:1", "2K"): "0.2",
        ("2:1", "1K"): "0.1",
        ("2:1", "2K"): "0.2",
        ("3:1", "1K"): "0.3",
    }
    assert Table(("resolution",), {"1K": Price("1")}).cells == {("1K",): Price("1")}
    assert PerMegapixel("0.1", "0.2", "0").further == Decimal("0.2")


def test_tables_are_joined_that_go_by_the_same_fields_and_have_no_cell_in_common():
    small, large = Table(("resolution",), {"1K": "0.1"}), Table(("resolution",), {"4K": "0.4"})
    assert (small | large) == Table(("resolution",), {"1K": "0.1", "4K": "0.4"})
    for other in (small, Table(("quality",), {"high": "0.4"})):
        with pytest.raises(ValueError, match="go by resolution, and have no cell in common"):
            _ = small | other


def test_one_part_that_may_cost_more_leaves_the_sum_without_a_bound_wherever_it_stands():
    dearest, average = cents(100, ESTIMATE, got="table"), cents(100, ESTIMATE, got="live")
    for parts in ([dearest, average], [average, dearest]):
        assert (total(parts).usd, total(parts).bound) == (2, None)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1", "1 credit"), ("1.0", "1 credit"), ("2.50", "2.5 credits"), ("7E+1", "70 credits"), ("0", "0 credits")],
)
def test_credits_are_plain_numbers(amount, shown):
    assert in_credits(Decimal(amount)) == shown
