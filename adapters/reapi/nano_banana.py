"""nano-banana-2 and -pro under Google's names, each also at Google's own price (-official), and nano-banana-2-lite.

Page: reAPI's own validators, July 2026, gemini-3.1-flash-image-preview, gemini-3-pro-image-preview.
Odd: 0.5k, which costs what 1k does, has no word here; it is given in `extra`, as `resolution`.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Flag, Offer, Param, Price, Table, Text, Whole

TEN = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")  # our choice: the page counts them
STRIPS = ("1:4", "4:1", "1:8", "8:1")
SEARCH = {  # seen in clients of the live service
    "google_search": Param("google_search", Flag(), default=False),
    "google_image_search": Param("google_image_search", Flag(), default=False),
}


def gemini(name: str, model: str, ratios: tuple[str, ...], usd: str, knobs: dict[str, Param] | None = None) -> Offer:
    return Offer(
        name=name,
        model=model,
        page=f"reAPI's own validators, July 2026, {name}",
        params={
            "prompt": Param("prompt", Text(1, 4000), required=True),
            "images": Param("image_urls", Files(1, 14)),
            "aspect_ratio": Param("size", Choice(*ratios), default=UNKNOWN),
            # It decides the price, and the page names no default: our choice is to send what other sellers take.
            "resolution": Param(
                "resolution", Choice({"1K": "1k", "2K": "2k", "4K": "4k"}), default="1K", always_sent=True
            ),
            "count": Param("n", Whole(1, 4), default=1),
        },
        knobs=knobs or {},
        prices=Table("resolution", dict(zip(("1K", "2K", "4K"), usd.split(), strict=True))),
    )


FLASH, PRO = "gemini-3.1-flash-image-preview", "gemini-3-pro-image-preview"

OFFERS = (
    gemini(FLASH, "nano-banana-2", (*TEN, *STRIPS), ".0315 .0477 .0711", SEARCH),
    gemini(f"{FLASH}-official", "nano-banana-2", (*TEN, *STRIPS), ".05896 .08888 .13288", SEARCH),
    gemini(PRO, "nano-banana-pro", TEN, ".0414 .0414 .045"),
    gemini(f"{PRO}-official", "nano-banana-pro", TEN, ".12328 .12328 .2208"),
    Offer(
        name="nano-banana-2-lite",
        page="reAPI's own validators, July 2026, nano-banana-2-lite",
        params={
            "prompt": Param("prompt", Text(1, 20_000), required=True),
            "images": Param("image_urls", Files(1, 10)),
            "aspect_ratio": Param("aspect_ratio", Choice(*TEN, *STRIPS, "auto"), default=UNKNOWN),
        },
        prices=Price("0.02"),
    ),
)
