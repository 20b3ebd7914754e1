"""nano-banana, 2, 2 lite and pro.

Page: docs.kie.ai, nano-banana; of the first, of which the page says no more than "likewise", the fields are those of
its own page as it stood in early 2026.
Odd: jpeg is written jpg, but for the first; only the first names the ratio `image_size`, and edits by a model of its
own; lite requires a ratio, and no page names a default (auto is our choice), nor the bound of its prompt (2's).
"""

from anymedia.declare import Choice, Files, Offer, Param, Price, Table, when

from .common import FORMS, TEN, prompt

FOURTEEN = (*TEN, "1:4", "4:1", "1:8", "8:1")  # the page says 14; these four are other sellers'
JPG = Choice({"png": "png", "jpeg": "jpg"})
SIZES = Choice("1K", "2K", "4K")

OFFERS = (
    Offer(
        name="nano-banana",
        wire_id=when(images="google/nano-banana-edit", otherwise="google/nano-banana"),
        params={
            "prompt": prompt(5000),
            "images": Param("input.image_urls", Files(1, 10, forms=FORMS)),
            "aspect_ratio": Param("input.image_size", Choice("auto", *TEN), default="1:1"),
            "output_format": Param("input.output_format", Choice("png", "jpeg"), default="png"),
        },
        prices=Price("0.02"),
    ),
    Offer(
        name="nano-banana-2",
        params={
            "prompt": prompt(20_000),
            "images": Param("input.image_input", Files(1, 14, forms=FORMS)),
            "aspect_ratio": Param("input.aspect_ratio", Choice("auto", *FOURTEEN), default="auto"),
            "resolution": Param("input.resolution", SIZES, default="1K"),
            "output_format": Param("input.output_format", JPG, default="jpeg"),
        },
        prices=Table("resolution", {"1K": "0.04", "2K": "0.06", "4K": "0.09"}),
    ),
    Offer(
        name="nano-banana-2-lite",
        params={
            "prompt": prompt(20_000),
            "images": Param("input.image_urls", Files(1, 10, forms=FORMS)),
            "aspect_ratio": Param("input.aspect_ratio", Choice("auto", *FOURTEEN), default="auto", always_sent=True),
        },
        prices=Price("0.02"),
    ),
    Offer(
        name="nano-banana-pro",
        params={
            "prompt": prompt(10_000),
            "images": Param("input.image_input", Files(1, 8, forms=FORMS)),
            "aspect_ratio": Param("input.aspect_ratio", Choice("auto", *TEN), default="1:1"),
            "resolution": Param("input.resolution", SIZES, default="1K"),
            "output_format": Param("input.output_format", JPG, default="png"),
        },
        prices=Table("resolution", {"1K": "0.09", "2K": "0.09", "4K": "0.12"}),
    ),
)
