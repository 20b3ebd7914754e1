"""What fal's page says, by hand: bodies, refusals, defaults, prices, and the facts that no body and no price shows."""

from decimal import Decimal

import attrs

from anymedia import Cause, MusicRequest, Outcome, SpeechRequest, VideoRequest
from anymedia.declare import Err, Match

from .rows import (
    ABOUT,
    ESTIMATE,
    EXACT,
    FILM,
    FIRST,
    HOOK,
    KLING,
    LAST,
    LYRICS,
    PROMPT,
    SOUND,
    UNKNOWN,
    UNNAMED,
    Cell,
    Row,
    film,
    picture,
    unnamed,
)  # fmt: skip

ASKED = "?fal_webhook=https%3A%2F%2Fapp.example%2Fdone"
PIXELS = {"width": 1536, "height": 672}


def row(name, request, path, body):
    """Return what one offer makes of a request: where it is submitted, and the body beside the prompt."""
    return Row(f"fal/{name}", request, path, {"prompt": PROMPT, **body})


FRAMES = {"first_frame": FIRST, "last_frame": LAST}
KLINGS, SEEDANCES, VEOS, WANS = (
    "/fal-ai/kling-video/v3",
    "/bytedance/seedance-2.0",
    "/fal-ai/veo3.1/fast",
    "/fal-ai/wan/v2.7",
)
SEED_5_S = {"duration": "5", "resolution": "720p", "generate_audio": True}

