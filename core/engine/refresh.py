"""Live prices: ask the providers that publish them, and keep the answers; buys nothing and sends no API key."""

import asyncio
from collections.abc import Iterable, Sequence

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import PriceQuote
from anymedia.model.errors import AnymediaError, Unavailable
from anymedia.pricing.live import LivePrice, LivePrices, can_be_asked, fields_of
from anymedia.pricing.offers import Candidate
from anymedia.translate import decode, encode
from anymedia.translate.check import Checked
from anymedia.translate.encode import Part, same

from .session import Session

NOT_MODIFIED = 304
LONGEST_TAG = 200


@attrs.frozen
class _Question:
    """A task whose price is asked for."""

    candidate: Candidate
    part: Part
    words: PriceQuote

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
        words = candidate.account.adapter.price_quote
        if words is not None:
            parts = (part for part, _ in same(candidate.parts))
            questions = [_Question(candidate, part, words) for part in parts if can_be_asked(candidate.checked)]
            by_origin.setdefault(candidate.account.origin, []).extend(questions)
    errors: list[AnymediaError] = []
    for questions in filter(None, by_origin.values()):
        errors += await _asked(questions, session, live)
    return errors


async def _asked(questions: Sequence[_Question], session: Session, live: LivePrices) -> list[AnymediaError]:
    """Ask for the prices that are not known, or may have changed."""
    known = [live.price(question.checked, question.account.origin, question.part.units) for question in questions]
    tags = {price.tag for price in known if price is not None}
    try:
        tag = await _tag(questions[0], session, _usable(tags.pop()) if len(tags) == 1 else None)
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


async def _tag(question: _Question, session: Session, tag: str | None) -> str | None:
    """Return the ETag of an origin's price list; None where it has none. Errors: ProviderError."""
    if question.words.changes is None:
        return None
    call = encode.ask_changes(question.words.changes, question.account.origin, tag)
    answer = await session.retried(lambda: session.read(question.account, call), Unavailable)
    if answer.status == NOT_MODIFIED:
        return tag
    decode.price_list(session.asked(question.account, None), answer)
    return _usable(answer.headers.get("etag"))


def _usable(tag: str | None) -> str | None:
    """Return a tag that fits into a header, or None."""
    fits = tag is not None and 0 < len(tag) <= LONGEST_TAG and tag.isascii() and tag.isprintable()
    return tag if fits else None


async def _price(question: _Question, session: Session, tag: str | None) -> LivePrice | AnymediaError:
    account, checked = question.account, question.checked
    call = encode.ask_price(question.words, account.origin, checked, question.part)
    asked = session.asked(account, checked.offer.model)
    try:
        answer = await session.retried(lambda: session.read(account, call, checked.offer.model), Unavailable)
        usd, date = decode.price(asked, question.words, answer)
    except AnymediaError as error:
        return error
    return LivePrice(
        provider=account.adapter.name,
        origin=account.origin,
        offer=checked.offer.name,
        variant=checked.variant,
        fields=fields_of(checked, question.part.units),
        usd=usd,
        date=date,
        fetched_at=asked.now,
        tag=tag,
        source=f"{account.adapter.title}'s answer to a price quote",
    )
