"""The life that all simulated providers share: route, fault, submit, poll, file, tell, bill. Pure: no socket, no sleep.

A provider's module adds what is the provider's own: its paths, keys, rules, prices, words and bodies.
"""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from secrets import token_hex
from typing import Any, ClassVar, Literal, cast
from uuid import uuid4

from attrs import evolve

from .faults import Fault, Faults, Phase, fault
from .files_in import FilesIn
from .inputs import Wanted
from .message import Body, Clock, Error, Refusal, Request, Response, json_response
from .spoil import MUTATIONS, spoiled
from .stated import ENDS, USUAL, wrong
from .task import Failure, Order, Stage, Task, amount
from .uploads import KEPT, LENT
from .webhooks_out import WebhooksOut
from .works_out import FILE, WorksOut

DAY = 86_400.0
MOST_UNREAD = 100
"""Names of what nobody read that are kept."""

LINKS = (("GET", FILE, "result"), ("GET", KEPT, "kept"), ("PUT", LENT, "put"))
"""What every provider serves to whoever has the link: results and uploads, and where bytes are put."""


class Service(FilesIn, WorksOut, WebhooksOut, ABC):
    """One provider. Amounts are credits of the provider (RunAPI: cents), times seconds.

    `speed` divides the time that tasks take, and nothing else. What the class states is what the provider's page says;
    `ours` names what no page says.
    """

    name: ClassVar[str]
    origin: ClassVar[str] = ""
    """Where the provider itself is: https, and a host."""
    hue: ClassVar[float]
    routes: ClassVar[Sequence[tuple[str, str, str]]]
    """Method, path pattern and place: submit, poll, output (the result, where that is a call of its own), cancel, funds
    (what the account still has), or the name of any other method that answers."""
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]]
    """HTTP status, code and text for: unauthorised, no_credit, throttled, not_found, moderated; where there is such a
    thing, for not_yet (a look that comes too early) and too_late (a cancel of what is over)."""
    errors: ClassVar[Sequence[Error]] = ()
    """Every other documented error."""
    failures: ClassVar[Mapping[str, Failure]]
    """How tasks end that are failed or moderated, and further ways, under names of their own."""
    states: ClassVar[Mapping[str, str]] = {}
    """Every word for a state, and what it means: queued, running, succeeded, failed, moderated, canceled, not_found."""
    tells: ClassVar[Sequence[str]] = ()
    """What the last look at a task tells: created, completed (times), charge (what was taken)."""
    not_yet_for: ClassVar[float] = 0.0
    """How long after a submit a look may be answered not_yet."""
    credit: ClassVar[Decimal | None] = None
    """What one of the amounts is worth in USD, where they are credits of the provider's; None: no page says, or they
    are no credits."""
    limits: ClassVar[Mapping[str, int | tuple[int, float]]] = {}
    """Documented rates: submits and polls as (calls, per seconds), active as tasks at a time. They are not enforced."""
    hosts: ClassVar[Sequence[str]] = ()
    """Other hosts than the origin to which the provider's own links lead, with the key."""
    forms: ClassVar[Sequence[str]] = ()
    """Names of forms in which one answer may come; `form` is the one that is asked for."""
    retry_after: ClassVar[Literal["header", "body", ""]] = "header"
    """Where a throttled answer says how long to wait; in the body, `refused` writes it."""
    request_id_header: ClassVar[str] = ""
    """The header of every answer that names the call."""
    request_id_field: ClassVar[str] = ""
    """The field of an error's body that names the call."""
    says: ClassVar[Mapping[str, str]] = {}
    """What an account says of itself beside its API key, by the name of the setting."""
    secrets: ClassVar[Sequence[str]] = ()
    """The settings that are secret: another text in each run."""
    ours: ClassVar[Sequence[str]] = ()
    """What no page says, and we chose: lifetime, refunds, refusals.<kind>, failures.<name>, failures.codes; and what an
    adapter may say though no page does: states.<word>, errors.<code>, settings.<name>, tells.<what>, …"""
    moderates: ClassVar[str] = "poll"
    """Where moderation shows: a refused submit, or a failed task that a poll sees."""
    refunds: ClassVar[bool] = True
    """Whether a failed task is refunded."""
    id_fields: ClassVar[Sequence[str]] = ("id",)
    """What a task's id is called in answers: fields, and headers."""
    state_fields: ClassVar[Sequence[str]] = ("state", "status")
    """What a task's state is called in answers."""
    queued: ClassVar[float] = 1.0
    running: ClassVar[float] = 3.0
    """How long a task waits and runs; both 0 where the answer to the submit is the result."""

    def __init_subclass__(cls) -> None:
        """Raises ValueError for what is stated in words that nothing would read."""
        super().__init_subclass__()
        if sentence := "; ".join(wrong(cls)):
            raise ValueError(f"{cls.__name__}: {sentence}")

    def __init__(self, *, clock: Clock = time.time, speed: float = 1.0, balance: float | Decimal = 100_000) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self.clock: Clock = clock
        self.speed: float = speed
        self.balance: int | Decimal = amount(balance)
        self.now: float = clock()
        self.api_key: str = self.new_key()
        self.settings: dict[str, str] = {**self.says, **{name: self.new_secret(name) for name in self.secrets}}
        """What the only account that is let in says of itself."""
        self.tokens: dict[str, float] = {}
        """The tokens that were given, and until when each is good."""
        self.base_url = ""
        self.faults: Faults = Faults()
        self.tasks: dict[str, Task] = {}
        self.form: str = next(iter(self.forms), "")
        self.unread: list[str] = []
        self.idle: list[str] = []
        """Faults that were to change what an answer says, and found nothing to change."""
        self._failing: list[Task] = []
        self._submits = self._polls = 0

    def answer(self, request: Request) -> Response:
        """Answers any request; safe to call from several threads."""
        with self._lock:
            self._settle()
            if request.path.startswith("/__"):
                return self._control(request)
            place, match = self._place(request)
            if request.fetched is None:
                self._submits += place == "submit"
                self._polls += place == "poll"
            response = self._answered(place, match, request)
            if match is not None and is_fetch(place, request):
                response = self.as_served(match, response)
            return self._named(response)

    def _answered(self, place: str, match: re.Match[str] | None, request: Request) -> Response:
        about = "upload" if place in self.files_at and place != "submit" else place
        fails = self.fetch_fails() if is_fetch(place, request) else None
        if request.fetched is None and (before := self._fault(about, "before", fails)):
            return self._faulty(before, Response())
        try:
            response = self._respond(place, request, match)
        except Refusal as refusal:
            return self.refused(refusal)
        except Wanted as wanted:
            return Response(424, {"Content-Type": "text/plain"}, f"{wanted}\n".encode(), wanted=wanted.links)
        after = self._fault(about, "after", fails) if response.status < 300 else None
        return self._faulty(after, response) if after else response

    def _fault(self, place: str, phase: Phase, fails: Fault | None) -> Fault | None:
        """The fault that strikes: one that waits for its request, else what goes wrong with a fetch by chance."""
        return self.faults.take(place, phase) or (fails if fails is not None and fails.phase == phase else None)

    def room(self, request: Request) -> float | None:
        """How many bytes a request may have, by its method and path; None: as many as any."""
        return self.longest_with_files if self._place(request)[0] in self.files_at else None

    def place(self, request: Request) -> str:
        """The place that a request goes to, as `routes` names it; "nowhere" where there is none."""
        return self._place(request)[0]

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

    def fetched(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The answer to a call for the result, where that is a call of its own; a Refusal where there is none."""
        return self.shown(task, stage, urls)

    def told(self, task: Task, stage: Stage) -> Mapping[str, object]:
        """What an answer tells of a task beside its state: progress (0 to 1), position, log, seed, title, seconds.

        The bodies hold it in the provider's own words and units.
        """
        return {}

    def works(self, task: Task) -> Sequence[Mapping[str, Any]]:
        """What is told of each result of a task: its role (main, unless it says otherwise), title and seconds.

        Nothing where no answer tells any of it.
        """
        return ()

    def tells_of(self, task: Task) -> Sequence[str]:
        """What of `tells` the last look at a task tells: all, unless its kind of work tells less."""
        return self.tells

    def canceled(self, task: Task, request: Request) -> Response:
        """The answer to a cancel."""
        return self.shown(task, task.stage(self.now), [])

    def refusal(self, kind: str) -> Refusal:
        """One of the refusals, ready to be raised; one that no page tells is told as is usual."""
        return Refusal(*self._told(kind))

    def _told(self, kind: str) -> tuple[int, int | str, str]:
        status, text = USUAL.get(kind, (400, kind))
        return self.refusals.get(kind, (status, self.code_of(status), text))

    def takes(self, order: Order) -> tuple[float, float]:
        """How many seconds a task waits, and how many it runs."""
        return self.queued, self.running

    def new_token(self, life: float) -> str:
        """A token that is good for so many seconds from now."""
        token = f"tk_{token_hex(16)}"
        self.tokens[token] = self.now + life
        return token

    def is_good(self, token: str) -> bool:
        """Whether it was given, and has not ended."""
        return self.now < self.tokens.get(token, 0.0)

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
        task, stage = self._sought(request, match)
        stage = "succeeded" if task.veiled and stage == "failed" else stage
        return self.shown(task, stage, self._results(task, stage, request))

    def output(self, request: Request, match: re.Match[str]) -> Response:
        """The result of a task, where that is a call of its own."""
        task, stage = self._sought(request, match)
        return self.fetched(task, stage, self._results(task, stage, request))

    def cancel(self, request: Request, match: re.Match[str]) -> Response:
        """Stops a task; of one that is over there is nothing to stop."""
        task, stage = self._sought(request, match)
        if stage in ("queued", "running"):
            task.canceled = self.now
            self._failing = [each for each in self._failing if each is not task]
            self._give_back(task, self.refunds)
            self.promise_again(task)
        elif "too_late" in self.refusals:
            raise self.refusal("too_late")
        return self.canceled(task, request)

    def _sought(self, request: Request, match: re.Match[str]) -> tuple[Task, Stage]:
        self.admit(request)
        task = self.tasks.get(self.sought(request, match) or "")
        if task is None:
            raise self.refusal("not_found")
        return task, task.stage(self.now)

    def _results(self, task: Task, stage: Stage, request: Request) -> list[str]:
        bare = stage != "succeeded" or task.failure or self.faults.take("poll", "view", "no_result")
        return [] if bare else self.result_links(task, self.here(request))

    def create(self, order: Order, key: str | None) -> Task:
        """Charges for an order and starts it. Raises the provider's refusal when the balance does not suffice."""
        if order.price > self.balance:
            raise self.refusal("no_credit")
        self.balance -= order.price
        queued, running = (seconds / self.speed for seconds in self.takes(order))
        task = Task(self.new_id(order), order, self.now, queued, running, key=key)
        self._fate(task)
        self.tasks[task.id] = task
        self.promise(task)
        self._refund()
        return task

    def bills(self) -> Body:
        """Every task with what was charged and refunded; `submits` and `polls` count requests, refused ones too.

        `results` says how often each result was fetched; `unread` is what was sent in requests that were answered, and
        is no key that the provider knows; `unfetched` are the inputs at public addresses, which were taken unseen;
        `webhooks` counts what callers were told.
        """
        with self._lock:
            self._settle()
            return {
                "submits": self._submits,
                "polls": self._polls,
                "balance": self.balance,
                "entries": [task.entry(self.now) for task in self.tasks.values()],
                "results": [served.entry() for served in self.results.values()],
                "unread": list(self.unread),
                "unfetched": list(self.unfetched),
                "webhooks": self.deliveries.bill(),
            }

    def add_fault(self, wanted: Mapping[str, object]) -> Fault:
        """Makes a fault wait for its request. Raises ValueError when it is described wrongly."""
        moderated = wanted.get("kind") == "moderated" and wanted.get("on") is None
        new = fault({**wanted, "on": self.moderates} if moderated else wanted)
        self._can_have(new)
        with self._lock:
            self.faults.add(new)
        return new

    def _can_have(self, new: Fault) -> None:
        """Raises ValueError for a fault that this provider does not have."""
        if new.kind == "not_yet" and "not_yet" not in self.refusals:
            raise ValueError(f"no look at a task of {self.name} is answered not_yet")
        if (like := new.options.get("like")) is not None and like not in self.failures:
            raise ValueError(f"like must be one of {', '.join(self.failures)} at {self.name}, not {like!r}")
        if new.phase == "task" and new.kind in ENDS and like is None and new.kind not in self.failures:
            raise ValueError(f"no page says how a task of {self.name} ends that is {new.kind}")
        if new.on == "upload" and not {*self.files_at} - {"submit"}:
            raise ValueError(f"nothing is uploaded at {self.name}")
        if new.on == "webhook" and self.webhook is None:
            raise ValueError(f"{self.name} tells no caller of a task")
        if new.on == "output" and all(place != "output" for _, _, place in self.routes):
            raise ValueError(f"at {self.name} no call of its own brings the result")

    def clear(self) -> None:
        """Drops the faults that are pending."""
        with self._lock:
            self.faults.clear()

    def _place(self, request: Request) -> tuple[str, re.Match[str] | None]:
        method = "GET" if request.method == "HEAD" else request.method
        for wanted, pattern, place in (*self.routes, *LINKS):
            if wanted == method and (match := re.fullmatch(pattern, request.path)):
                return place, match
        return "nowhere", None

    def _respond(self, place: str, request: Request, match: re.Match[str] | None) -> Response:
        if match is None:
            raise Refusal(404, self.code_of(404), f"no such endpoint: {request.method} {request.path}")
        response = cast(Response, getattr(self, place)(request, match))
        if all(place != each for _, _, each in LINKS):  # a link is followed as it is, whatever its query
            new = (f"{place}: {name}" for name in request.unread())
            self.unread = list(dict.fromkeys((*self.unread, *new)))[:MOST_UNREAD]
        return response

    def _named(self, response: Response) -> Response:
        """An answer with the header that names the call, where there is one."""
        if not self.request_id_header:
            return response
        return evolve(response, headers={**response.headers, self.request_id_header: str(uuid4())})

    def _settle(self) -> None:
        """Reads the clock, once a request, and refunds what failed before anyone can see that it failed."""
        self.now = self.clock()
        self._refund()

    def _refund(self) -> None:
        for task in [task for task in self._failing if self.now >= task.ends]:
            self._failing.remove(task)
            own = None if task.failure is None else task.failure.refunds
            self._give_back(task, self.refunds if own is None else own)

    def _give_back(self, task: Task, given: bool) -> None:
        task.refunded = task.order.price if given else 0
        self.balance += task.refunded

    def _fate(self, task: Task) -> None:
        """Lets the pending faults decide how the task will go."""
        places = (("submit", "failed"), ("output", "failed"), ("poll", "moderated"))
        if doom := next(filter(None, (self.faults.take(place, "task", kind) for place, kind in places)), None):
            usual = self.failures[doom.text("like", doom.kind)]
            code = cast("int | str", doom.options.get("code", usual.code))
            task.failure = evolve(usual, code=code, message=doom.text("message", usual.message))
            task.veiled = doom.on == "output"
            self._failing.append(task)
        if slow := self.faults.take("submit", "task", "latency"):
            whole, usual_whole = (slow.seconds() or 0.0) / self.speed, task.queued + task.running
            task.queued = whole * task.queued / usual_whole if usual_whole else 0.0
            task.running = whole - task.queued
        task.stuck = self.faults.take("submit", "task", "stuck") is not None

    def _faulty(self, one: Fault, response: Response) -> Response:
        if (
            one.kind in USUAL
            or one.kind in self.refusals
            or (one.kind == "status" and one.text("body", "json") == "json")
        ):
            return self._own_words(one)
        changed = spoiled(one, response, self)
        if one.kind in MUTATIONS and changed == response:
            self.idle.append(one.kind)
        return changed

    def _own_words(self, one: Fault) -> Response:
        """A fault that the provider itself would tell of, in its own error body."""
        status = one.number("status", 500)
        told = (status, self.code_of(status), f"simulated error {status}")
        status, code, message = told if one.kind == "status" else self._told(one.kind)
        code = cast("int | str", one.options.get("code", code))
        after = one.text("retry_after", "1" if one.kind == "throttled" else "")
        wait = int(after) if re.fullmatch(r"[0-9]{1,9}", after) else None
        response = self.refused(Refusal(status, code, one.text("message", message), retry_after=wait))
        in_header = after and (self.retry_after == "header" or one.kind != "throttled")
        headers = {**response.headers, **({"Retry-After": after} if in_header else {})}
        return evolve(response, status=one.number("http_status", status), headers=headers)

    def _control(self, request: Request) -> Response:
        """The simulator's own endpoints, for tests."""
        match request.method, request.path:
            case "GET", "/__bills":
                return json_response(self.bills())
            case "GET", "/__faults":
                pass
            case "POST", "/__faults":
                try:
                    self.add_fault({} if request.object is None else request.object)
                except ValueError as wrong:
                    return json_response({"error": str(wrong)}, 400)
            case "DELETE", "/__faults":
                self.clear()
            case _:
                return json_response({"error": "there are GET /__bills and GET, POST, DELETE /__faults"}, 404)
        return json_response({"faults": [one.plain() for one in self.faults]})


def is_fetch(place: str, request: Request) -> bool:
    """Whether a request fetches a result."""
    return place == "result" and request.method == "GET"
