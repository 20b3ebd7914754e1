"""Live prices: ask the providers that publish them, and keep the answers; buys nothing.

An API key goes only to a price list that its adapter says needs one.
"""

import asyncio
from collections.abc import Iterable, Sequence

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import PriceQuote
from anymedia.model.errors import AnymediaError, NotFound, Unavailable
from anymedia.pricing.figures import Unpriced
from anymedia.pricing.live import LivePrice, LivePrices, fields_of, questions, whole
from anymedia.pricing.offers import Candidate
from anymedia.translate import decode, encode
from anymedia.translate.check import Checked
from anymedia.translate.encode import Part, same

from .session import Session

NOT_MODIFIED = 304
LONGEST_TAG = 200


@attrs.frozen
class _Question:
    """A task whose price is asked for, in the ways that may tell it."""

    candidate: Candidate
    part: Part
    ways: Sequence[PriceQuote]

    @property
    def account(self) -> Account:
        return self.candidate.account

    @property
    def checked(self) -> Checked:
        return self.candidate.checked


async def refresh(priced: Iterable[Candidate], session: Session, live: LivePrices) -> list[AnymediaError]:
    """Ask the providers that publish prices what each task of these candidates costs, and keep the answers.

    Returns the errors, which leave the kept prices as they were. Errors: OSError when the prices cannot be kept.
    """
    by_origin: dict[str, list[_Question]] = {}
    for candidate in priced:
        ways = questions(candidate.checked)
        if ways:
            asked = [_Question(candidate, part, ways) for part, _ in same(candidate.parts)]
            by_origin.setdefault(candidate.account.origin, []).extend(asked)
    errors: list[AnymediaError] = []
    for asked in filter(None, by_origin.values()):
        errors += await _asked(asked, session, live)
    return errors


async def _asked(questions: Sequence[_Question], session: Session, live: LivePrices) -> list[AnymediaError]:
    """Ask for the prices that are not known, or may have changed."""
    known = [live.price(question.checked, question.account.origin, question.part.units) for question in questions]
    tags = {price.tag for price in known if price is not None}
    try:
        tag = await _tag(questions, session, _usable(tags.pop()) if len(tags) == 1 else None)
    except AnymediaError as error:
        return [error]
    now = session.clock.now()
    unchanged, wanted = [], []
    for question, price in zip(questions, known, strict=True):
        if price is not None and price.tag == tag is not None:
            unchanged.append(attrs.evolve(price, fetched_at=now))
        else:
            wanted.append(question)
    ends = await asyncio.gather(*(_price(question, session, tag) for question in wanted))
    live.keep([*unchanged, *(end for end in ends if isinstance(end, LivePrice))])
    return [end for end in ends if isinstance(end, AnymediaError)]


async def _tag(questions: Sequence[_Question], session: Session, tag: str | None) -> str | None:
    """Return the ETag of an origin's price list; None where it has none. Errors: ProviderError."""
    account = questions[0].account
    changes = next((way.changes for each in questions for way in each.ways if way.changes is not None), None)
    if changes is None:
        return None
    call = encode.ask_changes(changes, account.origin, tag)
    answer = await session.retried(lambda: session.read(account, call), Unavailable)
    if answer.status == NOT_MODIFIED:
        return tag
    decode.price_list(session.asked(account, None), answer)
    return _usable(answer.headers.get("etag"))


def _usable(tag: str | None) -> str | None:
    """Return a tag that fits into a header, or None."""
    fits = tag is not None and 0 < len(tag) <= LONGEST_TAG and tag.isascii() and tag.isprintable()
    return tag if fits else None


async def _price(question: _Question, session: Session, tag: str | None) -> LivePrice | AnymediaError:
    """Return the price by the first way that tells it, or why the last one does not; what else goes wrong ends it."""
    for words in question.ways:
        try:
            return await _told(question, words, session, tag)
        except NotFound as error:
            last = error
        except AnymediaError as error:
            return error
    return last


async def _told(question: _Question, words: PriceQuote, session: Session, tag: str | None) -> LivePrice:
    """Ask for a price in one way. Errors: ProviderError, ConfigError where the API key that is needed is missing."""
    account, checked, units = question.account, question.checked, question.part.units
    call = encode.ask_price(words, account, checked, question.part)
    if call.keyed:
        account.check()
    asked = session.asked(account, checked.offer.model)
    answer = await session.retried(lambda: session.read(account, call, checked.offer.model), Unavailable)
    told = decode.price(asked, words, answer, checked.wire_id)
    try:
        usd, doubt = whole(told, checked, units)
    except Unpriced as error:
        raise NotFound(f"{account.name} reports no price: {error}", account=account.name) from None
    return LivePrice(
        provider=account.adapter.name,
        origin=account.origin,
        offer=checked.offer.name,
        variant=checked.variant,
        fields=fields_of(checked, units),
        usd=usd,
        date=told.date,
        fetched_at=asked.now,
        tag=None if words.changes is None else tag,
        source=f"{account.adapter.title}'s answer to a price quote",
        doubt="; ".join(filter(None, (words.doubt, doubt))),
    )
