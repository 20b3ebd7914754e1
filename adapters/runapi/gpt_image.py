"""gpt-image-2 at RunAPI.

Page: RunAPI's client library, gpt_image_2 (its wire id is not told).
Odd: "edit 16" may be the price of any edit, or of one at 4K.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Price, Table, when

from .common import FORMS, SMALL, TEN, prompt

EDIT_16 = 'the page\'s "4k 16 (edit 16)" may mean edits of any size or of 4k alone; the dearer is taken'

OFFERS = (
    Offer(
        name="gpt-image-2",
        path=when(images="/api/v1/gpt_image_2/edit_image", otherwise="/api/v1/gpt_image_2/text_to_image"),
        params={
            "prompt": prompt(),
            "aspect_ratio": Param(
                "aspect_ratio", Choice("auto", *TEN, "2:1", "1:2", "3:1", "1:3", "9:21"), default=UNKNOWN
            ),
            "resolution": Param("output_resolution", Choice(SMALL), default=UNKNOWN),
            "images": Param("source_image_urls", Files(1, forms=FORMS)),
        },
        prices=Table(
            "variant resolution",
            {("text", "1K"): "0.06", ("text", "2K"): "0.10", ("text", "4K"): "0.16", ("images", "4K"): "0.16"}
            | {("images", tier): Price("0.16", doubt=EDIT_16) for tier in ("1K", "2K")},
        ),
    ),
)
