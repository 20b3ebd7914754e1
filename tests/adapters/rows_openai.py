"""OpenAI: what its page and the types of its client tell, row by row."""

from decimal import Decimal

from anymedia import Cause, SpeechRequest
from anymedia.declare import Err

from .rows import ESTIMATE, FIRST, PROMPT, UNKNOWN, Cell, Row, picture

MADE, SPOKEN = "/v1/images/generations", "/v1/audio/speech"
SIZED = tuple(f"gpt-image-{version}" for version in ("2", "2.5-sunburst", "2.5-flare", "2.6-sunburst", "2.6-flare"))
OLDER = ("gpt-image-1.5", "gpt-image-1-mini")
WORDS = {"quality": "xhigh", "output_format": "gif", "frame_count": 2}
VOICES = {"tts-1": {}, "tts-1-hd": {}, "gpt-4o-mini-tts": {"instructions": "slowly"}}


def said(model, **fields):
    return SpeechRequest(model=model, **{"text": PROMPT, "voice": "alloy"} | fields)


ROWS = [
    *(
        row
        for name in (*SIZED, *OLDER)
        for row in (
            Row(f"openai/{name}", picture(name), MADE, {"model": name, "prompt": PROMPT}),
            Row(
                f"openai/{name}",
                picture(
                    name,
                    aspect_ratio="3:2",
                    count=10,
                    quality="low",
                    background="transparent",
                    moderation="standard",
                    output_format="webp",
                    extra={"openai": {"output_compression": 80, "safety_identifier": "u-1"}},
                ),
                MADE,
                {
                    "model": name,
                    "prompt": PROMPT,
                    "size": "1536x1024",
                    "n": 10,
                    "quality": "low",
                    "background": "transparent",
                    "moderation": "auto",
                    "output_format": "webp",
                    "output_compression": 80,
                    "safety_identifier": "u-1",
                },
            ),
        )
    ),
    *(
        Row(
            f"openai/{name}",
            picture(name, size=(1536, 864), moderation="low"),
            MADE,
            {"model": name, "prompt": PROMPT, "size": "1536x864", "moderation": "low"},
        )
        for name in SIZED
    ),
    *(
        Row(
            f"openai/{name}",
            picture(name, extra={"openai": {"complexity": "high"}}),
            MADE,
            {"model": name, "prompt": PROMPT, "complexity": "high"},
        )
        for name in SIZED[1:]
    ),
    # Words that no request has.
    Row(
        "openai/gpt-image-2.5-flare",
        picture(
            "gpt-image-2.5-flare", extra={"openai": {"quality": "xhigh", "output_format": "gif", "frame_count": 2}}
        ),
        MADE,
        {
            "model": "gpt-image-2.5-flare",
            "prompt": PROMPT,
            "quality": "xhigh",
            "output_format": "gif",
            "frame_count": 2,
        },
    ),
    *(
        row
        for name, more in VOICES.items()
        for row in (
            Row(f"openai/{name}", said(name), SPOKEN, {"model": name, "input": PROMPT, "voice": "alloy"}),
            Row(
                f"openai/{name}",
                said(name, voice="cedar", speed=0.25, output_format="opus", **more),
                SPOKEN,
                {"model": name, "input": PROMPT, "voice": "cedar", "speed": 0.25, "response_format": "opus", **more},
            ),
        )
    ),
    Row(
        "openai/tts-1",
        said("tts-1", extra={"openai": {"voice": {"id": "voice_1234"}}}),
        SPOKEN,
        {"model": "tts-1", "input": PROMPT, "voice": {"id": "voice_1234"}},
    ),
]

IMAGE = {
    "aspect_ratio": "auto",
    "count": 1,
    "quality": "auto",
    "background": "auto",
    "moderation": "standard",
    "output_format": "png",
    "output_compression": 100,
}
DEFAULTS = {
    **{f"openai/{name}": IMAGE for name in (*SIZED, *OLDER)},
    **{f"openai/{name}": {"speed": 1, "output_format": "mp3"} for name in VOICES},
}

