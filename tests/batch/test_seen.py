"""What is seen of a batch: lines, spans, and no word of what was asked for."""

import logging
from decimal import Decimal

import pytest

from tests.seen import Records, Seen

from .playing import played, rows


@pytest.fixture
def records():
    logger, handler = logging.getLogger("anymedia"), Records()
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


def test_a_batch_and_each_of_its_rows_are_told_and_have_spans(tmp_path, records, monkeypatch):
    seen = Seen.new()
    monkeypatch.setattr("anymedia.observe.readers.in_use", lambda: seen.telemetry)

    async def main(shop):
        await shop.run(rows(2), "reapi")
        shop.sims["reapi"].fault("failed", times=None)
        await shop.run(rows(5), "reapi", budget="0.1")

    played(main, tmp_path)
    told = records.lines("BatchBegan", "RowEnded", "BatchEnded")
    assert told[:4] == [
        "batches INFO batch shots begins: 2 rows",
        *told[1:3],
        "batches INFO batch shots is over (done): 2 done, it has cost $0.056",
    ]
    assert sorted(told[1:3]) == [f"batches DEBUG batch shots row {number} done, $0.028" for number in (1, 2)]
    assert told[4] == "batches INFO batch shots begins: 5 rows, 2 bought before, budget $0.10"
    assert told[-1] == "batches INFO batch shots is over (failed): 2 done, 3 failed, it has cost $0.056"
    assert "lighthouse" not in "".join(str(vars(record)) for record in records.all if hasattr(record, "anymedia_batch"))
    batches, generated = seen.spans("batch"), seen.spans("generate flux-2-pro")
    assert (len(batches), len(generated)) == (2, 7)
    assert {span.parent.span_id for span in generated} == {span.context.span_id for span in batches}


def test_a_bill_above_the_budget_is_told_once(tmp_path, records):
    async def main(shop):
        return await shop.run(rows(5), "reapi", budget="0.01", at_once=3)

    end, _ = played(main, tmp_path, reapi={"prices": {"flux-2": "0.003"}})
    assert (end.why, end.done) == ("budget", 3)
    assert end.spent == 3 * Decimal("0.028")
    (line,) = records.lines("PassedCeiling")
    assert line.startswith("bills WARNING batch shots has cost $0.0")
    assert line.endswith(", more than its budget of $0.01")
