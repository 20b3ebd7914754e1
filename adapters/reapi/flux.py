"""flux-2 and flux-2-flex: no mode field, images make it an edit; `auto` only with images.

Page: reAPI documentation, flux-2.
"""

from anymedia.declare import Choice, Files, Offer, Param, Rule, Table, Text

RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")


def flux_2(name: str, model: str, usd: dict[str, str]) -> Offer:
    return Offer(
        name=name,
        model=model,
        params={
            "prompt": Param("prompt", Text(3, 5000), required=True),
            "images": Param("input_urls", Files(1, 8, https=True)),
            "aspect_ratio": Param("aspect_ratio", Choice(*RATIOS, "auto"), default="1:1"),
            "resolution": Param("resolution", Choice("1K", "2K"), default="1K"),
            "moderation": Param("nsfw_checker", Choice({"off": False, "standard": True}), default="off"),
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", usd),
    )


OFFERS = (
    flux_2("flux-2", "flux-2-pro", {"1K": "0.0275", "2K": "0.0385"}),
    flux_2("flux-2-flex", "flux-2-flex", {"1K": "0.077", "2K": "0.132"}),
)
