"""One request, as each provider spells it: every row of the pages' table, field for field, types included."""

import json

import attrs
import pytest

from anymedia import SpeechRequest, Unsupported, VideoRequest
from anymedia.model.kinds import KINDS
from anymedia.registry import adapters, offers
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .rows import (
    FILM,
    FIRST,
    HOOK,
    IDEA,
    KLING,
    KLING_FIRST,
    LAST,
    LYRICS,
    OLD_IDEA,
    OLD_SONG,
    OLD_TUNE,
    PROMPT,
    SEEDANCE,
    SEEDANCE_FAST,
    SONG,
    SOUND,
    TUNE,
    UNNAMED,
    VEO,
    WAN,
    Row,
    every_map,
    every_row,
    film,
    picture,
    unnamed,
)
from .test_pages import MODELS

IMAGES, VIDEOS, AUDIO = (f"/api/v1/{what}/generations" for what in ("images", "videos", "audio"))

GEMINIS = {
    "nano-banana-2": ("gemini-3.1-flash-image-preview", "gemini-3.1-flash-image-preview-official"),
    "nano-banana-pro": ("gemini-3-pro-image-preview", "gemini-3-pro-image-preview-official"),
}

WAN_USUAL, VEO_USUAL = {"duration": 5, "resolution": "1080P"}, {"duration": 8, "resolution": "720p"}
REAPI = [
    Row(
        "reapi/kling-3-0",
        KLING,
        VIDEOS,
        {
            "model": "kling-3-0",
            "prompt": PROMPT,
            "image_urls": [FIRST, LAST],
            "duration": 5,
            "mode": "std",
            "sound": False,
        },
    ),
    Row(
        "reapi/kling-3-0",
        film("kling-3.0"),
        VIDEOS,
        {"model": "kling-3-0", "prompt": PROMPT, "duration": 5, "mode": "pro", "sound": False},
    ),
    Row(
        "reapi/kling-3-0",
        film(
            "kling-3.0",
            aspect_ratio="9:16",
            resolution="4K",
            audio=True,
            extra={"reapi": {"multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": 4}]}},
        ),
        VIDEOS,
        {
            "model": "kling-3-0",
            "prompt": PROMPT,
            "duration": 5,
            "aspect_ratio": "9:16",
            "mode": "4K",
            "sound": True,
            "multi_shots": True,
            "multi_prompt": [{"prompt": "a", "duration": 4}],
        },
    ),
    *(
        row
        for name, request in (("doubao-seedance-2.0", SEEDANCE), ("doubao-seedance-2.0-fast", SEEDANCE_FAST))
        for row in (
            Row(
                f"reapi/{name}",
                request,
                VIDEOS,
                {
                    "model": name,
                    "prompt": PROMPT,
                    "image_with_roles": [
                        {"url": FIRST, "role": "first_frame"},
                        {"url": LAST, "role": "last_frame"},
                    ],
                    "duration": 5,
                    "resolution": "720p",
                    "generate_audio": False,
                },
            ),
            Row(
                f"reapi/{name}",
                film(
                    request.model,
                    images=(FIRST, LAST),
                    videos=(FILM,),
                    audios=(SOUND,),
                    aspect_ratio="auto",
                    resolution="480p",
                    audio=True,
                    moderation="off",
                    extra={"reapi": {"return_last_frame": True, "tool": "web_search", "fallback": False}},
                ),
                VIDEOS,
                {
                    "model": name,
                    "prompt": PROMPT,
                    "image_urls": [FIRST, LAST],
                    "video_urls": [FILM],
                    "audio_urls": [SOUND],
                    "duration": 5,
                    "size": "adaptive",
                    "resolution": "480p",
                    "generate_audio": True,
                    "nsfw_checker": False,
                    "return_last_frame": True,
                    "tools": [{"type": "web_search"}],
                    "fallback": {"enabled": False},
                },
            ),
        )
    ),
    Row(
        "reapi/wan2.7-video",
        WAN,
        VIDEOS,
        {
            "model": "wan2.7-video",
            "prompt": PROMPT,
            "image_with_roles": [{"url": FIRST, "role": "first_frame"}, {"url": LAST, "role": "last_frame"}],
            "duration": 5,
            "resolution": "720P",
        },
    ),
    Row(
        "reapi/wan2.7-video",
        film("wan-2.7", audios=(SOUND,), aspect_ratio="3:4", negative_prompt="rain", seed=0),
        VIDEOS,
        {
            "model": "wan2.7-video",
            "prompt": PROMPT,
            "negative_prompt": "rain",
            "audio_url": SOUND,
            "size": "3:4",
            "seed": 0,
            **WAN_USUAL,
        },
    ),
    Row(
        "reapi/wan2.7-video",
        film("wan-2.7", images=(FIRST,), videos=(FILM,), audios=(SOUND,), extra={"reapi": {"watermark": True}}),
        VIDEOS,
        {
            "model": "wan2.7-video",
            "prompt": PROMPT,
            "reference_image_urls": [FIRST],
            "reference_video_urls": [FILM],
            "reference_voice_urls": [SOUND],
            "watermark": True,
            **WAN_USUAL,
        },
    ),
    Row(
        "reapi/wan2.7-video",
        VideoRequest(model="wan-2.7", video=FILM, extra={"reapi": {"prompt_extend": False}}),
        VIDEOS,
        {"model": "wan2.7-video", "video_urls": [FILM], "prompt_extend": False, **WAN_USUAL},
    ),
    Row(
        "reapi/veo3.1-fast",
        VEO,
        VIDEOS,
        {
            "model": "veo3.1-fast",
            "prompt": PROMPT,
            "image_urls": [FIRST, LAST],
            "generation_type": "frame",
            "duration": 8,
            "resolution": "720p",
        },
    ),
    Row(
        "reapi/veo3.1-fast",
        film("veo-3.1-fast", images=(FIRST,), aspect_ratio="9:16", audio=True, extra={"reapi": {"enable_gif": True}}),
        VIDEOS,
        {
            "model": "veo3.1-fast",
            "prompt": PROMPT,
            "image_urls": [FIRST],
            "generation_type": "reference",
            "aspect_ratio": "9:16",
            "enable_gif": True,
            **VEO_USUAL,
        },
    ),
    Row("reapi/veo3.1-fast", film("veo-3.1-fast"), VIDEOS, {"model": "veo3.1-fast", "prompt": PROMPT, **VEO_USUAL}),
    Row(
        "reapi/veo3.1-fast-official",
        VEO,
        VIDEOS,
        {
            "model": "veo3.1-fast-official",
            "prompt": PROMPT,
            "first_frame_image": FIRST,
            "last_frame_image": LAST,
            "duration": 8,
            "resolution": "720p",
            "generate_audio": False,
        },
    ),
    Row(
        "reapi/veo3.1-fast-official",
        film(
            "veo-3.1-fast",
            negative_prompt="rain",
            duration=4,
            resolution="4K",
            audio=True,
            count=2,
            seed=7,
            extra={"reapi": {"resize_mode": "pad", "enhance_prompt": False, "person_generation": "allow_adult"}},
        ),
        VIDEOS,
        {
            "model": "veo3.1-fast-official",
            "prompt": PROMPT,
            "negative_prompt": "rain",
            "duration": 4,
            "resolution": "4k",
            "generate_audio": True,
            "sample_count": 2,
            "seed": 7,
            "resize_mode": "pad",
            "enhance_prompt": False,
            "person_generation": "allow_adult",
        },
    ),
    *(
        Row(f"reapi/{name}", request, AUDIO, {"model": "suno-music", **body, "instrumental": request is TUNE})
        for name, request, body in (
            ("suno-v6", IDEA, {"version": "V6", "custom_mode": False, "prompt": PROMPT}),
            (
                "suno-v6",
                SONG,
                {
                    "version": "V6",
                    "custom_mode": True,
                    "prompt": LYRICS,
                    "style": "sea shanty",
                    "title": "Dusk",
                    "duration": 60,
                },
            ),
            ("suno-v6", TUNE, {"version": "V6", "custom_mode": True, "style": "sea shanty", "title": "Dusk"}),
            ("suno-v5.5", OLD_IDEA, {"version": "V5_5", "customMode": False, "prompt": PROMPT}),
        )
    ),
    Row(
        "reapi/suno-v6",
        attrs.evolve(IDEA, instrumental=True),
        AUDIO,
        {"model": "suno-music", "version": "V6", "custom_mode": False, "prompt": PROMPT, "instrumental": True},
    ),
    Row(
        "reapi/suno-v5.5",
        attrs.evolve(
            OLD_SONG,
            vocal="female",
            negative_prompt="drums",
            extra={"reapi": {"styleWeight": 0.5, "personaId": "p1", "personaModel": "voice_persona"}},
        ),
        AUDIO,
        {
            "model": "suno-music",
            "version": "V5_5",
            "customMode": True,
            "prompt": LYRICS,
            "style": "sea shanty",
            "title": "Dusk",
            "instrumental": False,
            "negativeTags": "drums",
            "vocalGender": "f",
            "styleWeight": 0.5,
            "personaId": "p1",
            "personaModel": "voice_persona",
        },
    ),
    *(
        row
        for model, names in GEMINIS.items()
        for name in names
        for row in (
            Row(f"reapi/{name}", picture(model), IMAGES, {"model": name, "prompt": PROMPT, "resolution": "1k"}),
            Row(
                f"reapi/{name}",
                picture(model, images=(FIRST, LAST), aspect_ratio="21:9", resolution="4K", count=3),
                IMAGES,
                {
                    "model": name,
                    "prompt": PROMPT,
                    "image_urls": [FIRST, LAST],
                    "size": "21:9",
                    "resolution": "4k",
                    "n": 3,
                },
            ),
        )
    ),
    Row(
        "reapi/gemini-3.1-flash-image-preview",
        picture(
            "nano-banana-2",
            aspect_ratio="1:8",
            extra={"reapi": {"google_search": True, "google_image_search": False}},
        ),
        IMAGES,
        {
            "model": "gemini-3.1-flash-image-preview",
            "prompt": PROMPT,
            "size": "1:8",
            "resolution": "1k",
            "google_search": True,
            "google_image_search": False,
        },
    ),
    Row(
        "reapi/nano-banana-2-lite",
        picture("nano-banana-2-lite", images=(FIRST,), aspect_ratio="auto"),
        IMAGES,
        {"model": "nano-banana-2-lite", "prompt": PROMPT, "image_urls": [FIRST], "aspect_ratio": "auto"},
    ),
    Row(
        "reapi/doubao-seedream-5-0-lite",
        picture(
            "seedream-5-lite",
            images=(FIRST,),
            aspect_ratio="auto",
            resolution="2K",
            output_format="png",
            extra={"reapi": {"watermark": False}},
        ),
        IMAGES,
        {
            "model": "doubao-seedream-5-0-lite",
            "prompt": PROMPT,
            "image_urls": [FIRST],
            "size": "auto",
            "resolution": "2k",
            "output_format": "png",
            "watermark": False,
        },
    ),
    Row(
        "reapi/imagen-4-0",
        picture("imagen-4", aspect_ratio="1:1"),
        IMAGES,
        {"model": "imagen-4-0", "prompt": PROMPT, "size": "1:1"},
    ),
    Row(
        "reapi/qwen-image-2",
        picture(
            "qwen-image-2", images=(FIRST,), aspect_ratio="21:9", output_format="jpeg", seed=7, moderation="standard"
        ),
        IMAGES,
        {
            "model": "qwen-image-2",
            "prompt": PROMPT,
            "image_url": FIRST,
            "image_size": "21:9",
            "output_format": "jpeg",
            "seed": 7,
            "nsfw_checker": True,
        },
    ),
]

