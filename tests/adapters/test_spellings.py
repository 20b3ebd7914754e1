"""One request, as each provider spells it: every row of the pages' table, field for field, types included."""

import json

import attrs
import pytest

from anymedia import ImageRequest, MusicRequest, Unsupported, VideoRequest
from anymedia.model.request import Request
from anymedia.registry import adapters, offers
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .test_pages import MODELS

FIRST, LAST = "https://img.example/first.png", "https://img.example/last.png"
FILM, SOUND = "https://img.example/film.mp4", "https://img.example/sound.mp3"
PROMPT, LYRICS = "a lighthouse at dusk", "The light goes round"
HOOK = "https://app.example/done"

# The requests of the table, the same for every provider that has the model.
KLING = VideoRequest(
    model="kling-3.0",
    prompt=PROMPT,
    first_frame=FIRST,
    last_frame=LAST,
    duration=5,
    resolution="720p",
    audio=False,
)
KLING_FIRST = attrs.evolve(KLING, last_frame=None)
SEEDANCE = attrs.evolve(KLING, model="seedance-2.0")
SEEDANCE_FAST = attrs.evolve(KLING, model="seedance-2.0-fast")
WAN = attrs.evolve(KLING, model="wan-2.7", audio=None)
VEO = attrs.evolve(KLING, model="veo-3.1-fast", duration=8, audio=None)
IDEA = MusicRequest(model="suno-v6", prompt=PROMPT)
SONG = MusicRequest(model="suno-v6", lyrics=LYRICS, style="sea shanty", title="Dusk", duration=60)
TUNE = MusicRequest(model="suno-v6", style="sea shanty", title="Dusk", instrumental=True)
OLD_IDEA, OLD_SONG, OLD_TUNE = (
    attrs.evolve(each, model="suno-v5.5", **({"duration": None} if each is SONG else {})) for each in (IDEA, SONG, TUNE)
)


@attrs.frozen
class Row:
    """What one offer makes of a request: where it is submitted, and the body."""

    name: str
    request: Request
    path: str
    body: dict


IMAGES, VIDEOS, AUDIO = (f"/api/v1/{what}/generations" for what in ("images", "videos", "audio"))


def film(model, **fields):
    return VideoRequest(model=model, prompt=PROMPT, **fields)


def picture(model, **fields):
    return ImageRequest(model=model, prompt=PROMPT, **fields)


GEMINIS = {
    "nano-banana-2": ("gemini-3.1-flash-image-preview", "gemini-3.1-flash-image-preview-official"),
    "nano-banana-pro": ("gemini-3-pro-image-preview", "gemini-3-pro-image-preview-official"),
}

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
    Row("reapi/kling-3-0", film("kling-3.0"), VIDEOS, {"model": "kling-3-0", "prompt": PROMPT, "sound": False}),
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
        },
    ),
    Row(
        "reapi/wan2.7-video",
        VideoRequest(model="wan-2.7", video=FILM, extra={"reapi": {"prompt_extend": False}}),
        VIDEOS,
        {"model": "wan2.7-video", "video_urls": [FILM], "prompt_extend": False},
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
        film("veo-3.1-fast", images=(FIRST,), aspect_ratio="9:16", extra={"reapi": {"enable_gif": True}}),
        VIDEOS,
        {
            "model": "veo3.1-fast",
            "prompt": PROMPT,
            "image_urls": [FIRST],
            "generation_type": "reference",
            "aspect_ratio": "9:16",
            "enable_gif": True,
        },
    ),
    Row("reapi/veo3.1-fast", film("veo-3.1-fast"), VIDEOS, {"model": "veo3.1-fast", "prompt": PROMPT}),
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
    Row("api_in_one/kling-3", film("kling-3.0"), VIDEOS, {"model": "kling-3", "prompt": PROMPT, "sound": True}),
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

ROWS = [*REAPI, *API_IN_ONE]


def held(row):
    provider, _, name = row.name.partition("/")
    adapter = adapters()[provider]
    return check(row.request, adapter, adapter.offer(name))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name} {row.request.variant}")
def test_a_request_is_spelt_as_the_page_spells_it(row):
    checked = held(row)
    assert checked.problems == ()
    (part,) = parts(checked)
    # As JSON, in which true is not 1 and "5" is not 5.
    assert (checked.path, json.dumps(part.body, sort_keys=True)) == (row.path, json.dumps(row.body, sort_keys=True))


UNNAMED = "unknown: the page names no default"
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

# What each offer takes for what is not given.
DEFAULTS = {
    "reapi/kling-3-0": CLIP | {"resolution": "1080p", "audio": False, "shots": "one"},
    "reapi/doubao-seedance-2.0": SEEDANCES,
    "reapi/doubao-seedance-2.0-fast": SEEDANCES,
    "reapi/veo3.1-fast": {"duration": 8, "aspect_ratio": "16:9", "resolution": "720p", "enable_gif": False},
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
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_is_taken_for_what_is_not_given(name):
    offer = adapters()[name.partition("/")[0]].offer(name.partition("/")[2])
    kind = {each.kind: each for each in (ImageRequest, VideoRequest, MusicRequest)}[offer.kind]
    taken = held(Row(name, kind(model=offer.model, prompt=PROMPT), "", {})).defaults
    assert {field: value if isinstance(value, int) else str(value) for field, value in taken.items()} == DEFAULTS[name]


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
    ("reapi/veo3.1-fast", film("veo-3.1-fast", audio=False), "audio: not supported"),
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
]


@pytest.mark.parametrize(("name", "request_", "said"), REFUSED)
def test_what_the_page_does_not_take_is_refused_by_name(name, request_, said):
    problems = held(Row(name, request_, "", {})).problems
    assert any(said in str(problem) for problem in problems), problems


def test_what_a_film_is_of_is_never_dropped():
    adapter = adapters()["api_in_one"]
    checked = check(KLING, adapter, adapter.offer("kling-3"), on_unsupported="drop")
    assert [problem.field for problem in checked.problems] == ["last_frame"]
    assert type(checked.error()) is Unsupported
