"""OpenAI's pictures and speech: models, fields, tokens, and what they cost.

Ours, where the page is silent: which models take which of the newer words (each family's own, and those of the ones
before it); how many tokens a text, a picture that is put in and one that is made have; a token of gpt-4o-mini-tts is
four characters; what is announced to end is still there; a size of a picture without pixels is 1024x1024. Left out, and
refused: gif and svg, the frames of the 2.5 models, and stream_format sse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import ceil
from typing import Any, cast

from attrs import frozen

from .fields import PIXELS, Cause, Choice, Field, Fields, Flag, Number, Parts, Problem, Text, Whole
from .inputs import Takes
from .model import Given, Made, number, said, spoken_seconds
from .picture import Size

MOST_IMAGES = 16
IMAGES = Takes(("image/png", "image/webp", "image/jpeg"), megabytes=50)
MASK = Takes(("image/png",), megabytes=4)

# Pictures

FIRST = ("gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest")
SECOND = ("gpt-image-2", "gpt-image-2-2026-04-21")
HALF = tuple(
    f"gpt-image-{version}-{temper}{day}"
    for version, days in (("2.5", ("", "-2026-09-08")), ("2.6", ("",)))
    for temper in ("sunburst", "flare")
    for day in days
)
PICTURES = (*SECOND, *HALF, *FIRST)
"""dall-e-2, dall-e-3 and gpt-image-1 have ended: they are as unknown as any other."""

SIZES: Mapping[str, Size] = {
    "auto": (1024, 1024),
    "1024x1024": (1024, 1024),
    "1536x1024": (1536, 1024),
    "1024x1536": (1024, 1536),
}
LARGEST = 3840 * 2160


@frozen
class Pixels:
    """One of the words, or WIDTHxHEIGHT: multiples of 16, 1:3 to 3:1, as many as 3840x2160 at most."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if isinstance(value, str) and value in SIZES:
            return None
        found = PIXELS.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return "choice", ", ".join((*SIZES, "or WxH pixels"))
        width, height = int(found[1]), int(found[2])
        if width % 16 or height % 16:
            return "range", "must be of multiples of 16"
        if max(width, height) > 3 * min(width, height) or width * height > LARGEST or max(width, height) > 3840:
            return "range", "must be from 1:3 to 3:1, and 3840x2160 at most"
        return None


USUAL: dict[str, Field] = {
    "model": Choice(PICTURES, required=True),
    "prompt": Text(1, 32_000, required=True),
    "n": Whole(1, 10),
    "size": Choice(tuple(SIZES)),
    "quality": Choice(("auto", "low", "medium", "high")),
    "background": Choice(("transparent", "opaque", "auto")),
    "output_format": Choice(("png", "jpeg", "webp")),
    "output_compression": Whole(0, 100),
    "moderation": Choice(("low", "auto")),
    "response_format": Choice(("url", "b64_json")),
    "partial_images": Whole(0, 3),
    "stream": Flag(),
    "user": Text(),
    "safety_identifier": Text(),
}
NEWER: dict[str, Field] = {
    "quality": Choice(("auto", "low", "medium", "high", "xhigh", "max")),
    "complexity": Choice(("low", "medium", "high")),
}
EDITED: dict[str, Field] = {
    "image": Parts(IMAGES, 1, MOST_IMAGES),
    "mask": Parts(MASK),
    "markup": Parts(Takes(("image/png",), megabytes=50)),
    "input_fidelity": Choice(("high", "low")),
}


def fields(model: str, *, edits: bool) -> Fields:
    """The fields that a model takes, those of an edit too; the files of a form are among them."""
    own: dict[str, Field] = {} if model in FIRST else {"size": Pixels()}
    found = {**USUAL, **own, **(NEWER if model in HALF else {}), **(EDITED if edits else {})}
    without = {"markup"} if model not in HALF else set[str]()
    if model not in FIRST:
        without |= {"input_fidelity"} if model in SECOND else set()
    return {name: rule for name, rule in found.items() if name not in without}