CHIRP = {"model": "chirp-v5-5"}
API_IN_ONE = [
    Row(
        "api_in_one/kling-3",
        KLING_FIRST,
        VIDEOS,
        {"model": "kling-3", "prompt": PROMPT, "image": FIRST, "duration": 5, "mode": "std", "sound": False},
    ),
    Row(
        "api_in_one/kling-3",
        film("kling-3.0"),
        VIDEOS,
        {"model": "kling-3", "prompt": PROMPT, "duration": 5, "mode": "std", "sound": True},
    ),
    Row(
        "api_in_one/kling-3",
        film(
            "kling-3.0",
            aspect_ratio="1:1",
            resolution="1080p",
            callback_url=HOOK,
            extra={"api_in_one": {"shots": "one"}},
        ),
        VIDEOS,
        {
            "model": "kling-3",
            "prompt": PROMPT,
            "duration": 5,
            "aspect_ratio": "1:1",
            "mode": "pro",
            "sound": True,
            "callback_url": HOOK,
            "multi_shots": False,
        },
    ),
    *(
        Row(
            f"api_in_one/imagen4{tier}",
            picture(f"imagen-4{tier}", aspect_ratio="9:16", negative_prompt="rain", seed=7),
            IMAGES,
            {
                "model": f"imagen4{tier}",
                "prompt": PROMPT,
                "aspect_ratio": "9:16",
                "negative_prompt": "rain",
                "seed": 7,
                "num_images": 1,
            },
        )
        for tier in ("", "-fast", "-ultra")
    ),
    Row("api_in_one/chirp-v5-5", OLD_IDEA, "/api/v1/audio/music", {**CHIRP, "gpt_description_prompt": PROMPT}),
    Row(
        "api_in_one/chirp-v5-5",
        attrs.evolve(OLD_SONG, negative_prompt="drums"),
        "/api/v1/audio/music",
        {**CHIRP, "prompt": LYRICS, "style": "sea shanty", "title": "Dusk", "tags": "drums"},
    ),
    Row(
        "api_in_one/chirp-v5-5",
        OLD_TUNE,
        "/api/v1/audio/music",
        {**CHIRP, "style": "sea shanty", "title": "Dusk", "make_instrumental": True},
    ),
]


