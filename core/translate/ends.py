"""Offers that end: a request that was checked, as it stands on a day."""

from datetime import date, timedelta

import attrs

from anymedia.model.errors import Problem

from .check import Checked

SOON = timedelta(days=60)
"""How long before its end an offer says that it ends."""


def as_of(checked: Checked, today: date, *, limits: bool = True) -> Checked:
    """Return a checked request as it stands on a day: refused where the offer has ended, else with a notice in time.

    With limits=False an end that is announced refuses nothing: it may have been put off.
    """
    ends = checked.offer.ends
    if ends is None or today < ends - SOON:
        return checked
    if today < ends:
        return attrs.evolve(checked, notices=(f"{checked.name} is no longer sold from {ends} on",))
    if not limits:
        return attrs.evolve(checked, notices=(f"{checked.name} was to be no longer sold from {ends} on",))
    ended = Problem(field="model", message=f"no longer sold since {ends}", unsupported=True, page=checked.page)
    return attrs.evolve(checked, problems=(ended, *checked.problems))
