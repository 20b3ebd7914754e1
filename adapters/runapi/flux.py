"""FLUX.2 and z-image at RunAPI.

Page: RunAPI's client library, flux_2 and z_image.
Odd: an edit is an action of its own, with a model of its own; max and z-image require a ratio and name no default.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Price, Rule, Table, when

from .common import CHECKER, FIVE, FORMS, SEVEN, prompt

PATH = when(images="/api/v1/flux_2/remix_image", otherwise="/api/v1/flux_2/text_to_image")


def flux_2(tier: str, usd: dict[str, str]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=when(images=f"flux-2-{tier}-remix-image", otherwise=f"flux-2-{tier}-text-to-image"),
        path=PATH,
        params={
            "prompt": prompt(5000, 3),
            "aspect_ratio": Param("aspect_ratio", Choice(*SEVEN, "auto"), default=UNKNOWN),
            "resolution": Param("output_resolution", Choice({"1K": "1k", "2K": "2k"}), default=UNKNOWN),
            "images": Param("source_image_urls", Files(1, 8, forms=FORMS)),
            "moderation": CHECKER,
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", usd),
    )


OFFERS = (
    flux_2("pro", {"1K": "0.05", "2K": "0.07"}),
    flux_2("flex", {"1K": "0.14", "2K": "0.24"}),
    Offer(
        name="flux-2-max",
        wire_id=when(images="flux-2-max-remix-image", otherwise="flux-2-max-text-to-image"),
        path=PATH,
        params={
            "prompt": prompt(5000, 3),
            # Required on the wire, and no page names a default: 1:1 is our choice, here and at z-image.
            "aspect_ratio": Param("aspect_ratio", Choice(*SEVEN), default="1:1", always_sent=True),
            "resolution": Param("output_resolution", Choice({"1K": "1k"}), default="1K"),
            "images": Param("source_image_urls", Files(1, 1, forms=FORMS)),
        },
    ),
    Offer(
        name="z-image",
        path="/api/v1/z_image/text_to_image",
        params={
            "prompt": prompt(1000),
            "aspect_ratio": Param("aspect_ratio", Choice(*FIVE), default="1:1", always_sent=True),
            "moderation": CHECKER,
        },
        prices=Price("0.01"),
    ),
)
