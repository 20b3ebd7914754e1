"""kie.ai's songs and speech: fields and rules of September 2026.

Ours, where the page is silent: a song made of an idea has no title, no lyrics and no negative tags either; custom music
without a voice has no lyrics; how long a song is that asks for no length, and a speech; what speech costs; that a
dialogue is a WAV.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import cast

from .fields import Choice, Field, Flag, Problem, Text, Whole
from .model import Given, Made, Model, listed, number, said, spoken_seconds
from .speech import ELEVENLABS, GEMINI, VOICED, WEIGHT

USUAL_SONG = 30
"""Seconds."""

SPEECH = Decimal(6)
"""Credits of a speech."""

WEIGHTS = ("style_weight", "weirdness_constraint", "audio_weight")
IDEA = 3000

SUNO: dict[str, Field] = {
    "model": Choice(("V6", "V6_MINI", "V6_WILD"), required=True),
    "custom_mode": Flag(required=True),
    "instrumental": Flag(required=True),
    "prompt": Text(0, 5000),
    "title": Text(1, 80),
    "style": Text(1, 1000),
    "lyrics": Text(1, 5000),
    "negative_tags": Text(1),
    "duration": Whole(10, 360),
    "vocal_gender": Choice(("m", "f")),
    **dict.fromkeys(WEIGHTS, WEIGHT),
}
CUSTOM_ALONE = ("title", "lyrics", "negative_tags", "duration", "vocal_gender", *WEIGHTS)


def song_rules(body: Given) -> Iterable[Problem]:
    """In custom mode a title, and one of three more; else an idea, and nothing of what is for custom mode."""
    if body.get("custom_mode") is True:
        if not body.get("title"):
            yield Problem("title", "missing", "is required")
        if not any(body.get(name) for name in ("style", "lyrics", "negative_tags")):
            yield Problem("style", "missing", "or lyrics or negative_tags is required")
        if body.get("instrumental") is True and body.get("lyrics"):
            yield Problem("lyrics", "rule", "is not sung in instrumental music")
        return
    idea = said(body, "prompt", "")
    if not idea:
        yield Problem("prompt", "missing", "is required")
    if len(idea) > IDEA:
        yield Problem("prompt", "long", f"must be at most {IDEA} characters")
    for name in CUSTOM_ALONE:
        if body.get(name) is not None:
            yield Problem(name, "rule", "is for custom_mode alone")


def song(body: Given) -> Made:
    """Two songs of one title, each with a cover."""
    words = next((str(body[name]) for name in ("prompt", "lyrics", "style", "negative_tags") if body.get(name)), "")
    title = said(body, "title", "") or " ".join(words.split())[:80]
    return Made((0, 0), "mp3", 2, number(body, "duration", USUAL_SONG), titles=(title, title), covers=True)


def pair(_: Given) -> Decimal:
    """The same for every pair."""
    return Decimal(12)


def speech(body: Given) -> Made:
    """As long as its text takes to say."""
    speed = cast("float", body.get("speed", 1))
    return Made((0, 0), "mp3", seconds=spoken_seconds(said(body, "text", ""), speed))


def dialogue(body: Given) -> Made:
    """As long as its turns take to say."""
    text = "".join(turn["text"] for turn in listed(body, "dialogue_turns"))
    return Made((0, 0), "wav", seconds=spoken_seconds(text))


def dialogue_rules(body: Given) -> Iterable[Problem]:
    """Who speaks is a speaker."""
    known = [speaker["speaker_id"] for speaker in listed(body, "speakers")]
    if any(turn["speaker_id"] not in known for turn in listed(body, "dialogue_turns")):
        yield Problem("dialogue_turns", "rule", "names a speaker that is none of speakers")
    if any(not name.startswith("Speaker ") for name in known):
        yield Problem("speakers", "rule", 'has speaker_id "Speaker 1", "Speaker 2", …')


def spoken(_: Given) -> Decimal:
    """The same for every speech."""
    return SPEECH


MODELS: Mapping[str, Model] = {
    "ai-music-api/generate": Model(SUNO, song, pair, song_rules),
    "elevenlabs/text-to-speech-multilingual-v2": Model(VOICED, speech, spoken),
    "elevenlabs/text-to-speech-turbo-2-5": Model(ELEVENLABS, speech, spoken),
    "google/gemini-3-1-flash-tts": Model(GEMINI, dialogue, spoken, dialogue_rules),
}
