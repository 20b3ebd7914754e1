"""Whatever goes wrong, and however often a batch is cancelled, killed, changed and started again: it buys once."""

import asyncio
import tempfile
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journal.reading import attempts_now
from tests.providers import FOUR

from .playing import asked, die, played

FAULTS = (
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "no_answer", "seconds": 60, "created": True},
    {"kind": "status", "status": 500, "created": True},
    {"kind": "status", "status": 400},
    {"kind": "throttled", "retry_after": 3},
    {"kind": "cut_body"},
    {"kind": "without_id"},
    {"kind": "failed"},
    {"kind": "failed"},
    {"kind": "moderated"},
    {"kind": "latency", "seconds": 90},
    {"kind": "reset_before", "on": "poll"},
    {"kind": "status", "status": 503, "on": "result"},
)
TROUBLE = st.lists(st.tuples(st.sampled_from(FOUR), st.sampled_from(FAULTS), st.sampled_from([1, 2, 5])), max_size=6)
ROWS = st.lists(st.tuples(st.integers(1, 12), st.sampled_from([(), ("reapi",), ("runapi", "revidapi")])), max_size=14)
BUDGET = st.sampled_from([None, "0.05", "0.11", "0.2", "0.3"])


@attrs.frozen
class Run:
    """One run of the batch: its rows, what goes wrong meanwhile, and when and how it is broken off (None: never)."""

    rows: list
    trouble: list
    budget: str | None
    breaks: str | None
    after: float
    at_once: int
    policy: str


RUNS = st.lists(
    st.builds(
        Run,
        rows=ROWS,
        trouble=TROUBLE,
        budget=BUDGET,
        breaks=st.sampled_from([None, "cancel", "kill", "kill", "stop"]),
        after=st.sampled_from([0.0, 0.05, 0.2, 0.5, 1.0, 3.0, 8.0, 30.0]),
        at_once=st.sampled_from([1, 3, 100]),
        policy=st.sampled_from(["spread", "ordered", "cheapest"]),
    ),
    min_size=1,
    max_size=4,
)
PRICES = {"reapi": Decimal("0.028"), "runapi": Decimal("0.05"), "revidapi": Decimal("0.025"), "api_in_one": 0}
UNIT = {"reapi": "0.001", "api_in_one": "0.01", "revidapi": "0.0025", "runapi": "0.01"}


def batch_of(client, run, shop):
    from anymedia import Row

    wanted = [Row(request=asked(number), accounts=accounts) for number, accounts in run.rows]
    options = {"budget": run.budget, "at_once": run.at_once, "policy": run.policy, "timeout": 600}
    return client.batch(wanted, *FOUR, name="shots", where=shop.folder / "out", **options)


def usd(shop):
    """Return what all simulators bill by now."""
    total = Decimal(0)
    for sim in shop.sims:
        sim.bills()
        total += sum(
            ((task.order.price - task.refunded) * Decimal(UNIT[sim.name]) for task in sim.service.tasks.values()),
            Decimal(0),
        )
    return total


async def one(shop, run):
    """Let a run go on until it is over, or broken off; return its end and the ends of its rows, or None."""
    for provider, fault, times in run.trouble:
        shop.sims[provider].fault(**fault, times=times)
    client, ends = shop.opened(), []
    batch = batch_of(client, run, shop)
    going = asyncio.create_task(batch.run(ends.append))
    if run.breaks is not None:
        await shop.clock.sleep(run.after)
    if run.breaks == "kill":
        await die(client)
        with suppress(asyncio.CancelledError):
            await going
        return None, ends
    if run.breaks == "cancel":
        going.cancel()
    if run.breaks == "stop":
        batch.stop()
    try:
        end = await going
    except asyncio.CancelledError:
        end = None
    await client.close()
    attempts = attempts_now(client.journal)
    await client.journal.close()
    if end is not None:
        told(run, end, ends, attempts)
    return end, ends


def told(run, end, ends, attempts):
    """Hold what a run tells against what is in the journal."""
    assert sorted(each.number for each in ends) == list(range(1, len(run.rows) + 1))
    count = Counter(each.state for each in ends)
    assert (end.done, end.failed, end.uncertain) == (count["done"], count["failed"], count["uncertain"])
    assert (end.unfinished, end.not_begun) == (count["unfinished"], count["not begun"])
    assert end.spent + end.possibly == sum(attempt.reserved for attempt in attempts)
    for each in ends:
        if each.state == "done":
            assert all(asset.path.is_file() for asset in each.result.assets)
    if end.why == "budget":
        # It is reached within the price of the dearest row that is left.
        left = [each for each in ends if each.state == "not begun"]
        assert not left or end.spent + end.possibly + Decimal("0.05") > Decimal(run.budget)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(runs=RUNS)
def test_each_row_is_bought_once_and_no_budget_is_passed(runs):
    async def main(shop):
        most = Decimal(0)
        for run in runs:
            before = usd(shop)
            await one(shop, run)
            most = max(most, Decimal(run.budget or 1000))
            if run.budget is not None:
                assert usd(shop) <= max(before, Decimal(run.budget)), "what is billed passes no budget"
        for sim in shop.sims:
            sim.clear()
        await shop.clock.sleep(600)  # what was cooling down is well again
        last = attrs.evolve(runs[-1], trouble=[], budget=None, breaks=None, at_once=100)
        end, ends = await one(shop, last)
        submits = shop.submits
        again, _ = await one(shop, last)
        if not end.failed:
            assert shop.submits == submits, "nothing is left to be bought"
            assert again.bought_before == len(last.rows)
        return end, ends, shop.billed()

    with tempfile.TemporaryDirectory() as folder:
        end, ends, billed = played(main, Path(folder))
    occurs = {}
    for run in runs:
        for number, accounts in {*run.rows}:
            key = number, accounts
            occurs[key] = max(occurs.get(key, 0), run.rows.count(key))
    may = Counter()
    for (number, _), times in occurs.items():
        may[f"lighthouse {number}"] += times
    assert all(billed[prompt] <= may[prompt] for prompt in billed), "each occurrence of a row is billed once at most"
    done = Counter(each.row.request.prompt for each in ends if each.state == "done")
    assert all(billed[prompt] >= done[prompt] for prompt in done), "what is done is billed"
    assert end.not_begun == end.unfinished == 0
