"""What a service does for every provider that states it: keys that are read, calls beside submit and poll, amounts."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

import pytest
from attrs import evolve

from anymedia.simulators.fields import given
from anymedia.simulators.message import Refusal, Request, json_response
from anymedia.simulators.reapi import ReAPI
from anymedia.simulators.task import Failure

BODY = {"model": "flux-2", "prompt": "A fox in the snow"}


class Fuller(ReAPI):
    """reAPI with what it lacks: a cancel, a call for the result, waits in the body, a price that is not whole."""

    routes = (
        *ReAPI.routes,
        ("DELETE", r"/api/v1/tasks/(?P<id>[^/]+)", "cancel"),
        ("GET", r"/api/v1/tasks/(?P<id>[^/]+)/result", "output"),
    )
    refusals: ClassVar[Mapping[str, tuple[int, int, str]]] = {
        **ReAPI.refusals,
        "not_yet": (404, 40002, "no such task yet"),
        "too_late": (409, 40003, "the task is over"),
    }
    failures: ClassVar[Mapping[str, Failure]] = {**ReAPI.failures, "kept": Failure(80009, "too bad", "failed", False)}
    retry_after = "body"
    request_id_header = "X-Call"
    forms = ("long", "short")

    def order(self, request):
        return evolve(super().order(request), price=27.5)

    def shown(self, task, stage, urls):
        return json_response({"id": task.id, "status": stage, "error": task.failure and task.failure.message})

    def fetched(self, task, stage, urls):
        if stage != "succeeded":
            raise Refusal(422, task.failure.code if task.failure else 0, "no result")
        return json_response({"urls": list(urls)})

    def refused(self, refusal):
        wait = {} if refusal.retry_after is None else {"wait": refusal.retry_after}
        return json_response({"code": refusal.code, **wait}, refusal.status)


@pytest.fixture
def fuller(clock):
    return Fuller(clock=clock)


def ask(service, method, path, body=None, **query):
    sent = b"" if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {service.api_key}", "Host": "sim.test"}
    response = service.answer(Request(method, f"/api/v1/{path}", query, headers, sent))
    return response.status, json.loads(response.body), response.headers


def created(service):
    return ask(service, "POST", "images/generations", BODY)[1]["id"]


def test_what_nobody_reads_is_on_the_bills(fuller):
    sent = {**BODY, "seed": 7, "input": {"n": 1}, "aspect_ratio": None}
    assert ask(fuller, "POST", "images/generations", sent, hook="x")[0] == 200
    created(fuller)
    ask(fuller, "POST", "images/generations", {**sent, "prompt": "a"})  # refused: it is nobody's business what it sent
    assert fuller.bills()["unread"] == ["submit: ?hook", "submit: seed", "submit: input"]


def test_a_key_is_read_by_asking_for_it_and_not_by_going_over_all():
    body = json.dumps({"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4, "g": 5}, 6], "h": None, "i": 7, "j": 8})
    sent = Request("POST", "/", {"q": "1"}, {}, body.encode()).object
    assert (dict(sent), {**sent}, json.loads(json.dumps(sent))) == (sent, sent, sent)
    assert list(sent.unread()) == ["a", "b", "e", "h", "i", "j"]
    shown = given(sent)
    assert (shown["a"], shown["b"].get("c"), shown["e"][0]["f"], "h" in shown, shown.pop("i")) == (1, 2, 4, False, 7)
    assert list(sent.unread()) == ["b.d", "e[].g", "j"]
    match sent:
        case {"j": 8}:
            pass
    assert list(sent.unread()) == ["b.d", "e[].g"]
    assert Request("POST", "/", body=b"[1]").object is None


def test_a_task_that_is_canceled_stays_so(fuller):
    task_id = created(fuller)
    assert fuller.balance == Decimal("99972.5")
    assert ask(fuller, "DELETE", f"tasks/{task_id}")[:2] == (200, {"id": task_id, "status": "canceled", "error": None})
    fuller.clock.tick(100)
    assert ask(fuller, "GET", f"tasks/{task_id}")[1]["status"] == "canceled"
    (entry,) = fuller.bills()["entries"]
    assert (entry["charged"], entry["refunded"], fuller.balance) == (Decimal("27.5"), Decimal("27.5"), 100_000)
    assert ask(fuller, "DELETE", f"tasks/{task_id}")[1]["code"] == 40003
    assert ask(fuller, "DELETE", "tasks/x")[1]["code"] == 40001


def test_a_failure_may_show_at_the_result_alone(fuller):
    fuller.add_fault({"kind": "failed", "on": "output", "like": "kept"})
    task_id, good = created(fuller), created(fuller)
    fuller.clock.tick(4)
    assert [ask(fuller, "GET", f"tasks/{each}")[1]["status"] for each in (task_id, good)] == ["succeeded"] * 2
    assert ask(fuller, "GET", f"tasks/{task_id}/result")[:2] == (422, {"code": 80009})
    assert ask(fuller, "GET", f"tasks/{good}/result")[1]["urls"] == [f"http://sim.test/media/tasks/{good}/0.jpg"]
    assert [entry["refunded"] for entry in fuller.bills()["entries"]] == [0, 0]


def test_a_look_may_come_too_early_and_a_wait_may_stand_in_the_body(fuller):
    fuller.add_fault({"kind": "not_yet"})
    task_id = created(fuller)
    assert [ask(fuller, "GET", f"tasks/{task_id}")[0] for _ in range(2)] == [404, 200]
    fuller.add_fault({"kind": "throttled", "retry_after": 9})
    status, body, headers = ask(fuller, "GET", f"tasks/{task_id}")
    assert (status, body, "Retry-After" in headers) == (429, {"code": 50001, "wait": 9}, False)
    assert headers["X-Call"]


def test_a_fault_that_a_provider_does_not_have_is_refused(fuller, caller):
    for service, wanted, said in (
        (fuller, {"kind": "failed", "like": "burnt"}, "like must be one of failed, moderated, .*, not 'burnt'"),
        (caller("reapi").service, {"kind": "not_yet"}, "no look at a task of reapi is answered not_yet"),
        (caller("reapi").service, {"kind": "failed", "on": "output"}, "no call of its own brings the result"),
    ):
        with pytest.raises(ValueError, match=said):
            service.add_fault(wanted)


def test_amounts_are_written_as_they_are(fuller):
    created(fuller)
    response = fuller.answer(Request("GET", "/__bills"))
    bills = json.loads(response.body)
    assert (bills["entries"][0]["charged"], bills["balance"]) == ("27.5", "99972.5")
    with pytest.raises(TypeError, match="object is no JSON"):
        json_response({"a": object()})


@pytest.mark.parametrize("form", ["older", "oldest"])
def test_api_in_one_answers_in_the_forms_of_its_older_pages(caller, form):
    one = caller("api_in_one")
    one.service.form = form
    body = one.post(one.words.body)[1]
    assert one.look(body["id" if form == "oldest" else "task_id"])["data"]["status"] == "IN_PROGRESS"
