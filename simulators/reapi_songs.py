"""reAPI's songs: suno-music in its two contracts, by version; two songs for one price.

Ours, where the page is silent: the bounds of V5_5 and older are those of V6, which has no others; lyrics may be left
out of custom mode where the song is instrumental and has a style; a song whose length is not given has 30 seconds, and
one without a title the first words that it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Fields, Flag, Number, Problem, Text, Whole
from .model import Given, Made, Model, number, said

SIX = ("V6", "V6_MINI", "V6_WILD")
OLDER = ("V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5")
LYRICS, IDEA = 5000, 3000

WORDS: dict[str, Field] = {
    "version": Choice((*SIX, *OLDER), required=True),
    "instrumental": Flag(required=True),
    "prompt": Text(0, LYRICS),
    "style": Text(0, 1000),
    "title": Text(0, 80),
}
SNAKE: dict[str, Field] = {**WORDS, "custom_mode": Flag(required=True), "duration": Whole(10, 360)}
CAMEL: dict[str, Field] = {
    **WORDS,
    "customMode": Flag(required=True),
    "negativeTags": Text(0, 1000),
    "vocalGender": Choice(("m", "f")),
    "styleWeight": Number(0, 1),
    "weirdnessConstraint": Number(0, 1),
    "audioWeight": Number(0, 1),
    "personaId": Text(1),
    "personaModel": Choice(("style_persona", "voice_persona")),
}
CUSTOM = ("style", "title", "duration", "negativeTags", "vocalGender", "styleWeight", "weirdnessConstraint")


def contract(body: Given) -> Fields:
    """The fields, which are written otherwise since V6."""
    return CAMEL if body.get("version") in OLDER else SNAKE


def is_custom(body: Given) -> bool:
    """Whether the prompt is what is sung."""
    return body.get("customMode" if body.get("version") in OLDER else "custom_mode") is True


def rules(body: Given) -> Iterable[Problem]:
    """What is sung needs a text; what is made of an idea has nothing else."""
    prompt, instrumental = said(body, "prompt", ""), body.get("instrumental") is True
    if is_custom(body):
        if not prompt and not (instrumental and body.get("style")):
            yield Problem("prompt", "missing", "is required")
        return
    if not prompt:
        yield Problem("prompt", "missing", "is required")
    if len(prompt) > IDEA:
        yield Problem("prompt", "long", f"must be at most {IDEA} characters")
    known = contract(body)
    for name in CUSTOM:
        if name in known and body.get(name) is not None:
            yield Problem(name, "rule", f"{name} is only supported in custom mode")


def made(body: Given) -> Made:
    """Two songs of one title."""
    title = said(body, "title", "") or " ".join(said(body, "prompt", said(body, "style", "")).split())[:80]
    seconds = number(body, "duration", 30) if body.get("version") in SIX else 30
    return Made((0, 0), "mp3", 2, seconds, titles=(title, title))


def usd(_: Given) -> Decimal:
    """The same for every pair."""
    return Decimal(".06")


MODELS: Mapping[str, Model] = {"suno-music": Model(contract, made, usd, rules)}
