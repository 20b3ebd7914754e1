"""What the films of fal share: how files are put in, and how long a film is.

Ours, where the page is silent: a film that is put in, and one whose length is left to the model, lasts five seconds.
"""

from __future__ import annotations

from .fields import Link, Links
from .inputs import FILMS, PICTURES, Takes
from .model import Given, Made
from .picture import film_size

AUTO_SECONDS = 5
PUT_IN_SECONDS = 5
INLINE = ("data",)


def picture(*, required: bool = False, takes: Takes = PICTURES) -> Link:
    """A picture, by its link or as a data URI."""
    return Link(required=required, takes=takes, inline=INLINE)


def clip(*, required: bool = False, takes: Takes = FILMS) -> Link:
    """A film, by its link or as a data URI."""
    return Link(required=required, takes=takes, inline=INLINE)


def several(most: int, takes: Takes, least: int = 0, *, required: bool = False) -> Links:
    """Files of a list."""
    return Links(least, most, required=required, takes=takes, inline=INLINE)


def seconds_of(body: Given, usual: int) -> int:
    """The seconds that a duration names, in whatever form; of what is left to the model, our own."""
    word = str(body.get("duration", usual)).removesuffix("s")
    return AUTO_SECONDS if word == "auto" else int(word)


def made(body: Given, usual: int, ratio: str, resolution: str, *, sound: bool) -> Made:
    """A film."""
    return Made(film_size(ratio, resolution), "mp4", 1, seconds_of(body, usual), sound)


def sounds(body: Given) -> bool:
    """Whether there is sound, which there is unless it is switched off."""
    return body.get("generate_audio") is not False
