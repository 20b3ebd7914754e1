"""RunAPI's songs and speech: fields, rules, and cents of 2026-07-23.

Ours, where nothing is written: bounds of lyrics, style, title and weights, and what stands in speakers and
dialogue_turns (as at kie.ai, whose contract this one repeats); how long a song is that asks for no length, and a
speech; what costs what, where no price is known, and that 4 cents are those of one call of tts-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import Choice, Field, Link, Text, Whole
from .model import spoken_seconds
from .runapi_model import LASTS, Given, Model, Rule
from .speech import GEMINI, VOICED, WEIGHT

USUAL_SONG = 30
"""Seconds."""


def song(body: Given) -> Mapping[str, Any]:
    """Two songs, with their covers."""
    about = body.get("prompt") or body.get("lyrics") or body["style"]
    title = body.get("title") or " ".join(about.split()[:5])
    return {
        "prompt": about,
        "size": (0, 0),
        "media": "mp3",
        "seconds": body.get(LASTS, USUAL_SONG),
        "count": 2,
        "titles": (title, title),
        "covers": True,
    }


def spoken(text: str, speed: float = 1.0, media: str = "mp3") -> Mapping[str, Any]:
    """A speech as long as its text takes to say."""
    return {"prompt": text, "size": (0, 0), "media": media, "seconds": spoken_seconds(text, speed)}


def speech(body: Given) -> Mapping[str, Any]:
    """What is said in one voice."""
    return spoken(body["text"], body.get("speed", 1.0))


def dialogue(body: Given) -> Mapping[str, Any]:
    """What is said in turns; a WAV, as the model has raw samples (our choice)."""
    return spoken(" ".join(turn["text"] for turn in body["dialogue_turns"]), media="wav")


SUNO: dict[str, Field] = {
    "model": Text(required=True),
    "vocal_mode": Choice(("auto_lyrics", "exact_lyrics", "instrumental"), required=True),
    "prompt": Text(1, 3000),
    "lyrics": Text(1, 5000),
    "style": Text(1, 1000),
    "title": Text(1, 80),
    "negative_tags": Text(),
    "vocal_gender": Choice(("male", "female")),
    LASTS: Whole(10, 360),
    "style_weight": WEIGHT,
    "weirdness_constraint": WEIGHT,
    "audio_weight": WEIGHT,
    "persona_id": Text(1),
    "persona_type": Choice(("style", "voice")),
    "callback_url": Link(),
}
VOCAL_MODES = (
    Rule(
        *("vocal_mode", "auto_lyrics", ("prompt",)),
        ("lyrics", "style", "title", "negative_tags", "vocal_gender", LASTS),
    ),
    Rule("vocal_mode", "exact_lyrics", ("lyrics", "style", "title"), ("prompt",)),
    Rule("vocal_mode", "instrumental", ("style", "title"), ("prompt", "lyrics", "vocal_gender")),
)

OPENAI: dict[str, Field] = {"model": Text(required=True), "text": Text(1, 4096, required=True)}


def _called(fields: Mapping[str, Field]) -> dict[str, Field]:
    """What a model takes, by its name, and with a webhook."""
    return {"model": Text(required=True), **fields, "callback_url": Link()}


def _speech(service: str, name: str, fields: dict[str, Field], cents: int, **more: Any) -> Model:
    return Model(service, "text_to_speech", (name,), fields, {"": cents}, unit="call", **more)


TRACKS = (
    Model("suno", "text_to_music", ("suno-v5.5",), SUNO, {"": 22}, song, rules=VOCAL_MODES, unit="call"),
    # The price of v6 is unknown, and that of two voices; ours are those of v5.5, and 5 cents.
    Model("suno", "text_to_music", ("suno-v6",), SUNO, {"": 22}, song, rules=VOCAL_MODES, unit="call", unpriced=True),
    _speech("elevenlabs", "text-to-speech-multilingual-v2", _called(VOICED), 5, makes=speech, unpriced=True),
    _speech("openai_tts", "tts-1", OPENAI, 4, makes=speech, at_once=True),
    _speech("gemini_tts", "gemini-3.1-flash-tts", _called(GEMINI), 5, makes=dialogue, unpriced=True),
)
