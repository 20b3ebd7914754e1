"""Replicate: what its page, and the models' schemas as clients have them, tell, row by row."""

import attrs

from anymedia import Cause, VideoRequest
from anymedia.declare import Err, Match

from .rows import (
    ABOUT,
    ESTIMATE,
    FILM,
    FIRST,
    HOOK,
    KLING,
    LAST,
    PROMPT,
    SEEDANCE,
    SEEDANCE_FAST,
    SOUND,
    UNKNOWN,
    VEO,
    WAN,
    Cell,
    Row,
    cents,
    film,
    flat,
    per_second,
    picture,
    unnamed,
)


def made(name, request, wire_id, callback=None, **given):
    """Return what Replicate is sent: the path of the model, and the input."""
    told = {} if callback is None else {"webhook": callback, "webhook_events_filter": ["completed"]}
    path = f"/v1/models/{wire_id}/predictions"
    return Row(f"replicate/{name}", request, path, {"input": {"prompt": PROMPT, **given}, **told})


KLING_IS, VEO_IS = "kwaivgi/kling-v3-video", "google/veo-3.1-fast"
TEXT_WAN, FRAME_WAN = "wan-video/wan-2.7-t2v", "wan-video/wan-2.7-i2v"
OF_5_S = {"duration": 5, "resolution": "720p"}
AFTER = {"images": (FIRST, LAST), "videos": (FILM,), "audios": (SOUND,)}
SEEDANCES = ("seedance-2.0", "seedance-2.0-fast", "seedance-2.0-mini")

ROWS = [
    *(
        row
        for name in ("flux-2-pro", "flux-2-flex")
        for row in (
            made(name, picture(name), f"black-forest-labs/{name}"),
            made(
                name,
                picture(
                    name,
                    images=(FIRST, LAST),
                    aspect_ratio="auto",
                    resolution="2K",
                    seed=7,
                    output_format="jpeg",
                    callback_url=HOOK,
                    extra={"replicate": {"safety_tolerance": 5, "output_quality": 90}},
                ),
                f"black-forest-labs/{name}",
                HOOK,
                input_images=[FIRST, LAST],
                aspect_ratio="match_input_image",
                resolution="4 MP",
                seed=7,
                output_format="jpg",
                safety_tolerance=5,
                output_quality=90,
            ),
            # Pixels, and the word that says so.
            made(
                name,
                picture(name, size=(1440, 810)),
                f"black-forest-labs/{name}",
                width=1440,
                height=810,
                aspect_ratio="custom",
            ),
        )
    ),
    made(
        "flux-2-flex",
        picture("flux-2-flex", extra={"replicate": {"steps": 20, "guidance": 4.5, "prompt_upsampling": False}}),
        "black-forest-labs/flux-2-flex",
        steps=20,
        guidance=4.5,
        prompt_upsampling=False,
    ),
    made(
        "kling-3.0",
        KLING,
        KLING_IS,
        start_image=FIRST,
        end_image=LAST,
        duration=5,
        mode="standard",
        generate_audio=False,
    ),
    made("kling-3.0", film("kling-3.0"), KLING_IS, duration=5, mode="pro", generate_audio=False),
    made(
        "kling-3.0",
        film(
            "kling-3.0",
            duration=15,
            aspect_ratio="9:16",
            resolution="4K",
            audio=True,
            negative_prompt="rain",
            callback_url=HOOK,
            extra={"replicate": {"input": {"multi_prompt": "[]"}}},
        ),
        KLING_IS,
        HOOK,
        duration=15,
        aspect_ratio="9:16",
        mode="4k",
        generate_audio=True,
        negative_prompt="rain",
        multi_prompt="[]",
    ),
    *(
        row
        for name, request in zip(
            SEEDANCES, (SEEDANCE, SEEDANCE_FAST, attrs.evolve(SEEDANCE, model="seedance-2.0-mini")), strict=True
        )
        for row in (
            made(
                name,
                request,
                f"bytedance/{name}",
                image=FIRST,
                last_frame_image=LAST,
                generate_audio=False,
                **OF_5_S,
            ),
            made(
                name,
                film(name, **AFTER, duration="auto", aspect_ratio="auto", resolution="480p", seed=7),
                f"bytedance/{name}",
                reference_images=[FIRST, LAST],
                reference_videos=[FILM],
                reference_audios=[SOUND],
                duration=-1,
                aspect_ratio="adaptive",
                resolution="480p",
                generate_audio=True,
                seed=7,
            ),
        )
    ),
    made(
        "veo-3.1-fast",
        attrs.evolve(VEO, audio=False),
        VEO_IS,
        image=FIRST,
        last_frame=LAST,
        duration=8,
        resolution="720p",
        generate_audio=False,
    ),
    made(
        "veo-3.1-fast",
        film("veo-3.1-fast", duration=4, aspect_ratio="9:16", resolution="1080p", negative_prompt="rain", seed=7),
        VEO_IS,
        duration=4,
        aspect_ratio="9:16",
        resolution="1080p",
        generate_audio=True,
        negative_prompt="rain",
        seed=7,
    ),
    made("wan-2.7", WAN, FRAME_WAN, first_frame=FIRST, last_frame=LAST, **OF_5_S),
    made(
        "wan-2.7",
        film(
            "wan-2.7",
            duration=15,
            resolution="1080p",
            aspect_ratio="3:4",
            negative_prompt="rain",
            audios=(SOUND,),
            seed=0,
            extra={"replicate": {"enable_prompt_expansion": False}},
        ),
        TEXT_WAN,
        duration=15,
        resolution="1080p",
        aspect_ratio="3:4",
        negative_prompt="rain",
        audio=SOUND,
        seed=0,
        enable_prompt_expansion=False,
    ),
]