REFUSED = [
    ("openai/gpt-image-2", picture("gpt-image-2", size=(1000, 1008)), "size: takes multiples of 16"),
    ("openai/gpt-image-2", picture("gpt-image-2", size=(3072, 1008)), "size: takes ratios from 1:3 to 3:1"),
    ("openai/gpt-image-2", picture("gpt-image-2", size=(3840, 2176)), "size: takes at most"),
    ("openai/gpt-image-2", picture("gpt-image-2", size=(3856, 1600)), "size: takes at most 3840 pixels a side"),
    ("openai/gpt-image-2", picture("gpt-image-2", aspect_ratio="21:9"), "aspect_ratio: takes auto, 1:1, 3:2, 2:3"),
    ("openai/gpt-image-2", picture("gpt-image-2", images=(FIRST,)), "takes the file itself and no URL"),
    ("openai/gpt-image-2", picture("gpt-image-2", prompt="x" * 32_001), "prompt: takes 1 to 32000 characters"),
    (
        "openai/gpt-image-2",
        picture("gpt-image-2", background="transparent", output_format="jpeg"),
        "transparent needs output_format png webp, not jpeg",
    ),
    ("openai/gpt-image-2", picture("gpt-image-2", seed=7), "seed: not supported"),
    ("openai/gpt-image-1.5", picture("gpt-image-1.5", size=(1536, 864)), "size: not supported"),
    (
        "openai/gpt-image-1.5",
        picture("gpt-image-1.5", extra={"openai": {"input_fidelity": "high"}}),
        "input_fidelity: not supported without images",
    ),
    ("openai/tts-1", said("tts-1", text="x" * 4097), "text: takes 1 to 4096 characters"),
    ("openai/tts-1", said("tts-1", voice=None), "voice: required by this offer"),
    ("openai/tts-1", said("tts-1", voice="Rachel"), "voice: takes alloy"),
    ("openai/tts-1", said("tts-1", instructions="slowly"), "instructions: not supported"),
    ("openai/tts-1", said("tts-1", speed=4.5), "speed: takes 0.25 to 4, not 4.5"),
    ("openai/tts-1", said("tts-1", language="en"), "language: not supported"),
]

CELLS = [
    *(Cell(f"openai/{name}", {}, None, None, UNKNOWN) for name in (*SIZED, *OLDER)),
    *(
        Cell(f"openai/{name}", {"text": "x" * length, "voice": "nova"}, Decimal(usd), Decimal(usd), ESTIMATE)
        for name, length, usd in (
            ("tts-1", 1, "0.000015"),
            ("tts-1", 4000, "0.06"),
            ("tts-1-hd", 1, "0.00003"),
            ("tts-1-hd", 4000, "0.12"),
        )
    ),
    Cell("openai/gpt-4o-mini-tts", {"voice": "nova"}, None, None, UNKNOWN),
]

FACTS = {
    "openai": {
        "pace": ({"first": 0}, {0: 1, 9999: 1}),  # nothing is looked at
        "keys": ("OPENAI_API_KEY",),
        "states": "",
        "printed": ("2026-11", "platform.openai.com/docs, prices"),
        "lives": None,
        "refunds": "unknown",
        "errors": {"moderation_blocked": Err(Cause.BLOCKED)},
        "silent": True,
        "beside": {"speech": {}},
        "ends": {
            **dict.fromkeys(OLDER, "2026-12-01"),
            **dict.fromkeys(VOICES, "2027-01-06"),
        },
        "settings": {"organization": "OPENAI_ORG_ID", "project": "OPENAI_PROJECT_ID"},
        "headers": {"OpenAI-Organization": "{organization}", "OpenAI-Project": "{project}"},
        "calls": ("https://api.openai.com", "Authorization", "Bearer ", None),
    }
}
