"""imagen-4-0: one image a task, 16:9 unless told otherwise.

Page: reAPI's own validators, July 2026, imagen-4-0.
"""

from anymedia.declare import Choice, Offer, Param, Price, Text

OFFERS = (
    Offer(
        name="imagen-4-0",
        model="imagen-4",
        page="reAPI's own validators, July 2026, imagen-4-0",
        params={
            "prompt": Param("prompt", Text(1, 4000), required=True),
            "aspect_ratio": Param("size", Choice("1:1", "16:9", "9:16", "4:3", "3:4"), default="16:9"),
        },
        prices=Price("0.046"),
    ),
)
