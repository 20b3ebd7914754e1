"""A task may be over inside its submit, whose answer is then the result."""

import json
from base64 import b64decode
from io import BytesIO

import aiohttp
import pytest
from PIL import Image

from anymedia.simulators import running
from anymedia.simulators.message import Request

from .instant import Instant, plugins

PATH = "/v1/images/generations"
BODY = {"model": "gpt-image-2", "prompt": "A fox in the snow"}


class Lasting(Instant):
    """One that keeps the money of what failed."""

    refunds = False


@pytest.fixture
def instant(clock):
    return Instant(clock=clock)


def post(service, **fields):
    sent = json.dumps({**BODY, **fields}).encode()
    response = service.answer(Request("POST", PATH, {}, {"Authorization": f"Bearer {service.api_key}"}, sent))
    return response.status, json.loads(response.body)


def billed(service):
    return [(entry["charged"], entry["refunded"], entry["state"]) for entry in service.bills()["entries"]]


def test_the_answer_to_a_submit_is_the_result(instant):
    status, answer = post(instant, n=2, size="1536x1024")
    assert (status, answer["created"]) == (200, int(instant.clock.now))
    pictures = [b64decode(each["b64_json"]) for each in answer["data"]]
    assert [Image.open(BytesIO(picture)).size for picture in pictures] == [(1536, 1024)] * 2
    assert pictures[0] != pictures[1]
    bills = instant.bills()
    assert (bills["submits"], bills["polls"], bills["balance"]) == (1, 0, 99_992)
    assert billed(instant) == [(8, 0, "succeeded")]


@pytest.mark.parametrize("fields", [{"model": "else"}, {"prompt": ""}, {"n": 11}, {"size": "1K"}, {"seed": 1}])
def test_a_refused_one_costs_nothing(instant, fields):
    assert post(instant, **fields)[0] == 400
    assert billed(instant) == []


@pytest.mark.parametrize(("service", "refunded"), [(Instant, 4), (Lasting, 0)])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "failed"}, 500, "server_error"),
        ({"kind": "moderated", "on": "poll"}, 400, "moderation_blocked"),
    ],
)
def test_a_task_that_fails_is_refused_and_refunded_where_failed_ones_are(clock, service, refunded, fault, status, code):
    one = service(clock=clock)
    one.add_fault(fault)
    refused, answer = post(one)
    assert (refused, answer["error"]["code"], one.balance) == (status, code, 99_996 + refunded)
    assert billed(one) == [(4, refunded, "failed")]


@pytest.mark.parametrize("fault", [{"kind": "stuck"}, {"kind": "latency", "seconds": 60}])
def test_a_task_that_is_not_over_is_charged_all_the_same(instant, fault):
    instant.add_fault(fault)
    assert post(instant)[0] == 504
    instant.clock.tick(60)
    assert billed(instant) == [(4, 0, "running" if fault["kind"] == "stuck" else "succeeded")]


async def test_over_a_socket_and_under_faults(clock, monkeypatch):
    monkeypatch.setattr("anymedia.simulators._plugins", plugins)
    async with running("instant", clock=clock) as simulators, aiohttp.ClientSession() as http:
        one = simulators["instant"]
        headers = {"Authorization": f"Bearer {one.api_key}"}

        async def ask():
            async with http.post(one.base_url + PATH, json=BODY, headers=headers) as response:
                return await response.json()

        first = await ask()
        assert Image.open(BytesIO(b64decode(first["data"][0]["b64_json"]))).format == "PNG"
        for kind in ("reset_after", "cut_body", "cut_json"):
            one.fault(kind)
            with pytest.raises((aiohttp.ClientError, ValueError)):
                await ask()
        one.fault("unknown_fields", on="submit")
        assert (await ask())["novelty"]
        one.fault("reset_before")
        with pytest.raises(aiohttp.ClientError):
            await ask()
        assert billed(one) == [(4, 0, "succeeded")] * 5
