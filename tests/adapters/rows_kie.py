"""What holds of kie.ai: rows of the tables of every provider."""

from decimal import Decimal

import attrs

from anymedia import MusicRequest, Outcome, SpeechRequest, VideoRequest
from anymedia.declare import Cause, Err

from .rows import (
    ESTIMATE,
    FILM,
    FIRST,
    HOOK,
    IDEA,
    KLING,
    LAST,
    LYRICS,
    PROMPT,
    SEEDANCE,
    SEEDANCE_FAST,
    SONG,
    SOUND,
    TUNE,
    UNKNOWN,
    UNNAMED,
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
)  # fmt: skip

JOBS, ROUTE = "/api/v1/jobs/createTask", "/api/v1/veo/generate"

FACTS = {
    "kie": {
        "pace": ({"first": 2}, {0: 3, 29: 3, 30: 5, 119: 5, 120: 15, 9999: 15}),
        "keys": ("KIE_API_KEY",),
        "states": "waiting queued, queuing queued, generating running, success succeeded, fail failed",
        "printed": ("2026-08-19", "docs.kie.ai, prices"),
        "lives": 86_400,
        "refunds": "yes",
        "errors": {
            **dict.fromkeys(("402", "433"), Err(Cause.NO_CREDIT)),
            "455": Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED),
            "505": Err(Cause.REJECTED),
        },
        "balance": ("/api/v1/chat/credit", None, "data"),
        "signed_with": "KIE_WEBHOOK_KEY",
        "credit": ("0.005", False),
        "limits": {"submits": (20, 10), "polls": (10, 1)},
        "beside": {"veo": {"states": "0 running, 1 succeeded, 2 failed, 3 failed"}},
        "calls": ("https://api.kie.ai", "Authorization", "Bearer ", "GET /api/v1/jobs/recordInfo?taskId=a%2Fb"),
    }
}


def job(name, request, wire_id, /, **input_):
    """Return the row of a task that the common route makes."""
    return Row(f"kie/{name}", request, JOBS, {"model": wire_id, "input": input_})


def clip(name, request, wire_id, /, **input_):
    return job(name, request, wire_id, prompt=PROMPT, **input_)


ONE_SHOT = {"multi_shots": False, "multi_prompt": []}
SILENT = {"duration": 5, "resolution": "720p", "generate_audio": False}
LOUD = SILENT | {"generate_audio": True}
WAN_USUAL = {"duration": 5, "resolution": "1080p"}
VEO_USUAL = {"prompt": PROMPT, "duration": 8, "resolution": "720p"}
SAID = SpeechRequest(model="elevenlabs-multilingual-v2", text=PROMPT, voice="Rachel")
GEMINI = SpeechRequest(model="gemini-3.1-flash-tts", text=PROMPT, voice="Kore")
SUNO = "ai-music-api/generate"

