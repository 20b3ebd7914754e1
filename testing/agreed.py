"""Two readings of one page: adapter and simulator share nothing, so where they differ one of them is wrong."""

from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from anymedia.declare import Adapter, Offer
from anymedia.model.request import Request as Asked
from anymedia.pricing.price import priced_part
from anymedia.simulators import Service, services
from anymedia.simulators.message import Request, Response
from anymedia.translate.check import Checked, check
from anymedia.translate.encode import Part, parts, submit

from .requests import askable, fewest, given
from .suite import Suite, promise

CASES = 100
"""Requests in each variant in which any fields have any values; the same ones in every run."""

JUDGE = "the provider's page decides which of the two is wrong"


class Agreed(Suite):
    """What check passes the simulator takes, at the quoted price; what check refuses it refuses too."""

    def test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges(
        self, adapter: Adapter, offer: Offer
    ) -> None:
        """Each value of each field alone, on both sides of each bound, then any of them together."""
        service = services()[adapter.name](clock=lambda: 1_800_000_000.0, balance=10**12)

        def hold(request: Asked) -> None:
            # What the offer does not have never reaches the wire, so there is nothing to compare: it is left out.
            checked = check(request, adapter, offer, on_unsupported="drop")
            sent = check(request, adapter, offer, on_unsupported="drop", limits=False)
            for part in () if sent.problems else parts(sent):
                _agree(checked, answer(service, sent, part))
                if not checked.problems:
                    self._charged_as_quoted(service, sent, part)

        for variant in offer.variants:
            for request in one_by_one(offer, variant):
                hold(request)
            all_together(offer, variant, hold)

    def _charged_as_quoted(self, service: Service, checked: Checked, part: Part) -> None:
        money = priced_part(checked, part)
        (entry,) = cast("list[dict[str, Any]]", service.bills()["entries"])
        promise(
            self.billed(money) in (None, entry["charged"]),
            f"{_name(checked)} is quoted at {self.counted(money)}, and the simulator charges {entry['charged']} "
            f"for {_shown(checked)}; {JUDGE}",
        )


def one_by_one(offer: Offer, variant: str) -> Iterator[Asked]:
    """Yield requests with one field more than needed, or with another value of a needed one."""
    least = fewest(offer, variant)
    yield least
    for field, wanted in askable(offer, variant).items():
        for value in wanted:
            if (request := given(least, field, value)) is not None:
                yield request


def all_together(offer: Offer, variant: str, hold: Callable[[Asked], None]) -> None:
    """Try requests in which any fields have any values."""
    least = fewest(offer, variant)
    fields: dict[str, st.SearchStrategy[Any]] = {
        field: st.sampled_from([getattr(least, field), *wanted]) for field, wanted in askable(offer, variant).items()
    }

    @settings(max_examples=CASES, deadline=None, database=None, derandomize=True)
    @over(st.fixed_dictionaries(fields))
    def mixed(drawn: dict[str, Any]) -> None:
        request = least
        for field, value in drawn.items():
            request = given(request, field, value) or request
        hold(request)

    mixed()


def answer(service: Service, checked: Checked, part: Part) -> Response:
    """Return what a simulator says to a body, without a socket; its bills are those of this answer alone."""
    adapter = checked.adapter
    call = submit(adapter, adapter.base_url, checked.path, part.body, None)
    headers = {**call.headers, adapter.auth.name: adapter.auth.prefix + service.api_key}
    where = urlsplit(call.url)
    service.tasks.clear()
    query = dict(parse_qsl(where.query))
    return service.answer(Request(call.method, unquote(where.path), query, headers, call.body or b""))


def _agree(checked: Checked, response: Response) -> None:
    takes_it = 200 <= response.status < 300
    said = f"the simulator says {response.status} {response.body.decode(errors='replace')[:500]}"
    problems = "; ".join(map(str, checked.problems))
    name, request = _name(checked), _shown(checked)
    refused = f"{name}: check passes what the simulator refuses: {request}; {said}; {JUDGE}"
    promise(takes_it or bool(checked.problems), refused)
    taken = f"{name}: check refuses what the simulator takes: {request}; check says {problems}; {JUDGE}"
    promise(not (takes_it and checked.problems), taken)


def _name(checked: Checked) -> str:
    return f"{checked.adapter.name}/{checked.offer.name}"


def _shown(checked: Checked) -> str:
    """Return the fields that are given, long values cut."""
    fields = {"model": checked.offer.model, **checked.given}
    return ", ".join(f"{field}={_cut(value)}" for field, value in fields.items())


def _cut(value: Any) -> str:
    if isinstance(value, str) and len(value) > 40:
        return f"{value[:20]!r}… ({len(value)} characters)"
    return f"{value[0]!r} {len(value)} times" if isinstance(value, tuple) and len(value) > 2 else repr(value)
