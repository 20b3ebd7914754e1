"""FLUX.2 at Replicate: sizes are megapixels in words, or pixels beside a ratio that says so.

Page: replicate.com, black-forest-labs/flux-2-pro and flux-2-flex.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Flag, Number, Offer, Param, Rule, Size, Text, Whole

from .files import FORMS, INLINE

RATIOS = ("1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3")
KNOBS = {
    "safety_tolerance": Param("input.safety_tolerance", Whole(1, 5)),
    "output_quality": Param("input.output_quality", Whole(0, 100)),
}
FLEX = {
    **KNOBS,
    "steps": Param("input.steps", Whole(1, 50)),  # bounds as at the makers, and so of guidance: our choice
    "guidance": Param("input.guidance", Number(1.5, 10)),
    "prompt_upsampling": Param("input.prompt_upsampling", Flag()),
}


def flux_2(tier: str, knobs: dict[str, Param]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=f"black-forest-labs/flux-2-{tier}",
        params={
            "prompt": Param("input.prompt", Text(1), required=True),
            "images": Param("input.input_images", Files(1, 8, forms=FORMS, inline=INLINE)),
            "aspect_ratio": Param(
                "input.aspect_ratio", Choice({"auto": "match_input_image"}, *RATIOS), default=UNKNOWN
            ),
            "size": Param("input.", Size(least=256, most=2048, beside={"aspect_ratio": "custom"})),
            # "0.5 MP" and "2 MP" have no word of ours, and are given in `extra`.
            "resolution": Param("input.resolution", Choice({"1K": "1 MP", "2K": "4 MP"}), default=UNKNOWN),
            "seed": Param("input.seed", Whole()),
            "output_format": Param(
                "input.output_format", Choice({"webp": "webp", "jpeg": "jpg", "png": "png"}), default="webp"
            ),
        },
        knobs=knobs,
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
    )


OFFERS = (flux_2("pro", KNOBS), flux_2("flex", FLEX))