IMAGES = [
    *(
        row
        for tier in ("pro", "flex")
        for row in (
            job(
                f"flux-2-{tier}",
                picture(f"flux-2-{tier}"),
                f"flux-2/{tier}-text-to-image",
                prompt=PROMPT,
                aspect_ratio="1:1",
                resolution="1K",
            ),
            job(
                f"flux-2-{tier}",
                picture(
                    f"flux-2-{tier}",
                    images=(FIRST, LAST),
                    aspect_ratio="auto",
                    resolution="2K",
                    moderation="standard",
                ),
                f"flux-2/{tier}-image-to-image",
                prompt=PROMPT,
                input_urls=[FIRST, LAST],
                aspect_ratio="auto",
                resolution="2K",
                nsfw_checker=True,
            ),
        )
    ),
    Row(
        "kie/flux-2-pro",
        picture("flux-2-pro", callback_url=HOOK),
        JOBS,
        {
            "model": "flux-2/pro-text-to-image",
            "callBackUrl": HOOK,
            "input": {"prompt": PROMPT, "aspect_ratio": "1:1", "resolution": "1K"},
        },
    ),
    *(
        row
        for version, background in (("2", {}), ("2.5-flare", "transparent"), ("2.5-sunburst", "opaque"))
        for wire in (version.replace(".", "-"),)
        for more in ({"background": background} if background else {},)
        for row in (
            job(
                f"gpt-image-{version}",
                picture(f"gpt-image-{version}"),
                f"gpt-image-{wire}-text-to-image",
                prompt=PROMPT,
                resolution="1K",
            ),
            job(
                f"gpt-image-{version}",
                picture(f"gpt-image-{version}", images=(FIRST,), aspect_ratio="3:1", resolution="4K", **more),
                f"gpt-image-{wire}-image-to-image",
                prompt=PROMPT,
                input_urls=[FIRST],
                aspect_ratio="3:1",
                resolution="4K",
                **more,
            ),
        )
    ),
    job("nano-banana", picture("nano-banana"), "google/nano-banana", prompt=PROMPT),
    job(
        "nano-banana",
        picture("nano-banana", images=(FIRST,), aspect_ratio="auto", output_format="jpeg"),
        "google/nano-banana-edit",
        prompt=PROMPT,
        image_urls=[FIRST],
        image_size="auto",
        output_format="jpeg",
    ),
    *(
        job(
            name,
            picture(name, images=(FIRST, LAST), aspect_ratio="21:9", resolution="4K", output_format="jpeg"),
            name,
            prompt=PROMPT,
            image_input=[FIRST, LAST],
            aspect_ratio="21:9",
            resolution="4K",
            output_format="jpg",
        )
        for name in ("nano-banana-2", "nano-banana-pro")
    ),
    job(
        "nano-banana-2-lite",
        picture("nano-banana-2-lite", images=(FIRST,)),
        "nano-banana-2-lite",
        prompt=PROMPT,
        image_urls=[FIRST],
        aspect_ratio="auto",
    ),
    job(
        "seedream-4.5",
        picture("seedream-4.5", moderation="off"),
        "seedream/4.5-text-to-image",
        prompt=PROMPT,
        aspect_ratio="1:1",
        quality="basic",
        nsfw_checker=False,
    ),
    job(
        "seedream-4.5",
        picture("seedream-4.5", images=(FIRST,), aspect_ratio="21:9", resolution="4K"),
        "seedream/4.5-edit",
        prompt=PROMPT,
        image_urls=[FIRST],
        aspect_ratio="21:9",
        quality="high",
    ),
    *(
        job(
            f"seedream-5-{tier}",
            picture(f"seedream-5-{tier}", images=images, resolution=size, output_format="png"),
            f"seedream/5-{tier}-{of}-to-image",
            prompt=PROMPT,
            **({"image_urls": [FIRST]} if images else {}),
            aspect_ratio="1:1",
            quality=quality,
            output_format="png",
        )
        for images, of in (((), "text"), ((FIRST,), "image"))
        for tier, size, quality in (
            ("lite", "2K", "basic"),
            ("lite", "4K", "ultra"),
            ("pro", "1K", "basic"),
            ("pro", "2K", "high"),
        )
    ),
    *(
        job(
            f"imagen-4{tier}",
            picture(f"imagen-4{tier}", negative_prompt="rain", aspect_ratio="auto", seed=7),
            f"google/imagen4{tier}",
            prompt=PROMPT,
            negative_prompt="rain",
            aspect_ratio="auto",
            seed=seed,
        )
        for tier, seed in (("", "7"), ("-fast", 7), ("-ultra", "7"))
    ),
    job("qwen-image-2", picture("qwen-image-2", seed=7), "qwen2/text-to-image", prompt=PROMPT, seed=7),
    job(
        "qwen-image-2",
        picture("qwen-image-2", images=(FIRST,), aspect_ratio="21:9", output_format="jpeg", moderation="standard"),
        "qwen2/image-edit",
        prompt=PROMPT,
        image_url=FIRST,
        image_size="21:9",
        output_format="jpeg",
        nsfw_checker=True,
    ),
    job(
        "z-image",
        picture("z-image", aspect_ratio="9:16", moderation="off"),
        "z-image",
        prompt=PROMPT,
        aspect_ratio="9:16",
        nsfw_checker=False,
    ),
]