IMAGES = [
    *(
        each
        for tier in ("pro", "flex", "max")
        for each in (
            row(f"flux-2-{tier}", picture(f"flux-2-{tier}"), f"/fal-ai/flux-2-{tier}", {}),
            row(
                f"flux-2-{tier}",
                picture(
                    f"flux-2-{tier}",
                    images=(FIRST, LAST),
                    size=(1536, 672),
                    seed=7,
                    moderation="off",
                    output_format="png",
                    callback_url=HOOK,
                    extra={"fal": {"safety_tolerance": 5}},
                ),
                f"/fal-ai/flux-2-{tier}/edit{ASKED}",
                {
                    "image_urls": [FIRST, LAST],
                    "image_size": PIXELS,
                    "seed": 7,
                    "enable_safety_checker": False,
                    "output_format": "png",
                    "safety_tolerance": "5",
                },
            ),
        )
    ),
    row(
        "flux-2-flex",
        picture(
            "flux-2-flex",
            aspect_ratio="16:9",
            resolution="2K",
            extra={"fal": {"guidance_scale": 3.5, "num_inference_steps": 28}},
        ),
        "/fal-ai/flux-2-flex",
        {"image_size": {"width": 2720, "height": 1536}, "guidance_scale": 3.5, "num_inference_steps": 28},
    ),
    *(
        each
        for size in ("4b", "9b")
        for each in (
            row(f"flux-2-klein-{size}", picture(f"flux-2-klein-{size}"), f"/fal-ai/flux-2/klein/{size}", {}),
            row(
                f"flux-2-klein-{size}",
                picture(
                    f"flux-2-klein-{size}",
                    images=(FIRST,),
                    aspect_ratio="9:16",
                    seed=0,
                    output_format="webp",
                    extra={"fal": {"num_inference_steps": 4}},
                ),
                f"/fal-ai/flux-2/klein/{size}/edit",
                {
                    "image_urls": [FIRST],
                    "image_size": "portrait_16_9",
                    "seed": 0,
                    "output_format": "webp",
                    "num_inference_steps": 4,
                },
            ),
        )
    ),
    row("nano-banana-2", picture("nano-banana-2"), "/fal-ai/nano-banana-2", {"resolution": "1K"}),
    row(
        "nano-banana-2",
        picture(
            "nano-banana-2",
            images=(FIRST,),
            aspect_ratio="8:1",
            resolution="4K",
            count=1,
            seed=3,
            output_format="webp",
            extra={"fal": {"safety_tolerance": 6, "enable_web_search": True, "thinking_level": "high"}},
        ),
        "/fal-ai/nano-banana-2/edit",
        {
            "image_urls": [FIRST],
            "aspect_ratio": "8:1",
            "resolution": "4K",
            "num_images": 1,
            "seed": 3,
            "output_format": "webp",
            "safety_tolerance": "6",
            "enable_web_search": True,
            "thinking_level": "high",
        },
    ),
    row(
        "nano-banana-pro",
        picture("nano-banana-pro", images=(FIRST,), aspect_ratio="auto", resolution="2K", output_format="jpeg"),
        "/fal-ai/nano-banana-pro/edit",
        {"image_urls": [FIRST], "aspect_ratio": "auto", "resolution": "2K", "output_format": "jpeg"},
    ),
    row(
        "seedream-4.5",
        picture("seedream-4.5", size=(1920, 4096), seed=1, moderation="standard"),
        "/fal-ai/bytedance/seedream/v4.5/text-to-image",
        {"image_size": {"width": 1920, "height": 4096}, "seed": 1, "enable_safety_checker": True},
    ),
    *(
        row(
            f"seedream-{version}",
            picture(f"seedream-{version}", images=(FIRST, LAST), aspect_ratio=ratio),
            f"/fal-ai/bytedance/seedream/{path}/edit",
            {"image_urls": [FIRST, LAST], "image_size": name},
        )
        for version, path in (("4.5", "v4.5"), ("5-lite", "v5/lite"))
        for ratio, name in (
            ("auto", "auto_2K"),
            ("1:1", "square_hd"),
            ("4:3", "landscape_4_3"),
            ("3:4", "portrait_4_3"),
            ("16:9", "landscape_16_9"),
            ("9:16", "portrait_16_9"),
        )
    ),
    *(
        row(
            f"imagen-4{tier}",
            picture(f"imagen-4{tier}", aspect_ratio="3:4", resolution="2K", seed=9, output_format="jpeg"),
            f"/fal-ai/imagen4/preview{path}",
            {"aspect_ratio": "3:4", "resolution": "2K", "seed": 9, "output_format": "jpeg"},
        )
        for tier, path in (("", ""), ("-fast", "/fast"), ("-ultra", "/ultra"))
    ),
    *(
        each
        for tier, path in (("", ""), ("-pro", "/pro"))
        for each in (
            row(
                f"qwen-image-2{tier}",
                picture(f"qwen-image-2{tier}", negative_prompt="rain", seed=2),
                f"/fal-ai/qwen-image-2{path}/text-to-image",
                {"negative_prompt": "rain", "seed": 2},
            ),
            row(
                f"qwen-image-2{tier}",
                picture(
                    f"qwen-image-2{tier}",
                    images=(FIRST,),
                    aspect_ratio="4:3",
                    extra={"fal": {"enable_prompt_expansion": False}},
                ),
                f"/fal-ai/qwen-image-2{path}/edit",
                {"image_urls": [FIRST], "image_size": "landscape_4_3", "enable_prompt_expansion": False},
            ),
        )
    ),
    row("z-image", picture("z-image", aspect_ratio="1:1"), "/fal-ai/z-image/turbo", {"image_size": "square_hd"}),
    row(
        "z-image",
        picture("z-image", size=(1536, 672), extra={"fal": {"num_inference_steps": 4, "acceleration": "high"}}),
        "/fal-ai/z-image/turbo",
        {"image_size": PIXELS, "num_inference_steps": 4, "acceleration": "high"},
    ),
]

