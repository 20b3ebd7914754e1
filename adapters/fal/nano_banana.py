"""nano-banana-2 and -pro: an edit is an endpoint of its own, a resolution is the price.

Page: docs.fal.ai, fal-ai/nano-banana-2 and fal-ai/nano-banana-pro.
Odd: 0.5K of nano-banana-2 ($0.06) has no word here; it is given in `extra`, as `resolution`.
"""

from anymedia.declare import UNKNOWN, Choice, Flag, Offer, Param, Said, Table, Text, when

from .common import PICTURES, SEED, files, prompt, tolerance

TEN = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
STRIPS = ("1:4", "4:1", "1:8", "8:1")  # the page says 14 ratios; these four are other sellers'


def nano_banana(tier: str, ratios: tuple[str, ...], default: str | Said, usd: str, knobs: dict[str, Param]) -> Offer:
    return Offer(
        name=f"nano-banana-{tier}",
        wire_id=when(images=f"fal-ai/nano-banana-{tier}/edit", otherwise=f"fal-ai/nano-banana-{tier}"),
        params={
            "prompt": prompt(),
            "images": Param("image_urls", files()),
            "aspect_ratio": Param("aspect_ratio", Choice("auto", *ratios), default=default),
            # Of pro the page names no default: 1K, which is always sent as it moves the price, is our choice there.
            "resolution": Param("resolution", Choice("1K", "2K", "4K"), default="1K", always_sent=True),
            "count": PICTURES,
            "seed": SEED,
            "output_format": Param("output_format", Choice("jpeg", "png", "webp"), default="png"),
        },
        knobs=knobs,
        prices=Table("resolution", dict(zip(("1K", "2K", "4K"), usd.split(), strict=True))),
    )


OFFERS = (
    nano_banana(
        "2",
        (*TEN, *STRIPS),
        UNKNOWN,
        ".08 .12 .16",
        {
            "safety_tolerance": tolerance(6),
            "enable_web_search": Param("enable_web_search", Flag()),
            "thinking_level": Param("thinking_level", Text(1)),
        },
    ),
    nano_banana("pro", TEN, "1:1", ".15 .15 .30", {}),
)
