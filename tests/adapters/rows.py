"""What the tables of every provider are written in, and the rows of those that have a file of their own: rows_*.py.

A file of rows holds any of ROWS (what a request is on the wire), DEFAULTS (what is taken for what is not given),
REFUSED (what the page does not take), CELLS (what its page prints as prices) and FACTS (what no body and no price
shows, by provider, in the names that test_facts and test_pages read).
"""

from decimal import Decimal
from importlib import import_module
from math import ceil
from pathlib import Path

import attrs

from anymedia import ImageRequest, MusicRequest, VideoRequest
from anymedia.model.money import PriceStatus
from anymedia.model.request import Request

FIRST, LAST = "https://img.example/first.png", "https://img.example/last.png"
FILM, SOUND = "https://img.example/film.mp4", "https://img.example/sound.mp3"
PROMPT, LYRICS = "a lighthouse at dusk", "The light goes round"
HOOK = "https://app.example/done"

# The requests of the table, the same for every provider that has the model.
KLING = VideoRequest(
    model="kling-3.0",
    prompt=PROMPT,
    first_frame=FIRST,
    last_frame=LAST,
    duration=5,
    resolution="720p",
    audio=False,
)
KLING_FIRST = attrs.evolve(KLING, last_frame=None)
SEEDANCE = attrs.evolve(KLING, model="seedance-2.0")
SEEDANCE_FAST = attrs.evolve(KLING, model="seedance-2.0-fast")
WAN = attrs.evolve(KLING, model="wan-2.7", audio=None)
VEO = attrs.evolve(KLING, model="veo-3.1-fast", duration=8, audio=None)
IDEA = MusicRequest(model="suno-v6", prompt=PROMPT)
SONG = MusicRequest(model="suno-v6", lyrics=LYRICS, style="sea shanty", title="Dusk", duration=60)
TUNE = MusicRequest(model="suno-v6", style="sea shanty", title="Dusk", instrumental=True)
OLD_IDEA, OLD_SONG, OLD_TUNE = (
    attrs.evolve(each, model="suno-v5.5", **({"duration": None} if each is SONG else {})) for each in (IDEA, SONG, TUNE)
)


@attrs.frozen
class Row:
    """What one offer makes of a request: where it is submitted, and the body."""

    name: str
    request: Request
    path: str
    body: dict


def film(model, **fields):
    return VideoRequest(model=model, **{"prompt": PROMPT} | fields)


def picture(model, **fields):
    return ImageRequest(model=model, **{"prompt": PROMPT} | fields)


UNNAMED = "unknown: the page names no default"


def unnamed(*fields):
    return dict.fromkeys(fields, UNNAMED)


# Prices

EXACT, ABOUT, ESTIMATE, UNKNOWN = PriceStatus.EXACT, PriceStatus.APPROXIMATE, PriceStatus.ESTIMATE, PriceStatus.UNKNOWN


def whole(usd):
    """Return what reAPI bills: whole credits of a tenth of a cent for each task."""
    return Decimal(ceil(usd * 1000)) / 1000


@attrs.frozen
class Cell:
    """What one offer costs for some fields: `list_usd` as printed, for so many seconds; `usd` as billed; or unknown."""

    name: str
    fields: dict
    list_usd: Decimal | None
    usd: Decimal | None
    status: PriceStatus


def per_second(name, by, columns, rows, *, seconds=(5, 15), billed=whole, beyond=0, status=EXACT, **more):
    """Yield the cells of a table of USD a second: rows by resolution, columns by the values of a field."""
    for resolution, figures in rows.items():
        for value, figure in zip(columns, figures.split(), strict=True):
            for each in seconds:
                fields = {"resolution": resolution, "duration": each, **({by: value} if by else {}), **more}
                if figure == "?":
                    yield Cell(name, fields, None, None, UNKNOWN)
                else:
                    usd = Decimal(figure) * (each + beyond)
                    yield Cell(name, fields, usd, billed(usd), status)


def flat(name, rows, *, billed=whole, status=EXACT, **more):
    """Yield the cells of a table of USD a work, by resolution."""
    for resolution, figure in rows.items():
        fields = {**({} if resolution is None else {"resolution": resolution}), **more}
        usd = None if figure == "?" else Decimal(figure)
        yield Cell(name, fields, usd, None if usd is None else billed(usd), UNKNOWN if usd is None else status)


def cents(usd):
    return usd


# The files beside this one


def _files(name):
    beside = sorted(Path(__file__).parent.glob("rows_*.py"))
    modules = [import_module(f".{path.stem}", __package__) for path in beside]
    return [getattr(module, name) for module in modules if hasattr(module, name)]


def every_row(name):
    """Return the rows of a name in every file."""
    return [row for rows in _files(name) for row in rows]


def every_map(name):
    """Return the maps of a name in every file, as one."""
    return {key: value for each in _files(name) for key, value in each.items()}
