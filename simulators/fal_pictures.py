"""fal's endpoints that make pictures: fields and prices as its pages print them, of 2026-10 and 2026-11.

Ours, where the pages are silent: the size of what follows the inputs, and of auto_2K, auto_3K and auto_4K; a picture
that is put in is of one megapixel; how many pictures a call makes at most; no bound of sides but for seedream's, nor of
steps and guidance; any word of thinking_level and acceleration; a side is drawn with 64 to 4096 pixels; that qwen's
edit takes image_urls; the prices of flux-2-max, klein, imagen, qwen and z-image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from .fal_model import SEED, SIZES, Endpoint, ImageSize, fields_of, size_of
from .fields import Choice, Field, Flag, Links, Number, Text, Whole
from .inputs import MEGAPIXEL, PICTURES
from .model import Given, Made, listed, number, said
from .picture import Media, Size, pixels

HUNDRED = Decimal(100)
ANY = 2**53
"""What is as good as no bound: none is told."""

STEPS = Whole(1, ANY)

IMAGES: dict[str, Field] = {"image_urls": Links(1, required=True, takes=PICTURES, inline=("data",))}
PROMPT: dict[str, Field] = {"prompt": Text(1, required=True)}
SEVERAL: dict[str, Field] = {"num_images": Whole(1, 4)}
TWO_FORMATS: dict[str, Field] = {"output_format": Choice(("jpeg", "png"))}
FORMATS: dict[str, Field] = {"output_format": Choice(("jpeg", "png", "webp"))}
CHECKER: dict[str, Field] = {"enable_safety_checker": Flag()}


def drawn(body: Given, size: Size, usual: Media) -> Made:
    """So many pictures of a size; a webp is drawn as a JPEG."""
    wanted = said(body, "output_format", usual)
    width, height = (min(max(side, 64), 4096) for side in size)
    return Made((width, height), "png" if wanted == "png" else "jpeg", number(body, "num_images", 1))


# By image_size


def sized(
    fields: Mapping[str, Field],
    cents: Callable[[Given, Size], Decimal],
    unit: tuple[str, str],
    *,
    usual: Size = SIZES["landscape_4_3"],
    media: Media = "jpeg",
    words: Mapping[str, Size] | None = None,
) -> Endpoint:
    """An endpoint whose size is one of the named ones, or in pixels."""

    def size(body: Given) -> Size:
        return size_of(body, SIZES["square_hd"] if said(body, "image_size", "") == "auto" else usual, words)

    return Endpoint(
        fields,
        lambda body: drawn(body, size(body), media),
        lambda body: cents(body, size(body)),
        "images",
        unit[0],
        Decimal(unit[1]),
        tells=("seed",),
    )


def by_megapixel(first: str, further: str) -> Callable[[Given, Size], Decimal]:
    """Cents of the first megapixel, and of each further one, those that are put in included."""

    def cents(body: Given, size: Size) -> Decimal:
        megapixels = -(-size[0] * size[1] // MEGAPIXEL) + len(listed(body, "image_urls"))
        each = Decimal(first) + Decimal(further) * (megapixels - 1)
        return each * number(body, "num_images", 1)

    return cents


def each_picture(cents: str) -> Callable[[Given, Size], Decimal]:
    """Cents of each picture, whatever its size."""
    return lambda body, _: Decimal(cents) * number(body, "num_images", 1)


FLUX_2 = fields_of(
    PROMPT,
    {"image_size": ImageSize(), "seed": SEED, "safety_tolerance": Choice(("1", "2", "3", "4", "5"))},
    CHECKER,
    TWO_FORMATS,
)
FLEX: dict[str, Field] = {"guidance_scale": Number(0, ANY), "num_inference_steps": STEPS}
KLEIN = fields_of(
    PROMPT, {"image_size": ImageSize(), "seed": SEED, "num_inference_steps": STEPS}, CHECKER, SEVERAL, FORMATS
)
EDITED: dict[str, Field] = {"image_size": ImageSize(("auto",)), **IMAGES}
FLUX_PRICES = {"pro": ("3", "1.5"), "flex": ("5", "5"), "max": ("7", "3")}


def _flux_2(tier: str) -> Mapping[str, Endpoint]:
    first, further = FLUX_PRICES[tier]
    fields = fields_of(FLUX_2, FLEX if tier == "flex" else {})
    unit = ("megapixels", str(Decimal(first) / HUNDRED))
    return {
        f"fal-ai/flux-2-{tier}": sized(fields, by_megapixel(first, further), unit),
        f"fal-ai/flux-2-{tier}/edit": sized(fields_of(fields, EDITED), by_megapixel(first, further), unit),
    }


def _klein(size: str, cents: str) -> Mapping[str, Endpoint]:
    at, unit = f"fal-ai/flux-2/klein/{size}", ("megapixels", str(Decimal(cents) / HUNDRED))
    plain, edit = (sized(fields, by_megapixel(cents, cents), unit) for fields in (KLEIN, fields_of(KLEIN, IMAGES)))
    return {at: plain, f"{at}/base": plain, f"{at}/edit": edit, f"{at}/base/edit": edit}


AUTO: Mapping[str, Size] = {"auto_2K": (2048, 2048), "auto_3K": (3072, 3072), "auto_4K": (4096, 4096)}


def _seedream(at: str, words: tuple[str, ...], cents: str, least: int) -> Mapping[str, Endpoint]:
    fields = fields_of(
        PROMPT,
        {"image_size": ImageSize(words, least, 4096), "seed": SEED, "max_images": Whole(1, 6)},
        SEVERAL,
        CHECKER,
    )
    sold = {"text-to-image": fields, "edit": fields_of(fields, IMAGES)}
    unit = ("images", str(Decimal(cents) / HUNDRED))
    return {
        f"{at}/{name}": sized(each, each_picture(cents), unit, usual=(2048, 2048), media="png", words=AUTO)
        for name, each in sold.items()
    }


QWEN = fields_of(
    PROMPT,
    {
        "image_size": ImageSize(),
        "negative_prompt": Text(0, 500),
        "seed": SEED,
        "enable_prompt_expansion": Flag(),
    },
    SEVERAL,
    CHECKER,
    FORMATS,
)
Z_IMAGE = fields_of(
    PROMPT,
    {
        "image_size": ImageSize(),
        "seed": SEED,
        "num_inference_steps": STEPS,
        "acceleration": Text(1),
    },
    SEVERAL,
    CHECKER,
    FORMATS,
)


def _qwen(tier: str, cents: str) -> Mapping[str, Endpoint]:
    unit = ("images", str(Decimal(cents) / HUNDRED))
    sold = {"text-to-image": QWEN, "edit": fields_of(QWEN, IMAGES)}
    return {
        f"fal-ai/qwen-image-2/{tier}{name}": sized(
            each, each_picture(cents), unit, usual=SIZES["square_hd"], media="png"
        )
        for name, each in sold.items()
    }


# By ratio and resolution


def shaped(fields: Mapping[str, Field], usual: str, cents: Mapping[str, str]) -> Endpoint:
    """An endpoint that is sold by ratio and resolution."""

    def size(body: Given) -> Size:
        return pixels(said(body, "aspect_ratio", usual), said(body, "resolution", "1K"))

    return Endpoint(
        fields,
        lambda body: drawn(body, size(body), "png"),
        lambda body: Decimal(cents[said(body, "resolution", "1K")]) * number(body, "num_images", 1),
        "images",
        "images",
        Decimal(cents["1K"]) / HUNDRED,
        tells=("seed",),
    )


TEN = ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16")
FOURTEEN = (*TEN, "4:1", "1:4", "8:1", "1:8")
FIVE = ("1:1", "16:9", "9:16", "4:3", "3:4")
BANANA_2 = fields_of(
    PROMPT,
    {
        "aspect_ratio": Choice(("auto", *FOURTEEN)),
        "resolution": Choice(("0.5K", "1K", "2K", "4K")),
        "seed": SEED,
        "safety_tolerance": Choice(("1", "2", "3", "4", "5", "6")),
        "enable_web_search": Flag(),
        "thinking_level": Text(1),
    },
    SEVERAL,
    FORMATS,
)
BANANA_PRO = fields_of(
    PROMPT,
    {
        "aspect_ratio": Choice(("auto", *TEN)),
        "resolution": Choice(("1K", "2K", "4K")),
        "seed": SEED,
        "safety_tolerance": Choice(("1", "2", "3", "4", "5", "6")),
        "enable_web_search": Flag(),
    },
    SEVERAL,
    FORMATS,
)
IMAGEN = fields_of(
    PROMPT,
    {"aspect_ratio": Choice(FIVE), "resolution": Choice(("1K", "2K")), "seed": SEED, "negative_prompt": Text()},
    SEVERAL,
    FORMATS,
)
BANANA_2_CENTS = {"0.5K": "6", "1K": "8", "2K": "12", "4K": "16"}
BANANA_PRO_CENTS = {"1K": "15", "2K": "15", "4K": "30"}
IMAGEN_CENTS = {"": "4", "/fast": "2", "/ultra": "6"}

PICTURES_SOLD: Mapping[str, Endpoint] = {
    **_flux_2("pro"),
    **_flux_2("flex"),
    **_flux_2("max"),
    **_klein("4b", "0.9"),
    **_klein("9b", "1.1"),
    "fal-ai/nano-banana-2": shaped(BANANA_2, "auto", BANANA_2_CENTS),
    "fal-ai/nano-banana-2/edit": shaped(fields_of(BANANA_2, IMAGES), "auto", BANANA_2_CENTS),
    "fal-ai/nano-banana-pro": shaped(BANANA_PRO, "1:1", BANANA_PRO_CENTS),
    "fal-ai/nano-banana-pro/edit": shaped(fields_of(BANANA_PRO, IMAGES), "auto", BANANA_PRO_CENTS),
    **_seedream("fal-ai/bytedance/seedream/v4.5", ("auto_2K", "auto_4K"), "4", 1920),
    **_seedream("fal-ai/bytedance/seedream/v5/lite", ("auto_2K", "auto_3K"), "3.5", 1),
    **{
        f"fal-ai/imagen4/preview{tier}": shaped(IMAGEN, "1:1", {"1K": cents, "2K": cents})
        for tier, cents in IMAGEN_CENTS.items()
    },
    **_qwen("", "3.5"),
    **_qwen("pro/", "7.5"),
    "fal-ai/z-image/turbo": sized(Z_IMAGE, by_megapixel("0.5", "0.5"), ("megapixels", "0.005"), media="png"),
}
