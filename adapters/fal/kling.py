"""kling-3.0 in two sizes, each at endpoints of its own: standard is 720p, pro is 1080p.

Page: fal's own client, fal-ai/kling-video/v3.
Odd: lengths are texts; sound is on by default, and costs half as much again; with a frame there is no ratio.
`multi_prompt`, which takes the place of the prompt (null beside it), and `elements` are given in `extra` as they are on
the wire; what a film of several shots is billed by is not told, and a voice of an element costs more, so that their
price is unknown.
"""

from anymedia.declare import Always, Choice, Number, Offer, Param, Table, Text, Whole, when

from .common import PICTURE, prompt, with_sound

RATIOS = Choice("16:9", "9:16", "1:1")


def kling(name: str, tier: str, resolution: str, silent: str, sound: str) -> Offer:
    return Offer(
        name=name,
        model="kling-3.0",
        kind="video",
        wire_id=when(
            first_frame=f"fal-ai/kling-video/v3/{tier}/image-to-video",
            otherwise=f"fal-ai/kling-video/v3/{tier}/text-to-video",
        ),
        params={
            "prompt": prompt(),
            "negative_prompt": Param("negative_prompt", Text(), default="blur, distort, and low quality"),
            "first_frame": Param("start_image_url", PICTURE),
            "last_frame": Param("end_image_url", PICTURE),
            "duration": Param("duration", Whole(3, 15, form=str), default=5, always_sent=True),
            "aspect_ratio": Param(
                "aspect_ratio",
                when(first_frame=None, otherwise=RATIOS),
                default=when(first_frame=None, otherwise="16:9"),
            ),
            "resolution": Param(None, Always(resolution)),
            "audio": with_sound(),
        },
        knobs={
            "cfg_scale": Param("cfg_scale", Number(0, 1), default=0.5),  # no bounds are told: our choice
            "shot_type": Param("shot_type", Choice("customize", "intelligent")),
            "shots": Param("multi_prompt", Choice({"one": []}), default="one"),
            "own_voices": Param("elements", when(first_frame=Choice({"none": []}), otherwise=None), default="none"),
        },
        prices=Table.printed(
            "audio shots own_voices", ("one", "none"), {"false": silent, "true": sound}, per="duration"
        ),
    )


OFFERS = (
    kling("kling-3.0", "standard", "720p", ".084", ".126"),
    kling("kling-3.0-pro", "pro", "1080p", ".112", ".168"),
)