def runapi(name, request, path, *, wire_id=None, **body):
    """Return what RunAPI is sent: the path below /api/v1, and the body beside model, prompt, and what always is."""
    prompt = {} if request.kind in ("music", "speech") or request.prompt is None else {"prompt": request.prompt}
    always = AT_720P if name.startswith(("kling", "seedance", "wan")) else {}
    return Row(f"runapi/{name}", request, f"/api/v1/{path}", {"model": wire_id or name, **prompt, **always, **body})


FRAMES = {"first_frame_image_url": FIRST, "last_frame_image_url": LAST}
AT_720P = {"duration_seconds": 5, "output_resolution": "720p"}
MADE_AFTER = {
    "reference_image_urls": [FIRST, LAST],
    "reference_video_urls": [FILM],
    "reference_audio_urls": [SOUND],
}
AFTER = {"images": (FIRST, LAST), "videos": (FILM,), "audios": (SOUND,)}
WEIGHTS = {
    "style_weight": 0.5,
    "weirdness_constraint": 0,
    "audio_weight": 1,
    "persona_id": "p",
    "persona_type": "voice",
}
SAID = SpeechRequest(model="elevenlabs-multilingual-v2", text=PROMPT, voice="Rachel")
SPEAKER = {"speaker_id": "Speaker 1", "voice_name": "Kore", "accent": "neutral"}

