"""What every provider does with what its tasks make: links to it, and files that are drawn when they are fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from .film import Film, LastFrame
from .message import Request, Response
from .picture import SUFFIX, TYPES, Picture
from .sound import Sound
from .task import Task
from .work import Work

FILE = rf"/media/tasks/(?P<id>[^/]+)/(?P<index>[0-9]{{1,2}})\.(?P<suffix>{'|'.join(SUFFIX.values())})"
"""Where result files lie: reAPI's documented form, at the others our choice."""

COVER = (512, 512)
"""The size of a cover."""


class WorksOut:
    """The works of one provider."""

    name: ClassVar[str]
    hue: ClassVar[float]
    lifetime: ClassVar[float]
    """How long result files can be fetched."""
    lifetimes: ClassVar[Mapping[str, float]] = {}
    """The same of those that live otherwise: image, video, audio."""
    tasks: dict[str, Task]
    now: float

    def result_links(self, task: Task, origin: str) -> list[str]:
        """The links to what a task made, at one of the addresses of the provider; that of a last frame is the last."""
        results = enumerate(task.order.results)
        return [f"{origin}/media/tasks/{task.id}/{index}.{SUFFIX[media]}" for index, media in results]

    def result(self, request: Request, match: re.Match[str]) -> Response:
        """A result file: no key needed, 403 once it has expired, 404 when there is none."""
        task = self.tasks.get(match["id"])
        if task is None or task.stage(self.now) != "succeeded" or request.path not in self.result_links(task, ""):
            return Response(404, {"Content-Type": "text/plain"}, b"no such file\n")
        if self.now >= task.ends + self.lives(TYPES[task.order.media].partition("/")[0]):
            return Response(403, {"Content-Type": "text/plain"}, b"this link has expired\n")
        index = int(match["index"])
        return Response(200, {"Content-Type": TYPES[task.order.results[index]]}, self.work(task, index))

    @classmethod
    def lives(cls, medium: str) -> float:
        """How long result files of a task can be fetched that makes an image, a video or an audio."""
        return cls.lifetimes.get(medium, cls.lifetime)

    def work(self, task: Task, index: int) -> Work:
        """One of the results of a task, not drawn yet."""
        order = task.order
        number = index % order.count
        if order.media in ("mp3", "wav"):
            title = order.titles[number] if number < len(order.titles) else order.prompt
            if number != index:
                return Picture(self.name, self.hue, order.wire_id, task.id, number, title, COVER, "jpeg")
            return Sound(self.name, order.wire_id, task.id, index, title, order.seconds, order.media)
        picture = Picture(self.name, self.hue, order.wire_id, task.id, number, order.prompt, order.size, order.media)
        if order.media != "mp4":
            return picture
        film = Film(picture, order.seconds, order.sound)
        return film if number == index else LastFrame(film)
