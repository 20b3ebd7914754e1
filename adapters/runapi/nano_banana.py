"""nano-banana 2, 2 lite and pro at RunAPI.

Page: RunAPI's client library, nano_banana; bounds of prompts and references of 2 and pro: other sellers of the model.
Odd: references go to the action that makes pictures from text; lite requires a ratio, and takes no size and no format.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Price, Table

from .common import FORMS, SMALL, TEN, prompt

FOURTEEN = (*TEN, "1:4", "4:1", "1:8", "8:1")
PATH = "/api/v1/nano_banana/text_to_image"


def references(most: int) -> Param:
    return Param("reference_image_urls", Files(1, most, forms=FORMS))


def nano_banana(name: str, ratios: tuple[str, ...], longest: int, most: int, usd: dict[str, str]) -> Offer:
    return Offer(
        name=name,
        path=PATH,
        params={
            "prompt": prompt(longest),
            "images": references(most),
            "aspect_ratio": Param("aspect_ratio", Choice("auto", *ratios), default=UNKNOWN),
            "resolution": Param("output_resolution", Choice(SMALL), default=UNKNOWN),
            "output_format": Param("output_format", Choice("png", "jpeg"), default=UNKNOWN),
        },
        prices=Table("resolution", usd),
    )


OFFERS = (
    nano_banana("nano-banana-2", FOURTEEN, 20_000, 14, {"1K": "0.08", "2K": "0.12", "4K": "0.18"}),
    nano_banana("nano-banana-pro", TEN, 10_000, 8, {"1K": "0.18", "2K": "0.18", "4K": "0.24"}),
    Offer(
        name="nano-banana-2-lite",
        path=PATH,
        params={
            "prompt": prompt(20_000),
            "images": references(10),
            # Required on the wire, and no page names a default: auto, as at its sisters elsewhere, is our choice.
            "aspect_ratio": Param("aspect_ratio", Choice("auto", *FOURTEEN), default="auto", always_sent=True),
        },
        prices=Price("0.03"),
    ),
)
