"""kie.ai's route for veo 3.1: its own paths, fields at the top level, and a number for a state.

Ours, where the page is silent: what pictures without a generationType are; that an extension is as long and as large as
what it extends, and costs what its model does; that a larger film of what is there is free, and is the film itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Fields, Flag, Link, Links, Problem, Text, Whole
from .inputs import PICTURES
from .message import Body
from .model import Given, Made, Model, listed, number, said
from .picture import film_size
from .task import Failure, Stage, Task

GENERATE, EXTEND = "/api/v1/veo/generate", "/api/v1/veo/extend"
FRAMES, REFERENCES = "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"
CREDITS = {"veo3": "250", "veo3_fast": "60", "veo3_lite": "30"}
"""A clip, whatever it is."""

EXTENDED = {"quality": "veo3", "fast": "veo3_fast", "lite": "veo3_lite"}

VEO: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "model": Choice(tuple(CREDITS)),
    "imageUrls": Links(0, 3, takes=PICTURES),
    "generationType": Choice(("TEXT_2_VIDEO", FRAMES, REFERENCES)),
    "aspect_ratio": Choice(("16:9", "9:16", "Auto")),
    "resolution": Choice(("720p", "1080p", "4k")),
    "duration": Whole(4, 8, step=2),
    "watermark": Text(),
    "enableTranslation": Flag(),
    "enableFallback": Flag(),
    "callBackUrl": Link(),
}
AGAIN: Fields = {
    "taskId": Text(1, required=True),
    "prompt": Text(1, required=True),
    "seeds": Whole(10_000, 99_999),
    "model": Choice(tuple(EXTENDED)),
    "callBackUrl": Link(),
}


def rules(body: Given) -> Iterable[Problem]:
    """How many pictures go with what is made of them; references are for fast and lite, and eight seconds long."""
    number_, kind = len(listed(body, "imageUrls")), body.get("generationType")
    most = {"TEXT_2_VIDEO": 0, FRAMES: 2}.get(str(kind), 3)
    if number_ > most or (number_ == 0 and kind in (FRAMES, REFERENCES)):
        yield Problem("imageUrls", "entries", f"takes {min(1, most)} to {most} with {kind}")
    if kind == REFERENCES and said(body, "model", "veo3_fast") == "veo3":
        yield Problem("model", "rule", f"{REFERENCES} needs veo3_fast or veo3_lite")
    if kind == REFERENCES and number(body, "duration", 8) != 8:
        yield Problem("duration", "rule", f"must be 8 with {REFERENCES}")


def made(body: Given) -> Made:
    """Always with sound."""
    ratio = {"Auto": "auto"}.get(said(body, "aspect_ratio", "16:9"), said(body, "aspect_ratio", "16:9"))
    size = film_size(ratio, said(body, "resolution", "720p"))
    return Made(size, "mp4", seconds=number(body, "duration", 8), sound=True)


def credits(body: Given) -> Decimal:
    """By the clip, whether it is new or one more."""
    name = said(body, "model", "veo3_fast")
    return Decimal(CREDITS[EXTENDED.get(name, name)])


MODEL = Model(VEO, made, credits, rules)


def record(task: Task, stage: Stage, urls: Iterable[str], failure: Failure | None) -> Body:
    """What a look tells: a number for the state, the links, and why it failed."""
    flags: Mapping[Stage, int] = {"succeeded": 1, "failed": 2}
    flag = 3 if failure is not None and failure.code == "501" else flags.get(stage, 0)
    response = {"taskId": task.id, "resultUrls": [*urls]} if stage == "succeeded" else None
    return {
        "taskId": task.id,
        "successFlag": flag,
        "response": response,
        "errorCode": failure.code if failure else None,
        "errorMessage": failure.message if failure else None,
    }
