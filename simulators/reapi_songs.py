"""reAPI's songs: suno-music in its two contracts, by version; two songs for one price.

Ours, where the page is silent: the bounds of V5_5 and older are those of V6, and an idea goes alone there too; custom
music without a voice has a style and no lyrics; a song whose length is not given has 30 seconds, and one without a
title the first words that it is made of.
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
    "style": Text(1, 1000),
    "title": Text(1, 80),
}
SNAKE: dict[str, Field] = {**WORDS, "custom_mode": Flag(required=True), "duration": Whole(10, 360)}
CAMEL: dict[str, Field] = {
    **WORDS,
    "customMode": Flag(required=True),
    "negativeTags": Text(1, 1000),
    "vocalGender": Choice(("m", "f")),
    "styleWeight": Number(0, 1),
    "weirdnessConstraint": Number(0, 1),
    "audioWeight": Number(0, 1),
    "personaId": Text(1),
    "personaModel": Choice(("style_persona", "voice_persona")),
}
OF_IDEAS = ("version", "instrumental", "prompt", "custom_mode", "customMode")
"""What goes with an idea; everything else goes with what is sung, or with a style."""


def contract(body: Given) -> Fields:
    """The fields, which are written otherwise since V6."""
    return CAMEL if body.get("version") in OLDER else SNAKE


def is_custom(body: Given) -> bool:
    """Whether the prompt is what is sung."""
    return body.get("customMode" if body.get("version") in OLDER else "custom_mode") is True


def rules(body: Given) -> Iterable[Problem]:
    """What is sung needs a text, what is only played a style; what is made of an idea has nothing else."""
    prompt, instrumental = said(body, "prompt", ""), body.get("instrumental") is True
    if is_custom(body) and instrumental:
        if not body.get("style"):
            yield Problem("style", "missing", "is required")
        for name in ("prompt", "vocalGender"):
            if name in contract(body) and body.get(name):
                yield Problem(name, "rule", f"{name} is not supported for instrumental music")
        return
    if not prompt:
        yield Problem("prompt", "missing", "is required")
    if is_custom(body):
        return
    if len(prompt) > IDEA:
        yield Problem("prompt", "long", f"must be at most {IDEA} characters")
    for name in contract(body):
        if name not in OF_IDEAS and body.get(name) is not None:
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
