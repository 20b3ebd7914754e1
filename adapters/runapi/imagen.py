"""Imagen 4 and Qwen image 2 at RunAPI.

Page: RunAPI's client library, imagen-4, -fast, -ultra and qwen_2; bounds of texts: other sellers of the models. The
action of imagen-4 and the name of the model that edits with qwen-2 are not told: those of their sisters are taken.
Odd: of imagen-4 only fast takes the ratio auto; an edit with qwen-2 is of one picture.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Price, Text, Whole, when

from .common import CHECKER, FIVE, FORMS, prompt

SEED = Param("seed", Whole(0, 2**31 - 1))


def imagen(tier: str, usd: str, *more: str) -> Offer:
    return Offer(
        name=f"imagen-4{tier}",
        path="/api/v1/imagen_4/text_to_image",
        params={
            "prompt": prompt(5000),
            "negative_prompt": Param("negative_prompt", Text(0, 5000)),
            "aspect_ratio": Param("aspect_ratio", Choice(*FIVE, *more), default=UNKNOWN),
            "seed": SEED,
        },
        prices=Price(usd),
    )


OFFERS = (
    imagen("", "0.08"),
    imagen("-fast", "0.04", "auto"),
    imagen("-ultra", "0.12"),
    Offer(
        name="qwen-2",
        model="qwen-image-2",
        wire_id=when(images="qwen-2-edit-image", otherwise="qwen-2-text-to-image"),
        path=when(images="/api/v1/qwen_2/edit_image", otherwise="/api/v1/qwen_2/text_to_image"),
        params={
            "prompt": prompt(800),
            "images": Param("source_image_url", Files(1, 1, single=True, forms=FORMS)),
            "aspect_ratio": Param("aspect_ratio", Choice(*FIVE), default=UNKNOWN),
            "seed": SEED,
            "output_format": Param("output_format", Choice("png", "jpeg"), default=UNKNOWN),
            "moderation": CHECKER,
        },
    ),
)
