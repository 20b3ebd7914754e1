"""reAPI's image models: fields, pixel sizes and prices (table of 2026-07-28), each as its page prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

from attrs import frozen

from .fields import PIXELS, Choice, Field, Fields, Flag, Link, Links, Problem, Text, Whole
from .inputs import PICTURES, Takes
from .picture import Media, Size, pixels, snapped

Given = Mapping[str, object]
"""A body without its nulls, already checked against the fields."""

FLUX_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
GPT_RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21", "auto")
WIDE_RATIOS = ("16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
FIVE_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")
QWEN_EDITS = ("2:3", "3:2", "21:9")
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
"""Pixels of the gpt-image-2 family at 1k, 2k, 4k; portrait is mirrored."""

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


def said(body: Given, name: str, default: str) -> str:
    """A text field, or its default."""
    return str(body.get(name, default))


def landscape(ratio: str) -> str:
    """The ratio with its longer side first."""
    wide, high = ratio.split(":")
    return ratio if int(wide) >= int(high) else f"{high}:{wide}"


def gpt_size(body: Given) -> Size:
    """The printed grid; pixels are snapped to multiples of 16 and `auto` is square (both ours)."""
    size = said(body, "size", "1:1")
    if exact := PIXELS.fullmatch(size):
        return snapped(int(exact[1]), int(exact[2]))
    ratio = "1:1" if size == "auto" else size
    width, height = GRID[landscape(ratio)][RESOLUTIONS.index(said(body, "resolution", "1k").lower())]
    return (width, height) if ratio == landscape(ratio) else (height, width)


def gpt_price(body: Given) -> Decimal:
    """Flat by resolution."""
    return {"1k": Decimal(".03"), "2k": Decimal(".05"), "4k": Decimal(".08")}[said(body, "resolution", "1k").lower()]


def official_price(body: Given) -> Decimal:
    """The printed cell; quality auto is high, size auto the dearest cell.

    Ours: pixels are billed as auto, and an edit without a size as 1:1 (no reference is fetched to see its ratio).
    """
    size, resolution = said(body, "size", "1:1"), said(body, "resolution", "1k").lower()
    column = {"low": 0, "medium": 1}.get(said(body, "quality", "auto"), 2)
    cells = {ratio: row[resolution].split()[column] for ratio, row in OFFICIAL.items() if resolution in row}
    if size == "auto" or PIXELS.fullmatch(size):
        return max(map(Decimal, cells.values()))
    return Decimal(cells[landscape(size)])


def gpt_rules(body: Given) -> Iterable[Problem]:
    """4k takes only the wide ratios."""
    if said(body, "resolution", "1k").lower() == "4k" and said(body, "size", "1:1") not in WIDE_RATIOS:
        yield Problem("size", "rule", "4K requires an explicit size in {16:9, 9:16, 2:1, 1:2, 21:9, 9:21}")


def official_rules(body: Given) -> Iterable[Problem]:
    """A mask needs an image."""
    yield from gpt_rules(body)
    if "mask_url" in body and not body.get("image_urls"):
        yield Problem("mask_url", "rule", "mask_url requires at least one entry in image_urls")


def flux_rules(body: Given) -> Iterable[Problem]:
    """A ratio of auto needs an image."""
    if body.get("aspect_ratio") == "auto" and not body.get("input_urls"):
        yield Problem("aspect_ratio", "rule", "aspect_ratio auto requires input_urls")


def qwen_rules(body: Given) -> Iterable[Problem]:
    """Three ratios need an image."""
    if body.get("image_size") in QWEN_EDITS and not body.get("image_url"):
        yield Problem("image_size", "choice", ", ".join(FIVE_RATIOS), body["image_size"])


def no_rules(_: Given) -> Iterable[Problem]:
    """No rule between fields."""
    return ()


@frozen
class Model:
    """One model: what its fields may hold, what it draws, what an image costs in USD."""

    fields: Fields
    usd: Callable[[Given], Decimal]
    size: Callable[[Given], Size]
    rules: Callable[[Given], Iterable[Problem]] = no_rules
    usual: Media = "jpeg"

    def count(self, body: Given) -> int:
        """How many images."""
        n = body.get("n")
        return n if isinstance(n, int) and "n" in self.fields else 1

    def media(self, body: Given) -> Media:
        """The file format."""
        named = body.get("output_format") if "output_format" in self.fields else None
        return self.usual if named is None else "png" if named == "png" else "jpeg"

    def credits(self, body: Given) -> int:
        """ceil(USD × n × 1000), in decimal arithmetic."""
        return int((self.usd(body) * self.count(body) * 1000).to_integral_value(ROUND_CEILING))


def _ratio(name: str) -> Callable[[Given], Size]:
    return lambda body: pixels(said(body, name, "1:1"), said(body, "resolution", "1K"))


def _price(first: str, second: str | None = None) -> Callable[[Given], Decimal]:
    return lambda body: Decimal(second if second and body.get("resolution") == "2K" else first)


MASK = Takes(("image/png",))

FLUX: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    "input_urls": Links(1, 8, schemes=("https",), takes=PICTURES),
    "aspect_ratio": Choice((*FLUX_RATIOS, "auto")),
    "resolution": Choice(("1K", "2K")),
    "nsfw_checker": Flag(),
}
GPT: dict[str, Field] = {
    "prompt": Text(1, 4000, required=True),
    "size": Choice(GPT_RATIOS),
    "resolution": Choice(RESOLUTIONS, any_case=True),
    "n": Whole(1, 1),
    "image_urls": Links(0, 16, takes=PICTURES),
}
OFFICIAL_FIELDS: dict[str, Field] = {
    **GPT,
    "size": Choice(GPT_RATIOS, pixels=True),
    "quality": Choice(("auto", "low", "medium", "high")),
    "n": Whole(1, 4),
    "mask_url": Link(takes=MASK),
    "background": Choice(("auto", "opaque", "transparent")),
    "moderation": Choice(("auto", "low")),
}
Z_IMAGE: dict[str, Field] = {
    "prompt": Text(1, 1000, required=True),
    "aspect_ratio": Choice(FIVE_RATIOS),
    "nsfw_checker": Flag(),
}
QWEN: dict[str, Field] = {
    "prompt": Text(1, 800, required=True),
    "image_size": Choice((*FIVE_RATIOS, *QWEN_EDITS)),
    "image_url": Link(takes=PICTURES),
    "output_format": Choice(("png", "jpeg")),
    "nsfw_checker": Flag(),
}
IMAGEN: dict[str, Field] = {"prompt": Text(1, 4000, required=True), "size": Choice(FIVE_RATIOS)}

MODELS = {
    "flux-2": Model(FLUX, _price(".0275", ".0385"), _ratio("aspect_ratio"), flux_rules),
    "flux-2-flex": Model(FLUX, _price(".077", ".132"), _ratio("aspect_ratio"), flux_rules),
    "gpt-image-2": Model(GPT, gpt_price, gpt_size, gpt_rules, "png"),
    "gpt-image-2-official": Model(OFFICIAL_FIELDS, official_price, gpt_size, official_rules, "png"),
    "z-image": Model(Z_IMAGE, _price(".0044"), _ratio("aspect_ratio")),
    "qwen-image-2": Model(QWEN, _price(".0308"), _ratio("image_size"), qwen_rules),
    "imagen-4-0": Model(IMAGEN, _price(".046"), _ratio("size")),
}
