"""BFL: what its page and the clients of its films tell, row by row."""

from decimal import Decimal

from anymedia import Cause, VideoRequest
from anymedia.declare import Err, Match

from .rows import ESTIMATE, EXACT, FILM, FIRST, HOOK, LAST, PROMPT, UNKNOWN, Cell, Row, cents, film, per_second, picture

FLUX = {tier: f"flux-2-{tier}" for tier in ("pro", "flex", "max", "klein-4b", "klein-9b")}
SENT = {"prompt": PROMPT, "duration": 5, "resolution": "hd", "generate_audio": True}


def clip(request, mode, **body):
    return Row("bfl/flux-3-video", request, "/v1/flux-3-video", {**SENT, "mode": mode, **body})


ROWS = [
    *(
        row
        for tier, model in FLUX.items()
        for row in (
            Row(f"bfl/{model}", picture(model), f"/v1/{model}", {"prompt": PROMPT}),
            Row(
                f"bfl/{model}",
                picture(model, images=(FIRST, LAST), size=(1440, 960), seed=42, output_format="png", callback_url=HOOK),
                f"/v1/{model}",
                {
                    "prompt": PROMPT,
                    "input_image": FIRST,
                    "input_image_2": LAST,
                    "width": 1440,
                    "height": 960,
                    "seed": 42,
                    "output_format": "png",
                    "webhook_url": HOOK,
                    "webhook_secret": "{webhook_secret}",
                },
            ),
        )
    ),
    # A ratio and a resolution are pixels.
    Row(
        "bfl/flux-2-pro",
        picture("flux-2-pro", aspect_ratio="16:9", resolution="2K"),
        "/v1/flux-2-pro",
        {"prompt": PROMPT, "width": 2720, "height": 1536},
    ),
    Row("bfl/flux-2-pro", picture("flux-2-pro", aspect_ratio="auto"), "/v1/flux-2-pro", {"prompt": PROMPT}),
    Row(
        "bfl/flux-2-flex",
        picture(
            "flux-2-flex",
            extra={"bfl": {"safety_tolerance": 5, "prompt_upsampling": False, "guidance": 4.5, "steps": 20}},
        ),
        "/v1/flux-2-flex",
        {"prompt": PROMPT, "safety_tolerance": 5, "prompt_upsampling": False, "guidance": 4.5, "steps": 20},
    ),
    clip(film("flux-3-video"), "t2v"),
    clip(film("flux-3-video", first_frame=FIRST), "i2v", keyframes=[FIRST]),
    clip(
        film(
            "flux-3-video",
            first_frame=FIRST,
            last_frame=LAST,
            duration="auto",
            resolution="1080p",
            aspect_ratio="21:9",
            audio=False,
            callback_url=HOOK,
        ),
        "i2v",
        keyframes=[FIRST, LAST],
        duration="auto",
        resolution="fhd",
        aspect_ratio="21:9",
        generate_audio=False,
        webhook_url=HOOK,
        webhook_secret="{webhook_secret}",
    ),
    clip(film("flux-3-video", video=FILM, duration=20), "v2v", start_video=FILM, duration=20),
    clip(
        film("flux-3-video", extra={"bfl": {"draft": True, "safety_tolerance": 0}}),
        "t2v",
        draft=True,
        safety_tolerance=0,
    ),
]

IMAGE = {"output_format": "jpeg", "safety_tolerance": 2}
DEFAULTS = {
    **{f"bfl/{model}": IMAGE for model in FLUX.values()},
    "bfl/flux-2-flex": IMAGE | {"prompt_upsampling": True, "steps": 50},
    "bfl/flux-3-video": {
        "duration": 5,
        "aspect_ratio": "auto",
        "resolution": "720p",
        "audio": True,
        "draft": False,
    },
}

