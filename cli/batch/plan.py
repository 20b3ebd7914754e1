"""What a batch would cost: the offers that would be asked first, all of it, the worst case, and the budget."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from anymedia import BatchPlan, to_json
from anymedia.cli.text import counted, dollars, plain, price
from anymedia.model.money import EXACT

from .words import spent

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMNS = ("asked first", "rows", "price")


def to_buy(plan: BatchPlan) -> int:
    """Return how many rows are still to be bought."""
    return plan.rows - plan.bought_before


def plan_json(name: str, plan: BatchPlan, budget: Decimal | None) -> dict[str, Any]:
    """Return a plan as JSON."""
    return {
        "batch": name,
        "rows": plan.rows,
        "bought_before": plan.bought_before,
        "spent": plain(plan.spent),
        "possibly": plain(plan.possibly),
        "to_buy": to_buy(plan),
        "offers": [{"offer": offer, "rows": rows, "money": to_json(money)} for offer, rows, money in plan.offers],
        "money": to_json(plan.money),
        "worst": plain(plan.worst),
        "unpriced": plan.unpriced,
        "budget": plain(budget),
        "within_budget": within(plan, budget),
    }


def within(plan: BatchPlan, budget: Decimal | None) -> bool | None:
    """Return whether a budget holds all of a batch, also at worst; None where nobody knows, and without a budget."""
    if budget is None:
        return None
    if plan.money.usd is not None and EXACT.add(plan.spent, plan.money.usd) > budget:
        return False
    return None if plan.worst is None else EXACT.add(plan.spent, plan.worst) <= budget


def show_plan(name: str, plan: BatchPlan, budget: Decimal | None) -> None:
    """Print a plan."""
    from anymedia.cli.screen import Screen, pairs

    screen = Screen()
    screen.headline(f"batch {name}", "cyan", counted(plan.rows, "row"))
    if plan.offers:
        rows = ([offer, f"{number:,}", price(money)] for offer, number, money in plan.offers)
        screen.table(COLUMNS, rows, whole=("rows", "asked first"))
    screen.block(pairs(_sums(plan, budget)))


def _sums(plan: BatchPlan, budget: Decimal | None) -> "Iterator[tuple[str, RenderableType]]":
    if plan.spent and not plan.bought_before:
        yield "bought before", f"none of these rows; {_under_name(plan)}"
    elif plan.bought_before:
        yield "bought before", f"{counted(plan.bought_before, 'row')}, for {_before(plan)}"
    left = to_buy(plan)
    if not left:
        yield "to buy", f"nothing: every row is already bought{', or may be' if plan.possibly else ''}"
        return
    yield "to buy", f"{counted(left, 'row')}, {quoted(plan)}"
    yield "at worst", worst(plan)
    if budget is not None:
        yield "budget", _budget(plan, budget)


def quoted(plan: BatchPlan) -> str:
    """Return what all rows cost at the offers that are asked first, as far as that is known."""
    known = [] if plan.money.usd is None else [str(plan.money)]
    return ", and ".join([*known, *([f"{counted(plan.unpriced, 'row')} of unknown price"] if plan.unpriced else [])])


def _before(plan: BatchPlan) -> str:
    """Return what earlier runs cost, and what of it may have been billed."""
    return spent(EXACT.subtract(plan.spent, plan.possibly), plan.possibly)


def _under_name(plan: BatchPlan) -> str:
    """Return what was spent for other rows under the name of a batch: its budget counts that too."""
    return f"{_before(plan)} was spent under this name"


def worst(plan: BatchPlan) -> str:
    """Return what a batch may cost at most, and what keeps it from that."""
    if plan.worst is None:
        return "nobody knows, as a row may go to an offer of unknown price; --max-price and --budget leave it out"
    if plan.money.usd is not None and not plan.unpriced and plan.worst > plan.money.usd:
        return f"{dollars(plan.worst)}, where rows go on to dearer offers; --no-fallback keeps to those asked first"
    return f"{dollars(plan.worst)}, whichever offers serve it"


def _budget(plan: BatchPlan, budget: Decimal) -> str:
    """Return whether a budget holds all of a batch, and what it does if it does not."""
    shown, holds = dollars(budget), within(plan, budget)
    if holds:
        return f"{shown} holds all of it"
    lacks = EXACT.subtract(EXACT.add(plan.spent, plan.money.usd or Decimal(0)), budget)
    if lacks > 0:
        return f"{shown} ends before the last row: it is {dollars(lacks)} short of what is quoted"
    if holds is None:
        return f"{shown} may end before the last row: nobody knows what all of it costs"
    return f"{shown} holds what is quoted, and may end before the last row at worst"


def begun(name: str, plan: BatchPlan, budget: Decimal | None, at_once: int, files: str) -> Iterator[str]:
    """Yield what a run begins with: what is already bought, what is going to be bought, and how."""
    left = to_buy(plan)
    if plan.bought_before and left:
        of = f"{plan.bought_before:,} of {counted(plan.rows, 'row')}"
        yield f"batch {name}: {of} already bought, for {_before(plan)}"
    elif plan.spent and left:
        yield f"batch {name}: none of these rows is bought yet; {_under_name(plan)}"
    if left:
        parts = [
            f"batch {name}: {counted(left, 'row')} to buy, {quoted(plan)}",
            f"at worst {'unknown' if plan.worst is None else dollars(plan.worst)}",
            *([] if budget is None else [f"budget {dollars(budget)}"]),
            f"{min(at_once, left):,} at once",
            f"into {files}",
        ]
        yield ", ".join(parts)
