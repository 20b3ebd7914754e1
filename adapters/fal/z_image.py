"""z-image, its turbo.

Page: fal's own client, fal-ai/z-image/turbo. No price is told.
"""

from anymedia.declare import UNKNOWN, Choice, Offer, Param, Size, Text, Whole

from .common import NAMED, PICTURES, SEED, prompt

OFFERS = (
    Offer(
        name="z-image",
        wire_id="fal-ai/z-image/turbo",
        params={
            "prompt": prompt(),
            "aspect_ratio": Param("image_size", Choice(NAMED), default=UNKNOWN),
            "size": Param("image_size", Size()),
            "count": PICTURES,
            "seed": SEED,
        },
        knobs={
            "num_inference_steps": Param("num_inference_steps", Whole(1), default=8),
            "acceleration": Param("acceleration", Text(1), default=UNKNOWN),
        },
    ),
)
