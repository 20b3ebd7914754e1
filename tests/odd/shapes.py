"""How the four providers answer, from their pages: what is sent back for a submit, a look, a failure and a refusal.

Written from the pages alone, and from no adapter and no simulator, so that neither can hide an error of the other.
`links` is whatever stands at the place of the links: tests put other forms there.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from .files import PNG
from .raw_server import Asked, Reply, Site, reply

Body = dict[str, Any]


@attrs.frozen(kw_only=True)
class Shape:
    """One provider's answers; `native` makes of links what its page shows, `billed_if_failed` is what its page says."""

    name: str
    submit: str
    look: str
    key_header: str
    first_id: str
    accepted: Callable[[str], Body]
    state: Callable[[str, str], Body]
    done: Callable[[str, Any], Body]
    failed: Callable[[str, str], Body]
    refused: Callable[[int, str], Body]
    native: Callable[[Sequence[str]], Any] = list
    states: tuple[str, str] = ("", "")  # running, finished
    refunds: bool = False
    costs: Callable[[Body, Any], Body] | None = None

    def key_of(self, asked: Asked) -> str:
        """Return the API key that a request carries."""
        return asked.headers.get(self.key_header, "").removeprefix("Bearer ")


def _record(task: str, state: str, **more: Any) -> Body:
    data = {"taskId": task, "model": "flux-2/pro-text-to-image", "state": state, "param": "{}", "resultJson": None}
    data |= {"failCode": None, "failMsg": None, "costTime": None, "completeTime": None}
    data |= {"createTime": 1_800_000_000_000, **more}
    return {"code": 200, "msg": "success", "data": data}


def _in_one(task: str, state: str, **more: Any) -> Body:
    return {"code": 200, "message": "success", "data": {"task_id": task, "status": state, **more}}


def _code(status: int) -> Body:
    codes = {400: 20003, 401: 10003, 402: 30001, 404: 40001, 429: 50001, 500: 60099}
    return {"code": codes[status]} if status in codes else {}  # a firewall before it has no code of its own


REAPI = Shape(
    name="reapi",
    submit=r"POST /api/v1/images/generations",
    look=r"GET /api/v1/tasks/(?P<id>[^/?]+)",
    key_header="authorization",
    first_id="task_{:032x}",
    accepted=lambda task: {"id": task, "model": "flux-2", "status": "processing", "created_at": 1_800_000_000},
    state=lambda task, word: {"id": task, "model": "flux-2", "status": word},
    done=lambda task, links: {
        "id": task,
        "model": "flux-2",
        "status": "completed",
        "output": {"image_urls": links},
        "usage": {"credits": 28},
    },
    failed=lambda task, text: {"id": task, "status": "failed", "error": {"code": 80003, "message": text}},
    refused=lambda status, text: {"error": {**_code(status), "message": text, "request_id": "req_1"}},
    states=("processing", "completed"),
    refunds=True,
    costs=lambda body, amount: {**body, "usage": {"credits": amount}},
)

API_IN_ONE = Shape(
    name="api_in_one",
    submit=r"POST /api/v1/images/generations",
    look=r"GET /api/v1/tasks/(?P<id>[^/?]+)",
    key_header="authorization",
    first_id="n41{:04d}_flux2",
    accepted=lambda task: _in_one(task, "IN_PROGRESS"),
    state=_in_one,
    done=lambda task, links: _in_one(task, "COMPLETED", output={"image_urls": links}, credits_used=5),
    failed=lambda task, text: _in_one(task, "FAILED", error=text),
    refunds=True,  # "billing: successful requests"
    refused=lambda status, text: {"error": {"code": status, "message": text, "type": "invalid_request"}},
    states=("IN_PROGRESS", "COMPLETED"),
    costs=lambda body, amount: {**body, "data": {**body["data"], "credits_used": amount}},
)

REVIDAPI = Shape(
    name="revidapi",
    submit=r"POST /paid/flux-2/create",
    look=r"POST /paid/get/taskid\?taskId=(?P<id>[^&]+)",
    key_header="x-api-key",
    first_id="{:032x}",
    accepted=lambda task: {"code": 200, "msg": "success", "data": {"taskId": task}},
    state=_record,
    done=lambda task, links: _record(
        task, "success", resultJson=json.dumps({"resultUrls": links}), costTime=9000, completeTime=1_800_000_009_000
    ),
    failed=lambda task, text: _record(task, "fail", failCode="500", failMsg=text),
    refused=lambda status, text: {"code": status, "msg": text, "data": None},
    states=("waiting", "success"),
)

