"""What an offer in anymedia.toml costs, as its page prints it."""

import re
from collections.abc import Mapping
from typing import Any

from anymedia.declare.prices import Metered, Per, PerMegapixel, Price, Prices, Table
from anymedia.model.errors import ConfigError
from anymedia.model.forms import Form
from anymedia.tables import SCALAR, fitting, only, usd_text

FIGURE: Mapping[str, Any] = {"usd": str, "credits": (str, int), "approximate": bool, "doubt": str}
PER: Mapping[str, Any] = {"of": str, "each": int, "begun": bool, "least": (str, int), "more": (str, int)}
METERED: Mapping[str, Any] = {"rates": Mapping, "most": Mapping}
AMOUNT = Form(
    'must be a number of 0 or more, as a text or a whole number, like "1.5" or 20000, not {shown}',
    lambda value: not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", str(value)) is not None,
)
TABLE: Mapping[str, Any] = {"by": str, "cells": list}
MEGAPIXELS: Mapping[str, Any] = {"first": str, "further": str, "put_in": str}


def prices_of(given: Any, where: str) -> Prices:
    """Return prices: USD as text, a figure with more about it, a table of them, or figures by megapixel or by use.

    Errors: ConfigError; ValueError for a table that contradicts itself.
    """
    if isinstance(given, Mapping) and not given.keys().isdisjoint(TABLE):
        return _table(given, where)
    if isinstance(given, Mapping) and not given.keys().isdisjoint(MEGAPIXELS):
        _whole(given, MEGAPIXELS, where)
        return PerMegapixel(**{name: usd_text(usd, f"{where}.{name}") for name, usd in given.items()})
    if isinstance(given, Mapping) and "rates" in given:
        only(given, METERED, where, "word of prices")
        return Metered(
            {name: usd_text(rate, f"{where}.rates.{name}") for name, rate in given["rates"].items()},
            {name: _amount(most, f"{where}.most.{name}") for name, most in given.get("most", {}).items()},
        )
    return _figure(given, where)


def _amount(given: Any, where: str) -> str:
    """Return how much of something there is, as text. Errors: ConfigError."""
    return str(fitting(given, AMOUNT, where))


def _whole(given: Mapping[str, Any], words: Mapping[str, Any], where: str) -> None:
    """Check that a table has all of these words, and no other. Errors: ConfigError."""
    only(given, words, where, "word of prices")
    for word in words:
        if word not in given:
            raise ConfigError(f"{where}: {word}: is needed beside {', '.join(given)}")


def _table(given: Mapping[str, Any], where: str) -> Table:
    _whole(given, TABLE, where)
    by, cells = given["by"].split(), {}
    for number, row in enumerate(given["cells"], 1):
        place = f"{where}: cells.{number}"
        if not isinstance(row, list) or len(row) != len(by) + 1:
            raise ConfigError(f"{place}: must be a list of {', '.join((*by, 'a figure'))}, not {row!r:.60}")
        *values, figure = row
        key = tuple(fitting(value, SCALAR, place) for value in values)
        if key in cells:
            raise ConfigError(f"{place}: {', '.join(map(str, key))} has a figure already")
        cells[key] = _figure(figure, place)
    if not by or not cells:
        raise ConfigError(f'{where}: must have fields in by, like "resolution", and rows in cells, like ["1K", "0.05"]')
    return Table(tuple(by), cells)


def _figure(given: Any, where: str) -> Price:
    if not isinstance(given, Mapping):
        return Price(usd_text(given, where))
    only(given, {**FIGURE, **PER}, where, "word of a figure")
    if "usd" not in given and "credits" not in given:
        raise ConfigError(f"{where}: must have usd, credits or both")
    money = {name: usd_text(str(given[name]), f"{where}.{name}") for name in ("usd", "credits") if name in given}
    amounts = {name: _amount(given[name], f"{where}.{name}") for name in ("least", "more") if name in given}
    figure = {**given, **money, **amounts}
    if figure.keys().isdisjoint(PER):
        return Price(**figure)
    if "of" not in given or given.get("each", 1) < 1:
        raise ConfigError(f'{where}: must name the field of which each is billed, like of = "duration", each = 1')
    return Per(**figure)
