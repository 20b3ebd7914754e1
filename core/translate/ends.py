"""Offers that end: a request that was checked, as it stands on a day."""

from datetime import date, timedelta

import attrs

from anymedia.model.errors import Problem

from .check import Checked

SOON = timedelta(days=60)
"""How long before its end an offer says that it ends."""

MOST = 8
"""Models that are named at most in place of one that has ended."""


def as_of(checked: Checked, today: date, *, limits: bool = True) -> Checked:
    """Return a checked request as it stands on a day: refused where the offer has ended, else with a notice in time.

    With limits=False an end that is announced refuses nothing: it may have been put off.
    """
    ends = checked.offer.ends
    if ends is None or today < ends - SOON:
        return checked
    if not checked.offer.has_ended(today):
        return attrs.evolve(checked, notices=(f"{checked.name} is no longer sold from {ends} on",))
    if not limits:
        return attrs.evolve(checked, notices=(f"{checked.name} was to be no longer sold from {ends} on",))
    message = f"not sold since {ends}{_others(checked, today)}"
    ended = Problem(field="model", message=message, unsupported=True, page=checked.page)
    return attrs.evolve(checked, problems=(ended, *checked.problems))


def _others(checked: Checked, today: date) -> str:
    """Say which models of the same kind the provider goes on to sell: which of them stands in, no page says."""
    offer = checked.offer
    sold = [each for each in checked.adapter.offers if each.kind is offer.kind and not each.has_ended(today)]
    models = list(dict.fromkeys(each.model for each in sold if each.model != offer.model))
    more = f" and {len(models) - MOST} more" if len(models) > MOST else ""
    return f"; {checked.adapter.name} sells {', '.join(models[:MOST])}{more}" if models else ""
