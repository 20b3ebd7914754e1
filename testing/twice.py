"""What is declared is stated: a fact that only one of the two readings has is held by nothing."""

from collections.abc import Iterator
from decimal import Decimal

from anymedia.declare import Adapter, Match
from anymedia.model.money import dollars
from anymedia.simulators import Service, services

from .suite import Suite, promise, unstated

RATES = ("submits", "polls", "active")
TIMES = ("created", "completed")


class Twice(Suite):
    """The adapter's facts, each found in the simulator."""

    def test_what_the_adapter_declares_the_simulator_states(self, adapter: Adapter) -> None:
        """Read from the page a second time, or named in `ours` as what no page says."""
        service = services()[adapter.name]
        once = ", ".join(name for name in _once(adapter, service) if name not in service.ours)
        promise(
            not once,
            f"{adapter.name} declares what its simulator does not state: {once}; state there what the page says, or "
            "name it in `ours` where no page says it",
        )

    def test_calls_go_to_the_origin_of_the_page(self, adapter: Adapter) -> None:
        """The API key goes there."""
        origin = services()[adapter.name].origin
        differs = f"{adapter.name}: the page's origin is {origin}, and `base_url` says {adapter.base_url}"
        promise(origin in ("", adapter.base_url), differs)

    def test_a_credit_is_worth_what_the_page_says(self, adapter: Adapter) -> None:
        """All that is billed in credits is shown in USD by it."""
        worth = services()[adapter.name].credit
        if worth is None:
            unstated(adapter, "value of a credit")
        declared = None if adapter.credit is None else adapter.credit.usd
        differs = f"{adapter.name}: by the page a credit is {dollars(worth)}, and `credit` says {_usd(declared)}"
        promise(declared == worth, differs)


def _once(adapter: Adapter, service: type[Service]) -> Iterator[str]:
    """Yield the names of what an adapter declares and a simulator does not state."""
    lives = adapter.lives.values()
    calls = [call for life in lives for call in (life.submit, *life.looks.values())]
    replies = [call.reply for call in calls]
    stated = {
        "origin": bool(service.origin),
        "retry_after": adapter.fault.retry_after is None or service.retry_after == "body",
        "request_id_header": not adapter.request_id or bool(service.request_id_header),
        "request_id_field": adapter.fault.request_id is None or bool(service.request_id_field),
        "not_yet": not any(call.not_yet for call in calls) or "not_yet" in service.refusals,
        "hosts": not any(call.hosts for call in calls) or bool(service.hosts),
        "webhook": not any(each.asked_by for each in adapter.webhooks) or service.webhook is not None,
        "credit": adapter.credit is None or service.credit is not None,
        "tells.charge": not any(reply.usd or reply.credits for reply in replies) or "charge" in service.tells,
    }
    yield from (name for name, said in stated.items() if not said)
    for what in TIMES:
        if any(getattr(reply, what) for reply in replies) and what not in service.tells:
            yield f"tells.{what}"
    yield from (f"limits.{what}" for what in RATES if getattr(adapter.limits, what) and what not in service.limits)
    yield from (f"errors.{_named(code)}" for code in adapter.errors if not _is_told(code, service))
    yield from (f"settings.{name}" for name in adapter.settings if name not in (*service.says, *service.secrets))
    words = {word.casefold() for word in service.states}
    yield from (f"states.{word}" for life in lives for word in life.states if word.casefold() not in words)


def _usd(figure: Decimal | None) -> str:
    return "nothing" if figure is None else dollars(figure)


def _is_told(code: str | Match, service: type[Service]) -> bool:
    """Return whether a simulator tells an error of this code, or one that matches."""
    told: list[tuple[int | None, int | str, str]] = [*service.refusals.values()]
    told += [(each.status, each.code, each.message) for each in service.errors]
    told += [(None, each.code, each.message) for each in service.failures.values()]
    if isinstance(code, Match):
        return any(code.text in text and code.status in (None, status) for status, _, text in told)
    return any(code == str(each) for _, each, _ in told)


def _named(code: str | Match) -> str:
    return code.text or str(code.status) if isinstance(code, Match) else code
