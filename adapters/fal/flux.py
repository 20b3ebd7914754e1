"""FLUX.2 pro, flex, max and klein: an edit is an endpoint of its own, and a size is a name or pixels.

Page: docs.fal.ai, fal-ai/flux-2-pro, -flex and -max; fal's own client, fal-ai/flux-2/klein.
Odd: the price goes by megapixels, so that ratio and resolution are sent as pixels; klein takes names of sizes alone.
"""

from anymedia.declare import UNKNOWN, Choice, Number, Offer, Param, PerMegapixel, Pixels, Size, Whole, when

from .common import CHECKER, NAMED, PICTURES, SEED, files, prompt, tolerance


def flux_2(tier: str, prices: PerMegapixel | None, knobs: dict[str, Param] | None = None) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=when(images=f"fal-ai/flux-2-{tier}/edit", otherwise=f"fal-ai/flux-2-{tier}"),
        params={
            "prompt": prompt(),
            "images": Param("image_urls", files()),
            "size": Param("image_size", Size()),
            "seed": SEED,
            "moderation": CHECKER,
            "output_format": Param("output_format", Choice("jpeg", "png"), default=UNKNOWN),
        },
        knobs={"safety_tolerance": tolerance(5)} | (knobs or {}),
        # Without a size it is landscape_4_3, or the first image's; in how many pixels is not told. Those of 1K and 2K,
        # and their step, are our choice.
        shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="4:3", resolution="1K"),
        prices=prices,
    )


def klein(size: str) -> Offer:
    return Offer(
        name=f"flux-2-klein-{size}",
        wire_id=when(images=f"fal-ai/flux-2/klein/{size}/edit", otherwise=f"fal-ai/flux-2/klein/{size}"),
        params={
            "prompt": prompt(),
            "images": Param("image_urls", files()),
            "aspect_ratio": Param("image_size", Choice(NAMED), default=UNKNOWN),
            "count": PICTURES,
            "seed": SEED,
            "output_format": Param("output_format", Choice("jpeg", "png", "webp"), default=UNKNOWN),
        },
        knobs={"num_inference_steps": Param("num_inference_steps", Whole(1))},
    )


OFFERS = (
    flux_2("pro", PerMegapixel("0.03", "0.015", "0.015")),
    flux_2(
        "flex",
        PerMegapixel("0.05", "0.05", "0.05"),
        {
            "guidance_scale": Param("guidance_scale", Number()),
            "num_inference_steps": Param("num_inference_steps", Whole(1)),
        },
    ),
    flux_2("max", None),
    klein("4b"),
    klein("9b"),
)
