"""Veo 3.1, fast and lite: a route of its own, whose fields are at the top of the body.

Page: docs.kie.ai, veo 3.1.
Odd: names with humps stand beside names without; frames and references are one list, and generationType says which they
are; a clip always has sound, and costs the same whatever its length; references only of fast and lite, for 8 s.
"""

from anymedia.declare import (
    ANY, Always, Choice, File, Files, Flag, Offer, Param, Price, Rule, Table, Text, Whole, when,
)  # fmt: skip

from .common import FORMS

INFERRED = "no page of kie.ai prints a price; it is inferred from another seller, whose figures are twice these"
FRAME = File(forms=FORMS)
FRAMES, REFERENCE = "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"


def veo(tier: str, wire_id: str, usd: str, references: Files | None) -> Offer:
    return Offer(
        name=f"veo-3.1{tier}",
        wire_id=wire_id,
        kind="video",
        lifecycle="veo",
        fixed={"generationType": when(first_frame=FRAMES, images=REFERENCE, otherwise="TEXT_2_VIDEO")},
        params={
            "prompt": Param("prompt", Text(1), required=True),
            "first_frame": Param("imageUrls[0]", FRAME),
            "last_frame": Param("imageUrls[1]", FRAME),
            **({} if references is None else {"images": Param("imageUrls", references)}),
            "duration": Param("duration", Whole(4, 8, step=2), default=8, always_sent=True),
            "aspect_ratio": Param("aspect_ratio", Choice("16:9", "9:16", {"auto": "Auto"}), default="16:9"),
            "resolution": Param("resolution", Choice("720p", "1080p", {"4K": "4k"}), default="720p", always_sent=True),
            "audio": Param(None, Always(True)),
        },
        knobs={
            "watermark": Param("watermark", Text()),
            "enableTranslation": Param("enableTranslation", Flag()),
            "enableFallback": Param("enableFallback", Flag(), default=False),
        },
        rules=() if references is None else (Rule(when={"images": ANY}, allows={"duration": (8,)}),),
        # The figure is a clip's, whatever its size; that 4K, which other sellers charge more for, is in it is not told.
        prices=Table("resolution", {size: Price(usd, doubt=INFERRED) for size in ("720p", "1080p")}),
    )


THREE = Files(1, 3, forms=FORMS)

OFFERS = (
    veo("", "veo3", "1.25", None),
    veo("-fast", "veo3_fast", "0.30", THREE),
    veo("-lite", "veo3_lite", "0.15", THREE),
)