VIDEOS = [
    clip(
        "kling-3.0",
        KLING,
        "kling-3.0/video",
        image_urls=[FIRST, LAST],
        duration="5",
        mode="std",
        sound=False,
        **ONE_SHOT,
    ),
    clip(
        "kling-3.0",
        film("kling-3.0"),
        "kling-3.0/video",
        duration="5",
        aspect_ratio="16:9",
        mode="pro",
        sound=False,
        **ONE_SHOT,
    ),
    clip(
        "kling-3.0",
        film(
            "kling-3.0",
            duration=15,
            aspect_ratio="1:1",
            resolution="4K",
            audio=True,
            extra={"kie": {"input": {"multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": 12}]}}},
        ),
        "kling-3.0/video",
        duration="15",
        aspect_ratio="1:1",
        mode="4K",
        sound=True,
        multi_shots=True,
        multi_prompt=[{"prompt": "a", "duration": 12}],
    ),
    *(
        row
        for request, name, wire in (
            (SEEDANCE, "seedance-2.0", "bytedance/seedance-2"),
            (SEEDANCE_FAST, "seedance-2.0-fast", "bytedance/seedance-2-fast"),
            (attrs.evolve(SEEDANCE, model="seedance-2.0-mini"), "seedance-2.0-mini", "bytedance/seedance-2-mini"),
            (attrs.evolve(SEEDANCE, model="seedance-2.5"), "seedance-2.5", "bytedance/seedance-2-5"),
        )
        for row in (
            clip(name, request, wire, first_frame_url=FIRST, last_frame_url=LAST, **SILENT),
            clip(
                name,
                film(name, images=(FIRST, LAST), videos=(FILM,), audios=(SOUND,), aspect_ratio="auto"),
                wire,
                reference_image_urls=[FIRST, LAST],
                reference_video_urls=[FILM],
                reference_audio_urls=[SOUND],
                aspect_ratio="adaptive",
                **LOUD,
            ),
        )
    ),
    clip(
        "seedance-2.0",
        film("seedance-2.0", resolution="4K", extra={"kie": {"return_last_frame": True, "web_search": True}}),
        "bytedance/seedance-2",
        **LOUD | {"resolution": "4k"},
        return_last_frame=True,
        web_search=True,
    ),
    clip(
        "seedance-2.0-fast",
        film("seedance-2.0-fast", moderation="off", resolution="480p"),
        "bytedance/seedance-2-fast",
        **LOUD | {"resolution": "480p"},
        nsfw_checker=False,
    ),
    clip(
        "seedance-2.5",
        film("seedance-2.5", duration="auto", extra={"kie": {"output_format": "mov"}}),
        "bytedance/seedance-2-5",
        **LOUD | {"duration": -1},
        output_format="mov",
    ),
    clip(
        "wan-2.7",
        WAN,
        "wan/2-7-image-to-video",
        first_frame_url=FIRST,
        last_frame_url=LAST,
        **WAN_USUAL | {"resolution": "720p"},
    ),
    clip(
        "wan-2.7",
        film("wan-2.7", audios=(SOUND,), aspect_ratio="3:4", negative_prompt="rain", seed=0, moderation="standard"),
        "wan/2-7-text-to-video",
        audio_url=SOUND,
        ratio="3:4",
        negative_prompt="rain",
        seed=0,
        nsfw_checker=True,
        **WAN_USUAL,
    ),
    clip(
        "wan-2.7",
        film("wan-2.7", images=(FIRST,), videos=(FILM,), audios=(SOUND,), aspect_ratio="1:1"),
        "wan/2-7-r2v",
        reference_image=[FIRST],
        reference_video=[FILM],
        reference_voice=SOUND,
        aspect_ratio="1:1",
        **WAN_USUAL,
    ),
    clip(
        "wan-2.7",
        film("wan-2.7", video=FILM, audios=(SOUND,), extra={"kie": {"prompt_extend": False, "watermark": True}}),
        "wan/2-7-image-to-video",
        first_clip_url=FILM,
        driving_audio_url=SOUND,
        prompt_extend=False,
        watermark=True,
        **WAN_USUAL,
    ),
    clip(
        "wan-2.7-edit",
        film("wan-2.7-edit", video=FILM, images=(FIRST,), extra={"kie": {"audio_setting": "origin"}}),
        "wan/2-7-videoedit",
        video_url=FILM,
        reference_image=FIRST,
        audio_setting="origin",
        **WAN_USUAL | {"duration": 0},
    ),
    *(
        Row(
            f"kie/veo-3.1{tier}",
            attrs.evolve(VEO, model=f"veo-3.1{tier}"),
            ROUTE,
            {
                "model": wire,
                "generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO",
                "imageUrls": [FIRST, LAST],
                **VEO_USUAL,
            },
        )
        for tier, wire in (("", "veo3"), ("-fast", "veo3_fast"), ("-lite", "veo3_lite"))
    ),
    Row(
        "kie/veo-3.1-fast",
        film("veo-3.1-fast", images=(FIRST,), aspect_ratio="auto", audio=True, callback_url=HOOK),
        ROUTE,
        {
            "model": "veo3_fast",
            "generationType": "REFERENCE_2_VIDEO",
            "imageUrls": [FIRST],
            "aspect_ratio": "Auto",
            "callBackUrl": HOOK,
            **VEO_USUAL,
        },
    ),
    Row(
        "kie/veo-3.1",
        film(
            "veo-3.1",
            duration=4,
            resolution="4K",
            aspect_ratio="9:16",
            extra={"kie": {"watermark": "anymedia", "enableTranslation": True, "enableFallback": True}},
        ),
        ROUTE,
        {
            "model": "veo3",
            "generationType": "TEXT_2_VIDEO",
            "prompt": PROMPT,
            "duration": 4,
            "aspect_ratio": "9:16",
            "resolution": "4k",
            "watermark": "anymedia",
            "enableTranslation": True,
            "enableFallback": True,
        },
    ),
]

