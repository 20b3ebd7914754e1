"""What every provider does with what its tasks make: links to it, and files that are drawn when they are fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from attrs import evolve

from .cdn import USUAL, Served
from .faults import Fault, Faults
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
    faults: Faults
    tasks: dict[str, Task]
    now: float

    def __init__(self) -> None:
        super().__init__()
        self.cdn = USUAL
        """How results are served."""
        self.results: dict[str, Served] = {}
        """The results that were fetched, by their paths."""
        self._fetches = 0

    def result_links(self, task: Task, origin: str) -> list[str]:
        """The links to what a task made, at one of the addresses of the provider; that of a last frame is the last."""
        results = enumerate(task.order.results)
        return [f"{origin}/media/tasks/{task.id}/{index}.{SUFFIX[media]}" for index, media in results]

    def made_at(self, path: str) -> tuple[Task, int] | None:
        """The task that is done whose result lies at a path, and which of its results; None where there is none."""
        found = re.fullmatch(FILE, path)
        task = self.tasks.get(found["id"]) if found else None
        if found is None or task is None or task.stage(self.now) != "succeeded":
            return None
        return (task, int(found["index"])) if path in self.result_links(task, "") else None

    def result(self, request: Request, match: re.Match[str]) -> Response:
        """A result file: no key needed, 403 once its link has expired, 404 when there is none."""
        made = self.made_at(_path(match))
        if made is None:
            return Response(404, {"Content-Type": "text/plain"}, b"no such file\n")
        task, index = made
        if self.now >= self.link_ends(task, match):
            return Response(403, {"Content-Type": "text/plain"}, b"this link has expired\n")
        return Response(200, {"Content-Type": TYPES[task.order.results[index]]}, self.work(task, index))

    def link_ends(self, task: Task, match: re.Match[str] | None = None) -> float:
        """When the link to a result dies: the one that a request follows, or the first that there was."""
        life = self.lives(TYPES[task.order.media].partition("/")[0])
        return task.ends + (life if self.cdn.link_life is None else self.cdn.link_life)

    def fetch_fails(self) -> Fault | None:
        """What goes wrong with the next fetch of a result by chance; a fault that waits for it comes first."""
        self._fetches += 1
        waits = any(one.on in ("result", "any") for one in self.faults)
        return None if waits else self.cdn.failure(self.name, self._fetches)

    def as_served(self, match: re.Match[str], response: Response) -> Response:
        """The answer to a fetch of a result, at the pace of the CDN; the fetch is counted."""
        if (made := self.made_at(path := _path(match))) is not None:
            task, index = made
            if (known := self.results.get(path)) is None:
                known = self.results[path] = Served(task.id, path, self.work(task, index), self.link_ends(task))
            known.begin(self.now, self.link_ends(task, match))
            response = evolve(response, served=known)
        return evolve(response, delay=self.cdn.delay, rate=self.cdn.rate)

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


def _path(match: re.Match[str]) -> str:
    """Where a result lies: the path itself, or what a fresh link to it ends with."""
    return match.groupdict().get("path") or match.string