VIDEOS = [
    row(
        "kling-3.0",
        KLING,
        f"{KLINGS}/standard/image-to-video",
        {"start_image_url": FIRST, "end_image_url": LAST, "duration": "5", "generate_audio": False},
    ),
    row(
        "kling-3.0-pro",
        film(
            "kling-3.0",
            negative_prompt="rain",
            aspect_ratio="1:1",
            resolution="1080p",
            duration=15,
            extra={"fal": {"cfg_scale": 0.7}},
        ),
        f"{KLINGS}/pro/text-to-video",
        {
            "negative_prompt": "rain",
            "duration": "15",
            "aspect_ratio": "1:1",
            "generate_audio": True,
            "cfg_scale": 0.7,
        },
    ),
    row(
        "kling-3.0",
        film(
            "kling-3.0",
            first_frame=FIRST,
            extra={
                "fal": {
                    "prompt": None,
                    "multi_prompt": [{"prompt": "a", "duration": "4"}],
                    "shot_type": "customize",
                    "elements": [{"frontal_image_url": FIRST}],
                }
            },
        ),
        f"{KLINGS}/standard/image-to-video",
        {
            "prompt": None,
            "start_image_url": FIRST,
            "duration": "5",
            "generate_audio": True,
            "multi_prompt": [{"prompt": "a", "duration": "4"}],
            "shot_type": "customize",
            "elements": [{"frontal_image_url": FIRST}],
        },
    ),
    *(
        each
        for tier, path in (("", ""), ("-fast", "/fast"), ("-mini", "/mini"))
        for each in (
            row(
                f"seedance-2.0{tier}",
                film(f"seedance-2.0{tier}"),
                f"{SEEDANCES}{path}/text-to-video",
                SEED_5_S,
            ),
            row(
                f"seedance-2.0{tier}",
                film(
                    f"seedance-2.0{tier}",
                    **FRAMES,
                    duration="auto",
                    aspect_ratio="21:9",
                    resolution="480p",
                    audio=False,
                    seed=4,
                ),
                f"{SEEDANCES}{path}/image-to-video",
                {
                    "image_url": FIRST,
                    "end_image_url": LAST,
                    "duration": "auto",
                    "aspect_ratio": "21:9",
                    "resolution": "480p",
                    "generate_audio": False,
                    "seed": 4,
                },
            ),
            row(
                f"seedance-2.0{tier}",
                film(f"seedance-2.0{tier}", images=(FIRST, LAST), videos=(FILM,), audios=(SOUND,)),
                f"{SEEDANCES}{path}/reference-to-video",
                {"image_urls": [FIRST, LAST], "video_urls": [FILM], "audio_urls": [SOUND], **SEED_5_S},
            ),
            row(
                f"seedance-2.0{tier}",
                film(f"seedance-2.0{tier}", audios=(SOUND,)),
                f"{SEEDANCES}{path}/reference-to-video",
                {"audio_urls": [SOUND], **SEED_5_S},
            ),
        )
    ),
    *(
        row(
            "veo-3.1-fast",
            film("veo-3.1-fast", **files, duration=seconds, aspect_ratio=ratio, resolution=resolution, audio=sound),
            VEOS + path,
            {
                **body,
                "duration": f"{seconds}s",
                "aspect_ratio": ratio,
                "resolution": wire,
                "generate_audio": sound,
            },
        )
        for files, path, body, seconds, ratio, resolution, wire, sound in (
            ({}, "", {}, 8, "9:16", "1080p", "1080p", True),
            ({"first_frame": FIRST}, "/image-to-video", {"image_url": FIRST}, 6, "auto", "720p", "720p", False),
            (
                FRAMES,
                "/first-last-frame-to-video",
                {"first_frame_url": FIRST, "last_frame_url": LAST},
                4,
                "auto",
                "4K",
                "4k",
                True,
            ),
        )
    ),
    row(
        "veo-3.1-fast",
        film(
            "veo-3.1-fast",
            negative_prompt="rain",
            seed=5,
            extra={"fal": {"auto_fix": False, "safety_tolerance": 2}},
        ),
        VEOS,
        {
            "negative_prompt": "rain",
            "duration": "8s",
            "resolution": "720p",
            "generate_audio": True,
            "seed": 5,
            "auto_fix": False,
            "safety_tolerance": "2",
        },
    ),
    row(
        "veo-3.1",
        film("veo-3.1", images=(FIRST, LAST)),
        "/fal-ai/veo3.1/reference-to-video",
        {"image_urls": [FIRST, LAST]},
    ),
    row(
        "wan-2.7",
        film("wan-2.7", **FRAMES, duration=5, resolution="720p"),
        f"{WANS}/image-to-video",
        {"image_url": FIRST, "end_image_url": LAST, "duration": 5, "resolution": "720p"},
    ),
    row(
        "wan-2.7",
        film(
            "wan-2.7",
            audios=(SOUND,),
            aspect_ratio="3:4",
            negative_prompt="rain",
            seed=0,
            moderation="off",
            extra={"fal": {"enable_prompt_expansion": False}},
        ),
        f"{WANS}/text-to-video",
        {
            "audio_url": SOUND,
            "aspect_ratio": "3:4",
            "negative_prompt": "rain",
            "duration": 5,
            "resolution": "1080p",
            "seed": 0,
            "enable_safety_checker": False,
            "enable_prompt_expansion": False,
        },
    ),
    row(
        "wan-2.7",
        film("wan-2.7", images=(FIRST,), videos=(FILM,), duration=10, extra={"fal": {"multi_shots": True}}),
        f"{WANS}/reference-to-video",
        {
            "reference_image_urls": [FIRST],
            "reference_video_urls": [FILM],
            "duration": 10,
            "resolution": "1080p",
            "multi_shots": True,
        },
    ),
    Row(
        "fal/wan-2.7",
        VideoRequest(model="wan-2.7", video=FILM),
        f"{WANS}/image-to-video",
        {"video_url": FILM, "duration": 5, "resolution": "1080p"},
    ),
    row(
        "wan-2.7-edit",
        film("wan-2.7-edit", video=FILM),
        f"{WANS}/edit-video",
        {"video_url": FILM, "resolution": "1080p"},
    ),
    *(
        row(
            "wan-2.7-edit",
            film(
                "wan-2.7-edit",
                video=FILM,
                images=(FIRST,),
                duration=duration,
                resolution="720p",
                extra={"fal": {"audio_setting": "origin"}},
            ),
            f"{WANS}/edit-video",
            {
                "video_url": FILM,
                "reference_image_url": FIRST,
                "duration": wire,
                "resolution": "720p",
                "audio_setting": "origin",
            },
        )
        for duration, wire in ((2, 2), ("auto", 0))
    ),
]

