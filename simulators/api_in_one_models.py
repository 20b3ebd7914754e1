"""API in One's models by endpoint: fields and prices in credits, each as its page prints them.

Ours, where the pages are silent: the ratios of imagen4, up to four of its images, each billed, and the bounds of its
texts and seed; what kling-3 costs but for five seconds with sound at std; what each of the names for a song costs; that
an idea goes alone, that music without a voice has an idea or a style, and that a song has 30 seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Fields, Flag, Link, Links, Number, Objects, Problem, Text, Whole
from .inputs import PICTURES
from .model import Given, Made, Model, listed, number, said
from .picture import film_size, pixels

# Images

FLUX: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    # The page lists three ratios as examples; these are the seven that FLUX.2 has.
    "aspect_ratio": Choice(("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")),
    "type": Choice(("pro", "flex")),
    "resolution": Choice(("1K", "2K")),
    "input_urls": Links(0, 8, takes=PICTURES),
    "callback_url": Link(),
}
FLUX_CREDITS = {("pro", "1K"): 5, ("pro", "2K"): 7, ("flex", "1K"): 14, ("flex", "2K"): 24}

IMAGEN: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    "aspect_ratio": Choice(("1:1", "16:9", "9:16", "3:4", "4:3")),
    "negative_prompt": Text(0, 5000),
    "num_images": Whole(1, 4),
    "seed": Whole(0, 2**31 - 1),
    "callback_url": Link(),
}


def flux_made(body: Given) -> Made:
    """One JPEG."""
    return Made(pixels(said(body, "aspect_ratio", "1:1"), said(body, "resolution", "1K")), "jpeg")


def flux_price(body: Given) -> Decimal:
    """By tier and resolution."""
    return Decimal(FLUX_CREDITS[said(body, "type", "pro"), said(body, "resolution", "1K")])


def imagen_made(body: Given) -> Made:
    """As many PNG as are asked for."""
    return Made(pixels(said(body, "aspect_ratio", "1:1"), "1K"), "png", number(body, "num_images", 1))


def imagen(credits: int) -> Model:
    """A tier of imagen4: so much an image."""
    return Model(IMAGEN, imagen_made, lambda body: Decimal(credits * number(body, "num_images", 1)))


IMAGES: Mapping[str, Model] = {
    "flux-2": Model(FLUX, flux_made, flux_price),
    "imagen4-fast": imagen(4),
    "imagen4": imagen(8),
    "imagen4-ultra": imagen(12),
}

# kling-3

KLING: dict[str, Field] = {
    "prompt": Text(0, 2500),
    "mode": Choice(("std", "pro")),
    "duration": Number(3, 15),
    "aspect_ratio": Choice(("1:1", "9:16", "16:9")),
    "sound": Flag(),
    "image": Link(takes=PICTURES),
    "multi_shots": Flag(),
    "multi_prompt": Objects({"prompt": Text(1, required=True), "duration": Number(1, 12, required=True)}),
    "kling_elements": Objects(
        {
            "name": Text(1, required=True),
            "description": Text(),
            "element_input_urls": Links(2, 4, required=True, takes=PICTURES),
        },
        0,
        3,
    ),
    "callback_url": Link(),
}
KLING_CREDITS = {"std": (40, 60), "pro": (55, 80)}
"""A second without and with sound."""


def kling_sound(body: Given) -> bool:
    """Unless it is turned off."""
    return body.get("sound") is not False


def seconds(body: Given) -> Decimal:
    """As long as its shots, or as its duration."""
    shots = listed(body, "multi_prompt") if body.get("multi_shots") is True else [body]
    return sum((Decimal(str(each.get("duration", 5))) for each in shots), Decimal(0))


def kling_made(body: Given) -> Made:
    """The mode says the size."""
    size = film_size(said(body, "aspect_ratio", "16:9"), "1080p" if body.get("mode") == "pro" else "720p")
    return Made(size, "mp4", 1, float(seconds(body)), kling_sound(body))


def kling_price(body: Given) -> Decimal:
    """By mode and sound."""
    return seconds(body) * KLING_CREDITS[said(body, "mode", "std")][kling_sound(body)]


def kling_rules(body: Given) -> Iterable[Problem]:
    """One shot needs a prompt, several need theirs."""
    needed = "multi_prompt" if body.get("multi_shots") is True else "prompt"
    if not body.get(needed):
        yield Problem(needed, "missing", "is required")


VIDEOS: Mapping[str, Model] = {"kling-3": Model(KLING, kling_made, kling_price, kling_rules)}

# Songs

SHORT_TIERS = {"v3-5": 5, "v4-0": 7, "v4-0-vip": 7, "v4-0-pro": 7}
LONG_TIERS = {"v4-5": 8, "v4-5-plus": 9, "v5": 10, "v5-0": 10, "v5-5": 12}
"""Those that take longer lyrics and styles."""

SONG: dict[str, Field] = {
    "gpt_description_prompt": Text(0, 400),
    "prompt": Text(0, 3000),
    "style": Text(1, 200),
    "title": Text(1, 80),
    "tags": Text(1, 1000),
    "make_instrumental": Flag(),
    "callback_url": Link(),
}
LONG_SONG: dict[str, Field] = {**SONG, "prompt": Text(0, 5000), "style": Text(1, 1000)}


def song_made(body: Given) -> Made:
    """Two songs of one title, with their covers."""
    words = said(body, "gpt_description_prompt", said(body, "prompt", said(body, "style", "")))
    title = said(body, "title", "") or " ".join(words.split())[:80]
    return Made((0, 0), "mp3", 2, 30, titles=(title, title), covers=True)


def song_rules(body: Given) -> Iterable[Problem]:
    """An idea alone; else what is sung, or a style to play."""
    if body.get("gpt_description_prompt"):
        for name in ("prompt", "style", "title", "tags"):
            if body.get(name):
                yield Problem(name, "rule", "cannot be combined with gpt_description_prompt")
    elif body.get("make_instrumental") is not True:
        if not body.get("prompt"):
            yield Problem("prompt", "missing", "is required without gpt_description_prompt")
    elif body.get("prompt") or not body.get("style"):
        yield Problem("style", "rule", "is required for instrumental music, which has no lyrics")


def song(fields: Fields, credits: int) -> Model:
    """A tier of songs: so much a pair."""
    return Model(fields, song_made, lambda _: Decimal(credits), song_rules)


SONGS: Mapping[str, Model] = {
    **{
        f"{family}-{tier}": song(fields, credits)
        for family in ("suno", "chirp")
        for fields, tiers in ((SONG, SHORT_TIERS), (LONG_SONG, LONG_TIERS))
        for tier, credits in tiers.items()
    },
    "suno": song(SONG, 10),
}
"""By every name that a page gives: which of them are served, none says."""
