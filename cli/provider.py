"""One provider in full: how it is spoken to, what it sells for how much, and what no page says of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .facts import facts
from .text import settings_lines
from .traits import Known
from .usual import TITLES, Usual

if TYPE_CHECKING:
    from .screen import Cell, Screen

OFFERS = ("model", "offer", "price", "note")
GAPS = ("what no page says", "what is done about it")


def show_provider(screen: "Screen", known: Known) -> None:
    """Print all that is known of the provider of an account, with what the account says itself."""
    from .screen import pairs

    account, adapter = known.account, known.adapter
    screen.headline(account.name, "cyan", adapter.title)
    told = {name: _plain(sentences) for name, sentences in facts(adapter, known.offers)}
    screen.block(pairs({**told, **_of_account(known)}.items()), "")
    for kind in known.models:
        screen.headline(kind, "cyan", TITLES[kind])
        some = [each for each in known.priced if each.offer.kind is kind]
        named = any(each.offer.own or each.offer.name != each.offer.model for each in some)
        rows = [_offer(each) for each in some]
        says = {"offer": named, "note": any(row["note"] for row in rows)}
        columns = [name for name in OFFERS if says.get(name, True)]
        screen.table(columns, ([row[name] for name in columns] for row in rows), whole=("model", "offer", "price"))
    screen.headline("gaps", "cyan")
    screen.table(GAPS, ((gap.what, gap.choice or "left open") for gap in adapter.gaps))


def _of_account(known: Known) -> dict[str, str]:
    """Return what an account says of itself, in place of what is usual at its provider and beside it."""
    account = known.account
    said = {
        "base URL": account.origin,
        "API key": f"{' or '.join(account.api_key_env)}: {'set' if account.api_key else 'not set'}",
    }
    if account.shown_settings:
        said["given"] = "\n".join(settings_lines(account.shown_settings))
    return said


def _plain(told: Sequence[str]) -> str:
    """Return sentences below each other, without the marks of what stands on the wire."""
    return "\n".join(each.replace("`", "") for each in told)


def _offer(each: Usual) -> "dict[str, Cell]":
    money, offer = each.money, each.offer
    how = [*each.differs, *filter(None, [money.reason])]
    cells = (offer.model, offer.name + (" (yours)" if offer.own else ""), str(money), "; ".join(how))
    return dict(zip(OFFERS, cells, strict=True))
