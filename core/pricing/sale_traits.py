"""What is bought at a seller, for how much, and how it is sold."""

from collections.abc import Mapping

from anymedia.declare.sizes import Grid
from anymedia.model.money import Money
from anymedia.model.plain import duration
from anymedia.model.vocabulary import Refund

from .side import Reader, Side, Trait


def offer_trait(side: Side) -> Trait:
    """Return the offer that would be taken."""
    name = side.taken.name
    if side.among == 1:
        return Trait(name, f"sells it as {name}")
    fits = "nearest to taking it" if side.checked.problems else "cheapest that takes it"
    return Trait(name, f"sells it as {name}, of {side.among} offers the {fits}")


# What is bought


def _pixels(side: Side) -> Trait:
    size = side.given("size") or _printed(side)
    if size is None:
        return Trait("unknown", "has none that are known here")
    return Trait("{}x{}".format(*size), "makes {}x{}".format(*size))


def _printed(side: Side) -> tuple[int, int] | None:
    """Return the size that the offer's page prints for the ratio and resolution that are given, or taken instead."""
    shape = side.taken.offer.shape
    if not isinstance(shape, Grid):
        return None
    return shape.sizes.get((str(side.checked.value("aspect_ratio")), str(side.checked.value("resolution"))))


def _tasks(side: Side) -> Trait:
    number = len(side.taken.parts)
    return Trait(str(number), f"makes it in {number} task{'s' * (number > 1)}")


def _money(side: Side) -> Trait:
    money: Money = side.taken.money
    if money.usd is None:
        return Trait("unknown", f"bills what is unknown ({money.reason})")
    why = f"{money.status}: {money.reason}" if money.reason else str(money.status)
    return Trait(str(money), f"bills {money} ({why})", key=(money.usd, money.status))


# How it is sold


def _refunds(side: Side) -> Trait:
    clauses = {
        Refund.YES: "gives the price of a failed task back",
        Refund.NO: "keeps the price of a failed task",
        Refund.UNKNOWN: "does not say whether a failed task is billed, so it counts as billed",
    }
    return Trait(str(side.adapter.refunds), clauses[side.adapter.refunds])


def _expires(side: Side) -> Trait:
    seconds = side.checked.life.expires
    if seconds is None:
        return Trait("unknown", "does not say how long they can be fetched: download them at once")
    return Trait(duration(seconds), f"keeps them for {duration(seconds)}")


def _idempotency(side: Side) -> Trait:
    words = side.adapter.idempotency
    if words is None:
        return Trait(
            "none", "honours no idempotency key, so an unanswered submit stays uncertain and is not sent again"
        )
    return Trait(
        words.header, f"honours {words.header}, so an unanswered submit is replayed for {duration(words.window)}"
    )


def _cancel(side: Side) -> Trait:
    return Trait("yes", "can stop one") if side.checked.life.cancel is not None else Trait("no", "cannot stop one")


def _balance(side: Side) -> Trait:
    return Trait("yes", "reports it") if side.adapter.balance is not None else Trait("no", "reports none")


def _results(side: Side) -> Trait:
    life = side.checked.life
    endpoints = filter(None, (life.submit, life.poll, life.result))
    if any(endpoint.reply.files is not None for endpoint in endpoints):
        return Trait("bytes", "answers with the files themselves")
    return Trait("URL", "answers with URLs")


BOUGHT: Mapping[str, tuple[str, Reader]] = {
    "pixels": ("pixels", _pixels),
    "tasks": ("tasks", _tasks),
    "money": ("price", _money),
}
"""What is bought, by name: how each thing is called, and what it is at a seller that takes the request."""

SOLD: Mapping[str, tuple[str, Reader]] = {
    "refunds": ("a task that failed", _refunds),
    "expires": ("results", _expires),
    "idempotency": ("a submit without an answer", _idempotency),
    "cancel": ("a task under way", _cancel),
    "balance": ("the account's balance", _balance),
    "results": ("what is made", _results),
}
"""How any request is sold, by name: how each thing is called, and what it is at a seller."""
