"""What an offer in anymedia.toml costs, as its page prints it."""

import re
from collections.abc import Mapping
from typing import Any

from anymedia.declare.prices import Metered, Per, PerMegapixel, Price, Prices, Table
from anymedia.model.errors import ConfigError
from anymedia.model.forms import Form
from anymedia.tables import NUMBER, SCALAR, USD, Key, fitting, only, usd_text

FIGURE: Mapping[str, Key] = {
    "usd": Key(USD, says="USD.", like='"0.046"', default="what `credits` are worth"),
    "credits": Key(USD, says="Credits of the provider's.", like='"3"', default="what `usd` says"),
    "approximate": Key(
        bool, says="Whether the page gives the price as an approximate one.", like="true", default="`false`"
    ),
    "doubt": Key(
        str,
        says="How the page can be read in more than one way; the price is an estimate then.",
        like='"the page has two tables"',
        default="none",
    ),
}
PER: Mapping[str, Key] = {
    "of": Key(
        str,
        says="The field of which each is billed: a second of `duration`, a character of `text`, a file of a list, or a "
        "number.",
        like='"duration"',
        default="is needed beside the keys below",
    ),
    "each": Key(int, says="How many of it one figure is for.", like="1000", default="`1`"),
    "begun": Key(bool, says="Whether a begun one counts whole.", like="true", default="`false`"),
    "least": Key(NUMBER, says="How many are billed at least.", like='"500"', default="`0`"),
    "more": Key(NUMBER, says="How many may be billed beyond those that are asked for.", like='"5"', default="`0`"),
}
METERED: Mapping[str, Key] = {
    "rates": Key(
        Mapping,
        says="USD for each thing that the answer says was used.",
        like='{ tokens = "0.00002" }',
        default="is needed",
    ),
    "most": Key(
        Mapping,
        says="How many of each are used at most, by which a request is priced beforehand.",
        like='{ tokens = "20000" }',
        default="nobody knows the price beforehand",
    ),
}
AMOUNT = Form(
    'must be a number of 0 or more, like 1.5 or "20000", not {shown}',
    lambda value: not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", str(value)) is not None,
)
TABLE: Mapping[str, Key] = {
    "by": Key(
        str,
        says="The fields that the price goes by; `variant` is what is put in.",
        like='"resolution audio"',
        default="is needed",
    ),
    "cells": Key(
        list,
        says="Rows: a value of each field, then a figure.",
        like='[["720p", false, "0.40"], ["720p", true, "0.60"]]',
        default="is needed",
    ),
}
MEGAPIXELS: Mapping[str, Key] = {
    "first": Key(USD, says="USD for the first megapixel that is made.", like='"0.03"', default="is needed"),
    "further": Key(USD, says="USD for each further one.", like='"0.015"', default="is needed"),
    "put_in": Key(USD, says="USD for each one that is put in.", like='"0"', default="is needed"),
}
"""The keys of the tables of prices."""


def prices_of(given: Any, where: str) -> Prices:
    """Return prices: USD, a figure with more about it, a table of them, or figures by megapixel or by use.

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


def _whole(given: Mapping[str, Any], words: Mapping[str, Key], where: str) -> None:
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
    money = {name: usd_text(given[name], f"{where}.{name}") for name in ("usd", "credits") if name in given}
    amounts = {name: _amount(given[name], f"{where}.{name}") for name in ("least", "more") if name in given}
    figure = {**given, **money, **amounts}
    if figure.keys().isdisjoint(PER):
        return Price(**figure)
    if "of" not in given or given.get("each", 1) < 1:
        raise ConfigError(f'{where}: must name the field of which each is billed, like of = "duration", each = 1')
    return Per(**figure)
