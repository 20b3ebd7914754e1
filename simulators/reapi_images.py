"""reAPI's image models beside gpt-image-2: fields and prices of 2026-07-28, each as its page prints them.

Ours, where the page is silent: which ten ratios the gemini models take and which eight seedream does (Google's, and
those of seedream-4.5), 1k or 2k where no resolution is given and the page names no default, the seed's bounds, and the
file format where none is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Flag, Link, Links, Problem, Text, Whole
from .inputs import PICTURES
from .model import Given, Made, Model, no_rules, number, said
from .picture import Media, pixels

FLUX_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
FIVE_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")
QWEN_EDITS = ("2:3", "3:2", "21:9")
TEN_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
STRIPS = ("1:4", "4:1", "1:8", "8:1")
SEEDREAM_RATIOS = (*FIVE_RATIOS, *QWEN_EDITS)

Rules = Callable[[Given], Iterable[Problem]]


def flux_rules(body: Given) -> Iterable[Problem]:
    """A ratio of auto needs an image."""
    if body.get("aspect_ratio") == "auto" and not body.get("input_urls"):
        yield Problem("aspect_ratio", "rule", "aspect_ratio auto requires input_urls")


def qwen_rules(body: Given) -> Iterable[Problem]:
    """Three ratios need an image."""
    if body.get("image_size") in QWEN_EDITS and not body.get("image_url"):
        yield Problem("image_size", "choice", ", ".join(FIVE_RATIOS), body["image_size"])


def seedream_rules(body: Given) -> Iterable[Problem]:
    """Several images need a sequence."""
    if number(body, "n", 1) > 1 and body.get("sequential_image_generation") != "auto":
        yield Problem("n", "rule", "n above 1 requires sequential_image_generation=auto")


def model(
    fields: Mapping[str, Field],
    usd: Mapping[str, str] | str,
    *,
    at: str = "aspect_ratio",
    ratio: str = "1:1",
    usual: Media = "jpeg",
    rules: Rules = no_rules,
) -> Model:
    """A model whose images cost a sum, or one by resolution (the first where none is given), each.

    `at` is the field that holds the ratio, `ratio` its default, `usual` the format where none is named.
    """
    prices = {"1k": usd} if isinstance(usd, str) else usd

    def listed(body: Given, name: str, default: str) -> str:
        return said(body, name, default) if name in fields else default

    def resolution(body: Given) -> str:
        return listed(body, "resolution", next(iter(prices)))

    def count(body: Given) -> int:
        return number(body, "n", 1) if "n" in fields else 1

    def made(body: Given) -> Made:
        media: Media = "png" if listed(body, "output_format", usual) == "png" else "jpeg"
        return Made(pixels(said(body, at, ratio), resolution(body)), media, count(body))

    def price(body: Given) -> Decimal:
        return count(body) * Decimal(prices[resolution(body)])

    return Model(fields, made, price, rules)


FLUX: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    "input_urls": Links(1, 8, schemes=("https",), takes=PICTURES),
    "aspect_ratio": Choice((*FLUX_RATIOS, "auto")),
    "resolution": Choice(("1K", "2K")),
    "nsfw_checker": Flag(),
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
    "seed": Whole(0, 2**31 - 1),
    "nsfw_checker": Flag(),
}
IMAGEN: dict[str, Field] = {
    "prompt": Text(1, 4000, required=True),
    "size": Choice(FIVE_RATIOS),
    "n": Whole(1, 1),
}
GEMINI_PRO: dict[str, Field] = {
    "prompt": Text(1, 4000, required=True),
    "size": Choice(TEN_RATIOS),
    "resolution": Choice(("1k", "2k", "4k")),
    "n": Whole(1, 4),
    "image_urls": Links(0, 14, takes=PICTURES),
}
GEMINI_FLASH: dict[str, Field] = {
    **GEMINI_PRO,
    "size": Choice((*TEN_RATIOS, *STRIPS)),
    "resolution": Choice(("0.5k", "1k", "2k", "4k")),
    "google_search": Flag(),
    "google_image_search": Flag(),
}
LITE: dict[str, Field] = {
    "prompt": Text(1, 20_000, required=True),
    "aspect_ratio": Choice((*TEN_RATIOS, *STRIPS, "auto")),
    "image_urls": Links(0, 10, takes=PICTURES),
}
SEEDREAM: dict[str, Field] = {
    "prompt": Text(1, 4000, required=True),
    "size": Choice((*SEEDREAM_RATIOS, "auto")),
    "resolution": Choice(("2k", "3k")),
    "n": Whole(1, 4),
    "sequential_image_generation": Choice(("auto", "disabled")),
    "image_urls": Links(0, 20, takes=PICTURES),
    "output_format": Choice(("jpeg", "png")),
    "watermark": Flag(),
}
# Which seven ratios is not told: ours.
WAN: dict[str, Field] = {
    "prompt": Text(1, 5000, required=True),
    "size": Choice(("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3")),
    "resolution": Choice(("1k", "2k")),
    "n": Whole(1, 4),
    "image_urls": Links(0, 9, takes=PICTURES),
    "negative_prompt": Text(0, 5000),
    "seed": Whole(0, 2**31 - 1),
    "watermark": Flag(),
}

FLASH_USD = {"1k": ".0315", "0.5k": ".0315", "2k": ".0477", "4k": ".0711"}
FLASH_OFFICIAL_USD = {"1k": ".05896", "0.5k": ".05896", "2k": ".08888", "4k": ".13288"}
PRO_USD = {"1k": ".0414", "2k": ".0414", "4k": ".045"}
PRO_OFFICIAL_USD = {"1k": ".12328", "2k": ".12328", "4k": ".2208"}

MODELS: Mapping[str, Model] = {
    "flux-2": model(FLUX, {"1K": ".0275", "2K": ".0385"}, rules=flux_rules),
    "flux-2-flex": model(FLUX, {"1K": ".077", "2K": ".132"}, rules=flux_rules),
    "z-image": model(Z_IMAGE, ".0044"),
    "qwen-image-2": model(QWEN, ".0308", at="image_size", rules=qwen_rules),
    "imagen-4-0": model(IMAGEN, ".046", at="size", ratio="16:9"),
    "gemini-3.1-flash-image-preview": model(GEMINI_FLASH, FLASH_USD, at="size", usual="png"),
    "gemini-3.1-flash-image-preview-official": model(GEMINI_FLASH, FLASH_OFFICIAL_USD, at="size", usual="png"),
    "gemini-3-pro-image-preview": model(GEMINI_PRO, PRO_USD, at="size", usual="png"),
    "gemini-3-pro-image-preview-official": model(GEMINI_PRO, PRO_OFFICIAL_USD, at="size", usual="png"),
    "nano-banana-2-lite": model(LITE, ".02", usual="png"),
    "wan2.7-image": model(WAN, ".02376", at="size"),
    "doubao-seedream-5-0-lite": model(SEEDREAM, {"2k": ".0308", "3k": ".0308"}, at="size", rules=seedream_rules),
}
