"""The life that all simulated providers share: route, fault, submit, poll, file, bill. Pure: no socket, no sleep.

A provider's module adds what is the provider's own: its paths, keys, rules, prices, words and bodies.
"""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from attrs import evolve

from .faults import Fault, Faults, fault
from .message import Body, Clock, Refusal, Request, Response, json_object, json_response
from .picture import SUFFIX, Picture
from .spoil import spoiled
from .task import Failure, Order, Stage, Task

DAY = 86_400.0
FILE = r"/media/tasks/(?P<id>[^/]+)/(?P<index>[0-9]{1,2})\.(?P<suffix>png|jpg)"
"""Where result files lie: reAPI's documented form, at the others our choice."""


class Service(ABC):
    """One provider. Amounts are whole credits of the provider (RunAPI: cents), times seconds.

    `speed` divides the time that tasks take, and nothing else.
    """

    name: ClassVar[str]
    hue: ClassVar[float]
    routes: ClassVar[Sequence[tuple[str, str, str]]]
    """Method, path pattern and place: submit, poll, or the name of a method that answers."""
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]]
    """HTTP status, code and text for: unauthorised, no_credit, throttled, not_found, moderated."""
    failures: ClassVar[Mapping[str, Failure]]
    """How tasks end that are failed or moderated."""
    moderates: ClassVar[str] = "poll"
    """Where moderation shows: a refused submit, or a failed task that a poll sees."""
    lifetime: ClassVar[float]
    """How long result files can be fetched."""
    refunds: ClassVar[bool] = True
    """Whether a failed task is refunded."""
    id_fields: ClassVar[Sequence[str]] = ("id",)
    """What a task's id is called in answers: fields, and headers."""
    state_fields: ClassVar[Sequence[str]] = ("state", "status")
    """What a task's state is called in answers."""
    queued: ClassVar[float] = 1.0
    running: ClassVar[float] = 3.0
    """How long a task waits and runs; both 0 where the answer to the submit is the result."""

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: int = 100_000) -> None:
        self.clock: Clock = clock
        self.speed: float = speed
        self.balance: int = balance
        self.now: float = clock()
        self.api_key: str = self.new_key()
        self.base_url = ""
        self.faults: Faults = Faults()
        self.tasks: dict[str, Task] = {}
        self._failing: list[Task] = []
        self._submits = self._polls = 0
        self._lock = threading.RLock()

    def answer(self, request: Request) -> Response:
        """Answers any request; safe to call from several threads."""
        with self._lock:
            self._settle()
            if request.path.startswith("/__"):
                return self._control(request)
            place, match = self._place(request)
            self._submits += place == "submit"
            self._polls += place == "poll"
            if before := self.faults.take(place, "before"):
                return self._faulty(before, Response())
            try:
                response = self._respond(place, request, match)
            except Refusal as refusal:
                return self.refused(refusal)
            after = self.faults.take(place, "after") if response.status < 300 else None
            return self._faulty(after, response) if after else response

    # What only the provider knows.

    @abstractmethod
    def new_key(self) -> str:
        """A random key in the provider's form."""

    @abstractmethod
    def new_id(self, order: Order) -> str:
        """A fresh task id."""

    @abstractmethod
    def admit(self, request: Request) -> None:
        """Raises a Refusal unless the request carries the key."""

    @abstractmethod
    def order(self, request: Request) -> Order:
        """What a submit asks for. Raises a Refusal when the page does not allow it."""

    @abstractmethod
    def accepted(self, task: Task, request: Request) -> Response:
        """The answer to a submit; the result, or a Refusal, where the task is over by then."""

    @abstractmethod
    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The answer to a poll."""

    @abstractmethod
    def refused(self, refusal: Refusal) -> Response:
        """A refusal in the provider's error body."""

    def refusal(self, kind: str) -> Refusal:
        """One of the refusals, ready to be raised."""
        return Refusal(*self.refusals[kind])

    def code_of(self, status: int) -> int | str:
        """The body code that belongs to an HTTP status."""
        return status

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The task id that a poll asks for."""
        return match["id"]

    # The shared life.

    def submit(self, request: Request, _: re.Match[str]) -> Response:
        """Creates a task."""
        self.admit(request)
        task = self.create(self.order(request), request.headers.get("idempotency-key"))
        return self.accepted(task, request)

    def poll(self, request: Request, match: re.Match[str]) -> Response:
        """One look at a task."""
        self.admit(request)
        task = self.tasks.get(self.sought(request, match) or "")
        if task is None:
            raise self.refusal("not_found")
        stage = task.stage(self.now)
        bare = stage != "succeeded" or self.faults.take("poll", "view", "no_result")
        return self.shown(task, stage, [] if bare else self._urls(task, request))

    def result(self, request: Request, match: re.Match[str]) -> Response:
        """A result file: no key needed, 403 once it has expired, 404 when there is none."""
        task, index = self.tasks.get(match["id"]), int(match["index"])
        there = task and index < task.order.count and match["suffix"] == SUFFIX[task.order.media]
        if not task or not there or task.stage(self.now) != "succeeded":
            return Response(404, {"Content-Type": "text/plain"}, b"no such file\n")
        if self.now >= task.ends + self.lifetime:
            return Response(403, {"Content-Type": "text/plain"}, b"this link has expired\n")
        return Response(200, {"Content-Type": f"image/{task.order.media}"}, self.picture(task, index))

    def picture(self, task: Task, index: int) -> Picture:
        """One of the pictures that a task makes, not drawn yet."""
        order = task.order
        return Picture(self.name, self.hue, order.wire_id, task.id, index, order.prompt, order.size, order.media)

    def create(self, order: Order, key: str | None) -> Task:
        """Charges for an order and starts it. Raises the provider's refusal when the balance does not suffice."""
        if order.price > self.balance:
            raise self.refusal("no_credit")
        self.balance -= order.price
        queued, running = self.queued / self.speed, self.running / self.speed
        task = Task(self.new_id(order), order, self.now, queued, running, key=key)
        self._fate(task)
        self.tasks[task.id] = task
        self._refund()
        return task

    def bills(self) -> Body:
        """Every task with what was charged and refunded; `submits` and `polls` count requests, refused ones too."""
        with self._lock:
            self._settle()
            entries = [task.entry(self.now) for task in self.tasks.values()]
            return {"submits": self._submits, "polls": self._polls, "balance": self.balance, "entries": entries}

    def add_fault(self, wanted: Mapping[str, object]) -> Fault:
        """Makes a fault wait for its request. Raises ValueError when it is described wrongly."""
        moderated = wanted.get("kind") == "moderated" and wanted.get("on") is None
        new = fault({**wanted, "on": self.moderates} if moderated else wanted)
        with self._lock:
            self.faults.add(new)
        return new

    def clear(self) -> None:
        """Drops the faults that are pending."""
        with self._lock:
            self.faults.clear()

    def _place(self, request: Request) -> tuple[str, re.Match[str] | None]:
        method = "GET" if request.method == "HEAD" else request.method
        for wanted, pattern, place in (*self.routes, ("GET", FILE, "result")):
            if wanted == method and (match := re.fullmatch(pattern, request.path)):
                return place, match
        return "nowhere", None

    def _respond(self, place: str, request: Request, match: re.Match[str] | None) -> Response:
        if match is None:
            raise Refusal(404, self.code_of(404), f"no such endpoint: {request.method} {request.path}")
        return cast(Response, getattr(self, place)(request, match))

    def _settle(self) -> None:
        """Reads the clock, once a request, and refunds what failed before anyone can see that it failed."""
        self.now = self.clock()
        self._refund()

    def _refund(self) -> None:
        for task in [task for task in self._failing if self.now >= task.ends]:
            self._failing.remove(task)
            task.refunded = task.order.price if self.refunds else 0
            self.balance += task.refunded

    def _fate(self, task: Task) -> None:
        """Lets the pending faults decide how the task will go."""
        doom = self.faults.take("submit", "task", "failed") or self.faults.take("poll", "task", "moderated")
        if doom:
            usual = self.failures[doom.kind]
            code = cast("int | str", doom.options.get("code", usual.code))
            task.failure = Failure(code, doom.text("message", usual.message))
            self._failing.append(task)
        if slow := self.faults.take("submit", "task", "latency"):
            whole, usual_whole = (slow.seconds() or 0.0) / self.speed, task.queued + task.running
            task.queued = whole * task.queued / usual_whole if usual_whole else 0.0
            task.running = whole - task.queued
        task.stuck = self.faults.take("submit", "task", "stuck") is not None

    def _faulty(self, one: Fault, response: Response) -> Response:
        if one.kind in self.refusals or (one.kind == "status" and one.text("body", "json") == "json"):
            return self._own_words(one)
        return spoiled(one, response, self)

    def _own_words(self, one: Fault) -> Response:
        """A fault that the provider itself would tell of, in its own error body."""
        status = one.number("status", 500)
        usual = (status, self.code_of(status), f"simulated error {status}")
        status, code, message = self.refusals.get(one.kind, usual)
        code = cast("int | str", one.options.get("code", code))
        response = self.refused(Refusal(status, code, one.text("message", message)))
        after = one.text("retry_after", "1" if one.kind == "throttled" else "")
        headers = {**response.headers, **({"Retry-After": after} if after else {})}
        return evolve(response, status=one.number("http_status", status), headers=headers)

    def _urls(self, task: Task, request: Request) -> list[str]:
        host = request.headers.get("host")
        origin = f"http://{host}" if host else self.base_url
        files = range(task.order.count)
        return [f"{origin}/media/tasks/{task.id}/{index}.{SUFFIX[task.order.media]}" for index in files]

    def _control(self, request: Request) -> Response:
        """The simulator's own endpoints, for tests."""
        match request.method, request.path:
            case "GET", "/__bills":
                return json_response(self.bills())
            case "GET", "/__faults":
                pass
            case "POST", "/__faults":
                wanted = json_object(request.body)
                try:
                    self.add_fault({} if wanted is None else wanted)
                except ValueError as wrong:
                    return json_response({"error": str(wrong)}, 400)
            case "DELETE", "/__faults":
                self.clear()
            case _:
                return json_response({"error": "there are GET /__bills and GET, POST, DELETE /__faults"}, 404)
        return json_response({"faults": [one.plain() for one in self.faults]})
