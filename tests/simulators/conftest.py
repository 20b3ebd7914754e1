"""A client of each provider as its page shows one, over plain data and over sockets."""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from anymedia.simulators import services
from anymedia.simulators.message import Request, Response
from anymedia.simulators.service import Service

PROMPT = "A fox in the snow"
START = 1_800_000_000.0


@attrs.define
class Clock:
    """A clock that stands still until it is told to go."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@attrs.frozen
class Words:
    """How one provider is spoken to."""

    submit: str
    body: dict
    poll: tuple[str, str]
    id_at: tuple[str, ...]
    state_at: tuple[str, ...]
    states: tuple[str, ...]
    price: int
    urls: Callable[[dict], list]
    error: Callable[[dict], object]


FLUX_INPUT = {"prompt": PROMPT, "aspect_ratio": "1:1", "resolution": "1K"}
WORDS = {
    "reapi": Words(
        "/api/v1/images/generations",
        {"model": "flux-2", "prompt": PROMPT},
        ("GET", "/api/v1/tasks/{}"),
        ("id",),
        ("status",),
        ("processing", "processing", "completed", "failed"),
        28,
        lambda body: body["output"]["image_urls"],
        lambda body: body["error"]["code"],
    ),
    "api_in_one": Words(
        "/api/v1/images/generations",
        {"model": "flux-2", "prompt": PROMPT},
        ("GET", "/api/v1/tasks/{}"),
        ("data", "task_id"),
        ("data", "status"),
        ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED"),
        5,
        lambda body: body["data"]["output"]["image_urls"],
        lambda body: body["error"]["code"],
    ),
    "revidapi": Words(
        "/paid/flux-2/create",
        {"model": "flux-2/pro-text-to-image", "input": FLUX_INPUT},
        ("POST", "/paid/get/taskid?taskId={}"),
        ("data", "taskId"),
        ("data", "state"),
        ("waiting", "generating", "success", "fail"),
        10,
        lambda body: json.loads(body["data"]["resultJson"])["resultUrls"],
        lambda body: body["code"],
    ),
    "runapi": Words(
        "/api/v1/flux_2/text_to_image",
        {"model": "flux-2-pro-text-to-image", "prompt": PROMPT},
        ("GET", "/api/v1/flux_2/text_to_image/{}"),
        ("id",),
        ("status",),
        ("pending", "processing", "completed", "failed"),
        5,
        lambda body: [image["url"] for image in body["images"]],
        lambda body: body["error"]["code"] if isinstance(body["error"], dict) else body["error"],
    ),
}
PROVIDERS = sorted(WORDS)


@attrs.define
class Caller:
    """A client with the right key, on an injected clock."""

    service: Service
    clock: Clock

    @property
    def words(self) -> Words:
        return WORDS[self.service.name]

    @property
    def auth(self) -> dict[str, str]:
        return auth(self.service)

    def raw(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        headers = self.auth if headers is None else headers
        return self.service.answer(Request(method, parts.path, query, {"Host": "sim.test", **headers}, body))

    def ask(self, method: str, target: str, body: object = None, **headers: str) -> tuple[int, dict]:
        sent = b"" if body is None else json.dumps(body).encode()
        response = self.raw(method, target, sent, {**self.auth, **headers})
        return response.status, json.loads(response.body)

    def post(self, body: object, path: str | None = None, **headers: str) -> tuple[int, dict]:
        return self.ask("POST", path or self.words.submit, body, **headers)

    def submit(self) -> str:
        status, body = self.post(self.words.body)
        assert status == 200
        return at(body, self.words.id_at)

    def look(self, task_id: str) -> dict:
        method, path = self.words.poll
        status, body = self.ask(method, path.format(task_id))
        assert status == 200
        return body

    def state(self, task_id: str) -> str:
        return at(self.look(task_id), self.words.state_at)

    def charged(self) -> list[int]:
        return [entry["charged"] for entry in self.service.bills()["entries"]]


KEYS = {"bfl": ("x-key", ""), "fal": ("Authorization", "Key "), "revidapi": ("x-api-key", "")}
"""The header that carries the key and what stands before it, where that is not Authorization: Bearer."""


def auth(service) -> dict[str, str]:
    """The headers that carry the key of a service or a simulator."""
    header, scheme = KEYS.get(service.name, ("Authorization", "Bearer "))
    return {header: scheme + service.api_key}


def at(body: dict, path: tuple[str, ...]):
    """A value inside a body."""
    for name in path:
        body = body[name]
    return body


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caller(clock: Clock) -> Callable[[str], Caller]:
    return lambda name, **options: Caller(services()[name](clock=clock, **options), clock)


@pytest.fixture(params=PROVIDERS)
def each(request, caller) -> Caller:
    """A client of each provider in turn."""
    return caller(request.param)


@pytest.fixture
def words() -> dict[str, Words]:
    return WORDS


@pytest.fixture
def helpers():
    return {"auth": auth, "at": at}