AUDIO = [
    *(
        Row(
            f"fal/elevenlabs-{name}",
            SpeechRequest(model=f"elevenlabs-{name}", **fields),
            f"/fal-ai/elevenlabs/tts/{path}",
            body,
        )
        for name, path in (
            ("multilingual-v2", "multilingual-v2"),
            ("turbo-v2.5", "turbo-v2.5"),
            ("v3", "eleven-v3"),
        )
        for fields, body in (
            ({"text": PROMPT}, {"text": PROMPT}),
            (
                {
                    "text": PROMPT,
                    "voice": "Aria",
                    "speed": 0.7,
                    "language": "en",
                    "extra": {"fal": {"stability": 0.4, "similarity_boost": 1, "style": 0}},
                },
                {
                    "text": PROMPT,
                    "voice": "Aria",
                    "speed": 0.7,
                    "language_code": "en",
                    "stability": 0.4,
                    "similarity_boost": 1,
                    "style": 0,
                },
            ),
        )
    ),
    row(
        "minimax-speech-2.8-hd",
        SpeechRequest(
            model="minimax-speech-2.8-hd",
            text=PROMPT,
            extra={"fal": {"language_boost": "English", "voice_setting": {"voice_id": "Wise_Woman"}}},
        ),
        "/fal-ai/minimax/speech-2.8-hd",
        {"output_format": "url", "language_boost": "English", "voice_setting": {"voice_id": "Wise_Woman"}},
    ),
    row(
        "elevenlabs-music",
        MusicRequest(
            model="elevenlabs-music", prompt=PROMPT, instrumental=True, extra={"fal": {"music_length_ms": 30000}}
        ),
        "/fal-ai/elevenlabs/music",
        {"force_instrumental": True, "music_length_ms": 30000},
    ),
    row(
        "minimax-music-2",
        MusicRequest(model="minimax-music-2", prompt=PROMPT, lyrics=LYRICS),
        "/fal-ai/minimax-music/v2",
        {"lyrics_prompt": LYRICS},
    ),
    row("lyria-2", MusicRequest(model="lyria-2", prompt=PROMPT), "/fal-ai/lyria2", {}),
]

