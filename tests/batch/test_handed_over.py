"""A batch that hands its orders over: another client sends each, once, under the claim of whoever planned it."""

from decimal import Decimal

import attrs
import pytest

from anymedia import BadRows, JournalError, OutOfBounds, OverCeiling, Problem, Row, Unsupported
from anymedia.engine.handed_over import HandedOver
from anymedia.engine.submits import Submits
from anymedia.model.options import Options

from .playing import REQUEST, asked, played, rows


class Handing(Submits):
    """The submits of a request, which another client makes at once."""

    def __init__(self, session, other, request, terms):
        super().__init__(session)
        self.other, self.request, self.terms = other, request, terms

    async def shielded(self, life, submission, deadline):
        order = submission.order
        handed = HandedOver(
            id=submission.id,
            request=self.request,
            account=order.account,
            units=order.range,
            terms=attrs.evolve(self.terms, offer=order.offer, fallback=False),
            claimed=submission.claim,
            most=order.money.usd,
        )
        return await self.other._sent(handed, 60.0)


@attrs.frozen
class Other:
    """What sends for a batch: one client that is there for the length of its run."""

    client: object
    entered: list = attrs.field(factory=list)

    async def __aenter__(self):
        self.entered.append("begun")

    async def __aexit__(self, *_):
        self.entered.append("ended")

    def check(self, request):
        if "bad" in request.prompt:
            raise OutOfBounds(problems=[Problem(field="images", message="cannot travel")])

    def submits(self, session, request, terms):
        return Handing(session, self.client, request, terms)

    def waits(self, session):
        return self.client._watch


def test_its_rows_are_sent_by_another(tmp_path):
    """Several pictures are several tasks, what fails goes on elsewhere, and each row says what it was."""

    async def main(shop):
        shop.sims["reapi"].fault("failed")
        wanted = [*rows(3), asked(4, count=2)]
        async with shop.client() as other:
            workers = Other(other)
            end, ends = await shop.run(wanted, "reapi", "runapi", workers=workers, budget="1.00", mix=True)
            again, _ = await shop.run(wanted, "reapi", "runapi", workers=workers)
        return end, ends, again, shop.billed(), workers.entered

    end, ends, again, billed, entered = played(main, tmp_path)
    assert (end.why, end.done, again.bought_before, entered) == ("done", 4, 4, ["begun", "ended"] * 2)
    assert (sum(billed.values()), len([*(tmp_path / "out").iterdir()])) == (5, 5)
    assert sum(len(each.result.attempts) for each in ends) == 6


def handed(**changes):
    facts = {
        "id": "a",
        "request": REQUEST,
        "account": "reapi",
        "units": range(1),
        "terms": Options(offer="reapi/flux-2", fallback=False),
    }
    return HandedOver(**facts | changes)


@pytest.mark.parametrize(
    ("order", "kind", "why"),
    [
        (handed(most=Decimal("0.001")), OverCeiling, "more than the"),
        (handed(request=attrs.evolve(REQUEST, count=4), units=range(3)), OutOfBounds, "makes no 3 of it in one task"),
        (handed(request=attrs.evolve(REQUEST, negative_prompt="fog")), Unsupported, "negative_prompt"),
        (handed(stands=lambda: False), JournalError, "not heard of"),
    ],
)
def test_what_does_not_fit_any_more_is_not_sent(tmp_path, order, kind, why):
    async def main(shop):
        async with shop.client() as client:
            with pytest.raises(kind, match=why):
                await client._sent(order, 60.0)
        return shop.submits

    assert played(main, tmp_path) == 0


def test_what_is_handed_over_twice_or_under_a_claim_that_is_lost_is_sent_once(tmp_path):
    async def main(shop):
        async with shop.client() as client, shop.client() as planner:
            async with planner._keys.held("k", REQUEST, planner._deadline(60)) as claimed:
                attempt = await client._sent(handed(claimed=claimed), 60.0)
            with pytest.raises(JournalError):
                await client._sent(handed(claimed=claimed), 60.0)
            with pytest.raises(JournalError):
                await client._sent(handed(id="b", claimed=claimed), 60.0)
        return attempt.id, shop.submits

    assert played(main, tmp_path) == ("a", 1)


def test_rows_that_cannot_travel_are_told_before_anything_is_sent(tmp_path):
    async def main(shop):
        wanted = [asked(1), Row(request=attrs.evolve(REQUEST, prompt="bad"), line=7)]
        async with shop.client() as client:
            with pytest.raises(BadRows, match="line 7: images: cannot travel"):
                client.batch(wanted, name="shots", workers=Other(client))

    played(main, tmp_path)