DEFAULTS = {
    **{
        f"replicate/{name}": unnamed("aspect_ratio", "resolution") | {"output_format": "webp"}
        for name in ("flux-2-pro", "flux-2-flex")
    },
    "replicate/kling-3.0": unnamed("aspect_ratio") | {"duration": 5, "resolution": "1080p", "audio": False},
    **{f"replicate/{name}": unnamed("aspect_ratio") | OF_5_S | {"audio": True} for name in SEEDANCES},
    "replicate/veo-3.1-fast": unnamed("aspect_ratio") | {"duration": 8, "resolution": "720p", "audio": True},
    "replicate/wan-2.7": unnamed("aspect_ratio") | OF_5_S,
}

REFUSED = [
    ("replicate/flux-2-pro", picture("flux-2-pro", size=(255, 1024)), "size: takes at least 256 pixels a side"),
    ("replicate/flux-2-pro", picture("flux-2-pro", size=(2049, 1024)), "size: takes at most 2048 pixels a side"),
    ("replicate/flux-2-pro", picture("flux-2-pro", aspect_ratio="auto"), "aspect_ratio: auto needs images"),
    ("replicate/flux-2-pro", picture("flux-2-pro", images=(FIRST,) * 9), "images: takes 1 to 8 files, not 9"),
    ("replicate/flux-2-pro", picture("flux-2-pro", resolution="4K"), "resolution: takes 1K, 2K, not 4K"),
    ("replicate/kling-3.0", film("kling-3.0", duration=2), "duration: takes 3 to 15, not 2"),
    ("replicate/kling-3.0", attrs.evolve(KLING, prompt="x" * 2501), "prompt: takes 1 to 2500 characters"),
    ("replicate/kling-3.0", film("kling-3.0", seed=7), "seed: not supported"),
    ("replicate/seedance-2.0", film("seedance-2.0", resolution="4K"), "resolution: takes 480p, 720p, 1080p, not 4K"),
    ("replicate/seedance-2.0-fast", film("seedance-2.0-fast", resolution="1080p"), "takes 480p, 720p, not 1080p"),
    ("replicate/seedance-2.0-mini", film("seedance-2.0-mini", resolution="1080p"), "takes 480p, 720p, not 1080p"),
    ("replicate/seedance-2.0", attrs.evolve(SEEDANCE, audios=(SOUND,)), "first_frame: goes without audios"),
    ("replicate/seedance-2.0", film("seedance-2.0", images=(FIRST,) * 10), "images: takes 1 to 9 files, not 10"),
    ("replicate/veo-3.1-fast", film("veo-3.1-fast", duration=5), "duration: takes 4, 6, 8, not 5"),
    ("replicate/veo-3.1-fast", film("veo-3.1-fast", images=(FIRST,)), "images: not supported"),
    ("replicate/wan-2.7", attrs.evolve(WAN, aspect_ratio="1:1"), "aspect_ratio: not supported with first_frame"),
    ("replicate/wan-2.7", film("wan-2.7", video=FILM), "video: not supported"),
    ("replicate/wan-2.7", VideoRequest(model="wan-2.7", first_frame=FIRST), "prompt: required by this offer"),
]

A_SECOND = {"billed": cents, "status": ESTIMATE}
CELLS = [
    *(cell for name in ("flux-2-pro", "flux-2-flex") for cell in flat(f"replicate/{name}", {None: "?", "1K": "?"})),
    *(
        cell
        for more in ({}, {"first_frame": FIRST})
        for cell in per_second(
            "replicate/kling-3.0",
            *("audio", (False, True)),
            {"720p": ".084 .126", "1080p": ".112 .168", "4K": "? ?"},
            **A_SECOND,
            **more,
        )
    ),
    *per_second("replicate/seedance-2.0", None, (None,), {"480p": "?", "720p": "?", "1080p": "?"}, **A_SECOND),
    *per_second("replicate/seedance-2.0-fast", None, (None,), {"480p": "?", "720p": "?"}, **A_SECOND),
    *per_second(
        "replicate/seedance-2.0-fast",
        *(None, (None,)),
        {"480p": "?", "720p": ".17"},
        **A_SECOND,
        beyond=15,
        videos=(FILM,),
    ),
    *per_second("replicate/seedance-2.0-mini", None, (None,), {"720p": "?"}, **A_SECOND),
    Cell("replicate/veo-3.1-fast", {}, None, None, UNKNOWN),
    *per_second("replicate/wan-2.7", None, (None,), {"720p": ".10", "1080p": "?"}, billed=cents, status=ABOUT),
    *per_second("replicate/wan-2.7", None, (None,), {"720p": "?", "1080p": "?"}, first_frame=FIRST),
]

FACTS = {
    "replicate": {
        "pace": ({"first": 2}, {0: 2, 59: 2, 60: 5, 9999: 5}),
        "keys": ("REPLICATE_API_TOKEN",),
        "states": "starting queued, processing running, succeeded succeeded, failed failed, canceled canceled, "
        "aborted failed",
        "printed": ("2026-10", "Replicate's prices as clients of it have them"),
        "lives": 3600,
        "refunds": "unknown",
        "errors": {Match("E005"): Err(Cause.BLOCKED)},
        "signed_with": "REPLICATE_WEBHOOK_SECRET",
        "limits": {"submits": (600, 60), "polls": (3000, 60)},
        "calls": ("https://api.replicate.com", "Authorization", "Bearer ", "GET /v1/predictions/a%2Fb"),
    }
}
