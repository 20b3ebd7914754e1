"""What RunAPI tells of a finished task: pictures, films or sounds, each in the words of its family.

Ours, where nothing is written: where veo's resolution and seedance's last frame stand, and that the ids of songs are
those of their task with a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .message import Body
from .sound import Sound
from .task import Order, Task
from .work import Work

PLACES = {"png": "images", "jpeg": "images", "mp4": "videos", "mp3": "audios", "wav": "audios"}


def results(task: Task, urls: Sequence[str], work: Work) -> Body:
    """What a task made, at these links; the works first, the first of which is `work`, then what stands beside them."""
    order = task.order
    works, beside = urls[: order.count], urls[order.count :]
    family = order.scope.split("/")[3]
    if family == "suno":
        return {"audios": [_song(task, index, works, beside) for index in range(len(works))]}
    if family == "openai_tts":
        size = {"size_bytes": work.size} if isinstance(work, Sound) else {}
        return {"audios": [{"url": url, "format": "mp3", "mime_type": "audio/mpeg", **size} for url in works]}
    made: Body = {PLACES[order.media]: [{"url": url} for url in works]}
    if family == "veo_3_1" and works:
        made |= {"resolution": "720p", "has_audio": order.sound, "sources": [{"url": url} for url in works]}
    if order.last_frame:
        made["last_frame_image_url"] = next(iter(beside), None)
    return made


def told(order: Order) -> Sequence[Mapping[str, Any]]:
    """What is told of each result of an order beside its link."""
    if order.covers:
        songs = [{"title": title, "seconds": order.seconds} for title in order.titles]
        return (*songs, *[{"role": "cover"}] * order.count)
    return (*[{}] * order.count, *[{"role": "last_frame"}] * order.last_frame)


def _song(task: Task, index: int, works: Sequence[str], covers: Sequence[str]) -> Body:
    order, sent = task.order, task.order.sent
    return {
        "id": f"{task.id}-{index}",
        "audio_url": works[index],
        "stream_audio_url": works[index],
        "image_url": covers[index],
        "lyrics": sent.get("lyrics", ""),
        "model_name": order.wire_id,
        "title": order.titles[index],
        "tags": [tag for tag in str(sent.get("style", "")).split(", ") if tag],
        "duration": order.seconds,
    }