CUSTOM = {"custom_mode": True, "title": "Dusk", "style": "sea shanty"}
AUDIO = [
    *(
        row
        for version, length in (("v6", True), ("v6-mini", False), ("v6-wild", True))
        for model in (version.upper().replace("-", "_"),)
        for song in (attrs.evolve(SONG, model=f"suno-{version}", **({} if length else {"duration": None})),)
        for row in (
            job(
                f"suno-{version}",
                attrs.evolve(IDEA, model=f"suno-{version}"),
                SUNO,
                model=model,
                custom_mode=False,
                prompt=PROMPT,
                instrumental=False,
            ),
            job(
                f"suno-{version}",
                song,
                SUNO,
                model=model,
                **CUSTOM,
                lyrics=LYRICS,
                instrumental=False,
                **({"duration": 60} if length else {}),
            ),
            job(
                f"suno-{version}",
                attrs.evolve(TUNE, model=f"suno-{version}"),
                SUNO,
                model=model,
                **CUSTOM,
                instrumental=True,
            ),
        )
    ),
    job(
        "suno-v6",
        attrs.evolve(IDEA, style="folk", instrumental=True),
        SUNO,
        model="V6",
        custom_mode=False,
        prompt=PROMPT,
        style="folk",
        instrumental=True,
    ),
    job(
        "suno-v6",
        attrs.evolve(
            SONG,
            style=None,
            vocal="female",
            negative_prompt="drums",
            extra={"kie": {"style_weight": 0.5, "weirdness_constraint": 0, "audio_weight": 1}},
        ),
        SUNO,
        model="V6",
        custom_mode=True,
        title="Dusk",
        lyrics=LYRICS,
        instrumental=False,
        duration=60,
        vocal_gender="f",
        negative_tags="drums",
        style_weight=0.5,
        weirdness_constraint=0,
        audio_weight=1,
    ),
    *(
        row
        for name, wire in (("multilingual-v2", "multilingual-v2"), ("turbo-v2.5", "turbo-2-5"))
        for row in (
            job(
                f"elevenlabs-{name}",
                attrs.evolve(SAID, model=f"elevenlabs-{name}"),
                f"elevenlabs/text-to-speech-{wire}",
                text=PROMPT,
                voice="Rachel",
            ),
            job(
                f"elevenlabs-{name}",
                attrs.evolve(
                    SAID,
                    model=f"elevenlabs-{name}",
                    speed=1.2,
                    language="en",
                    extra={"kie": {"stability": 1, "similarity_boost": 0, "style": 0.25, "timestamps": True}},
                ),
                f"elevenlabs/text-to-speech-{wire}",
                text=PROMPT,
                voice="Rachel",
                speed=1.2,
                language_code="en",
                stability=1,
                similarity_boost=0,
                style=0.25,
                timestamps=True,
            ),
        )
    ),
    job(
        "gemini-3.1-flash-tts",
        attrs.evolve(GEMINI, instructions="slowly", extra={"kie": {"scene": "a pier", "temperature": 1.5}}),
        "google/gemini-3-1-flash-tts",
        speakers=[{"speaker_id": "Speaker 1", "voice_name": "Kore", "style": "slowly", "accent": "neutral"}],
        dialogue_turns=[{"speaker_id": "Speaker 1", "text": PROMPT}],
        scene="a pier",
        temperature=1.5,
    ),
]