REFUSED = [
    ("bfl/flux-2-klein-9b", picture("flux-2-klein-9b", images=(FIRST,) * 5), "images: takes 1 to 4 files, not 5"),
    ("bfl/flux-2-pro", picture("flux-2-pro", images=(FIRST,) * 9), "images: takes 1 to 8 files, not 9"),
    ("bfl/flux-2-pro", picture("flux-2-pro", size=(48, 64)), "size: takes at least 64 pixels a side"),
    ("bfl/flux-2-pro", picture("flux-2-pro", size=(1000, 1008)), "size: takes multiples of 16"),
    ("bfl/flux-2-pro", picture("flux-2-pro", size=(2064, 2048)), "size: takes at most 4 megapixels"),
    ("bfl/flux-2-pro", picture("flux-2-pro", output_format="webp"), "output_format: takes jpeg, png, not webp"),
    ("bfl/flux-2-pro", picture("flux-2-pro", callback_url="http://app.example/"), "takes https URLs only"),
    ("bfl/flux-2-pro", picture("flux-2-pro", extra={"bfl": {"safety_tolerance": 6}}), "takes 0 to 5, not 6"),
    ("bfl/flux-2-flex", picture("flux-2-flex", extra={"bfl": {"guidance": 1.4}}), "takes 1.5 to 10, not 1.4"),
    ("bfl/flux-3-video", film("flux-3-video", duration=4), "duration: takes 5 to 20, not 4"),
    ("bfl/flux-3-video", film("flux-3-video", video=FILM, first_frame=FIRST), "first_frame: not supported with video"),
    ("bfl/flux-3-video", film("flux-3-video", resolution="4K"), "resolution: takes 720p, 1080p, not 4K"),
    ("bfl/flux-3-video", film("flux-3-video", images=(FIRST,)), "images: not supported"),
    ("bfl/flux-3-video", VideoRequest(model="flux-3-video", first_frame=FIRST), "prompt: required by this offer"),
    ("bfl/flux-3-video", film("flux-3-video", extra={"bfl": {"safety_tolerance": 5}}), "takes 0 to 4, not 5"),
    (
        "bfl/flux-3-video",
        film("flux-3-video", resolution="1080p", extra={"bfl": {"draft": True}}),
        "true needs resolution 720p, not 1080p",
    ),
]

ONE, TWO, FOUR = {"size": (1024, 1024)}, {"size": (1024, 1040)}, {"aspect_ratio": "1:1", "resolution": "2K"}
MEGAPIXELS = {
    "pro": ("0.03", "0.045", "0.075"),
    "flex": ("0.05", "0.10", "0.20"),
    "max": ("0.07", "0.10", "0.16"),
    "klein-4b": ("0.014", "0.015", "0.017"),
    "klein-9b": ("0.015", "0.017", "0.021"),
}
A_SECOND = {"720p": ".17", "1080p": ".29"}
CONTINUED = {"720p": ".41", "1080p": ".53"}
LASTING = {"seconds": (5, 20), "billed": cents, "status": ESTIMATE}

CELLS = [
    *(
        Cell(f"bfl/{FLUX[tier]}", size, Decimal(usd), Decimal(usd), EXACT)
        for tier, figures in MEGAPIXELS.items()
        for size, usd in zip((ONE, TWO, FOUR), figures, strict=True)
    ),
    *(
        Cell(f"bfl/{model}", fields, None, None, UNKNOWN)
        for model in FLUX.values()
        for fields in ({}, {"images": (FIRST,)} | ONE)
    ),
    *per_second(
        "bfl/flux-3-video", "audio", (True, False), {size: f"{usd} {usd}" for size, usd in A_SECOND.items()}, **LASTING
    ),
    *per_second("bfl/flux-3-video", None, (None,), A_SECOND, first_frame=FIRST, last_frame=LAST, **LASTING),
    *per_second("bfl/flux-3-video", None, (None,), CONTINUED, video=FILM, **LASTING),
    Cell("bfl/flux-3-video", {"duration": "auto"}, Decimal("3.4"), Decimal("3.4"), ESTIMATE),
    Cell("bfl/flux-3-video", {"extra": {"bfl": {"draft": True}}}, None, None, UNKNOWN),
]

FACTS = {
    "bfl": {
        "pace": ({"first": 2}, {0: 1, 29: 1, 30: 3, 9999: 3}),
        "keys": ("BFL_API_KEY",),
        "states": "Pending running, Ready succeeded, Error failed, "
        "Request Moderated blocked, Content Moderated blocked, Task not found not_found",
        "printed": ("2026-11-28", "docs.bfl.ai, prices"),
        "lives": 600,
        "refunds": "unknown",
        "errors": {Match("", status=403): Err(Cause.BAD_API_KEY)},
        "balance": ("/v1/credits", None, "credits"),
        "signed_with": "BFL_WEBHOOK_SECRET",
        "credit": ("0.01", False),
        "limits": {"active": 24},
        "beside": {"film": {"pace": ({"first": 10}, {0: 5, 119: 5, 120: 10, 9999: 10}), "lives": 7200}},
        "calls": ("https://api.bfl.ai", "x-key", "", None),
    }
}
