"""FLUX.2 pro and flex, and z-image: an edit is a model of its own.

Page: docs.kie.ai, flux-2 and z-image.
Odd: ratio and size are required, and no page names a default: 1:1 and 1K are our choice.
"""

from anymedia.declare import Choice, Files, Offer, Param, Price, Rule, Table, when

from .common import CHECKER, FIVE, FORMS, MODERATION, prompt


def flux_2(tier: str, usd: dict[str, str]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=when(images=f"flux-2/{tier}-image-to-image", otherwise=f"flux-2/{tier}-text-to-image"),
        params={
            "prompt": prompt(5000, 3),
            "images": Param("input.input_urls", Files(1, 8, forms=FORMS)),
            "aspect_ratio": Param(
                "input.aspect_ratio", Choice(*FIVE, "3:2", "2:3", "auto"), default="1:1", always_sent=True
            ),
            "resolution": Param("input.resolution", Choice("1K", "2K"), default="1K", always_sent=True),
            "moderation": Param("input.nsfw_checker", CHECKER, default="off"),
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", usd),
    )


OFFERS = (
    flux_2("pro", {"1K": "0.025", "2K": "0.035"}),
    flux_2("flex", {"1K": "0.07", "2K": "0.12"}),
    Offer(
        name="z-image",
        params={
            "prompt": prompt(1000),
            "aspect_ratio": Param("input.aspect_ratio", Choice(*FIVE), default="1:1", always_sent=True),
            "moderation": MODERATION,
        },
        prices=Price("0.004"),
    ),
)
