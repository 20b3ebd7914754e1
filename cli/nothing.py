"""Why a list of what is sold has nothing to show: it is said in one sentence, and is no empty list."""

from collections.abc import Sequence
from typing import NoReturn

from anymedia import Account, Kind
from anymedia.pricing.unsold import kinds_of, refuse, refuse_elsewhere
from anymedia.registry import adapters

from .text import works


def refuse_nothing(accounts: Sequence[Account], kind: Kind | None, model: str | None = None) -> NoReturn:
    """Say why these accounts sell nothing of a kind, or of a model, and who does. Errors: Unsupported, always."""
    known = [*adapters().values(), *(account.adapter for account in accounts)]
    names = " and ".join(account.name for account in accounts) or "no account"
    sells = "sell" if len(accounts) > 1 else "sells"
    if model is not None:
        made = kinds_of(model, known, asked=[account.adapter for account in accounts])
        if kind is not None and kind not in made:
            refuse("kind", f"{model} makes {works(made)}, not {works([kind])}")
        refuse_elsewhere(model, None, accounts, known)
    if kind is None:
        refuse("provider", f"{names} {sells} nothing that is known here")
    others = dict.fromkeys(each.name for each in known if any(offer.kind is kind for offer in each.offers))
    refuse("kind", f"{names} {sells} no {works([kind])}; they are sold by {', '.join(others) or 'nobody'}")