ROWS = [*IMAGES, *VIDEOS, *AUDIO]

FLUX = {"aspect_ratio": "1:1", "resolution": "1K", "moderation": "off"}
GPT = {"aspect_ratio": UNNAMED, "resolution": "1K"}
SEEDREAM = {"aspect_ratio": "1:1", "resolution": "2K"}
CLIP = {"duration": 5, "aspect_ratio": "16:9", "resolution": "720p", "audio": True}
MODERATED = unnamed("moderation")
WAN_27 = {"duration": 5, "resolution": "1080p", "prompt_extend": True, "watermark": False, **MODERATED}
VEO_31 = {"duration": 8, "aspect_ratio": "16:9", "resolution": "720p", "audio": True, "enableFallback": False}
ELEVEN = {"speed": 1, "stability": 0.5, "similarity_boost": 0.75, "style": 0}
SUNG = {"instrumental": False}

DEFAULTS = {
    "kie/flux-2-pro": FLUX,
    "kie/flux-2-flex": FLUX,
    "kie/z-image": {"aspect_ratio": "1:1", **MODERATED},
    "kie/gpt-image-2": GPT,
    "kie/gpt-image-2.5-flare": GPT | unnamed("background"),
    "kie/gpt-image-2.5-sunburst": GPT | unnamed("background"),
    "kie/nano-banana": {"aspect_ratio": "1:1", "output_format": "png"},
    "kie/nano-banana-2": {"aspect_ratio": "auto", "resolution": "1K", "output_format": "jpeg"},
    "kie/nano-banana-2-lite": {"aspect_ratio": "auto"},
    "kie/nano-banana-pro": {"aspect_ratio": "1:1", "resolution": "1K", "output_format": "png"},
    "kie/seedream-4.5": SEEDREAM | MODERATED,
    "kie/seedream-5-lite": SEEDREAM | unnamed("output_format"),
    "kie/seedream-5-pro": {"aspect_ratio": "1:1", "resolution": "1K", **unnamed("output_format")},
    "kie/imagen-4": {"aspect_ratio": "1:1"},
    "kie/imagen-4-fast": {"aspect_ratio": "16:9"},
    "kie/imagen-4-ultra": {"aspect_ratio": "1:1"},
    "kie/qwen-image-2": {"aspect_ratio": "16:9", "output_format": "png", **MODERATED},
    "kie/kling-3.0": CLIP | {"resolution": "1080p", "audio": False, "shots": "one"},
    "kie/seedance-2.0": CLIP | {"return_last_frame": False},
    "kie/seedance-2.0-fast": CLIP | {"return_last_frame": False, **MODERATED},
    "kie/seedance-2.0-mini": CLIP | MODERATED,
    "kie/seedance-2.5": CLIP | {"aspect_ratio": "auto"},
    "kie/wan-2.7": WAN_27 | unnamed("aspect_ratio"),
    "kie/wan-2.7-edit": WAN_27 | {"duration": "auto"},
    **dict.fromkeys(("kie/veo-3.1", "kie/veo-3.1-fast", "kie/veo-3.1-lite"), VEO_31),
    **dict.fromkeys(("kie/suno-v6", "kie/suno-v6-mini", "kie/suno-v6-wild"), SUNG),
    "kie/elevenlabs-multilingual-v2": ELEVEN,
    "kie/elevenlabs-turbo-v2.5": ELEVEN,
    "kie/gemini-3.1-flash-tts": {"accent": "neutral"},
}

