"""reAPI's gpt-image-2 family: sizes and prices by tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fields import PIXELS, Choice, Field, Link, Links, Problem, Text, Whole
from .inputs import PICTURES, Takes
from .model import Given, Made, Model, number, said
from .picture import Size, snapped

RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21", "auto")
WIDE_RATIOS = ("16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
RESOLUTIONS = ("1k", "2k", "4k")

GRID: dict[str, tuple[Size, ...]] = {
    "1:1": ((1024, 1024), (2048, 2048)),
    "3:2": ((1536, 1024), (2048, 1360)),
    "4:3": ((1024, 768), (2048, 1536)),
    "5:4": ((1280, 1024), (2560, 2048)),
    "16:9": ((1536, 864), (2048, 1152), (3840, 2160)),
    "2:1": ((2048, 1024), (2688, 1344), (3840, 1920)),
    "21:9": ((2016, 864), (2688, 1152), (3840, 1648)),
}
"""Pixels at 1k, 2k, 4k; portrait is mirrored."""

OFFICIAL = {
    "1:1": {"1k": ".0048 .0424 .1688", "2k": ".01912 .1688 .6736"},
    "16:9": {"1k": ".00608 .0536 .2136", "2k": ".0108 .0952 .3792", "4k": ".03792 .3344 1.3328"},
    "2:1": {"1k": ".0096 .0848 .3376", "2k": ".01648 .1456 .58", "4k": ".03368 .2976 1.1848"},
    "21:9": {"1k": ".00792 .0704 .28", "2k": ".01416 .1248 .4984", "4k": ".02896 .256 1.0176"},
    "3:2": {"1k": ".0072 .0632 .252", "2k": ".01272 .112 .4472"},
    "4:3": {"1k": ".0036 .032 .1272", "2k": ".0144 .1272 .5064"},
    "5:4": {"1k": ".006 .0528 .2104", "2k": ".02392 .2112 .8424"},
}
"""gpt-image-2-official: USD per image at low, medium, high; the same for both orientations."""


def landscape(ratio: str) -> str:
    """The ratio with its longer side first."""
    wide, high = ratio.split(":")
    return ratio if int(wide) >= int(high) else f"{high}:{wide}"


def resolution(body: Given) -> str:
    """The resolution, in small letters."""
    return said(body, "resolution", "1k").lower()


def size(body: Given) -> Size:
    """The printed grid; pixels are snapped to multiples of 16 and `auto` is square (both ours)."""
    given = said(body, "size", "1:1")
    if exact := PIXELS.fullmatch(given):
        return snapped(int(exact[1]), int(exact[2]))
    ratio = "1:1" if given == "auto" else given
    width, height = GRID[landscape(ratio)][RESOLUTIONS.index(resolution(body))]
    return (width, height) if ratio == landscape(ratio) else (height, width)


def made(body: Given) -> Made:
    """PNG, always."""
    return Made(size(body), "png", number(body, "n", 1))


FLAT = {"1k": Decimal(".03"), "2k": Decimal(".05"), "4k": Decimal(".08")}


def price(body: Given) -> Decimal:
    """Flat by resolution."""
    return FLAT[resolution(body)]


def official_price(body: Given) -> Decimal:
    """The printed cell for each image; quality auto is high, size auto the dearest cell.

    Ours: pixels are billed as auto, and an edit without a size as 1:1 (no reference is fetched to see its ratio).
    """
    given = said(body, "size", "1:1")
    column = {"low": 0, "medium": 1}.get(said(body, "quality", "auto"), 2)
    cells = {
        ratio: Decimal(row[resolution(body)].split()[column])
        for ratio, row in OFFICIAL.items()
        if resolution(body) in row
    }
    dearest = given == "auto" or PIXELS.fullmatch(given) is not None
    return number(body, "n", 1) * (max(cells.values()) if dearest else cells[landscape(given)])


def rules(body: Given) -> Iterable[Problem]:
    """4k takes only the wide ratios."""
    if resolution(body) == "4k" and said(body, "size", "1:1") not in WIDE_RATIOS:
        yield Problem("size", "rule", "4K requires an explicit size in {16:9, 9:16, 2:1, 1:2, 21:9, 9:21}")


def official_rules(body: Given) -> Iterable[Problem]:
    """A mask needs an image."""
    yield from rules(body)
    if "mask_url" in body and not body.get("image_urls"):
        yield Problem("mask_url", "rule", "mask_url requires at least one entry in image_urls")


FIELDS: dict[str, Field] = {
    "prompt": Text(1, 4000, required=True),
    "size": Choice(RATIOS),
    "resolution": Choice(RESOLUTIONS, any_case=True),
    "n": Whole(1, 1),
    "image_urls": Links(0, 16, takes=PICTURES),
}
OFFICIAL_FIELDS: dict[str, Field] = {
    **FIELDS,
    "size": Choice(RATIOS, pixels=True),
    "quality": Choice(("auto", "low", "medium", "high")),
    "n": Whole(1, 4),
    "mask_url": Link(takes=Takes(("image/png",))),
    "background": Choice(("auto", "opaque", "transparent")),
    "moderation": Choice(("auto", "low")),
}

MODELS: Mapping[str, Model] = {
    "gpt-image-2": Model(FIELDS, made, price, rules),
    "gpt-image-2-official": Model(OFFICIAL_FIELDS, made, official_price, official_rules),
}
