"""qwen-image-2: one image makes it an edit, which takes three ratios more.

Page: docs.kie.ai, qwen2, where the model from texts is inferred: the page on it names the one that edits.
"""

from anymedia.declare import Choice, Files, Offer, Param, Price, Whole, when

from .common import EIGHT, FIVE, FORMS, MODERATION, prompt

INFERRED = "no page of kie.ai prints a price; it is inferred from another seller's"

OFFERS = (
    Offer(
        name="qwen-image-2",
        wire_id=when(images="qwen2/image-edit", otherwise="qwen2/text-to-image"),
        params={
            "prompt": prompt(800),
            "images": Param("input.image_url", Files(1, 1, single=True, forms=FORMS)),
            "aspect_ratio": Param(
                "input.image_size", when(images=Choice(*EIGHT), otherwise=Choice(*FIVE)), default="16:9"
            ),
            "seed": Param("input.seed", Whole()),
            "output_format": Param("input.output_format", Choice("png", "jpeg"), default="png"),
            "moderation": MODERATION,
        },
        prices=Price("0.028", doubt=INFERRED),
    ),
)