ROWS = [*IMAGES, *VIDEOS, *AUDIO]

REFUSED = [
    ("fal/flux-2-pro", picture("flux-2-pro", extra={"fal": {"safety_tolerance": 6}}), "takes 1 to 5, not 6"),
    ("fal/flux-2-pro", picture("flux-2-pro", output_format="webp"), "output_format: takes jpeg, png, not webp"),
    ("fal/flux-2-klein-4b", picture("flux-2-klein-4b", size=(1024, 1024)), "size: not supported"),
    ("fal/flux-2-klein-4b", picture("flux-2-klein-4b", aspect_ratio="2:3"), "aspect_ratio: takes 1:1, 4:3"),
    ("fal/nano-banana-pro", picture("nano-banana-pro", aspect_ratio="1:8"), "aspect_ratio: takes auto, 1:1"),
    ("fal/seedream-4.5", picture("seedream-4.5", size=(1919, 2048)), "size: takes at least 1920 pixels a side"),
    ("fal/seedream-4.5", picture("seedream-4.5", size=(1920, 4097)), "size: takes at most 4096 pixels a side"),
    ("fal/seedream-4.5", picture("seedream-4.5", resolution="2K"), "resolution: not supported"),
    ("fal/seedream-5-lite", picture("seedream-5-lite", size=(2048, 2048)), "size: not supported"),
    ("fal/imagen-4", picture("imagen-4", resolution="4K"), "resolution: takes 1K, 2K, not 4K"),
    ("fal/imagen-4", picture("imagen-4", negative_prompt="rain"), "negative_prompt: not supported"),
    ("fal/qwen-image-2", picture("qwen-image-2", negative_prompt="x" * 501), "negative_prompt: takes 0 to 500"),
    ("fal/kling-3.0", film("kling-3.0", resolution="1080p"), "resolution: is always 720p"),
    ("fal/kling-3.0-pro", film("kling-3.0", resolution="720p"), "resolution: is always 1080p"),
    ("fal/kling-3.0", film("kling-3.0", duration=2), "duration: takes 3 to 15, not 2"),
    ("fal/kling-3.0", attrs.evolve(KLING, aspect_ratio="1:1"), "aspect_ratio: not supported with first_frame"),
    ("fal/seedance-2.0", film("seedance-2.0", resolution="4K"), "resolution: takes 480p, 720p, 1080p, not 4K"),
    ("fal/seedance-2.0-fast", film("seedance-2.0-fast", resolution="1080p"), "resolution: takes 480p, 720p, not"),
    ("fal/seedance-2.0-mini", film("seedance-2.0-mini", resolution="1080p"), "resolution: takes 480p, 720p, not"),
    ("fal/seedance-2.0", film("seedance-2.0", images=(FIRST,) * 10), "images: takes 1 to 9 files, not 10"),
    ("fal/seedance-2.0", film("seedance-2.0", videos=(FILM,) * 4), "videos: takes 1 to 3 files, not 4"),
    ("fal/seedance-2.0", film("seedance-2.0", first_frame=FIRST, audios=(SOUND,)), "audios: not supported"),
    ("fal/seedance-2.0", film("seedance-2.0", duration=3), "duration: takes 4 to 15, not 3"),
    ("fal/veo-3.1-fast", film("veo-3.1-fast", duration=5), "duration: takes 4, 6, 8, not 5"),
    ("fal/veo-3.1-fast", film("veo-3.1-fast", resolution="4K"), "resolution: takes 720p, 1080p, not 4K"),
    ("fal/veo-3.1-fast", film("veo-3.1-fast", aspect_ratio="auto"), "aspect_ratio: takes 16:9, 9:16, not auto"),
    ("fal/veo-3.1-fast", film("veo-3.1-fast", images=(FIRST,)), "images: not supported"),
    ("fal/veo-3.1", film("veo-3.1"), "images: required by this offer"),
    ("fal/wan-2.7", film("wan-2.7", first_frame=FIRST, aspect_ratio="1:1"), "aspect_ratio: not supported"),
    ("fal/wan-2.7", film("wan-2.7", images=(FIRST,), duration=11), "duration: takes 2 to 10, not 11"),
    ("fal/wan-2.7", film("wan-2.7", images=(FIRST,), audios=(SOUND,)), "audios: not supported"),
    ("fal/wan-2.7", film("wan-2.7", video=FILM, first_frame=FIRST), "first_frame: not supported with video"),
    ("fal/wan-2.7-edit", film("wan-2.7-edit"), "video: required by this offer"),
    ("fal/wan-2.7-edit", film("wan-2.7-edit", video=FILM, images=(FIRST, LAST)), "images: takes 1 file, not 2"),
    (
        "fal/elevenlabs-v3",
        SpeechRequest(model="elevenlabs-v3", text=PROMPT, speed=1.3),
        "speed: takes 0.7 to 1.2, not 1.3",
    ),
]