RUNAPI = [
    runapi("kling-3.0", KLING, "kling/text_to_video", **FRAMES, enable_sound=False),
    runapi(
        "kling-3.0",
        film(
            "kling-3.0",
            duration=15,
            aspect_ratio="1:1",
            resolution="4K",
            audio=True,
            negative_prompt="rain",
            callback_url=HOOK,
            extra={"runapi": {"cfg_scale": 0.5, "multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": 4}]}},
        ),
        "kling/text_to_video",
        duration_seconds=15,
        aspect_ratio="1:1",
        output_resolution="4k",
        enable_sound=True,
        negative_prompt="rain",
        callback_url=HOOK,
        cfg_scale=0.5,
        multi_shots=True,
        multi_prompt=[{"prompt": "a", "duration": 4}],
    ),
    *(
        row
        for name, request in (("seedance-2.0", SEEDANCE), ("seedance-2.0-fast", SEEDANCE_FAST))
        for row in (
            runapi(name, request, "seedance/text_to_video", **FRAMES, generate_audio=False),
            runapi(
                name,
                film(
                    name,
                    **AFTER,
                    aspect_ratio="auto",
                    resolution="480p",
                    audio=True,
                    moderation="off",
                    extra={"runapi": {"web_search": True}},
                ),
                "seedance/text_to_video",
                **MADE_AFTER,
                aspect_ratio="auto",
                output_resolution="480p",
                generate_audio=True,
                enable_safety_checker=False,
                web_search=True,
            ),
        )
    ),
    runapi(
        "seedance-2.5",
        film("seedance-2.5", **AFTER, duration="auto", extra={"runapi": {"return_last_frame": True}}),
        "seedance/text_to_video",
        **MADE_AFTER,
        duration_seconds=-1,
        generate_audio=True,
        return_last_frame=True,
    ),
    runapi(
        "veo-3.1-fast",
        attrs.evolve(VEO, resolution=None),
        "veo_3_1/text_to_video",
        **FRAMES,
        input_mode="first_and_last_frames",
        duration_seconds=8,
    ),
    runapi(
        "veo-3.1-fast",
        film(
            "veo-3.1-fast",
            images=(FIRST,),
            duration=4,
            aspect_ratio="9:16",
            audio=True,
            seed=7,
            extra={"runapi": {"enable_translation": False, "watermark": "mine"}},
        ),
        "veo_3_1/text_to_video",
        input_mode="reference",
        reference_image_urls=[FIRST],
        duration_seconds=4,
        aspect_ratio="9:16",
        seeds=7,
        enable_translation=False,
        watermark="mine",
    ),
    runapi("veo-3.1-fast", film("veo-3.1-fast"), "veo_3_1/text_to_video", input_mode="text"),
    runapi("wan-2.7", WAN, "wan/image_to_video", wire_id="wan-2.7-image-to-video", **FRAMES),
    runapi(
        "wan-2.7",
        film("wan-2.7", first_frame=FIRST, audios=(SOUND,)),
        "wan/image_to_video",
        wire_id="wan-2.7-image-to-video",
        first_frame_image_url=FIRST,
        driving_audio_url=SOUND,
    ),
    runapi(
        "wan-2.7",
        film("wan-2.7", audios=(SOUND,), aspect_ratio="3:4", resolution="1080p", negative_prompt="rain", seed=0),
        "wan/text_to_video",
        wire_id="wan-2.7-text-to-video",
        background_audio_url=SOUND,
        aspect_ratio="3:4",
        output_resolution="1080p",
        negative_prompt="rain",
        seed=0,
    ),
    runapi(
        "wan-2.7",
        film("wan-2.7", **AFTER, duration=10, extra={"runapi": {"watermark": True}}),
        "wan/text_to_video",
        wire_id="wan-2.7-r2v",
        reference_image_urls=[FIRST, LAST],
        reference_video_urls=[FILM],
        reference_audio_url=SOUND,
        duration_seconds=10,
        watermark=True,
    ),
    runapi(
        "wan-2.7",
        film("wan-2.7", video=FILM, audios=(SOUND,), extra={"runapi": {"enable_prompt_expansion": False}}),
        "wan/image_to_video",
        wire_id="wan-2.7-image-to-video",
        source_video_url=FILM,
        driving_audio_url=SOUND,
        enable_prompt_expansion=False,
    ),
    *(
        runapi(name, request, "suno/text_to_music", **body)
        for name, request, body in (
            ("suno-v6", IDEA, {"vocal_mode": "auto_lyrics", "prompt": PROMPT}),
            (
                "suno-v6",
                SONG,
                {
                    "vocal_mode": "exact_lyrics",
                    "lyrics": LYRICS,
                    "style": "sea shanty",
                    "title": "Dusk",
                    "duration_seconds": 60,
                },
            ),
            ("suno-v6", TUNE, {"vocal_mode": "instrumental", "style": "sea shanty", "title": "Dusk"}),
            ("suno-v5.5", OLD_IDEA, {"vocal_mode": "auto_lyrics", "prompt": PROMPT}),
            (
                "suno-v5.5",
                attrs.evolve(OLD_SONG, vocal="female", negative_prompt="drums", extra={"runapi": WEIGHTS}),
                {
                    "vocal_mode": "exact_lyrics",
                    "lyrics": LYRICS,
                    "style": "sea shanty",
                    "title": "Dusk",
                    "negative_tags": "drums",
                    "vocal_gender": "female",
                    **WEIGHTS,
                },
            ),
        )
    ),
    runapi("text-to-speech-multilingual-v2", SAID, "elevenlabs/text_to_speech", text=PROMPT, voice="Rachel"),
    runapi(
        "text-to-speech-multilingual-v2",
        attrs.evolve(
            SAID,
            language="en",
            speed=0.9,
            extra={"runapi": {"stability": 0.4, "similarity_boost": 1, "style": 0, "timestamps": True}},
        ),
        "elevenlabs/text_to_speech",
        text=PROMPT,
        voice="Rachel",
        language_code="en",
        speed=0.9,
        stability=0.4,
        similarity_boost=1,
        style=0,
        timestamps=True,
    ),
    runapi("tts-1", SpeechRequest(model="tts-1", text=PROMPT), "openai_tts/text_to_speech", text=PROMPT),
    runapi(
        "gemini-3.1-flash-tts",
        SpeechRequest(model="gemini-3.1-flash-tts", text=PROMPT, voice="Kore"),
        "gemini_tts/text_to_speech",
        speakers=[SPEAKER],
        dialogue_turns=[{"speaker_id": "Speaker 1", "text": PROMPT}],
    ),
    runapi(
        "gemini-3.1-flash-tts",
        SpeechRequest(
            model="gemini-3.1-flash-tts",
            text=PROMPT,
            voice="Kore",
            instructions="whispers",
            extra={"runapi": {"accent": "Irish", "pace": "slow", "scene": "a pier", "temperature": 0.5}},
        ),
        "gemini_tts/text_to_speech",
        speakers=[SPEAKER | {"accent": "Irish", "style": "whispers", "pace": "slow"}],
        dialogue_turns=[{"speaker_id": "Speaker 1", "text": PROMPT}],
        scene="a pier",
        temperature=0.5,
    ),
    *(
        row
        for name in ("nano-banana-2", "nano-banana-pro")
        for row in (
            runapi(name, picture(name), "nano_banana/text_to_image"),
            runapi(
                name,
                picture(name, images=(FIRST, LAST), aspect_ratio="auto", resolution="4K", output_format="jpeg"),
                "nano_banana/text_to_image",
                reference_image_urls=[FIRST, LAST],
                aspect_ratio="auto",
                output_resolution="4k",
                output_format="jpeg",
            ),
        )
    ),
    runapi(
        "nano-banana-2-lite",
        picture("nano-banana-2-lite", images=(FIRST,)),
        "nano_banana/text_to_image",
        reference_image_urls=[FIRST],
        aspect_ratio="auto",
    ),
    runapi(
        "seedream-4.5",
        picture("seedream-4.5"),
        "seedream/text_to_image",
        wire_id="seedream-4.5-text-to-image",
        aspect_ratio="1:1",
        output_quality="basic",
    ),
    runapi(
        "seedream-4.5",
        picture("seedream-4.5", images=(FIRST,), aspect_ratio="21:9", resolution="4K"),
        "seedream/edit_image",
        wire_id="seedream-4.5-edit",
        source_image_urls=[FIRST],
        aspect_ratio="21:9",
        output_quality="high",
    ),
    runapi(
        "seedream-5-lite",
        picture("seedream-5-lite", images=(FIRST,), resolution="4K", output_format="jpeg"),
        "seedream/edit_image",
        wire_id="seedream-5-lite-edit",
        source_image_urls=[FIRST],
        aspect_ratio="1:1",
        output_quality="ultra",
        output_format="jpeg",
    ),
    runapi(
        "seedream-5-lite",
        picture("seedream-5-lite", extra={"runapi": {"output_quality": "high"}}),
        "seedream/text_to_image",
        wire_id="seedream-5-lite-text-to-image",
        aspect_ratio="1:1",
        output_quality="high",
    ),
    *(
        runapi(
            f"imagen-4{tier}",
            picture(f"imagen-4{tier}", aspect_ratio="9:16", negative_prompt="rain", seed=7),
            "imagen_4/text_to_image",
            aspect_ratio="9:16",
            negative_prompt="rain",
            seed=7,
        )
        for tier in ("", "-fast", "-ultra")
    ),
    runapi("qwen-2", picture("qwen-image-2"), "qwen_2/text_to_image", wire_id="qwen-2-text-to-image"),
    runapi(
        "qwen-2",
        picture("qwen-image-2", images=(FIRST,), aspect_ratio="4:3", output_format="png", seed=7, moderation="off"),
        "qwen_2/edit_image",
        wire_id="qwen-2-edit-image",
        source_image_url=FIRST,
        aspect_ratio="4:3",
        output_format="png",
        seed=7,
        enable_safety_checker=False,
    ),
]

