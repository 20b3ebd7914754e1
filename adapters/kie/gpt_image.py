"""gpt-image-2, and 2.5 in two tempers: which ratios there are depends on the size and on what is put in.

Page: docs.kie.ai, gpt-image-2, 2026-08-19; that 2.5 takes the same fields, and a background, is inferred.
Odd: 1:1 is refused at 4K; above 1K a ratio is needed, which is not auto, 5:4 or 4:5, and without images none of the
three thinnest. No page names a default of the size: 1K, which decides the price, is our choice, and always sent.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Rule, Table, when

from .common import EIGHT, FORMS, TEN, prompt

THIN = ("3:1", "1:3", "9:21")  # above 1K only of images
LARGE = (*EIGHT, "2:1", "1:2", *THIN)
LARGEST = tuple(ratio for ratio in LARGE if ratio != "1:1")
RATIOS = Choice("auto", *TEN, "2:1", "1:2", *THIN)  # the fifteen are inferred from another seller's

RULES = (
    Rule(when={"resolution": "2K"}, allows={"aspect_ratio": LARGE}),
    Rule(when={"resolution": "4K"}, allows={"aspect_ratio": LARGEST}),
    *(
        Rule(when={"aspect_ratio": ratio, "resolution": size}, needs="images")
        for ratio in THIN
        for size in ("2K", "4K")
    ),
)


def gpt_image(name: str, wire: str, more: dict[str, Param]) -> Offer:
    return Offer(
        name=name,
        wire_id=when(images=f"{wire}-image-to-image", otherwise=f"{wire}-text-to-image"),
        params={
            "prompt": prompt(20_000),
            "images": Param("input.input_urls", Files(1, 16, forms=FORMS)),
            "aspect_ratio": Param("input.aspect_ratio", RATIOS, default=UNKNOWN),
            "resolution": Param("input.resolution", Choice("1K", "2K", "4K"), default="1K", always_sent=True),
            **more,
        },
        rules=RULES,
        prices=Table("resolution", {"1K": "0.03", "2K": "0.05", "4K": "0.08"}),
    )


BACKGROUND = {"background": Param("input.background", Choice("auto", "opaque", "transparent"), default=UNKNOWN)}

OFFERS = (
    gpt_image("gpt-image-2", "gpt-image-2", {}),
    gpt_image("gpt-image-2.5-flare", "gpt-image-2-5-flare", BACKGROUND),
    gpt_image("gpt-image-2.5-sunburst", "gpt-image-2-5-sunburst", BACKGROUND),
)
