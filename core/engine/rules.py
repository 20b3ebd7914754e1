"""The rules of buying: what happened, what follows from it, and which cooldown it starts.

`STEPS` is the whole table; the first row that fits counts. docs/routing.md is made from it.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache

import attrs

from anymedia.limits.health import Cooldown
from anymedia.model.errors import (
    AnymediaError,
    Blocked,
    ConfigError,
    OverCeiling,
    ProviderError,
    RequestError,
    TaskFailed,
)
from anymedia.model.options import Options
from anymedia.model.task import Attempt
from anymedia.model.vocabulary import Billed, Cause, Outcome


class Then(StrEnum):
    """What follows."""

    AGAIN = "once more at the same offer, then on to the next"
    OFFER = "on to the next offer"
    ACCOUNT = "on to the next account"
    SOONER = "on to the next, or wait for it: whichever is sooner"
    CEILING = "on to the next offer within what is left of max_price; without one, stop"
    STOP = "stop"


@attrs.frozen(kw_only=True)
class Step:
    """A row of the table: what happened (`what`, in words), what follows, and the cooldown of the account.

    A row fits by the error's cause, outcome or kind, by whether it is `of_account` or of the whole request (None:
    either), by whether a task was accepted before it (None: either), by whether that was billed, and by whether its
    failure is one that passes (None: either). `unless` names the option that turns a stop into going on.
    """

    what: str
    causes: tuple[Cause, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    kinds: tuple[type[AnymediaError], ...] = ()
    of_account: bool | None = None
    accepted: bool | None = False
    billed: Billed | None = None
    passing: bool | None = None
    then: Then
    unless: str | None = None
    cools: Cooldown = Cooldown.NONE

    def fits(self, error: AnymediaError) -> bool:
        """Return whether the row fits an error."""
        cause = error.cause if isinstance(error, ProviderError) else None
        told = cause in self.causes or error.outcome in self.outcomes or isinstance(error, self.kinds)
        passing = error.task is not None and error.task.failure is not None and error.task.failure.passing
        accepted: bool | None = error.task is not None
        if error.task is not None and not error.task.state.final:
            accepted = None  # the task goes on, whatever the error of a look says
        return (
            told
            and self.of_account in (None, error.account is not None)
            and self.accepted in (None, accepted)
            and self.billed in (None, error.billed)
            and self.passing in (None, passing)
        )


STEPS: Sequence[Step] = (
    Step(
        what="uncertain, or accepted without an id",
        outcomes=(Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID),
        then=Then.STOP,
        unless="on_uncertain",
        cools=Cooldown.TRIAL,
    ),
    Step(what="it would pass max_price", kinds=(OverCeiling,), of_account=False, then=Then.OFFER),
    Step(what="it would pass the account's daily_limit", kinds=(OverCeiling,), of_account=True, then=Then.OFFER),
    Step(what="the offer does not take the request", kinds=(RequestError,), then=Then.OFFER),
    Step(what="the account has no API key", kinds=(ConfigError,), then=Then.ACCOUNT),
    Step(what="the API key is refused", causes=(Cause.BAD_API_KEY,), then=Then.ACCOUNT, cools=Cooldown.KEY),
    Step(what="no credit", causes=(Cause.NO_CREDIT,), then=Then.ACCOUNT, cools=Cooldown.BALANCE),
    Step(what="rate limited", causes=(Cause.RATE_LIMITED,), then=Then.SOONER, cools=Cooldown.TIME),
    Step(what="not sent, or unavailable", causes=(Cause.UNAVAILABLE,), then=Then.SOONER, cools=Cooldown.TRIAL),
    Step(
        what="refused as invalid, or by moderation that has no code of its own",
        causes=(Cause.REJECTED,),
        then=Then.OFFER,
    ),
    Step(what="refused: no such path or model", causes=(Cause.NOT_FOUND,), then=Then.OFFER),
    Step(what="refused by moderation", causes=(Cause.BLOCKED,), then=Then.STOP, unless="on_blocked"),
    Step(
        what="accepted, then withheld by moderation",
        kinds=(Blocked,),
        accepted=True,
        then=Then.STOP,
        unless="on_blocked",
    ),
    Step(
        what="accepted, then failed in a way that passes, and not billed",
        kinds=(TaskFailed,),
        accepted=True,
        billed=Billed.NO,
        passing=True,
        then=Then.AGAIN,
    ),
    Step(
        what="accepted, then failed or canceled, and not billed",
        kinds=(TaskFailed,),
        accepted=True,
        billed=Billed.NO,
        then=Then.OFFER,
    ),
    Step(
        what="accepted, then failed or canceled, and billed for all that is known",
        kinds=(TaskFailed,),
        accepted=True,
        then=Then.CEILING,
    ),
    Step(what="anything else", kinds=(AnymediaError,), accepted=None, then=Then.STOP),
)


def step(error: AnymediaError) -> Step:
    """Return the row that fits an error."""
    return next(each for each in STEPS if each.fits(error))


def after(error: AnymediaError, terms: Options) -> Then:
    """Return what follows from an error, on the caller's terms."""
    found = step(error)
    then = found.then
    if found.unless is not None and getattr(terms, found.unless) == "continue":
        then = Then.OFFER if error.billed is Billed.NO else Then.CEILING
    if then is Then.CEILING:
        return Then.STOP if terms.max_price is None else Then.OFFER
    return then


def cooldown(attempt: Attempt) -> Cooldown:
    """Return the cooldown that an attempt starts."""
    return _cooldown(attempt.cause, attempt.outcome)


@cache
def _cooldown(cause: Cause | None, outcome: Outcome | None) -> Cooldown:
    said = (each.cools for each in STEPS if cause in each.causes or outcome in each.outcomes)
    return next(said, Cooldown.NONE)
