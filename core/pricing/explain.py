"""What would be sent, shown before anything is sent: needs no API key and no network."""

from collections.abc import Mapping

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.declare.when import Said
from anymedia.model.errors import Problem
from anymedia.model.money import Money
from anymedia.model.strict_json import Json
from anymedia.model.task import Adjustment
from anymedia.translate.encode import same, submit
from anymedia.translate.messages import Call
from anymedia.translate.own import asked_as

from .offers import Candidate

MASK = "***"


@attrs.frozen
class Sent:
    """A body, and how often it is sent."""

    json: Json = attrs.field(hash=False)
    times: int


@attrs.frozen(kw_only=True)
class Explanation:
    """The call that one offer would be sent, with the API key masked, or the reasons why it takes no such request.

    `own`: the user's configuration declares the offer. `json` is the first body (None when refused), `calls` every
    different body with how often it is sent; `defaults` are what the provider takes for fields that are not given;
    `money` is for all calls together.
    """

    offer: str
    provider: str
    account: str
    model: str
    own: bool
    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(hash=False)
    json: Json = attrs.field(hash=False)
    calls: tuple[Sent, ...]
    defaults: Mapping[str, Json] = attrs.field(hash=False)
    adjustments: tuple[Adjustment, ...]
    refusals: tuple[Problem, ...]
    money: Money


def explain(candidate: Candidate) -> Explanation:
    """Explain how a request is sent to an offer."""
    checked, account = candidate.checked, candidate.account
    sent = [Sent(part.body, times) for part, times in same(candidate.parts)]
    call = submit(account, checked.offer.lifecycle, checked.path, sent[0].json if sent else None, "(a new one)")
    return Explanation(
        offer=candidate.name,
        provider=account.adapter.name,
        account=account.name,
        model=checked.offer.model,
        own=checked.offer.own,
        method=call.method,
        url=call.url,
        headers=masked_headers(account.adapter, call),
        json=call.json,
        calls=tuple(sent),
        defaults={
            asked_as(checked.offer, field): str(value) if isinstance(value, Said) else value
            for field, value in checked.defaults.items()
        },
        adjustments=(*checked.adjustments, *(each for part in candidate.parts for each in part.adjustments)),
        refusals=checked.problems,
        money=candidate.money,
    )


def masked_headers(adapter: Adapter, call: Call) -> dict[str, str]:
    """Return a call's headers as they are sent, with the API key masked."""
    return {adapter.auth.name: adapter.auth.prefix + MASK, **call.headers}
