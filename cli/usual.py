"""The usual request of each kind, and what it costs at an offer: one figure by which the sellers of a model compare."""

from collections.abc import Container, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from anymedia import Account, Kind, Money, OutOfBounds, Quote, Request
from anymedia.declare import Choice, File, Files, Flag, Offer, Said, Text, Whole
from anymedia.model.kinds import KINDS
from anymedia.model.request import FROM_TEXT
from anymedia.pricing.offers import Candidate, candidates
from anymedia.pricing.quote import quote_of
from anymedia.translate.check import Checked, check

PROMPT = "a lighthouse at dusk"
SPOKEN = 1000
"""Characters of the text that is spoken."""

LINK = "https://media.example/file"
"""What is put in where an offer makes nothing of a text alone."""

WANTED: Mapping[Kind, Mapping[str, Any]] = {
    Kind.IMAGE: {"aspect_ratio": "1:1", "resolution": "1K"},
    Kind.VIDEO: {"duration": 5, "resolution": "720p", "aspect_ratio": "16:9", "audio": False},
    Kind.MUSIC: {},
    Kind.SPEECH: {},
}
"""What is asked for beside the text; where an offer does not take it, what that makes by itself is priced."""

_WORDS = {"duration": "{} s", "audio": "with sound"}

TITLES: Mapping[Kind, str] = {
    Kind.IMAGE: "one picture, 1:1 at 1K",
    Kind.VIDEO: "a clip of 5 s at 720p without sound",
    Kind.MUSIC: "a song, or as many as one price is for",
    Kind.SPEECH: f"{SPOKEN:,} characters, spoken",
}
"""What the usual request of each kind asks for, in words."""


@attrs.frozen
class Usual:
    """What the usual request of its kind costs at an offer of an account, and how what it makes differs from that.

    `ended`: the offer is sold no more.
    """

    account: Account
    offer: Offer
    quote: Quote
    differs: tuple[str, ...]
    ended: bool

    @property
    def name(self) -> str:
        """The offer's full name, provider/offer."""
        return self.quote.offer

    @property
    def money(self) -> Money:
        """The price; unknown where the offer takes no such request."""
        return self.quote.money

    @property
    def usd(self) -> Decimal:
        """The price by which sellers are put in order: what nobody knows comes last."""
        return Decimal("Infinity") if self.money.usd is None else self.money.usd


def usual(account: Account, offer: Offer, today: date | None = None) -> Usual:
    """Return what the usual request of an offer's kind costs there; of an offer that has ended by `today`, unknown."""
    found = _priced(usual_request(account, offer), account, offer, today)
    ended = today is not None and offer.has_ended(today)
    return Usual(account, offer, quote_of(found), tuple(_differing(found.checked)), ended)


def default(account: Account, offer: Offer, today: date | None = None) -> Quote:
    """Return what a request costs that gives a text, and no more than the offer needs beside it."""
    return quote_of(_priced(usual_request(account, offer, wanted={}), account, offer, today))


def _priced(request: Request, account: Account, offer: Offer, today: date | None) -> Candidate:
    sold = candidates(request, [account], offer=f"{account.adapter.name}/{offer.name}", today=today)
    return next(each for each in sold if each.offer is offer)


def _differing(checked: Checked) -> Iterator[str]:
    """Yield what of the work is not as it is wanted, as far as that is known."""
    for field, value in WANTED[checked.offer.kind].items():
        made = checked.value(field)
        if made not in (None, value, "auto") and not isinstance(made, Said):
            yield _WORDS.get(field, "{}").format(made)


def usual_request(account: Account, offer: Offer, wanted: Mapping[str, Any] | None = None) -> Request:
    """Return the usual request of an offer's kind, or one that wants else, as near to it as the offer takes it."""
    request = _least(offer)
    for field, value in (WANTED[offer.kind] if wanted is None else wanted).items():
        asked = _with(request, field, value)
        if asked is not None and _problems(asked, account, offer) <= _problems(request, account, offer):
            request = asked
    for field in offer.params:
        if _problems(request, account, offer) and field not in request.given:
            some = (_with(request, field, value) for value in _possible(offer, field, request.given))
            request = min([request, *filter(None, some)], key=lambda each: _problems(each, account, offer))
    return request


def _least(offer: Offer) -> Request:
    """Return a request of a text, and of what an offer needs to be put in."""
    variant, kind = next(iter(offer.variants), FROM_TEXT), KINDS[offer.kind]
    text = "prompt" if "prompt" in kind.roles.names else "text"
    given: dict[str, Any] = {"model": offer.model, text: next(_possible(offer, text, (variant,)), PROMPT)}
    for value in _possible(offer, variant, (variant,)):
        given[variant] = value  # of a flag the last one, true
    return kind(**given)


def _problems(request: Request, account: Account, offer: Offer) -> int:
    return len(check(request, account.adapter, offer).problems)


def _with(request: Request, field: str, value: Any) -> Request | None:
    """Return a request with one more field; None where no request is written so."""
    try:
        return attrs.evolve(request, **{field: value})
    except OutOfBounds:
        return None


def _possible(offer: Offer, field: str, given: Container[str]) -> Iterator[Any]:
    """Yield values that an offer takes in a field beside others."""
    param = offer.params.get(field)
    match None if param is None else param.taken(given):
        case Text(least, most):
            yield PROMPT.ljust(SPOKEN if field == "text" else least, ".")[:most]
        case Choice(wire):
            yield from wire
        case Files(least):
            yield (LINK,) * max(least, 1)
        case File():
            yield LINK
        case Flag():
            yield from (False, True)
        case Whole(least):
            yield least