FLUX = unnamed("moderation", "output_format", "safety_tolerance")
SEEDS = {"duration": 5, "aspect_ratio": "auto", "resolution": "720p", "audio": True}
KLING_TAKES = {
    "negative_prompt": "blur, distort, and low quality",
    "duration": 5,
    "aspect_ratio": "16:9",
    "audio": True,
    "cfg_scale": 0.5,
    "shots": "one",
    "own_voices": "none",
}
DEFAULTS = {
    **{f"fal/flux-2-{tier}": FLUX for tier in ("pro", "flex", "max")},
    **{f"fal/flux-2-klein-{size}": unnamed("aspect_ratio", "output_format") for size in ("4b", "9b")},
    "fal/nano-banana-2": {
        **unnamed("aspect_ratio", "safety_tolerance"),
        "resolution": "1K",
        "output_format": "png",
    },
    "fal/nano-banana-pro": {"aspect_ratio": "1:1", "resolution": "1K", "output_format": "png"},
    "fal/seedream-4.5": unnamed("aspect_ratio", "moderation") | {"pictures": "one"},
    "fal/seedream-5-lite": unnamed("aspect_ratio") | {"pictures": "one"},
    **{
        f"fal/imagen-4{tier}": unnamed("aspect_ratio", "resolution", "output_format")
        for tier in ("", "-fast", "-ultra")
    },
    **{f"fal/qwen-image-2{tier}": unnamed("aspect_ratio", "enable_prompt_expansion") for tier in ("", "-pro")},
    "fal/z-image": unnamed("aspect_ratio", "acceleration") | {"num_inference_steps": 8},
    "fal/kling-3.0": KLING_TAKES | {"resolution": "720p"},
    "fal/kling-3.0-pro": KLING_TAKES | {"resolution": "1080p"},
    **{f"fal/seedance-2.0{tier}": SEEDS for tier in ("", "-fast", "-mini")},
    "fal/veo-3.1-fast": {
        "duration": 8,
        "aspect_ratio": UNNAMED,
        "resolution": "720p",
        "audio": True,
        "auto_fix": True,
        "safety_tolerance": 4,
    },
    "fal/veo-3.1": {},
    "fal/wan-2.7-edit": {
        "duration": "auto",
        "resolution": "1080p",
        "moderation": "standard",
        "enable_prompt_expansion": True,
    },
    "fal/wan-2.7": {
        "aspect_ratio": UNNAMED,
        "duration": 5,
        "resolution": "1080p",
        "moderation": "standard",
        "enable_prompt_expansion": True,
    },
    "fal/minimax-speech-2.8-hd": {},
    **{
        f"fal/elevenlabs-{name}": {"voice": "Rachel", "speed": UNNAMED}
        for name in ("multilingual-v2", "turbo-v2.5", "v3")
    },
    "fal/elevenlabs-music": {},
    "fal/minimax-music-2": {},
    "fal/lyria-2": {},
}

