"""What is known of the provider of an account, in the few words of a table: all providers below each other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import attrs

from anymedia import Account, Kind, PriceStatus
from anymedia.declare import Adapter, Lifecycle, Offer, Webhook
from anymedia.declare.files import FORMS
from anymedia.model.plain import duration

from .facts import is_inline, limits
from .takes import NONE
from .usual import Usual, usual

FILES = {"url": "URL", "upload": "upload", "data": "data", "base64": "base64", "part": "part"}
"""How a file gets in: by a public URL, by the provider's own upload, in the body as a data URI or as base64, or as a
part of a form."""

MEANWHILE = ("progress", "position", "log")
"""What is told of a task while it goes on."""


@attrs.define(slots=False)
class Known:
    """An account, and what its provider sells of one kind, or of all."""

    account: Account
    kind: Kind | None = None

    @property
    def adapter(self) -> Adapter:
        """The facts of its provider."""
        return self.account.adapter

    @cached_property
    def offers(self) -> Sequence[Offer]:
        """What is sold."""
        return [offer for offer in self.adapter.offers if self.kind in (None, offer.kind)]

    @cached_property
    def lives(self) -> Sequence[Lifecycle]:
        """How the tasks of these offers go."""
        names = dict.fromkeys(offer.lifecycle for offer in self.offers)
        return [self.adapter.life(name) for name in names]

    @cached_property
    def priced(self) -> Sequence[Usual]:
        """What the usual request costs at each offer."""
        return [usual(self.account, offer) for offer in self.offers]

    @property
    def models(self) -> Mapping[Kind, list[str]]:
        """The models of each kind, in the order of the offers."""
        sold = {kind: [offer.model for offer in self.offers if offer.kind is kind] for kind in Kind}
        return {kind: list(dict.fromkeys(models)) for kind, models in sold.items() if models}

    @property
    def files(self) -> list[str]:
        """The ways by which files get in."""
        taken = {form for offer in self.offers for form in offer.forms}
        return [form for form in FORMS if form in taken]

    @property
    def webhooks(self) -> list[str]:
        """How far webhooks are signed, once for each way."""
        return _each(self.lives, lambda life: _signed(life.webhook))

    @property
    def cancels(self) -> list[str]:
        """Whether tasks can be canceled."""
        return _each(self.lives, lambda life: "yes" if life.cancel is not None else None)

    @property
    def tells(self) -> list[str]:
        """What is told of a task while it goes on."""
        told = {name for life in self.lives for call in life.looks.values() for name in call.reply.tells}
        return [name for name in MEANWHILE if name in told]

    @property
    def results(self) -> list[str]:
        """For how long results can be fetched."""
        return list(dict.fromkeys(map(_kept, self.lives)))

    @property
    def balance(self) -> str | None:
        """The unit in which the provider tells what an account still has."""
        balance = self.adapter.balance
        return None if balance is None else "USD" if balance.usd is not None else "credits"

    @property
    def statuses(self) -> Mapping[PriceStatus, int]:
        """How many offers have a price that can be trusted so far."""
        counts = Counter(each.money.status for each in self.priced)
        return {status: counts[status] for status in PriceStatus}


def _each(lives: Sequence[Lifecycle], said: Callable[[Lifecycle], str | None]) -> list[str]:
    """Return what holds of each lifecycle, once; "partly" where it holds of some alone."""
    every = [said(life) for life in lives]
    found = list(dict.fromkeys(each for each in every if each is not None))
    return [*found, "partly"] if found and None in every else found


def _signed(webhook: Webhook | None) -> str | None:
    if webhook is None:
        return None
    if webhook.signed is None:
        return "not signed"
    return "signed" if webhook.signed.covers == "body" else "id signed"


def _kept(life: Lifecycle) -> str:
    if is_inline(life):
        return "in the answer"
    return "unknown" if life.expires is None else duration(life.expires)


# As a table

Column: TypeAlias = Callable[[Known], list[str]]


def _live(known: Known) -> list[str]:
    quotes = known.adapter.price_quote
    return [] if not quotes else ["estimate" if all(each.is_estimate for each in quotes) else "yes"]


def _idempotency(known: Known) -> list[str]:
    window = known.adapter.idempotency
    return [] if window is None else [duration(window.window)]


def _number(status: PriceStatus) -> Column:
    return lambda known: [str(known.statuses[status])] if known.statuses[status] else []


def _models(kind: Kind) -> Column:
    return lambda known: [str(len(known.models[kind]))] if kind in known.models else []


TABLES: Mapping[str, Mapping[str, Column]] = {
    "what it sells: models of each kind": {
        "API key": lambda known: [known.account.api_key_env[0]],
        "set": lambda known: ["no" if known.account.api_key is None else "yes"],
        **{str(kind): _models(kind) for kind in Kind},
        "read": lambda known: [known.adapter.read],
    },
    "how its work goes": {
        "files": lambda known: [" ".join(FILES[form] for form in known.files)],
        "webhooks": lambda known: known.webhooks,
        "cancel": lambda known: known.cancels,
        "tells": lambda known: [" ".join(known.tells)],
    },
    "what it keeps, and what it takes": {
        "results": lambda known: known.results,
        "limits": lambda known: [*limits(known.adapter)],
        "refunds": lambda known: [str(known.adapter.refunds)],
        "replays": _idempotency,
        "balance": lambda known: [known.balance or ""],
    },
    "how sure its prices are: offers by what is known": {
        "prices of": lambda known: [known.adapter.printed.date or "unknown"],
        "live": _live,
        "exact": _number(PriceStatus.EXACT),
        "about": _number(PriceStatus.APPROXIMATE),
        "estimate": _number(PriceStatus.ESTIMATE),
        "unknown": _number(PriceStatus.UNKNOWN),
        "gaps": lambda known: [str(len(known.adapter.gaps))] if known.adapter.gaps else [],
    },
}
"""What is told of each provider, by what it is about; a cell that is empty says no, or none."""


MEANINGS: Mapping[str, str] = {
    "files": "how yours get in: by a public URL, by the provider's own upload, in the body (as a data URI, or base64), "
    "or as a part of a form",
    "webhooks": "signed: a result in one counts; id signed, or not signed: one is a hint to look at the task; partly: "
    "some offers have none",
    "tells": "what is told of a task while it goes on",
    "results": "for how long they can be fetched",
    "refunds": "whether the price of a failed task is given back",
    "replays": "for how long a submit that got no answer can be sent again and is billed once",
    "balance": "the unit in which the provider tells what an account still has",
    "read": "the day on which its page was read",
    "prices of": "the day on which its prices were printed",
    "live": "whether it can be asked what a task costs",
    "exact": "how many offers are billed as their page prints",
    "about": "how many have a page that prints about so much",
    "estimate": "how many cost so much at most",
    "unknown": "how many have no price that is known beforehand",
    "gaps": "how many facts no page states",
}
"""What the columns mean, where their names do not say it."""


def tables(kind: Kind | None) -> Mapping[str, Mapping[str, Column]]:
    """Return what is told of what is sold of a kind, or of all."""
    others = {str(each) for each in Kind if kind not in (None, each)}
    return {
        title: {name: column for name, column in columns.items() if name not in others}
        for title, columns in TABLES.items()
    }


def cell(column: Column, known: Known) -> list[str]:
    """Return what a table says of a provider in a column, a dash where that is nothing."""
    return [*filter(None, column(known))] or [NONE]


def traits_json(known: Known) -> dict[str, Any]:
    """Return the same as JSON."""
    adapter, limits = known.adapter, known.adapter.limits
    return {
        "models": {str(kind): models for kind, models in known.models.items()},
        "files": known.files,
        "webhooks": known.webhooks,
        "cancel": known.cancels,
        "tells": known.tells,
        "limits": {"submits": limits.submits, "polls": limits.polls, "active": limits.active},
        "idempotency": None if adapter.idempotency is None else adapter.idempotency.window,
        "balance": known.balance,
        "live_prices": bool(adapter.price_quote),
        "prices": {"date": adapter.printed.date, **{str(status): number for status, number in known.statuses.items()}},
    }
