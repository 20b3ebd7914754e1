"""What would be sent, shown before anything is sent: needs no API key and no network."""

from collections.abc import Mapping

import attrs

from anymedia.declare.auth import Header, Query
from anymedia.declare.endpoint import Token
from anymedia.declare.when import Said
from anymedia.model.errors import Problem
from anymedia.model.money import Money
from anymedia.model.slots import filled, slots
from anymedia.model.strict_json import Json
from anymedia.model.task import Adjustment
from anymedia.translate.encode import is_form, same, submit, with_settings_of
from anymedia.translate.files import Going, going
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
    different body with how often it is sent; `files` say which way each file of this machine goes, whose URL a text in
    the body stands for; `defaults` are what the provider takes for fields that are not given; `notices` what is to be
    known of the offer, like the day on which it ends; `money` is for all calls together.
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
    files: tuple[Going, ...] = ()
    defaults: Mapping[str, Json] = attrs.field(hash=False)
    adjustments: tuple[Adjustment, ...]
    refusals: tuple[Problem, ...]
    notices: tuple[str, ...] = ()
    money: Money


def explain(candidate: Candidate) -> Explanation:
    """Explain how a request is sent to an offer."""
    checked, account = candidate.checked, candidate.account
    life = checked.life
    sent = [Sent(with_settings_of(account, life, part.body)[0], times) for part, times in same(candidate.parts)]
    body = sent[0].json if sent else None
    replay_key = None if any(slot.way.inline for slot in slots(body)) else "(a new one)"
    call = submit(account, checked.offer.lifecycle, checked.path, filled(body, str), replay_key)
    headers = masked_headers(call)
    if is_form(life.submit, body):
        headers["Content-Type"] = "multipart/form-data"
    return Explanation(
        offer=candidate.name,
        provider=account.adapter.name,
        account=account.name,
        model=checked.offer.model,
        own=checked.offer.own,
        method=call.method,
        url=masked_url(call),
        headers=headers,
        json=body,
        calls=tuple(sent),
        files=tuple(going(slot, account) for slot in slots(body)),
        defaults={
            asked_as(checked.offer, field): str(value) if isinstance(value, Said) else value
            for field, value in checked.defaults.items()
        },
        adjustments=(*checked.adjustments, *(each for part in candidate.parts for each in part.adjustments)),
        refusals=checked.problems,
        notices=checked.notices,
        money=candidate.money,
    )


def masked_headers(call: Call) -> dict[str, str]:
    """Return a call's headers as they are sent, with what is secret masked."""
    carried = {each.name: each.prefix + MASK for each in call.auth if isinstance(each, Header | Token)}
    return carried | dict(call.headers)


def masked_url(call: Call) -> str:
    """Return a call's URL as it is sent, with what is secret masked."""
    names = [each.name for each in call.auth if isinstance(each, Query)]
    return call.url + "".join(f"{'&' if at or '?' in call.url else '?'}{name}={MASK}" for at, name in enumerate(names))