REVIDAPI = [
    Row(
        "revidapi/nano-banana-pro",
        picture("nano-banana-pro"),
        "/paid/nano/banana/create",
        {"model": "nano-banana-pro", "input": {"prompt": PROMPT}},
    ),
    Row(
        "revidapi/nano-banana-pro",
        picture(
            "nano-banana-pro",
            images=(FIRST,),
            aspect_ratio="5:4",
            resolution="4K",
            output_format="jpeg",
            callback_url=HOOK,
        ),
        "/paid/nano/banana/create",
        {
            "model": "nano-banana-pro",
            "input": {
                "prompt": PROMPT,
                "image_input": [FIRST],
                "aspect_ratio": "5:4",
                "resolution": "4K",
                "output_format": "jpg",
            },
            "callBackUrl": HOOK,
        },
    ),
    Row(
        "revidapi/seedream-4.5",
        picture("seedream-4.5"),
        "/paid/seedream/create",
        {
            "model": "seedream/4.5-text-to-image",
            "input": {"prompt": PROMPT, "aspect_ratio": "1:1", "quality": "basic"},
        },
    ),
    Row(
        "revidapi/seedream-4.5",
        picture("seedream-4.5", images=(FIRST, LAST), aspect_ratio="2:3", resolution="4K"),
        "/paid/seedream/create",
        {
            "model": "seedream/4.5-edit",
            "input": {"prompt": PROMPT, "image_urls": [FIRST, LAST], "aspect_ratio": "2:3", "quality": "high"},
        },
    ),
    Row(
        "revidapi/gpt-image-2",
        picture("gpt-image-2", aspect_ratio="16:9", output_format="png"),
        "/v1/images/generations",
        {"model": "gpt-image-2", "prompt": PROMPT, "aspect_ratio": "16:9", "output_format": "png"},
    ),
    Row("revidapi/edge-tts", SpeechRequest(model="edge-tts", text=PROMPT), "/paid/text-to-speech", {"text": PROMPT}),
    Row(
        "revidapi/edge-tts",
        SpeechRequest(
            model="edge-tts",
            text=PROMPT,
            voice="vi-VN-HoaiMyNeural",
            speed=1.5,
            callback_url=HOOK,
            extra={"revidapi": {"engine": "google", "voice_id": 7, "pitch": -2.5}},
        ),
        "/paid/text-to-speech",
        {
            "text": PROMPT,
            "voice": "vi-VN-HoaiMyNeural",
            "speed": 1.5,
            "webhook_url": HOOK,
            "engine": "google",
            "voice_id": 7,
            "pitch": -2.5,
        },
    ),
]

