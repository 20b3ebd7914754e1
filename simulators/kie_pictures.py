"""kie.ai's image models: fields and credits of August to October 2026, each as its page prints them.

Ours, where the page is silent: what google/nano-banana and its edit take, and how their ratio is called; that an edit
needs its pictures; which fourteen ratios nano-banana-2 takes, and its lite (those of other sellers of the models); that
a flare and a sunburst take what gpt-image-2 does; the shape and the size of a picture where a request names none;
seeds' bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Flag, Link, Links, Problem, Text, Whole
from .inputs import PICTURES
from .model import Given, Made, Model, listed, no_rules, said
from .picture import Media, pixels

FIVE_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")
FLUX_RATIOS = (*FIVE_RATIOS, "3:2", "2:3")
EIGHT_RATIOS = (*FLUX_RATIOS, "21:9")
TEN_RATIOS = (*EIGHT_RATIOS, "5:4", "4:5")
FOURTEEN_RATIOS = (*TEN_RATIOS, "1:4", "4:1", "1:8", "8:1")
GPT_RATIOS = (*TEN_RATIOS, "2:1", "1:2", "3:1", "1:3", "9:21")
QWEN_EDITS = ("2:3", "3:2", "21:9")

SIZES = ("1K", "2K", "4K")
CHECKER: dict[str, Field] = {"nsfw_checker": Flag()}

Rules = Callable[[Given], Iterable[Problem]]


def prompt(most: int, least: int = 1) -> dict[str, Field]:
    """A prompt, which every model needs."""
    return {"prompt": Text(least, most, required=True)}


def model(
    fields: Mapping[str, Field],
    credits: Mapping[str, str] | str,
    *,
    at: str = "aspect_ratio",
    ratio: str = "1:1",
    usual: Media = "jpeg",
    sizes: Mapping[str, str] | None = None,
    more: tuple[str, str, int] | None = None,
    rules: Rules = no_rules,
) -> Model:
    """A model whose picture costs a sum, or one by size (the first where none is given).

    `at` is the field that holds the ratio, `ratio` its default, `usual` the format where none is named; `sizes` are
    what words of `quality` stand for; `more` is what each further file of a field costs, from a number of them on.
    """
    prices = {"": credits} if isinstance(credits, str) else credits

    def size(body: Given) -> str:
        if sizes:
            return sizes[said(body, "quality", next(iter(sizes)))]
        return said(body, "resolution", "1K") if "resolution" in fields else "1K"

    def made(body: Given) -> Made:
        named = said(body, "output_format", "") if "output_format" in fields else ""
        media: Media = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg"}.get(named, usual)  # type: ignore[assignment]
        return Made(pixels(said(body, at, ratio), size(body)), media)

    def price(body: Given) -> Decimal:
        sum_ = Decimal(prices.get(size(body), next(iter(prices.values()))))
        if more is not None:
            field, credits_, free = more
            sum_ += max(0, len(listed(body, field)) - free) * Decimal(credits_)
        return sum_

    return Model(fields, made, price, rules)


# FLUX.2

FLUX_2: dict[str, Field] = {
    **prompt(5000, 3),
    "aspect_ratio": Choice(FLUX_RATIOS, required=True),
    "resolution": Choice(("1K", "2K"), required=True),
    **CHECKER,
}
FLUX_2_EDIT: dict[str, Field] = {
    **FLUX_2,
    "aspect_ratio": Choice((*FLUX_RATIOS, "auto"), required=True),
    "input_urls": Links(1, 8, required=True, takes=PICTURES),
}

# gpt-image-2, and 2.5

GPT: dict[str, Field] = {
    **prompt(20_000),
    "aspect_ratio": Choice(("auto", *GPT_RATIOS)),
    "resolution": Choice(SIZES),
}
GPT_EDIT: dict[str, Field] = {**GPT, "input_urls": Links(1, 16, required=True, takes=PICTURES)}
BACKGROUND: dict[str, Field] = {"background": Choice(("auto", "opaque", "transparent"))}
GPT_CREDITS = {"1K": "6", "2K": "10", "4K": "16"}
SMALL_FROM_TEXT, SMALL_EDITS = ("5:4", "4:5", "3:1", "1:3", "9:21"), ("5:4", "4:5")


def gpt_rules(small: Iterable[str]) -> Rules:
    """Sizes that are refused by ratio."""

    def rules(body: Given) -> Iterable[Problem]:
        ratio, size = said(body, "aspect_ratio", "auto"), said(body, "resolution", "1K")
        if size != "1K" and ratio == "auto":
            yield Problem("resolution", "rule", "above 1K needs an aspect_ratio")
        elif (size, ratio) == ("4K", "1:1") or (size != "1K" and ratio in small):
            yield Problem("resolution", "rule", f"{size} is not available for {ratio}")

    return rules


# Nano Banana

BANANA: dict[str, Field] = {
    **prompt(5000),
    "image_size": Choice(("auto", *TEN_RATIOS)),
    "output_format": Choice(("png", "jpeg")),
}
BANANA_2: dict[str, Field] = {
    **prompt(20_000),
    "image_input": Links(0, 14, takes=PICTURES),
    "aspect_ratio": Choice(("auto", *FOURTEEN_RATIOS)),
    "resolution": Choice(SIZES),
    "output_format": Choice(("png", "jpg")),
}
BANANA_PRO: dict[str, Field] = {
    **BANANA_2,
    **prompt(10_000),
    "image_input": Links(0, 8, takes=PICTURES),
    "aspect_ratio": Choice(("auto", *TEN_RATIOS)),
}
BANANA_LITE: dict[str, Field] = {
    **prompt(20_000),
    "image_urls": Links(0, 10, takes=PICTURES),
    "aspect_ratio": Choice(("auto", *FOURTEEN_RATIOS), required=True),
}

# Seedream


def seedream(most: int, least: int, qualities: Iterable[str], images: int = 0, **more: Field) -> dict[str, Field]:
    """What a version takes, with so many pictures for an edit."""
    edit = {"image_urls": Links(1, images, required=True, takes=PICTURES)} if images else {}
    return {
        **prompt(most, least),
        "aspect_ratio": Choice(EIGHT_RATIOS, required=True),
        "quality": Choice(tuple(qualities), required=True),
        **CHECKER,
        **edit,
        **more,
    }


SIZES_4_5 = {"basic": "2K", "high": "4K"}
SIZES_LITE = {"basic": "2K", "high": "3K", "ultra": "4K"}
SIZES_PRO = {"basic": "1K", "high": "2K"}
FORMATS = Choice(("png", "jpeg"))
PRO_CREDITS = {"1K": "7", "2K": "14"}

# Imagen, Qwen, Z


def imagen(seed: Field) -> dict[str, Field]:
    """What a tier takes, whose seed is written in its own way."""
    return {
        **prompt(5000),
        "negative_prompt": Text(0, 5000),
        "aspect_ratio": Choice((*FIVE_RATIOS, "auto")),
        "seed": seed,
    }


QWEN: dict[str, Field] = {
    **prompt(800),
    "image_size": Choice(FIVE_RATIOS),
    "seed": Whole(0, 2**31 - 1),
    "output_format": FORMATS,
    **CHECKER,
}
QWEN_EDIT: dict[str, Field] = {
    **QWEN,
    "image_size": Choice((*FIVE_RATIOS, *QWEN_EDITS)),
    "image_url": Link(required=True, takes=PICTURES),
}
Z_IMAGE: dict[str, Field] = {**prompt(1000), "aspect_ratio": Choice(FIVE_RATIOS, required=True), **CHECKER}

MODELS: Mapping[str, Model] = {
    **{
        f"flux-2/{tier}-{mode}": model(fields, credits)
        for tier, credits in (("pro", {"1K": "5", "2K": "7"}), ("flex", {"1K": "14", "2K": "24"}))
        for mode, fields in (("text-to-image", FLUX_2), ("image-to-image", FLUX_2_EDIT))
    },
    **{
        f"{name}-{mode}": model({**fields, **more}, GPT_CREDITS, ratio="auto", rules=gpt_rules(small))
        for name, more in (
            ("gpt-image-2", {}),
            ("gpt-image-2-5-flare", BACKGROUND),
            ("gpt-image-2-5-sunburst", BACKGROUND),
        )
        for mode, fields, small in (
            ("text-to-image", GPT, SMALL_FROM_TEXT),
            ("image-to-image", GPT_EDIT, SMALL_EDITS),
        )
    },
    "google/nano-banana": model(BANANA, "4", at="image_size", usual="png"),
    "google/nano-banana-edit": model(
        {**BANANA, "image_urls": Links(1, 10, required=True, takes=PICTURES)}, "4", at="image_size", usual="png"
    ),
    "nano-banana-2": model(BANANA_2, {"1K": "8", "2K": "12", "4K": "18"}, ratio="auto"),
    "nano-banana-pro": model(BANANA_PRO, {"1K": "18", "2K": "18", "4K": "24"}, usual="png"),
    "nano-banana-2-lite": model(BANANA_LITE, "4"),
    "seedream/4.5-text-to-image": model(seedream(3000, 1, SIZES_4_5), "6.5", sizes=SIZES_4_5),
    "seedream/4.5-edit": model(seedream(3000, 1, SIZES_4_5, 14), "6.5", sizes=SIZES_4_5),
    **{
        f"seedream/5-lite-{mode}": model(
            seedream(3000, 3, SIZES_LITE, images, output_format=FORMATS), "5.5", sizes=SIZES_LITE, usual="png"
        )
        for mode, images in (("text-to-image", 0), ("image-to-image", 14))
    },
    **{
        f"seedream/5-pro-{mode}": model(
            seedream(5000, 3, SIZES_PRO, images, output_format=FORMATS),
            PRO_CREDITS,
            sizes=SIZES_PRO,
            usual="png",
            more=("image_urls", ".5", 1),
        )
        for mode, images in (("text-to-image", 0), ("image-to-image", 10))
    },
    "google/imagen4": model(imagen(Text(1)), "8"),
    "google/imagen4-fast": model(imagen(Whole(0, 2**31 - 1)), "4", ratio="16:9"),
    "google/imagen4-ultra": model(imagen(Text(1)), "12"),
    "qwen2/text-to-image": model(QWEN, "5.6", at="image_size", ratio="16:9", usual="png"),
    "qwen2/image-edit": model(QWEN_EDIT, "5.6", at="image_size", ratio="16:9", usual="png"),
    "z-image": model(Z_IMAGE, ".8"),
}
