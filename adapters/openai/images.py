"""OpenAI's images: a picture is made from a text, or from pictures that are parts of a form.

Page: platform.openai.com/docs, Images, and the types of the official client 3.57.0.
Odd: what a picture costs is told by its answer alone, in tokens; edits have no `moderation`; a transparent background
goes with formats that have one. `xhigh` and `max` of `quality` (2.5), and gif and svg of `output_format`, are words
that no request has: they are given in `extra`, as they are on the wire.
"""

from anymedia.declare import (
    ANY, Choice, File, Files, Metered, Offer, Param, Rule, Size, Text, Whole, when,
)  # fmt: skip

IMAGES = Files(1, 16, forms=("part",), types=("image/png", "image/webp", "image/jpeg"), megabytes=50)

# The sizes that every model has; of others no page tells which ratio they are for.
RATIOS = Choice({"auto": "auto", "1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"})
# "1:3 to 3:1, at most 3840x2160": that no side is longer either is our reading.
PIXELS = Size("{width}x{height}", step=16, most=3840, ratio=3, area=(3840, 2160))

PARAMS = {
    "prompt": Param("prompt", Text(1, 32_000), required=True),
    "images": Param("image[]", IMAGES),
    "mask": Param("mask", File(forms=("part",), types=("image/png",), megabytes=4)),
    "aspect_ratio": Param("size", RATIOS, default="auto"),
    "count": Param("n", Whole(1, 10), default=1),
    "quality": Param("quality", Choice("auto", "low", "medium", "high"), default="auto"),
    "background": Param("background", Choice("auto", "opaque", "transparent"), default="auto"),
    "moderation": Param(
        when(images=None, otherwise="moderation"), Choice({"standard": "auto", "low": "low"}), default="standard"
    ),
    "output_format": Param("output_format", Choice("png", "jpeg", "webp"), default="png"),
}
KNOBS = {
    "output_compression": Param("output_compression", Whole(0, 100), default=100),
    "safety_identifier": Param("safety_identifier", Text()),
}
PLANNED = {"complexity": Param("complexity", Choice("low", "medium", "high"))}


def fidelity(*words: str) -> dict[str, Param]:
    return {"input_fidelity": Param(when(images="input_fidelity"), Choice(*words), default=when(images="low"))}


# USD a token of a text and of pictures that are put in, and of what comes out, which is taken for pictures alone.
TOKENS = Metered({"text_tokens": "0.000005", "image_tokens": "0.000008", "tokens_made": "0.00003"})
USED = {
    "text_tokens": "usage.input_tokens_details.text_tokens!num",
    "image_tokens": "usage.input_tokens_details.image_tokens!num",
    "tokens_made": "usage.output_tokens!num",
}


def gpt_image(
    version: str,
    knobs: dict[str, Param],
    size: dict[str, Param],
    prices: Metered | None = None,
    ends: str | None = None,
) -> Offer:
    return Offer(
        name=f"gpt-image-{version}",
        path=when(images="/v1/images/edits", otherwise="/v1/images/generations"),
        params=PARAMS | size,
        knobs=KNOBS | knobs,
        rules=(
            Rule(when={"mask": ANY}, needs="images"),
            Rule(when={"background": "transparent"}, allows={"output_format": ("png", "webp")}),
        ),
        prices=prices,
        ends=ends,
    )


OFFERS = (
    gpt_image("2", {}, {"size": Param("size", PIXELS)}, TOKENS),
    *(
        gpt_image(version, PLANNED, {"size": Param("size", PIXELS)}, TOKENS)
        for version in ("2.5-sunburst", "2.5-flare", "2.6-sunburst", "2.6-flare")
    ),
    gpt_image("1.5", fidelity("high", "low"), {}, ends="2026-12-01"),
    gpt_image("1-mini", fidelity("low"), {}, ends="2026-12-01"),
)
