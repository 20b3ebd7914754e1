"""Imagen 4, fast and ultra: pictures from texts alone.

Page: docs.kie.ai, imagen4.
Odd: a seed is a text, but for fast, where it is a number; and fast is 16:9 where the others are 1:1.
"""

from anymedia.declare import Choice, Offer, Param, Price, Text, Whole

from .common import FIVE, prompt


def imagen(tier: str, ratio: str, seed: Whole, usd: str) -> Offer:
    return Offer(
        name=f"imagen-4{tier}",
        wire_id=f"google/imagen4{tier}",
        params={
            "prompt": prompt(5000),
            "negative_prompt": Param("input.negative_prompt", Text(0, 5000)),
            "aspect_ratio": Param("input.aspect_ratio", Choice(*FIVE, "auto"), default=ratio),
            "seed": Param("input.seed", seed),
        },
        prices=Price(usd),
    )


OFFERS = (
    imagen("", "1:1", Whole(form=str), "0.04"),
    imagen("-fast", "16:9", Whole(), "0.02"),
    imagen("-ultra", "1:1", Whole(form=str), "0.06"),
)
