"""Prices that providers told when they were asked, kept in a file with their date.

Nothing is fetched unasked: `Client.refresh_prices` asks, and what it is told wins over the page's table from then on.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from anymedia.model.codec import from_json, to_json
from anymedia.model.errors import AnymediaError
from anymedia.model.money import Money, PriceStatus, can_be
from anymedia.model.request import DELIVERY
from anymedia.model.strict_json import Json, loads
from anymedia.translate.check import Checked

VERSION = 1

FREE = ("prompt", "images", "mask", "negative_prompt", "seed", *DELIVERY)
"""Fields that no price was ever seen to go by, beside whether there are images."""

_log = logging.getLogger("anymedia")


@attrs.frozen(kw_only=True)
class LivePrice:
    """What a provider said that one task costs: with these fields as they are sent (None: left out), at an origin.

    `date` is the day since when it is true, `fetched_at` when it was said last, `tag` under which the prices were then.
    """

    provider: str
    origin: str
    offer: str
    mode: str
    fields: Mapping[str, Json] = attrs.field(hash=False)
    usd: Decimal
    date: str
    fetched_at: datetime
    tag: str | None
    source: str

    @property
    def key(self) -> str:
        """What tells it apart from all others."""
        return json.dumps([self.provider, self.origin, self.offer, self.mode, sorted(self.fields.items())])

    def money(self) -> Money:
        """Return it as the money that a task is billed."""
        exact = PriceStatus.EXACT
        return Money(usd=self.usd, list_usd=self.usd, status=exact, got="live", date=self.date, source=self.source)


@attrs.define
class LivePrices:
    """The live prices of a file, read anew when another process has changed it."""

    path: Path
    _found: tuple[tuple[int, ...] | None, Mapping[str, LivePrice]] = attrs.field(default=(None, {}), init=False)

    @classmethod
    def at(cls, path: Path) -> "LivePrices":
        """Return those of a file; the same ones for the same file."""
        return _at(path)

    def find(self, checked: Checked, origin: str, count: int) -> Money | None:
        """Return what a task of an offer is billed, if its provider said so."""
        found = self.price(checked, origin, count)
        return None if found is None else found.money()

    def price(self, checked: Checked, origin: str, count: int) -> LivePrice | None:
        """Return what a provider said of a task of an offer."""
        prices = self._read()
        return prices.get(_key(checked, origin, count)) if prices and not checked.extra else None

    def keep(self, prices: Iterable[LivePrice]) -> None:
        """Add prices, and write the file whole. Errors: OSError, and nothing has changed."""
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
        self._found = (_stamp(self.path), kept)

    def _read(self) -> Mapping[str, LivePrice]:
        stamp, prices = _stamp(self.path), {}
        if stamp == self._found[0]:
            return self._found[1]
        if stamp is not None:
            try:
                prices = _parsed(self.path.read_bytes())
            except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, AnymediaError) as error:
                # The page's prices are there all the same.
                _log.warning("%s: the stored prices cannot be read, and are not used: %s", self.path, error)
        self._found = (stamp, prices)
        return prices


def _parsed(text: bytes) -> dict[str, LivePrice]:
    said: Any = loads(text)
    if said["anymedia"] != VERSION:
        raise ValueError(f"its form is {said['anymedia']!r}, and {VERSION} is known here")
    prices = [from_json(LivePrice, price) for price in said["prices"]]
    return {price.key: price for price in prices if can_be(price.usd) and _is_flat(price.fields)}


def _is_flat(fields: Mapping[str, Json]) -> bool:
    return not any(isinstance(value, list | dict) for value in fields.values())


@cache
def _at(path: Path) -> LivePrices:
    return LivePrices(path)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size


def fields_of(checked: Checked, count: int) -> dict[str, Json]:
    """Return every field that a task's price may go by, as it is sent; None for what is left out."""
    found: dict[str, Json] = {"count": count}
    for field, param in checked.offer.params.items():
        if field not in (*FREE, "count"):
            value = checked.value(field) if param.always_sent else getattr(checked.request, field)
            found[field] = "{}x{}".format(*value) if isinstance(value, tuple) else value
    return found


def _key(checked: Checked, origin: str, count: int) -> str:
    fields = sorted(fields_of(checked, count).items())
    return json.dumps([checked.adapter.name, origin, checked.offer.name, checked.mode, fields])
