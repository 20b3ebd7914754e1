"""What kie.ai tells: codes with data or what is wrong, and of a job a record with JSON in texts.

Ours, where the page is silent: the ids of songs; what a record says before the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .fields import Fields, Problem, problems
from .message import Body, Refusal, Response, json_response
from .task import Order, Stage, Task

WORDS: Mapping[Stage, str] = {"running": "generating", "succeeded": "success", "failed": "fail"}


def success(data: object) -> Response:
    """{code, msg, data}."""
    return json_response({"code": 200, "msg": "success", "data": data})


def sentence(wrong: Sequence[Problem]) -> str:
    """Everything that is wrong, in one text."""
    return "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong)


def refuse(wrong: Sequence[Problem]) -> None:
    """Raises a 422 that tells everything that is wrong, if anything is."""
    if wrong:
        raise Refusal(200, 422, sentence(wrong))


def check(body: Mapping[str, object], fields: Fields) -> None:
    """A 422 for everything that is wrong with a body."""
    refuse(problems(body, fields))


def record(task: Task, stage: Stage, urls: Sequence[str], now: float, *, named: bool) -> Body:
    """`param` and `resultJson` are JSON in a text, times in milliseconds."""
    failure = task.failure if stage == "failed" else None
    told: Body = {
        "taskId": task.id,
        "model": task.order.wire_id,
        "state": _word(task, stage, now),
        "param": json.dumps(task.order.sent),
        "resultJson": json.dumps(_result(task, urls, named)) if stage == "succeeded" else "",
        "failCode": failure.code if failure else None,
        "failMsg": failure.message if failure else None,
        "createTime": round(task.created * 1000),
        "updateTime": round(now * 1000),
    }
    if stage == "running":
        told["progress"] = percent(task, now)
    if stage in ("succeeded", "failed"):
        told["completeTime"] = round(task.ends * 1000)
        told["costTime"] = round((task.ends - task.created) * 1000)
        told["creditsConsumed"] = float(task.order.price - task.refunded)
    return told


def percent(task: Task, now: float) -> int:
    """How far a task is, while it is generated."""
    return int(100 * (now - task.created - task.queued) / task.running)


def told(order: Order) -> Sequence[Mapping[str, Any]]:
    """Songs have titles, lengths and covers; the last frame of a film stands beside it."""
    if order.covers:
        songs = [{"title": title, "seconds": order.seconds} for title in order.titles]
        return (*songs, *[{"role": "cover"}] * order.count)
    return (*[{}] * order.count, *[{"role": "last_frame"}] * order.last_frame)


def _result(task: Task, urls: Sequence[str], named: bool) -> Body:
    """Links; of songs all that there is to tell; the last frame of a film in one of two places."""
    order = task.order
    works, beside = urls[: order.count], urls[order.count :]
    if order.covers:
        return {"data": [_song(task, index, works, beside) for index in range(len(works))]}
    if order.last_frame and named:
        return {"resultUrls": [*works], "lastFrameUrl": next(iter(beside), None)}
    return {"resultUrls": [*urls]}


def _song(task: Task, index: int, works: Sequence[str], covers: Sequence[str]) -> Body:
    return {
        "id": f"{task.id}-{index}",
        "audio_url": works[index],
        "image_url": covers[index],
        "title": task.order.titles[index],
        "duration": task.order.seconds,
    }


def _word(task: Task, stage: Stage, now: float) -> str:
    """waiting and queuing share the time before the work, half each."""
    if stage == "queued":
        return "waiting" if now < task.created + task.queued / 2 else "queuing"
    return WORDS[stage]