ROWS = [*REAPI, *API_IN_ONE, *RUNAPI, *REVIDAPI, *every_row("ROWS")]


def held(row):
    provider, _, name = row.name.partition("/")
    adapter = adapters()[provider]
    return check(row.request, adapter, adapter.offer(name))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name} {row.request.variant}")
def test_a_request_is_spelt_as_the_page_spells_it(row):
    checked = held(row)
    assert (checked.problems, checked.offer.model) == ((), row.request.model)
    (part,) = parts(checked)
    # As JSON, in which true is not 1 and "5" is not 5.
    assert (checked.path, json.dumps(part.body, sort_keys=True)) == (row.path, json.dumps(row.body, sort_keys=True))


CLIP = {"duration": 5, "aspect_ratio": "16:9"}
SUNG = {"instrumental": False}
GEMINI = {"aspect_ratio": UNNAMED, "resolution": "1K", "count": 1}
SEARCHES = {"google_search": False, "google_image_search": False}
SEEDANCES = CLIP | {
    "resolution": "720p",
    "audio": False,
    "moderation": "standard",
    "return_last_frame": False,
    "fallback": True,
}
IMAGEN = {"aspect_ratio": "1:1"}
OF_5_S = {"duration": 5, "resolution": "720p"}


# What each offer takes for what is not given.
DEFAULTS = {
    "reapi/kling-3-0": CLIP | {"resolution": "1080p", "audio": False, "shots": "one"},
    "reapi/doubao-seedance-2.0": SEEDANCES,
    "reapi/doubao-seedance-2.0-fast": SEEDANCES,
    "reapi/veo3.1-fast": {
        "duration": 8,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "audio": True,
        "enable_gif": False,
    },
    "reapi/veo3.1-fast-official": {
        "duration": 8,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "audio": False,
        "count": 1,
        "enhance_prompt": True,
    },
    "reapi/wan2.7-video": CLIP | {"resolution": "1080p", "prompt_extend": True, "watermark": False},
    "reapi/suno-v6": SUNG,
    "reapi/suno-v5.5": SUNG,
    "reapi/gemini-3.1-flash-image-preview": GEMINI | SEARCHES,
    "reapi/gemini-3.1-flash-image-preview-official": GEMINI | SEARCHES,
    "reapi/gemini-3-pro-image-preview": GEMINI,
    "reapi/gemini-3-pro-image-preview-official": GEMINI,
    "reapi/nano-banana-2-lite": {"aspect_ratio": UNNAMED},
    "reapi/doubao-seedream-5-0-lite": dict.fromkeys(
        ("aspect_ratio", "resolution", "output_format", "watermark"), UNNAMED
    ),
    "reapi/imagen-4-0": {"aspect_ratio": "16:9"},
    "reapi/qwen-image-2": dict.fromkeys(("aspect_ratio", "output_format", "moderation"), UNNAMED),
    "api_in_one/kling-3": CLIP | {"resolution": "720p", "audio": True, "shots": "one"},
    "api_in_one/chirp-v5-5": SUNG,
    **{f"api_in_one/imagen4{tier}": IMAGEN for tier in ("", "-fast", "-ultra")},
    "runapi/kling-3.0": unnamed("aspect_ratio") | OF_5_S | {"audio": False, "shots": "one"},
    **{
        f"runapi/seedance-{version}": unnamed("aspect_ratio", *more) | OF_5_S | {"audio": audio}
        for version, audio, more in (
            ("2.0", False, ("moderation",)),
            ("2.0-fast", False, ("moderation",)),
            ("2.5", True, ()),
        )
    },
    "runapi/veo-3.1-fast": unnamed("duration", "aspect_ratio") | {"audio": True},
    "runapi/wan-2.7": unnamed("aspect_ratio") | OF_5_S,
    "runapi/suno-v6": SUNG,
    "runapi/suno-v5.5": SUNG,
    "runapi/text-to-speech-multilingual-v2": {"speed": 1, "stability": 0.5, "similarity_boost": 0.75, "style": 0},
    "runapi/tts-1": {},
    "runapi/gemini-3.1-flash-tts": {"accent": "neutral"},
    **{f"runapi/nano-banana-{tier}": unnamed("aspect_ratio", "resolution", "output_format") for tier in ("2", "pro")},
    "runapi/nano-banana-2-lite": {"aspect_ratio": "auto"},
    "runapi/seedream-4.5": {"aspect_ratio": "1:1", "resolution": "2K"},
    "runapi/seedream-5-lite": {"aspect_ratio": "1:1", "resolution": "2K", "output_format": "png"},
    **{f"runapi/imagen-4{tier}": unnamed("aspect_ratio") for tier in ("", "-fast", "-ultra")},
    "runapi/qwen-2": unnamed("aspect_ratio", "output_format", "moderation"),
    "revidapi/nano-banana-pro": {"aspect_ratio": "1:1", "resolution": "1K", "output_format": "png"},
    "revidapi/seedream-4.5": {"aspect_ratio": "1:1", "resolution": "2K"},
    "revidapi/gpt-image-2": unnamed("aspect_ratio", "output_format"),
    "revidapi/edge-tts": {"speed": 1, "engine": "edge", "pitch": 0},
    **every_map("DEFAULTS"),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_is_taken_for_what_is_not_given(name):
    offer = adapters()[name.partition("/")[0]].offer(name.partition("/")[2])
    kind = KINDS[offer.kind]
    words = {"text": PROMPT} if kind is SpeechRequest else {"prompt": PROMPT}
    taken = held(Row(name, kind(model=offer.model, **words), "", {})).defaults
    shown = {field: value if isinstance(value, int | float) else str(value) for field, value in taken.items()}
    assert shown == DEFAULTS[name]


def test_every_offer_is_spoken_of_here_or_where_its_page_is():
    spelt = {row.name.partition("/")[0] for row in ROWS}
    every = {f"{adapter.name}/{offer.name}" for adapter, offer in offers() if adapter.name in spelt}
    assert {row.name for row in ROWS} == set(DEFAULTS) == every - set(MODELS)


REFUSED = [
    ("reapi/kling-3-0", film("kling-3.0", duration=16), "duration: takes 3 to 15, not 16"),
    ("reapi/kling-3-0", film("kling-3.0", resolution="480p"), "resolution: takes 720p, 1080p, 4K, not 480p"),
    ("reapi/kling-3-0", film("kling-3.0", images=(FIRST,)), "images: not supported"),
    ("reapi/doubao-seedance-2.0-fast", film("seedance-2.0-fast", resolution="1080p"), "takes 480p, 720p, not 1080p"),
    ("reapi/doubao-seedance-2.0", film("seedance-2.0", audios=(SOUND,)), "audios: needs images or videos"),
    (
        "reapi/doubao-seedance-2.0",
        film("seedance-2.0", first_frame=FIRST, audios=(SOUND,)),
        "first_frame: goes without audios",
    ),
    ("reapi/doubao-seedance-2.0", film("seedance-2.0", seed=1), "seed: not supported"),
    ("reapi/veo3.1-fast", film("veo-3.1-fast", duration=6), "duration: takes 8, not 6"),
    ("reapi/veo3.1-fast", film("veo-3.1-fast", audio=False), "audio: is always true"),
    (
        "reapi/veo3.1-fast",
        film("veo-3.1-fast", resolution="4K", extra={"reapi": {"enable_gif": True}}),
        "true needs resolution 720p, not 4K",
    ),
    ("reapi/veo3.1-fast-official", film("veo-3.1-fast", duration=5), "duration: takes 4, 6, 8, not 5"),
    ("reapi/wan2.7-video", attrs.evolve(WAN, aspect_ratio="1:1"), "aspect_ratio: not supported with first_frame"),
    (
        "reapi/wan2.7-video",
        film("wan-2.7", video=FILM, images=(FIRST,)),
        "images: goes without video",
    ),
    ("reapi/wan2.7-video", VideoRequest(model="wan-2.7", images=(FIRST,)), "images: needs prompt"),
    ("reapi/wan2.7-video", film("wan-2.7", audios=(SOUND, SOUND)), "audios: takes 1 file, not 2"),
    ("reapi/suno-v6", attrs.evolve(IDEA, style="folk"), "style: not supported without lyrics or instrumental"),
    ("reapi/suno-v6", attrs.evolve(IDEA, title="Dusk"), "title: not supported without lyrics or style"),
    ("reapi/suno-v6", attrs.evolve(SONG, prompt=PROMPT), "prompt: not supported with lyrics"),
    ("reapi/suno-v6", attrs.evolve(SONG, duration=361), "duration: takes 10 to 360, not 361"),
    ("reapi/suno-v6", attrs.evolve(IDEA, vocal="male"), "vocal: not supported"),
    (
        "reapi/suno-v5.5",
        attrs.evolve(OLD_IDEA, extra={"reapi": {"audioWeight": 0.5}}),
        "needs lyrics or style",
    ),
    ("reapi/qwen-image-2", picture("qwen-image-2", aspect_ratio="21:9"), "aspect_ratio: takes 1:1, 3:4"),
    ("api_in_one/kling-3", KLING, "last_frame: not supported"),
    ("api_in_one/kling-3", film("kling-3.0", resolution="4K"), "resolution: takes 720p, 1080p, not 4K"),
    ("api_in_one/chirp-v5-5", attrs.evolve(OLD_IDEA, prompt="x" * 401), "prompt: takes 1 to 400 characters"),
    ("runapi/kling-3.0", VideoRequest(model="kling-3.0", first_frame=FIRST), "prompt: required by this offer"),
    ("runapi/kling-3.0", film("kling-3.0", images=(FIRST,)), "images: not supported"),
    ("runapi/seedance-2.0", film("seedance-2.0", seed=1), "seed: not supported"),
    ("runapi/seedance-2.0", film("seedance-2.0", duration="auto"), "duration: takes 4 to 15, not auto"),
    (
        "runapi/seedance-2.0",
        film("seedance-2.0", videos=(FILM,), resolution="4K"),
        "resolution: 4K goes without videos",
    ),
    ("runapi/seedance-2.0", film("seedance-2.0", first_frame=FIRST, audios=(SOUND,)), "goes without audios"),
    ("runapi/veo-3.1-fast", film("veo-3.1-fast", audio=False), "audio: is always true"),
    ("runapi/veo-3.1-fast", VEO, "resolution: not supported"),
    ("runapi/veo-3.1-fast", film("veo-3.1-fast", duration=5), "duration: takes 4, 6, 8, not 5"),
    ("runapi/wan-2.7", VideoRequest(model="wan-2.7", first_frame=FIRST), "first_frame: needs prompt"),
    ("runapi/wan-2.7", film("wan-2.7", video=FILM, images=(FIRST,)), "images: not supported with video"),
    ("runapi/wan-2.7", film("wan-2.7", images=(FIRST,), duration=11), "duration: takes 2 to 10, not 11"),
    ("runapi/suno-v6", attrs.evolve(IDEA, style="folk"), "style: not supported"),
    ("runapi/suno-v6", attrs.evolve(IDEA, duration=60), "duration: not supported"),
    ("runapi/suno-v6", attrs.evolve(IDEA, instrumental=True), "prompt: not supported with instrumental"),
    ("runapi/suno-v6", attrs.evolve(SONG, title=None), "title: required by this offer"),
    ("runapi/suno-v6", attrs.evolve(TUNE, vocal="male"), "vocal: not supported"),
    ("runapi/text-to-speech-multilingual-v2", attrs.evolve(SAID, voice=None), "voice: required by this offer"),
    ("runapi/tts-1", attrs.evolve(SAID, model="tts-1"), "voice: not supported"),
    ("runapi/nano-banana-2-lite", picture("nano-banana-2-lite", resolution="1K"), "resolution: not supported"),
    ("runapi/qwen-2", picture("qwen-image-2", images=(FIRST, LAST)), "images: takes 1 file, not 2"),
    ("revidapi/gpt-image-2", picture("gpt-image-2", images=(FIRST,)), "images: not supported"),
    ("revidapi/edge-tts", SpeechRequest(model="edge-tts", text=PROMPT, speed=3), "speed: takes 0.5 to 2, not 3"),
    *every_row("REFUSED"),
]


@pytest.mark.parametrize(("name", "request_", "said"), REFUSED)
def test_what_the_page_does_not_take_is_refused_by_name(name, request_, said):
    problems = held(Row(name, request_, "", {})).problems
    assert any(said in str(problem) for problem in problems), problems


@pytest.mark.parametrize(
    ("name", "field", "most"),
    [
        ("reapi/suno-v6", "duration", 360),
        ("reapi/suno-v6", "style", "x" * 1000),
        ("reapi/suno-v6", "title", "x" * 80),
        ("reapi/suno-v5.5", "style", "x" * 1000),
        ("reapi/suno-v5.5", "title", "x" * 80),
        ("reapi/suno-v5.5", "negative_prompt", "x" * 1000),
        ("api_in_one/chirp-v5-5", "style", "x" * 1000),
        ("api_in_one/chirp-v5-5", "title", "x" * 80),
        ("api_in_one/chirp-v5-5", "negative_prompt", "x" * 1000),
    ],
)
def test_the_bounds_of_a_tune_are_those_of_a_song(name, field, most):
    for of in (TUNE, attrs.evolve(SONG, duration=None)):
        for value, fits in ((most, True), (most + (1 if field == "duration" else "x"), False)):
            request = attrs.evolve(of, model=name[6:] if name.startswith("reapi/") else "suno-v5.5", **{field: value})
            assert [each.field for each in held(Row(name, request, "", {})).problems] == ([] if fits else [field])


@pytest.mark.parametrize(
    ("name", "model", "field", "most"),
    [
        *((f"reapi/{name}", model, "images", 14) for model, names in GEMINIS.items() for name in names),
        ("reapi/nano-banana-2-lite", "nano-banana-2-lite", "images", 10),
        ("reapi/doubao-seedream-5-0-lite", "seedream-5-lite", "images", 20),
        ("reapi/doubao-seedance-2.0", "seedance-2.0", "images", 9),
        ("reapi/doubao-seedance-2.0", "seedance-2.0", "videos", 3),
        ("reapi/veo3.1-fast", "veo-3.1-fast", "images", 3),
        ("reapi/wan2.7-video", "wan-2.7", "images", 5),
        ("reapi/wan2.7-video", "wan-2.7", "videos", 5),
    ],
)
def test_the_number_of_files(name, model, field, most):
    of = picture if "image" in name or "banana" in name or "seedream" in name else film
    for number in (most, most + 1):
        problems = held(Row(name, of(model, **{field: (FIRST,) * number}), "", {})).problems
        said = [] if number == most else [f"takes 1 to {most} files, not {number}"]
        assert [each.message for each in problems] == said


def test_what_a_film_is_of_is_never_dropped():
    adapter = adapters()["api_in_one"]
    checked = check(KLING, adapter, adapter.offer("kling-3"), on_unsupported="drop")
    assert [problem.field for problem in checked.problems] == ["last_frame"]
    assert type(checked.error()) is Unsupported