# Prices: what is printed is what is billed.


def per_second(name, rows, status=EXACT, *, seconds=(5, 10), beyond=0, **fields):
    """Yield cells of USD a second by resolution."""
    for resolution, figure in rows.items():
        for each in seconds:
            usd = Decimal(figure) * (each + beyond)
            yield Cell(f"fal/{name}", {"resolution": resolution, "duration": each, **fields}, usd, usd, status)


def flat(name, usd, status=EXACT, **fields):
    """Return the cell of USD a work."""
    billed = None if usd is None else Decimal(usd)
    return Cell(f"fal/{name}", fields, billed, billed, status)


SEEDANCE_USD = {"480p": ".13608", "720p": ".3024", "1080p": ".6804"}
FAST_USD = {"480p": ".108864", "720p": ".24192"}
WITH_A_FILM = {"480p": ".081648", "720p": ".18144", "1080p": ".40824"}
WIDE = {"aspect_ratio": "16:9"}
CELLS = [
    # 1 and 4 megapixels; each further one costs half as much at pro, and as much at flex.
    flat("flux-2-pro", ".03", resolution="1K"),
    flat("flux-2-pro", ".03", aspect_ratio="16:9"),
    flat("flux-2-pro", ".075", resolution="2K"),
    flat("flux-2-pro", ".045", size=(1024, 1040)),
    flat("flux-2-pro", None, UNKNOWN),
    flat("flux-2-flex", ".05", resolution="1K"),
    flat("flux-2-flex", ".20", resolution="2K"),
    flat("flux-2-max", None, UNKNOWN, resolution="1K"),
    *(
        flat("nano-banana-2", usd, resolution=each)
        for each, usd in zip(("1K", "2K", "4K"), (".08", ".12", ".16"), strict=True)
    ),
    flat("nano-banana-2", ".08"),
    flat("nano-banana-2", ".24", count=3),
    flat("nano-banana-2", ".24", extra={"fal": {"num_images": 3}}),
    flat("nano-banana-2", None, UNKNOWN, extra={"fal": {"resolution": "0.5K"}}),
    *(
        flat("nano-banana-pro", usd, resolution=each)
        for each, usd in zip(("1K", "2K", "4K"), (".15", ".15", ".30"), strict=True)
    ),
    flat("seedream-4.5", ".04"),
    flat("seedream-4.5", None, UNKNOWN, extra={"fal": {"max_images": 3}}),
    flat("seedream-5-lite", ".035", aspect_ratio="16:9"),
    *(
        flat(name, None, UNKNOWN)
        for name in ("imagen-4", "imagen-4-fast", "qwen-image-2-pro", "z-image", "flux-2-klein-4b")
    ),
    *per_second("kling-3.0", {"720p": ".084"}, audio=False),
    *per_second("kling-3.0", {"720p": ".126"}, audio=True, first_frame=FIRST),
    *per_second("kling-3.0-pro", {"1080p": ".112"}, audio=False, first_frame=FIRST),
    *per_second("kling-3.0-pro", {"1080p": ".168"}),
    flat("kling-3.0", ".63"),
    flat("kling-3.0", None, UNKNOWN, extra={"fal": {"multi_prompt": [{"prompt": "a", "duration": "12"}]}}),
    flat("kling-3.0", None, UNKNOWN, first_frame=FIRST, extra={"fal": {"elements": [{"voice_id": "v"}]}}),
    *(
        cell
        for made_of in ({}, {"first_frame": FIRST}, {"images": (FIRST,)}, {"audios": (SOUND,)})
        for cell in per_second("seedance-2.0", SEEDANCE_USD, **WIDE, **made_of)
    ),
    *per_second("seedance-2.0", SEEDANCE_USD, ESTIMATE, audio=False),
    *per_second("seedance-2.0", SEEDANCE_USD, ESTIMATE, aspect_ratio="9:16"),
    *per_second("seedance-2.0", WITH_A_FILM, ESTIMATE, beyond=15, **WIDE, videos=(FILM,)),
    *per_second("seedance-2.0-fast", FAST_USD, **WIDE),
    *per_second("seedance-2.0-fast", {"480p": ".0653184", "720p": ".145152"}, ESTIMATE, beyond=15, videos=(FILM,)),
    flat("seedance-2.0", "4.536", ESTIMATE, duration="auto", **WIDE),
    flat("seedance-2.0-mini", None, UNKNOWN),
    *per_second("veo-3.1-fast", {"720p": ".10", "1080p": ".10"}, ESTIMATE, seconds=(4, 8), audio=False),
    *per_second("veo-3.1-fast", {"720p": ".15", "1080p": ".15"}, ESTIMATE, seconds=(4, 8), first_frame=FIRST),
    flat("veo-3.1-fast", None, UNKNOWN, resolution="4K", **FRAMES),
    flat("veo-3.1", None, UNKNOWN, images=(FIRST,)),
    *(
        cell
        for made_of in ({}, {"first_frame": FIRST}, {"video": FILM})
        for cell in per_second("wan-2.7", {"720p": ".10", "1080p": ".15"}, **made_of)
    ),
    *per_second("wan-2.7", {"720p": ".10"}, images=(FIRST,)),
    *per_second("wan-2.7", {"1080p": ".15"}, ESTIMATE, images=(FIRST,)),
    flat("wan-2.7", None, UNKNOWN, videos=(FILM,)),
    flat("wan-2.7-edit", None, UNKNOWN, video=FILM),
    *(
        flat("elevenlabs-multilingual-v2", usd, ABOUT, text="x" * length)
        for length, usd in ((1000, ".18"), (1500, ".27"))
    ),
    *(flat(name, None, UNKNOWN) for name in ("elevenlabs-turbo-v2.5", "minimax-speech-2.8-hd", "elevenlabs-music")),
    flat("lyria-2", ".1", ESTIMATE),
]

FACTS = {
    "fal": {
        "pace": ({"first": 2}, {0: 2, 59: 2, 60: 5, 9999: 5}),
        "keys": ("FAL_KEY",),
        "states": "IN_QUEUE queued, IN_PROGRESS running, COMPLETED succeeded, OK succeeded, ERROR failed",
        "printed": ("2026-09", "fal's pages of the models, its pricing API, and clients of the live service"),
        "lives": None,
        "refunds": "yes",
        "calls": ("https://queue.fal.run", "Authorization", "Key ", None),
        "errors": {
            Match("Exhausted balance", status=403): Err(Cause.NO_CREDIT),
            "content_policy_violation": Err(Cause.BLOCKED),
            "no_media_generated": Err(Cause.FAILED, refund="yes", passing=True),
            "request_timeout": Err(Cause.FAILED, submit=Outcome.UNCERTAIN),
            "startup_timeout": Err(Cause.FAILED, submit=Outcome.UNCERTAIN),
        },
    }
}