def rules(body: Given) -> Iterator[Problem]:
    """JPEG has no transparency; what is laid over a picture goes without a mask; nothing is streamed here."""
    if body.get("background") == "transparent" and body.get("output_format") == "jpeg":
        yield Problem("background", "rule", "transparent needs png or webp")
    if body.get("mask") is not None and body.get("markup") is not None:
        yield Problem("markup", "rule", "goes without a mask")
    if body.get("stream") is True:
        yield Problem("stream", "rule", "is not to be had of this simulator")


def size(body: Given) -> Size:
    """Width and height."""
    told = said(body, "size", "auto")
    found = None if told in SIZES else PIXELS.fullmatch(told)
    return SIZES[told] if found is None else (int(found[1]), int(found[2]))


def made(body: Given) -> Made:
    """A PNG, unless a JPEG is asked for; webp is drawn as PNG."""
    return Made(size(body), "jpeg" if body.get("output_format") == "jpeg" else "png", number(body, "n", 1))


DRAWN = {"low": 272, "medium": 1056, "high": 4160, "xhigh": 8320, "max": 16_640}
"""Tokens of a picture of 1024 × 1024; auto is medium."""

PUT_IN = 1000
"""Tokens of a picture that is put in."""

TEXT, IMAGE_IN, IMAGE_OUT = (Decimal(usd) / 10_000 for usd in (5, 8, 30))
"""Cents of a token: 5, 8 and 30 dollars of a million."""


def usage(body: Given, put_in: int) -> dict[str, Any]:
    """The tokens of a task that has so many pictures put in."""
    width, height = size(body)
    each = ceil(DRAWN.get(said(body, "quality", "auto"), DRAWN["medium"]) * width * height / (1024 * 1024))
    text, images, out = tokens(str(body["prompt"])), PUT_IN * put_in, each * number(body, "n", 1)
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": out,
        "total_tokens": text + images + out,
    }


def tokens(text: str) -> int:
    """About how many tokens a text has."""
    return ceil(len(text) / 4)


def cents(used: Mapping[str, Any]) -> Decimal:
    """What these tokens cost."""
    put_in: Mapping[str, int] = used["input_tokens_details"]
    out: int = used["output_tokens"]
    return TEXT * put_in["text_tokens"] + IMAGE_IN * put_in["image_tokens"] + IMAGE_OUT * out


# Speech

VOICES = (
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "fable",
    "onyx",
    "nova",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
)
SPOKEN_CENTS = {"tts-1": "0.0015", "tts-1-hd": "0.003", "gpt-4o-mini-tts": "0.0015"}
"""Of a character: 15 and 30 dollars of a million."""

FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")


@frozen
class Voice:
    """One of the names, or the {id} of a voice of one's own."""

    required: bool = True

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if isinstance(value, dict):
            return None if isinstance(value.get("id"), str) else ("type", "must have an id")
        return None if value in VOICES else ("choice", ", ".join(VOICES))


SPEECH: dict[str, Field] = {
    "model": Choice(tuple(SPOKEN_CENTS), required=True),
    "input": Text(1, 4096, required=True),
    "voice": Voice(),
    "response_format": Choice(FORMATS),
    "speed": Number(0.25, 4),
    "stream_format": Choice(("audio",)),
}
DIRECTED: dict[str, Field] = {**SPEECH, "instructions": Text()}


def speech_fields(model: str) -> Fields:
    """The fields of a model: tts-1 and -hd take no instructions."""
    return DIRECTED if model == "gpt-4o-mini-tts" else SPEECH


def spoken(body: Given) -> Made:
    """As long as its text takes to say; what is no MP3 is made of a WAV."""
    lasts = spoken_seconds(said(body, "input", ""), cast("float", body.get("speed", 1)))
    return Made((0, 0), "mp3" if said(body, "response_format", "mp3") == "mp3" else "wav", 1, lasts)


def spoken_cents(body: Given) -> Decimal:
    """By the character."""
    return Decimal(SPOKEN_CENTS[str(body["model"])]) * len(str(body["input"]))
