"""fal's endpoints that speak and play: fields as its page prints them.

Ours, where the page is silent: bounds of weights and of texts; what stands in voice_setting, audio_setting and a
composition_plan; how long a speech and a song are; in "hex" the text of a sound stands in place of its link; the prices
but for lyria's and multilingual's.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import cast

from .fal_model import SEED, Anything, Endpoint, either
from .fields import Choice, Field, Flag, Number, Text, Whole
from .model import Given, Made, number, said, spoken_seconds
from .picture import Media

USUAL_SONG = 30
"""Seconds."""


def sound(seconds: float, media: Media = "mp3") -> Made:
    """A sound."""
    return Made((0, 0), media, 1, seconds)


def spoken(fields: Mapping[str, Field], text: str, usd: str) -> Endpoint:
    """What is spoken at a price for a thousand characters."""

    def made(body: Given) -> Made:
        speed = cast("float", body.get("speed", 1.0))
        return sound(spoken_seconds(said(body, text, ""), speed))

    def cents(body: Given) -> Decimal:
        return Decimal(usd) * len(said(body, text, "")) / 10

    tells = ("duration_ms",) if "output_format" in fields else ()
    return Endpoint(fields, made, cents, "audio", "1000 characters", Decimal(usd), tells=tells, subject=text)


ELEVENLABS: dict[str, Field] = {
    "text": Text(1, required=True),
    "voice": Text(1),
    "stability": Number(0, 1),
    "similarity_boost": Number(0, 1),
    "style": Number(0, 1),
    "speed": Number(0.7, 1.2),
    "language_code": Text(),
}
MINIMAX: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "voice_setting": Anything(),
    "audio_setting": Anything(),
    "language_boost": Text(),
    "output_format": Choice(("url", "hex")),
}

# Songs

SONG: dict[str, Field] = {
    "prompt": Text(1),
    "composition_plan": Anything(),
    "music_length_ms": Whole(1000, 600_000),
    "force_instrumental": Flag(),
}
MINIMAX_SONG: dict[str, Field] = {"prompt": Text(1), "lyrics_prompt": Text(1)}
LYRIA: dict[str, Field] = {"prompt": Text(1, required=True), "negative_prompt": Text(), "seed": SEED}


def song_seconds(body: Given) -> float:
    """As long as it is asked to be."""
    return number(body, "music_length_ms", USUAL_SONG * 1000) / 1000


def song_cents(body: Given) -> Decimal:
    """Four fifths of a dollar a minute."""
    return Decimal(number(body, "music_length_ms", USUAL_SONG * 1000)) / 60_000 * 80


def _flat(fields: Mapping[str, Field], cents: str, unit: str, media: Media = "mp3") -> Endpoint:
    return Endpoint(
        fields,
        lambda _: sound(USUAL_SONG, media),
        lambda _: Decimal(cents),
        "audio",
        unit,
        Decimal(cents) / 100,
        partial(either, names=tuple(name for name in ("prompt", "lyrics_prompt") if name in fields), most=2),
    )


SOUNDS_SOLD: Mapping[str, Endpoint] = {
    "fal-ai/elevenlabs/tts/multilingual-v2": spoken(ELEVENLABS, "text", "0.18"),
    "fal-ai/elevenlabs/tts/turbo-v2.5": spoken(ELEVENLABS, "text", "0.05"),
    "fal-ai/elevenlabs/tts/eleven-v3": spoken(ELEVENLABS, "text", "0.1"),
    "fal-ai/minimax/speech-2.8-hd": spoken(MINIMAX, "prompt", "0.1"),
    "fal-ai/elevenlabs/music": Endpoint(
        SONG,
        lambda body: sound(song_seconds(body)),
        song_cents,
        "audio",
        "minutes",
        Decimal("0.8"),
        partial(either, names=("prompt", "composition_plan")),
    ),
    "fal-ai/minimax-music/v2": _flat(MINIMAX_SONG, "3", "songs"),
    "fal-ai/lyria2": _flat(LYRIA, "10", "30 seconds", "wav"),
}