REFUSED = [
    ("kie/gpt-image-2", picture("gpt-image-2", resolution="4K", aspect_ratio="1:1"), "resolution: 4K needs aspect"),
    ("kie/gpt-image-2", picture("gpt-image-2", resolution="2K"), "resolution: 2K needs aspect_ratio"),
    ("kie/gpt-image-2", picture("gpt-image-2", resolution="2K", aspect_ratio="auto"), "not auto"),
    ("kie/gpt-image-2", picture("gpt-image-2", resolution="2K", aspect_ratio="4:5", images=(FIRST,)), "not 4:5"),
    *(
        (
            f"kie/gpt-image-{version}",
            picture(f"gpt-image-{version}", resolution=size, aspect_ratio=ratio),
            f"aspect_ratio: {ratio}, {size} needs images",
        )
        for version in ("2", "2.5-flare")
        for size in ("2K", "4K")
        for ratio in ("3:1", "1:3", "9:21")
    ),
    ("kie/nano-banana-2-lite", picture("nano-banana-2-lite", resolution="1K"), "resolution: not supported"),
    ("kie/qwen-image-2", picture("qwen-image-2", aspect_ratio="21:9"), "aspect_ratio: takes 1:1, 4:3"),
    ("kie/imagen-4", picture("imagen-4", images=(FIRST,)), "images: not supported"),
    ("kie/kling-3.0", attrs.evolve(KLING, aspect_ratio="16:9"), "aspect_ratio: not supported with first_frame"),
    ("kie/kling-3.0", film("kling-3.0", duration=2), "duration: takes 3 to 15, not 2"),
    ("kie/kling-3.0", film("kling-3.0", images=(FIRST,)), "images: not supported"),
    ("kie/seedance-2.0-fast", film("seedance-2.0-fast", resolution="1080p"), "resolution: takes 480p, 720p, not 1080p"),
    ("kie/seedance-2.0", attrs.evolve(SEEDANCE, audios=(SOUND,)), "first_frame: goes without audios"),
    (
        "kie/seedance-2.0",
        film("seedance-2.0", images=(FIRST,), extra={"kie": {"web_search": True}}),
        "extra.web_search: true goes without images",
    ),
    ("kie/wan-2.7", attrs.evolve(WAN, aspect_ratio="1:1"), "aspect_ratio: not supported with first_frame"),
    ("kie/wan-2.7", film("wan-2.7", images=(FIRST,), duration=11), "duration: takes 2 to 10, not 11"),
    ("kie/wan-2.7", film("wan-2.7", video=FILM, images=(FIRST,)), "images: not supported with video"),
    ("kie/wan-2.7", film("wan-2.7", audios=(SOUND, SOUND)), "audios: takes 1 file, not 2"),
    ("kie/wan-2.7-edit", film("wan-2.7-edit"), "video: required by this offer"),
    ("kie/veo-3.1-fast", film("veo-3.1-fast", audio=False), "audio: is always true"),
    ("kie/veo-3.1-fast", film("veo-3.1-fast", images=(FIRST,), duration=4), "images: needs duration 8, not 4"),
    ("kie/veo-3.1", film("veo-3.1", images=(FIRST,)), "images: not supported"),
    ("kie/suno-v6", attrs.evolve(IDEA, title="Dusk"), "prompt: not supported with title"),
    ("kie/suno-v6", attrs.evolve(IDEA, duration=60), "duration: not supported without lyrics or title"),
    ("kie/suno-v6", attrs.evolve(IDEA, vocal="male"), "vocal: not supported"),
    (
        "kie/suno-v6",
        attrs.evolve(IDEA, extra={"kie": {"style_weight": 1}}),
        "extra.style_weight: needs lyrics or title",
    ),
    ("kie/suno-v6", attrs.evolve(SONG, title=None), "title: required by this offer"),
    ("kie/suno-v6", MusicRequest(model="suno-v6", style="folk", instrumental=True), "prompt: required by this offer"),
    ("kie/suno-v6", attrs.evolve(TUNE, style=None, prompt=PROMPT), "title: needs lyrics or style"),
    ("kie/suno-v6-mini", attrs.evolve(SONG, model="suno-v6-mini"), "duration: not supported"),
    ("kie/elevenlabs-turbo-v2.5", SpeechRequest(model="elevenlabs-turbo-v2.5", text=PROMPT), "voice: required"),
    ("kie/gemini-3.1-flash-tts", attrs.evolve(GEMINI, speed=1), "speed: not supported"),
    ("kie/flux-2-pro", picture("flux-2-pro", aspect_ratio="auto"), "aspect_ratio: auto needs images"),
    ("kie/flux-2-pro", VideoRequest(model="flux-2-pro", prompt=PROMPT), "kind: this offer makes pictures"),
]

