"""veo-3.1-fast by the clip, always eight seconds with sound; and at Google's own price, by the second.

Page: reAPI's own validators, 2026-07-23, veo3.1-fast and veo3.1-fast-official.
Odd: of veo3.1-fast frames and references are one list, and generation_type says which they are. Sound is no field of
it: a clip always has it. The price of a second at -official is told nowhere.
"""

from anymedia.declare import (
    Always, Choice, File, Files, Flag, Offer, Param, Rule, Table, Text, Whole, when,
)  # fmt: skip

RATIO = Param("aspect_ratio", Choice("16:9", "9:16"), default="16:9")
RESOLUTION = Param("resolution", Choice("720p", "1080p", {"4K": "4k"}), default="720p", always_sent=True)

OFFERS = (
    Offer(
        name="veo3.1-fast",
        model="veo-3.1-fast",
        kind="video",
        path="/api/v1/videos/generations",
        page="reAPI's own validators, 2026-07-23, veo3.1-fast",
        params={
            "prompt": Param("prompt", Text(1, 4000), required=True),
            "first_frame": Param("image_urls[0]", File()),
            "last_frame": Param("image_urls[1]", File()),
            "images": Param("image_urls", Files(1, 3)),
            "duration": Param("duration", Whole(8, 8), default=8, always_sent=True),
            "aspect_ratio": RATIO,
            "resolution": RESOLUTION,
            "audio": Param(None, Always(True)),
        },
        knobs={"enable_gif": Param("enable_gif", Flag(), default=False)},
        fixed={"generation_type": when(first_frame="frame", images="reference")},
        rules=(Rule(when={"enable_gif": True}, allows={"resolution": ("720p",)}),),
        prices=Table("resolution", {"720p": ".189", "1080p": ".189", "4K": ".66"}),
    ),
    Offer(
        name="veo3.1-fast-official",
        model="veo-3.1-fast",
        kind="video",
        path="/api/v1/videos/generations",
        page="reAPI's own validators, 2026-07-23, veo3.1-fast-official",
        params={
            "prompt": Param("prompt", Text(1, 4000), required=True),
            "negative_prompt": Param("negative_prompt", Text(0, 4000)),
            "first_frame": Param("first_frame_image", File()),
            "last_frame": Param("last_frame_image", File()),
            "duration": Param("duration", Whole(4, 8, step=2), default=8, always_sent=True),
            "aspect_ratio": RATIO,
            "resolution": RESOLUTION,
            "audio": Param("generate_audio", Flag(), default=False, always_sent=True),
            "count": Param("sample_count", Whole(1, 4), default=1),
            "seed": Param("seed", Whole(0, 4_294_967_295)),
        },
        knobs={
            "person_generation": Param("person_generation", Text(1)),
            "resize_mode": Param("resize_mode", Choice("pad", "crop")),
            "enhance_prompt": Param("enhance_prompt", Flag(), default=True),
        },
    ),
)
