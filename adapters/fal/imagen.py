"""Imagen 4, fast and ultra.

Page: fal's own client, fal-ai/imagen4/preview; that fast and ultra lie under it is inferred. No price is told.
"""

from anymedia.declare import UNKNOWN, Choice, Offer, Param

from .common import PICTURES, SEED, prompt


def imagen(tier: str, path: str) -> Offer:
    return Offer(
        name=f"imagen-4{tier}",
        wire_id=f"fal-ai/imagen4/preview{path}",
        params={
            "prompt": prompt(),
            "aspect_ratio": Param("aspect_ratio", Choice("1:1", "16:9", "9:16", "3:4", "4:3"), default=UNKNOWN),
            "resolution": Param("resolution", Choice("1K", "2K"), default=UNKNOWN),
            "count": PICTURES,
            "seed": SEED,
            # The page names the field and no words: those of its sisters by the same maker are our choice.
            "output_format": Param("output_format", Choice("jpeg", "png", "webp"), default=UNKNOWN),
        },
    )


OFFERS = (imagen("", ""), imagen("-fast", "/fast"), imagen("-ultra", "/ultra"))
