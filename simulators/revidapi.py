"""RevidAPI, as its page tells: kie.ai's records behind its own paths and key header, speech, and images below /v1.

Ours, where the page is silent: the body's code is the HTTP status too; failed tasks are refunded and links live for a
day, as at kie.ai, whose records it carries; a GET on the query is not found; fields that are not listed are ignored; a
webhook is not signed, and when it is tried again; errors have one form everywhere; what is not finished when it is
answered, or has failed, is looked at later; a look at a speech needs the API key, and its status is the HTTP status
too; that all its hosts are one here.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, cast
from uuid import uuid4

from .fields import Fields, Link, Problem, given, problems
from .message import Body, Error, Refusal, Request, Response, json_response
from .revidapi_models import BY_PATH, RECORDS, Family, Model
from .service import DAY, Service
from .task import Failure, Order, Stage, Task
from .webhooks import Webhook

CREATE = "|".join(sorted({model.path for model in RECORDS.values()}))
SPEECH_STATUS: Mapping[Stage, tuple[int, str]] = {
    "queued": (202, "processing"),
    "running": (202, "processing"),
    "succeeded": (200, "completed"),
    "failed": (500, "failed"),
}
AT_ONCE = ("finished", "listed")
"""Forms in which the answer to a submit is the result."""

JOB_STATUS: Mapping[Stage, str] = {
    "queued": "queued",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
}


class RevidAPI(Service):
    """Base https://api.revidapi.com, paths below /paid; looks at speech go to another host, and so does all of /v1.

    `form` says how speech and images of /v1 are answered: as begun, finished at once, or finished in a list; and, where
    they are begun, how a look at a speech is: its code as the HTTP status too, in the body alone (coded), or as the
    HTTP status alone, beside a word (worded).
    """

    name = "revidapi"
    origin: ClassVar[str] = "https://api.revidapi.com"
    hue: ClassVar[float] = 0.38
    lifetime: ClassVar[float] = DAY
    id_fields: ClassVar[Sequence[str]] = ("taskId", "task_id", "id")
    state_fields: ClassVar[Sequence[str]] = ("state", "status")
    routes: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("POST", "|".join((CREATE, *BY_PATH)), "submit"),
        ("POST", r"/paid/get/(?P<record>taskid)", "poll"),
        ("GET", r"/api/get/(?P<speech>[^/]+)", "poll"),
        ("GET", r"/v1/images/jobs/(?P<image>[^/]+)", "poll"),
    )
    forms: ClassVar[Sequence[str]] = ("begun", *AT_ONCE, "coded", "worded")
    refusals: ClassVar[Mapping[str, tuple[int, int | str, str]]] = {
        "unauthorised": (401, 401, "Unauthorized: the API key is missing or wrong"),
        "no_credit": (402, 402, "Insufficient balance"),
        "throttled": (429, 429, "Too many requests"),
        "not_found": (404, 404, "Task not found"),
        "moderated": (422, 422, "The prompt was flagged by content moderation"),
        "not_yet": (422, 422, "recordInfo is null"),
    }
    not_yet_for: ClassVar[float] = 90.0
    errors: ClassVar[Sequence[Error]] = (
        Error("rejected", 400, 400, "Invalid request"),
        Error("rejected", 422, 422, "Validation error"),
        Error("unsure", 500, 500, "Server error"),
        # All but 401 and 402 may also come as the body's code alone.
        Error("rejected", 200, 400, "Invalid request"),
        Error("not_found", 200, 404, "Not found"),
        Error("rejected", 200, 422, "Validation error"),
        Error("throttled", 200, 429, "Too many requests"),
        Error("unsure", 200, 500, "Server error"),
    )
    failures: ClassVar[Mapping[str, Failure]] = {
        "failed": Failure("500", "Internal error, please try again later"),
        "moderated": Failure("400", "The prompt was flagged by content moderation"),
    }
    states: ClassVar[Mapping[str, str]] = {
        "waiting": "queued",
        "queuing": "queued",
        "generating": "running",
        "success": "succeeded",
        "fail": "failed",
        # Of speech:
        "processing": "running",
        "completed": "succeeded",
        "failed": "failed",
        "not_found": "not_found",
        # Of images below /v1, which have some of these too:
        "queued": "queued",
        "pending": "queued",
        "running": "running",
        "in_progress": "running",
        "error": "failed",
    }
    tells: ClassVar[Sequence[str]] = ("created", "completed")
    webhook: ClassVar[Webhook] = Webhook(pauses=(10, 60, 300), within=15)
    ours: ClassVar[Sequence[str]] = (
        *("lifetime", "refunds", "refusals.moderated", "failures.moderated", "failures.codes"),
        *("webhook.pauses", "webhook.within", "webhook.signature"),
    )

    def new_key(self) -> str:
        """Hex: the form is unknown."""
        return secrets.token_hex(24)

    def new_id(self, order: Order) -> str:
        """32 hex digits."""
        return uuid4().hex

    def admit(self, request: Request) -> None:
        """401 without x-api-key."""
        if request.headers.get("x-api-key") != self.api_key:
            raise self.refusal("unauthorised")

    def order(self, request: Request) -> Order:
        """All that is wrong, in one message, or the order."""
        sent = request.object
        if sent is None:
            raise Refusal(400, 400, "Request body must be a JSON object")
        if (model := BY_PATH.get(request.path)) is not None:
            return self._ordered(request, model, given(sent), problems(sent, {}))
        wanted = sent.get("input")
        name = sent.get("model")
        names = [each for each, model in RECORDS.items() if model.path == request.path]
        if name not in names:
            raise Refusal(422, 422, f"model must be one of {', '.join(names)}")
        if not isinstance(wanted, dict):
            raise Refusal(422, 422, "input must be an object")
        return self._ordered(request, RECORDS[str(name)], given(wanted), problems(sent, {"callBackUrl": Link()}))

    def _ordered(self, request: Request, model: Model, body: Mapping[str, object], wrong: list[Problem]) -> Order:
        wrong = [*wrong, *problems(body, model.fields), *_mismatch(body, model.fields)]
        if wrong := wrong or self.unusable(request, body, model.fields):
            raise Refusal(422, 422, "; ".join(f"{problem.field} {problem.predicate}" for problem in wrong))
        sent: Body = request.object or {}
        return Order(
            wire_id=str(sent["model"]) if model.family != "speech" else request.path.rpartition("/")[2],
            price=model.credits(body),
            scope=request.path,
            sent=sent,
            callback=str(sent.get("callBackUrl" if model.family == "record" else "webhook_url") or ""),
            **model.makes(body),
        )

    def takes(self, order: Order) -> tuple[float, float]:
        """No time, where the answer to the submit is the result."""
        at_once = order.scope in BY_PATH and self.form in AT_ONCE
        return (0.0, 0.0) if at_once else super().takes(order)

    def sought(self, request: Request, match: re.Match[str]) -> str | None:
        """The query's taskId, or the id in the path, of a task of that family."""
        ((family, wanted),) = match.groupdict().items()
        if family == "record" and not (wanted := request.query.get("taskId")):
            raise Refusal(400, 400, "taskId is required")
        task = self.tasks.get(wanted)
        return task.id if task is not None and _family(task) == family else None

    def accepted(self, task: Task, request: Request) -> Response:
        """{code, msg, data: {taskId}}; of the others the result, or where it stands, as it is by then."""
        if _family(task) == "record":
            return _success({"taskId": task.id})
        stage = task.stage(self.now)
        done = stage == "succeeded"
        links = self.result_links(task, self.here(request)) if done else []
        if _family(task) == "speech":
            body: Body = {"code": 200 if done else 202, "task_id": task.id}
            body |= {"id": task.order.sent["id"]} if "id" in task.order.sent else {}
            told = {"audio_url": links[0], "duration": task.order.seconds} if done else None
            body |= {"response": told, "message": "success"} if told else {"message": "processing"}
            return json_response([body] if self.form == "listed" else body, cast(int, body["code"]))
        if done:
            return json_response({"data": [{"url": link} for link in links]})
        return json_response({"id": task.id, "status": "queued", "poll": f"/v1/images/jobs/{task.id}"})

    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The record, or how a speech or an image stands."""
        failure = task.failure if stage == "failed" else None
        match _family(task):
            case "record":
                return _success(self._record(task, stage, urls))
            case "speech":
                return self._spoken(task, stage, urls)
            case _:
                data = [{"url": url} for url in urls]
                error = {"error": failure.message} if failure else {}
                return json_response({"id": task.id, "status": JOB_STATUS[stage], "data": data, **error})

    def _spoken(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """How a speech stands; where the code or the HTTP status tells it alone, the task is not named."""
        code, word = SPEECH_STATUS[stage]
        told = {"message": task.failure.message} if task.failure and stage == "failed" else {}
        found = {"audio_url": urls[0]} if urls else {}
        match self.form:
            case "coded":
                return json_response({"code": code, "status": word, **told, **found})
            case "worded":
                return json_response({"status": word, **({"error": told["message"]} if told else {}), **found}, code)
            case _:
                return json_response({"code": code, "status": word, "task_id": task.id, **told, **found}, code)

    def poll(self, request: Request, match: re.Match[str]) -> Response:
        """One look; of a speech that is not there {code, status: not_found}, and its message."""
        try:
            return super().poll(request, match)
        except Refusal as refusal:
            if refusal.status != 404 or "speech" not in match.groupdict():
                raise
            code = {} if self.form == "worded" else {"code": 404}
            body = {**code, "status": "not_found", "message": refusal.message}
            return json_response(body, 200 if self.form == "coded" else 404)

    def _record(self, task: Task, stage: Stage, urls: Sequence[str]) -> Body:
        """`param` and `resultJson` are JSON in a string, times in ms."""
        final = stage in ("succeeded", "failed")
        failure = task.failure if stage == "failed" else None
        return {
            "taskId": task.id,
            "model": task.order.wire_id,
            "state": self._word(task, stage),
            "param": json.dumps(task.order.sent),
            "resultJson": json.dumps({"resultUrls": list(urls)}) if stage == "succeeded" else "",
            "failCode": str(failure.code) if failure else None,
            "failMsg": failure.message if failure else None,
            "costTime": round((task.queued + task.running) * 1000) if final else None,
            "completeTime": round(task.ends * 1000) if final else None,
            "createTime": round(task.created * 1000),
        }

    def tells_of(self, task: Task) -> Sequence[str]:
        """Only records tell when they were begun and over."""
        return self.tells if _family(task) == "record" else ()

    def refused(self, refusal: Refusal) -> Response:
        """{code, msg, data: null}."""
        return json_response({"code": refusal.code, "msg": refusal.message, "data": None}, refusal.status)

    def _word(self, task: Task, stage: Stage) -> str:
        """waiting and queuing share the time before the work, half each."""
        if stage == "queued":
            return "waiting" if self.now < task.created + task.queued / 2 else "queuing"
        return {"running": "generating", "succeeded": "success"}.get(stage, "fail")


def _family(task: Task) -> Family:
    """Which of the three generations it is of."""
    model = BY_PATH.get(task.order.scope)
    return "record" if model is None else model.family


def _mismatch(body: Mapping[str, object], fields: Fields) -> Iterator[Problem]:
    """The name of the model must match the input: a text-to-image one takes no images."""
    for name in ("input_urls", "image_urls"):
        if name in body and name not in fields:
            yield Problem(name, "rule", "needs an image-to-image model")


def _success(data: Mapping[str, object]) -> Response:
    return json_response({"code": 200, "msg": "success", "data": data})


SERVICE = RevidAPI
