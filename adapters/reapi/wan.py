"""wan-2.7: a text, frames, a film to be continued, or references, each in fields of its own.

Page: reAPI's own validators, 2026-07-23, wan2.7-video.
Odd: resolutions in upper case, 1080P by default; no ratio beside frames; without sound, unless one is given. Which
modes go together is not told: ours do not. `video` is continued; an edit (`video_url`) is given in `extra`.
"""

from anymedia.declare import (
    ANY, Choice, File, Files, Flag, Offer, Param, Per, Rule, Table, Text, Whole, when,
)  # fmt: skip

from .media import FILMS, SOUNDS

RATIOS = Choice("16:9", "9:16", "1:1", "4:3", "3:4")
AT_VOICES, VOICES = "reference_voice_urls", Files(1, 5, types=SOUNDS)

OFFERS = (
    Offer(
        name="wan2.7-video",
        model="wan-2.7",
        kind="video",
        path="/api/v1/videos/generations",
        page="reAPI's own validators, 2026-07-23, wan2.7-video",
        params={
            "prompt": Param("prompt", Text(1, 5000)),
            "negative_prompt": Param("negative_prompt", Text(0, 500)),
            "first_frame": Param("image_with_roles[0].url", File()),
            "last_frame": Param("image_with_roles[1].url", File()),
            "video": Param("video_urls[0]", File(types=FILMS)),
            "images": Param("reference_image_urls", Files(1, 5)),
            "videos": Param("reference_video_urls", Files(1, 5, types=FILMS)),
            "audios": Param(
                when(images=AT_VOICES, videos=AT_VOICES, otherwise="audio_url"),
                when(images=VOICES, videos=VOICES, otherwise=Files(1, 1, single=True, types=SOUNDS)),
            ),
            "duration": Param("duration", Whole(2, 15), default=5, always_sent=True),
            "aspect_ratio": Param("size", when(first_frame=None, video=None, otherwise=RATIOS), default="16:9"),
            "resolution": Param(
                "resolution", Choice({"720p": "720P", "1080p": "1080P"}), default="1080p", always_sent=True
            ),
            "seed": Param("seed", Whole(0)),
        },
        knobs={
            "prompt_extend": Param("prompt_extend", Flag(), default=True),
            "watermark": Param("watermark", Flag(), default=False),
        },
        fixed={
            "image_with_roles[0].role": when(first_frame="first_frame"),
            "image_with_roles[1].role": when(last_frame="last_frame"),
        },
        rules=(
            Rule(when={"images": ANY}, needs="prompt", excludes=("video",)),
            Rule(when={"videos": ANY}, needs="prompt", excludes=("video",)),
            Rule(when={"audios": ANY}, needs=("prompt", "first_frame", "video")),
        ),
        prices=Table("resolution", {"1080p": Per(".1206")}),
    ),
)
