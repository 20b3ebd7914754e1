"""Where an adapter may be wrong when an answer cannot be read: its places by name, beside what the answer was."""

import json
from collections.abc import Iterator
from typing import Any

from anymedia import AnymediaError, DeadlineExceeded, MalformedAnswer, NotFound, SubmitUncertain, Task
from anymedia.declare import Assets, Endpoint, Lifecycle
from anymedia.model.strict_json import Json

SHOWN = 300
"""Characters of an answer that are shown."""

BEGIN = 60
"""Characters by which an answer is known that an error's own words repeat."""

READ_OF_A_SUBMIT = ("ok", "id", "state", "assets", "files")
READ_OF_A_LOOK = ("ok", "state", "assets", "files", "failed_if")


def hint(life: Lifecycle, error: AnymediaError) -> str:
    """Return where to look for the reason of an error, to be put behind it; nothing where the provider's words do."""
    if isinstance(error, DeadlineExceeded):
        return troubled(life, error.task)
    if not isinstance(error, SubmitUncertain | MalformedAnswer | NotFound):
        return ""
    places = _submits(life) if error.outcome is not None else _looks(life)
    return _look_at(places, str(error), getattr(error, "body", None))


def troubled(life: Lifecycle, task: Task | None) -> str:
    """Return what the last looks at a task met, and where to look for the reason; nothing where all went well."""
    if task is None or task.trouble is None:
        return ""
    told = f"; {task.trouble}"
    return told + _look_at(_looks(life), told, task.trouble.answer)


def _look_at(places: Iterator[str], told: str, answer: Json) -> str:
    """Return the places, and the answer where what was told does not show it."""
    said = "" if answer is None else json.dumps(answer, ensure_ascii=False)[:SHOWN]
    shown = not said or said[:BEGIN] in told
    return f"; look at {', '.join(places)}" + ("" if shown else f"; the answer was {said}")


def _submits(life: Lifecycle) -> Iterator[str]:
    return _named("submit", life.submit, READ_OF_A_SUBMIT)


def _looks(life: Lifecycle) -> Iterator[str]:
    for name, endpoint in (("poll", life.poll), ("result", life.result)):
        if endpoint is not None:
            yield from _named(name, endpoint, READ_OF_A_LOOK)


def _named(name: str, endpoint: Endpoint, places: tuple[str, ...]) -> Iterator[str]:
    """Yield an endpoint and the places of its reply, each with what is declared there."""
    yield f"`{name}` ({endpoint.method} {endpoint.link or endpoint.path or 'the path of the offer'})"
    for each in places:
        held = _shown(getattr(endpoint.reply, each))
        if held or each in ("ok", "id", "state"):
            yield f"its `reply.{each}` ({held or 'not declared'})"


def _shown(place: Any) -> str:
    if isinstance(place, tuple) and all(isinstance(each, Assets) for each in place):
        return ", ".join(f"`{each}`" for each in place)
    if isinstance(place, tuple):
        return f"`{place[0]}`, {' or '.join(map(repr, place[1]))}"
    return "" if place is None else f"`{place}`"
