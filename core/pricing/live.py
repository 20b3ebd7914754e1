"""Live prices: what providers answered when they were asked, kept in a file with their date.

Nothing is fetched by itself: `Client.refresh_prices` asks, and its answers replace the page's table from then on.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from anymedia.declare.adapter import PriceQuote
from anymedia.declare.prices import Per
from anymedia.model.codec import from_json, to_json
from anymedia.model.errors import AnymediaError
from anymedia.model.money import EXACT, Money, PriceStatus, can_be, dollars
from anymedia.model.strict_json import Json, loads
from anymedia.translate.check import Checked
from anymedia.translate.messages import ToldPrice

from .figures import ONE, Unpriced, times_of
from .price import fine

VERSION = 1

_log = logging.getLogger("anymedia")


@attrs.frozen(kw_only=True)
class LivePrice:
    """What one task costs by a provider's answer: with these fields as they are sent (None: left out), at an origin.

    `date` is the day from which the price holds, `fetched_at` the time of the last answer, `tag` the ETag of the price
    list then, `doubt` why it is only an estimate.
    """

    provider: str
    origin: str
    offer: str
    variant: str
    fields: Mapping[str, Json] = attrs.field(hash=False)
    usd: Decimal
    date: str
    fetched_at: datetime
    tag: str | None
    source: str
    doubt: str = ""

    @property
    def key(self) -> str:
        """What tells the price apart from all others."""
        return json.dumps([self.provider, self.origin, self.offer, self.variant, sorted(self.fields.items())])

    def money(self) -> Money:
        """Return the price as the money that a task is billed."""
        return Money(
            usd=self.usd,
            list_usd=self.usd,
            status=PriceStatus.ESTIMATE if self.doubt else PriceStatus.EXACT,
            got="live",
            date=self.date,
            source=self.source,
            reason=self.doubt or None,
        )


@attrs.define
class LivePrices:
    """The live prices in a file, which is read again when another process has changed it."""

    path: Path
    _cached: tuple[tuple[int, ...] | None, Mapping[str, LivePrice]] = attrs.field(default=(None, {}), init=False)

    @classmethod
    def at(cls, path: Path) -> "LivePrices":
        """Return the live prices in a file: one object for each file."""
        return _at(path)

    def find(self, checked: Checked, origin: str, units: int) -> Money | None:
        """Return what a task of so many units is billed, if there is a live price for it."""
        price = self.price(checked, origin, units)
        return None if price is None else price.money()

    def price(self, checked: Checked, origin: str, units: int) -> LivePrice | None:
        """Return the live price of a task of so many units, if there is one."""
        prices = self._read()
        found = prices.get(_key(checked, origin, units)) if prices and can_be_asked(checked) else None
        # An estimate that was kept stands back behind a figure that the page prints by now.
        return None if found is not None and found.doubt and checked.offer.prices is not None else found

    def keep(self, prices: Iterable[LivePrice]) -> None:
        """Add prices, and write the file whole. Errors: OSError, when nothing has changed."""
        new = {price.key: price for price in prices}
        if not new:
            return
        kept = {**self._read(), **new}
        plain = {"anymedia": VERSION, "prices": [to_json(price) for price in kept.values()]}
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".prices-")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(plain, file, indent=1)
            Path(name).replace(self.path)
        finally:
            Path(name).unlink(missing_ok=True)
        self._cached = (_stamp(self.path), kept)

    def _read(self) -> Mapping[str, LivePrice]:
        stamp, prices = _stamp(self.path), {}
        if stamp == self._cached[0]:
            return self._cached[1]
        if stamp is not None:
            try:
                prices = _parsed(self.path.read_bytes())
            except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, AnymediaError) as error:
                # The page's prices are still there.
                _log.warning("%s: the stored prices cannot be read, and are not used: %s", self.path, error)
        self._cached = (stamp, prices)
        return prices


def _parsed(text: bytes) -> dict[str, LivePrice]:
    content: Any = loads(text)
    if content["anymedia"] != VERSION:
        raise ValueError(f"it has version {content['anymedia']!r}, and this anymedia reads {VERSION}")
    prices = [from_json(LivePrice, price) for price in content["prices"]]
    return {price.key: price for price in prices if can_be(price.usd) and _is_flat(price.fields)}


def _is_flat(fields: Mapping[str, Json]) -> bool:
    return not any(isinstance(value, list | dict) for value in fields.values())


@cache
def _at(path: Path) -> LivePrices:
    return LivePrices(path)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_ctime_ns, stat.st_mtime_ns, stat.st_size


def can_be_asked(checked: Checked) -> bool:
    """Return whether a provider can be asked for the price: not with raw fields, nor with films that are put in, which
    move it in ways that nobody knows."""
    roles = checked.offer.roles
    return not checked.extra and not any(name in checked.given for name in roles.files if name not in roles.free)


def questions(checked: Checked) -> tuple[PriceQuote, ...]:
    """Return in which ways the price may be asked for: not for an estimate where the page prints a figure."""
    if not can_be_asked(checked):
        return ()
    printed = checked.offer.prices is not None
    return tuple(each for each in checked.adapter.price_quote if not (printed and each.is_estimate))


def whole(told: ToldPrice, checked: Checked, units: int) -> tuple[Decimal, str]:
    """Return what a task of so many units costs by what a provider told of one, and why that is only an estimate.

    Errors: Unpriced where nobody knows of how many, and where no task can cost so much.
    """
    if told.counts is None:
        return told.usd, ""
    if told.counts != "count" and told.counts not in checked.fields:
        raise Unpriced(f"the price goes by {told.counts}, which this offer does not take")
    with localcontext(EXACT):
        times, reason = (ONE, "") if told.counts == "count" else times_of(checked, Per(told.usd, told.counts))
        usd = fine(told.usd * times * units)
    if not can_be(usd):
        raise Unpriced(f"no task costs {dollars(usd)}")
    doubt = f"the price list has one price for each {told.counts}, and does not say what else changes it"
    return usd, "; ".join(filter(None, (doubt, reason)))


def fields_of(checked: Checked, units: int) -> dict[str, Json]:
    """Return every field that a task's price may depend on, as it is sent; None for what is left out."""
    free, texts = checked.offer.roles.free, checked.offer.roles.texts  # of a text its length alone is told
    sent: dict[str, Json] = {"count": units}
    for name, field in checked.fields.items():
        if name not in free and name != "count":
            held = len(field.sent) if name in texts and field.sent is not None else field.sent
            sent[name] = "x".join(map(str, held)) if isinstance(held, tuple) else held
    return sent


def _key(checked: Checked, origin: str, units: int) -> str:
    fields = sorted(fields_of(checked, units).items())
    return json.dumps([checked.adapter.name, origin, checked.offer.name, checked.variant, fields])