BILLED = {"billed": cents}
FRAMED, REFERRED, FILMED = {"first_frame": FIRST}, {"images": (FIRST,)}, {"videos": (FILM,)}
ONE_AND_TWO_K = {"1K": ".035", "2K": ".07"}

CELLS = [
    *flat("kie/flux-2-pro", {None: ".025", "1K": ".025", "2K": ".035"}, **BILLED),
    *flat("kie/flux-2-flex", {"1K": ".07", "2K": ".12"}, **BILLED),
    *flat("kie/z-image", {None: ".004"}, **BILLED),
    *(
        cell
        for version in ("2", "2.5-flare", "2.5-sunburst")
        for cell in (
            *flat(f"kie/gpt-image-{version}", {None: ".03"}, **BILLED),
            *flat(f"kie/gpt-image-{version}", {"1K": ".03", "2K": ".05", "4K": ".08"}, aspect_ratio="16:9", **BILLED),
        )
    ),
    *flat("kie/nano-banana", {None: ".02"}, **BILLED),
    *flat("kie/nano-banana-2", {None: ".04", "1K": ".04", "2K": ".06", "4K": ".09"}, **BILLED),
    *flat("kie/nano-banana-2-lite", {None: ".02"}, **BILLED),
    *flat("kie/nano-banana-pro", {None: ".09", "1K": ".09", "2K": ".09", "4K": ".12"}, **BILLED),
    *flat("kie/seedream-4.5", {None: ".0325", "4K": ".0325"}, **BILLED),
    *flat("kie/seedream-5-lite", {None: ".0275", "4K": ".0275"}, **BILLED),
    *flat("kie/seedream-5-pro", ONE_AND_TWO_K, **BILLED),
    *flat("kie/seedream-5-pro", {"1K": ".0575", "2K": ".0925"}, status=ESTIMATE, **BILLED, **REFERRED),
    *flat("kie/imagen-4", {None: ".04"}, **BILLED),
    *flat("kie/imagen-4-fast", {None: ".02"}, **BILLED),
    *flat("kie/imagen-4-ultra", {None: ".06"}, **BILLED),
    *flat("kie/qwen-image-2", {None: ".028"}, status=ESTIMATE, **BILLED),
    *(
        cell
        for made_of in ({}, FRAMED)
        for cell in per_second(
            "kie/kling-3.0",
            "audio",
            (False, True),
            {"720p": ".07 .10", "1080p": ".09 .135", "4K": ".335 .335"},
            **BILLED,
            **made_of,
        )
    ),
    Cell(
        "kie/kling-3.0",
        {"extra": {"kie": {"input": {"multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": 5}]}}}},
        None,
        None,
        UNKNOWN,
    ),
    *(
        cell
        for made_of in ({}, FRAMED, REFERRED)
        for cell in (
            *per_second(
                "kie/seedance-2.0",
                "audio",
                (False, True),
                {"480p": ".095 .095", "720p": ".205 .205", "1080p": ".51 .51"},
                **BILLED,
                **made_of,
            ),
            *per_second("kie/seedance-2.0", None, (None,), {"4K": "1.04"}, status=ESTIMATE, **BILLED, **made_of),
            *per_second("kie/seedance-2.0-fast", None, (None,), {"480p": ".0585", "720p": ".124"}, **BILLED, **made_of),
            *per_second("kie/seedance-2.0-mini", None, (None,), {"480p": "?", "720p": "?"}, **BILLED, **made_of),
            *per_second(
                "kie/seedance-2.5",
                "audio",
                (False, True),
                {"480p": ".14 ?", "720p": ".315 ?", "1080p": ".57 ?"},
                **BILLED,
                **made_of,
            ),
        )
    ),
    *(
        cell
        for name, figures in (
            ("seedance-2.0", {"480p": ".0575", "720p": ".125", "1080p": ".31"}),
            ("seedance-2.0-fast", {"480p": ".034", "720p": ".075"}),
        )
        for cell in per_second(f"kie/{name}", None, (None,), figures, beyond=15, status=ESTIMATE, **BILLED, **FILMED)
    ),
    *per_second("kie/seedance-2.0", None, (None,), {"4K": "?"}, **BILLED, **FILMED),
    *per_second("kie/seedance-2.5", "audio", (False,), {"720p": "?"}, **BILLED, **FILMED),
    *(
        cell
        for made_of in ({}, FRAMED, REFERRED, FILMED, {"video": FILM})
        for cell in per_second(
            "kie/wan-2.7",
            None,
            (None,),
            {"720p": ".08", "1080p": ".12"},
            seconds=(2, 10),
            status=ESTIMATE,
            **BILLED,
            **made_of,
        )
    ),
    *per_second(
        "kie/wan-2.7-edit",
        None,
        (None,),
        {"720p": ".08", "1080p": ".12"},
        seconds=(2, 10),
        status=ESTIMATE,
        video=FILM,
        **BILLED,
    ),
    # As long as its film, which may be 10 s.
    Cell("kie/wan-2.7-edit", {"video": FILM}, Decimal("1.2"), Decimal("1.2"), ESTIMATE),
    *(
        cell
        for name, usd in (("veo-3.1", "1.25"), ("veo-3.1-fast", ".30"), ("veo-3.1-lite", ".15"))
        for cell in (
            *flat(f"kie/{name}", {None: usd, "720p": usd, "1080p": usd}, status=ESTIMATE, **BILLED),
            *flat(f"kie/{name}", {"4K": "?"}, **BILLED),
        )
    ),
    *flat("kie/suno-v6", {None: ".06"}, **BILLED),
    *flat("kie/suno-v6-mini", {None: ".06"}, status=ESTIMATE, **BILLED),
    *flat("kie/suno-v6-wild", {None: ".06"}, status=ESTIMATE, **BILLED),
    *(
        cell
        for name in ("elevenlabs-multilingual-v2", "elevenlabs-turbo-v2.5", "gemini-3.1-flash-tts")
        for cell in flat(f"kie/{name}", {None: "?"}, voice="Rachel", **BILLED)
    ),
]
