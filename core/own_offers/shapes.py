"""How an offer in anymedia.toml turns ratio and resolution into pixels, and back."""

import re
from collections.abc import Mapping
from typing import Any

from anymedia.declare.sizes import Grid, Pixels, Shape
from anymedia.model.errors import ConfigError
from anymedia.model.forms import RATIO, Form
from anymedia.tables import Key, fitting, only

MOST = 1000
"""Megapixels, and pixels of a step, at most."""

SIZES = re.compile(r"([1-9][0-9]{0,4}x[1-9][0-9]{0,4})( [1-9][0-9]{0,4}x[1-9][0-9]{0,4})*")

GRID: Mapping[str, Key] = {
    "resolutions": Key(str, says="The resolutions, in the order of the columns.", like='"1K 2K"', default="is needed"),
    "rows": Key(
        Mapping,
        says="The sizes of each ratio, one for each resolution.",
        like='{ "16:9" = "1536x864 2048x1152" }',
        default="is needed",
    ),
}
PIXELS: Mapping[str, Key] = {
    "step": Key(int, says="Pixels of which each side is a multiple.", like="16", default="is needed"),
    "megapixels": Key(
        Mapping, says="Megapixels of each resolution, at most.", like="{ 1K = 1, 2K = 4 }", default="is needed"
    ),
    "ratio": Key(str, says="The ratio that is taken where none is given.", like='"1:1"', default="is needed"),
    "resolution": Key(str, says="The resolution that is taken where none is given.", like='"1K"', default="is needed"),
}
"""The keys of the two tables of a shape, of which one is given."""


def _is_row(row: Any) -> bool:
    return isinstance(row, str) and SIZES.fullmatch(row) is not None


ROW = Form('must be sizes like "1024x1024 2048x2048", a resolution each, not {shown}', _is_row)
COUNT = Form(
    f"must be a whole number from 1 to {MOST}, not {{shown}}",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST,
)


def shape_of(given: Mapping[str, Any], where: str) -> Shape:
    """Return a grid of printed sizes (resolutions, rows), or pixels to be counted out. Errors: ConfigError."""
    words = PIXELS if given.keys().isdisjoint(GRID) else GRID
    only(given, words, where, "word of a shape")
    for word in words:
        if word not in given:
            raise ConfigError(f"{where}: {word}: is needed")
    return _grid(given, where) if words is GRID else _pixels(given, where)


def _grid(given: Mapping[str, Any], where: str) -> Grid:
    resolutions, rows = given["resolutions"], given["rows"]
    for ratio, row in rows.items():
        _ratio(ratio, f"{where}: rows.{ratio}")
        if len(fitting(row, ROW, f"{where}: rows.{ratio}").split()) > len(resolutions.split()):
            raise ConfigError(f"{where}: rows.{ratio}: has more sizes than there are resolutions, {resolutions}")
    if not rows:
        raise ConfigError(f"{where}: rows: must have a row for each ratio")
    return Grid.printed(resolutions, rows)


def _pixels(given: Mapping[str, Any], where: str) -> Pixels:
    megapixels = {
        resolution: fitting(most, COUNT, f"{where}: megapixels.{resolution}")
        for resolution, most in given["megapixels"].items()
    }
    if given["resolution"] not in megapixels:
        raise ConfigError(f"{where}: resolution: must be one of {', '.join(megapixels) or 'those in megapixels'}")
    step = fitting(given["step"], COUNT, f"{where}: step")
    return Pixels(step, megapixels, _ratio(given["ratio"], f"{where}: ratio"), given["resolution"])


def _ratio(ratio: Any, where: str) -> Any:
    if ratio == "auto":
        raise ConfigError(f'{where}: must be two numbers like "16:9"')
    return fitting(ratio, RATIO, where)