RUNAPI = Shape(
    name="runapi",
    submit=r"POST /api/v1/flux_2/text_to_image",
    look=r"GET /api/v1/flux_2/text_to_image/(?P<id>[^/?]+)",
    key_header="authorization",
    first_id="6f0a2b1e-1111-4222-8333-{:012x}",
    accepted=lambda task: {"id": task, "status": "pending"},
    state=lambda task, word: {"id": task, "status": word},
    done=lambda task, links: {"id": task, "status": "completed", "images": links, "usage": {"cost": 0.05}},
    failed=lambda task, text: {"id": task, "status": "failed", "error": text},
    refused=lambda status, text: {"error": {"code": str(status), "message": text}},
    native=lambda links: [{"url": link} for link in links],
    states=("pending", "completed"),
    refunds=True,
    costs=lambda body, amount: {**body, "usage": {"cost": amount}},
)

SHAPES = {shape.name: shape for shape in (REAPI, API_IN_ONE, REVIDAPI, RUNAPI)}

On = Callable[[str], Reply]
"""What is answered, by the task's id."""


@attrs.define(eq=False)
class Provider:
    """A provider on a site: it counts what it sold. Its queues (`submits`, `looks`, `files`) come before what is usual.

    An entry of a queue is a reply, or a function of the task's id; `always_…` are the same for ever.
    """

    shape: Shape
    site: Site
    bills: list[str] = attrs.field(factory=list)
    submits: list[On] = attrs.field(factory=list)
    looks: list[On] = attrs.field(factory=list)
    files: dict[str, list[Reply]] = attrs.field(factory=dict)
    always_submit: On | None = None
    always_look: On | None = None
    always_file: dict[str, Reply] = attrs.field(factory=dict)
    link: str = "/f/a.png"
    others: dict[str, Reply] = attrs.field(factory=dict)
    ids: list[str] = attrs.field(factory=list)
    _replays: dict[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.site.answering = self.answer

    @property
    def name(self) -> str:
        """The provider's, which is the account's."""
        return self.shape.name

    @property
    def origin(self) -> str:
        """Where it is."""
        return self.site.origin

    def url(self, path: str = "/f/a.png") -> str:
        """Return the whole link to a file of this site."""
        return self.origin + path

    def buys(self) -> list[Asked]:
        """Return the submits that arrived."""
        return [asked for asked in self.site.asked if re.fullmatch(self.shape.submit, f"{asked.method} {asked.bare}")]

    def asked_for(self, path: str) -> list[Asked]:
        """Return the requests of a path."""
        return [asked for asked in self.site.asked if asked.bare == path]

    def did_look(self) -> list[str]:
        """Return the ids that were looked at."""
        found = (re.fullmatch(self.shape.look, f"{asked.method} {asked.path}") for asked in self.site.asked)
        return [match["id"] for match in found if match]

    def done(self, task: str, links: Any = None) -> Reply:
        """Return the usual good end; `links` stands at the place of the links as it is."""
        native = self.shape.native([self.url(self.link)]) if links is None else links
        return reply(self.shape.done(task, native))

    def accepted(self, task: str) -> Reply:
        """Return the usual yes to a submit."""
        return reply(self.shape.accepted(task))

    def refusal(self, status: int, text: str) -> Reply:
        """Return a no."""
        return reply(self.shape.refused(status, text), status)

    def refuses(self, answer: Reply, times: int = 1) -> None:
        """Answer so, and bill nothing."""
        self.submits += [_Free(answer)] * times

    def answer(self, asked: Asked) -> Reply:
        """Answer a request."""
        if re.fullmatch(self.shape.submit, f"{asked.method} {asked.bare}"):
            return self._submitted(asked)
        if match := re.fullmatch(self.shape.look, f"{asked.method} {asked.path}"):
            answers = self.looks.pop(0) if self.looks else self.always_look or self.done
            return answers(match["id"])
        if queue := self.files.get(asked.bare):
            return queue.pop(0)
        if asked.bare in self.always_file:
            return self.always_file[asked.bare]
        if asked.bare in self.others:
            return self.others[asked.bare]
        if asked.bare.startswith("/f/"):
            return reply(PNG, kind="image/png")
        return reply(self.shape.refused(404, "nothing is here"), 404)

    def _submitted(self, asked: Asked) -> Reply:
        answers = self.submits.pop(0) if self.submits else self.always_submit or self.accepted
        if isinstance(answers, _Free):
            return answers.answer
        key = asked.headers.get("idempotency-key", "")
        if key in self._replays and self.shape is RUNAPI:  # the one provider that honours it: billed once
            return answers(self._replays[key])
        sold = len(self.bills)
        task = self.ids[sold] if sold < len(self.ids) else self.shape.first_id.format(sold + 1)
        self.bills.append(task)
        if key:
            self._replays[key] = task
        return answers(task)


@attrs.frozen
class _Free:
    """A submit that is answered and not billed."""

    answer: Reply

    def __call__(self, _: str) -> Reply:
        return self.answer
