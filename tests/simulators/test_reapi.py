"""reAPI's page: every documented example, bound, code, text and price."""

import math
import re
from fractions import Fraction

import pytest

URL = "https://example.com/a.png"
SIZES = "(allowed: 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, 5:4, 4:5, 2:1, 1:2, 21:9, 9:21, auto, or WxH pixels)"
WIDE = "4K requires an explicit size in {16:9, 9:16, 2:1, 1:2, 21:9, 9:21}"
PUBLIC = "image URL must be a public http(s) URL — data: URIs are rejected"

TABLE = """
1:1            | .0048 / .0424 / .1688    | .01912 / .1688 / .6736  | –
16:9 9:16      | .00608 / .0536 / .2136   | .0108 / .0952 / .3792   | .03792 / .3344 / 1.3328
2:1 1:2        | .0096 / .0848 / .3376    | .01648 / .1456 / .58    | .03368 / .2976 / 1.1848
21:9 9:21      | .00792 / .0704 / .28     | .01416 / .1248 / .4984  | .02896 / .256 / 1.0176
3:2 2:3        | .0072 / .0632 / .252     | .01272 / .112 / .4472   | –
4:3 3:4        | .0036 / .032 / .1272     | .0144 / .1272 / .5064   | –
5:4 4:5        | .006 / .0528 / .2104     | .02392 / .2112 / .8424  | –
"""
GRID = """
1:1  | 1024x1024 | 2048x2048 | –
3:2  | 1536x1024 | 2048x1360 | –
4:3  | 1024x768  | 2048x1536 | –
5:4  | 1280x1024 | 2560x2048 | –
16:9 | 1536x864  | 2048x1152 | 3840x2160
2:1  | 2048x1024 | 2688x1344 | 3840x1920
21:9 | 2016x864  | 2688x1152 | 3840x1648
"""


def rows(table):
    for line in table.strip().splitlines():
        head, *cells = (cell.strip() for cell in line.split("|"))
        yield head.split(), list(zip(("1k", "2k", "4k"), cells, strict=True))


CELLS = [
    (ratio, resolution, quality, usd)
    for ratios, cells in rows(TABLE)
    for ratio in ratios
    for resolution, cell in cells
    if cell != "–"
    for quality, usd in zip(("low", "medium", "high"), cell.split(" / "), strict=True)
]


@pytest.fixture
def reapi(caller):
    return caller("reapi", balance=10**9)


def official(**fields):
    return {"model": "gpt-image-2-official", "prompt": "A fox", **fields}


def flux(**fields):
    return {"model": "flux-2", "prompt": "A fox", **fields}


def test_submit_and_poll(reapi):
    status, body = reapi.post(flux())
    assert status == 200
    assert re.fullmatch(r"task_[0-9a-f]{32}", body["id"])
    assert body == {"id": body["id"], "model": "flux-2", "status": "processing", "created_at": 1_800_000_000}
    reapi.clock.tick(4)
    done = reapi.look(body["id"])
    url = f"http://sim.test/media/tasks/{body['id']}/0.jpg"
    assert done == {**body, "status": "completed", "output": {"image_urls": [url]}, "error": None} | {
        "usage": {"credits": 28}
    }
    assert reapi.ask("GET", "/api/v1/balance") == (200, {"balance": 10**9 - 28})


@pytest.mark.parametrize(
    ("header", "code"),
    [({}, 10001), ({"Authorization": "Basic x"}, 10002), ({"Authorization": "Bearer rk_live_no"}, 10003)],
)
def test_unauthorised(reapi, header, code):
    for method, path in (
        ("POST", "/api/v1/images/generations"),
        ("GET", "/api/v1/tasks/x"),
        ("GET", "/api/v1/balance"),
    ):
        response = reapi.raw(method, path, b"{}", header)
        assert response.status == 401
        assert f'"code": {code}'.encode() in response.body


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'"x"', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_no_object(reapi, body):
    response = reapi.raw("POST", "/api/v1/images/generations", body)
    assert (response.status, b'"code": 20001' in response.body) == (400, True)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({}, 20002, "model is required"),
        ({"model": "nope", "prompt": "x"}, 20004, None),
        ({"model": ["flux-2"], "prompt": "x"}, 20004, None),
        (official(prompt=None), 20002, "prompt is required"),
        (official(prompt=""), 20002, "prompt is required"),
        (official(prompt=7), 20003, None),
        (official(prompt="x" * 4001), 20007, "prompt must be at most 4000 characters"),
        (official(size="7:5"), 20003, f'invalid size "7:5" {SIZES}'),
        (official(size="0x64"), 20003, f'invalid size "0x64" {SIZES}'),
        (official(resolution="8k"), 20003, 'invalid resolution "8k" (allowed: 1k, 2k, 4k)'),
        (official(resolution="4K"), 20003, WIDE),
        (official(resolution="4k", size="auto"), 20003, WIDE),
        (official(resolution="4k", size="3:2"), 20003, WIDE),
        (official(resolution="4k", size="3840x2160"), 20003, WIDE),
        (official(n=0), 20003, "n must be between 1 and 4"),
        (official(n=5), 20003, "n must be between 1 and 4"),
        (official(n=True), 20003, None),
        (official(image_urls=[URL] * 17), 20003, "image_urls accepts at most 16 entries"),
        (official(image_urls=URL), 20003, None),
        (official(mask_url=URL), 20003, "mask_url requires at least one entry in image_urls"),
        (official(mask_url=URL, image_urls=[]), 20003, "mask_url requires at least one entry in image_urls"),
        (official(image_urls=["data:image/png;base64,AA"]), 20003, PUBLIC),
        (official(image_urls=[URL], mask_url="data:,"), 20003, PUBLIC),
        (official(quality="best"), 20003, 'invalid quality "best" (allowed: auto, low, medium, high)'),
        (official(background="red"), 20003, 'invalid background "red" (allowed: auto, opaque, transparent)'),
        (official(moderation="off"), 20003, 'invalid moderation "off" (allowed: auto, low)'),
        ({"model": "gpt-image-2", "prompt": "x", "n": 2}, 20003, None),
        ({"model": "gpt-image-2", "prompt": "x", "size": "64x64"}, 20003, None),
        ({"model": "gpt-image-2", "prompt": "x", "resolution": "4k"}, 20003, WIDE),
        (flux(prompt="ab"), 20003, None),
        (flux(prompt="x" * 5001), 20007, None),
        (flux(aspect_ratio="auto"), 20003, None),
        (flux(aspect_ratio="21:9"), 20003, None),
        (flux(resolution="1k"), 20003, None),
        (flux(input_urls=[]), 20003, None),
        (flux(input_urls=[URL] * 9), 20003, None),
        (flux(input_urls=["http://example.com/a.png"]), 20003, None),
        (flux(nsfw_checker="yes"), 20003, None),
        ({"model": "z-image", "prompt": "x" * 1001}, 20007, None),
        ({"model": "z-image", "prompt": "x", "aspect_ratio": "3:2"}, 20003, None),
    ],
)
def test_refused(reapi, body, code, text):
    status, answer = reapi.post(body)
    assert (status, answer["error"]["code"]) == (400, code)
    assert text in (None, answer["error"]["message"])
    assert answer["error"]["request_id"].startswith("req_")
    assert reapi.charged() == []


@pytest.mark.parametrize(
    "body",
    [
        official(prompt="🦊" * 4000),
        official(resolution="4K", size="9:21"),
        official(image_urls=[URL] * 16, mask_url=URL, background="transparent", moderation="low"),
        flux(aspect_ratio="auto", input_urls=[URL]),
        flux(aspect_ratio=None, seed=7, n=3),
        {"model": "flux-2-flex", "prompt": "x" * 5000, "nsfw_checker": True},
    ],
)
def test_accepted(reapi, body):
    assert reapi.post(body)[0] == 200


def credits(usd, n=1):
    """Rounded up, by another road than the simulator's."""
    return math.ceil(Fraction(usd) * n * 1000)


@pytest.mark.parametrize("n", [1, 3])
def test_every_official_price(reapi, n):
    for ratio, resolution, quality, usd in CELLS:
        body = official(size=ratio, resolution=resolution, quality=quality, n=n)
        assert reapi.post(body)[0] == 200
        assert reapi.charged()[-1] == credits(usd, n), body


@pytest.mark.parametrize(
    ("body", "usd", "n"),
    [
        (official(), ".1688", 1),
        (official(quality="auto", n=4), ".1688", 4),
        (official(size="21:9", quality="high", n=3), ".28", 3),
        (official(size="auto", quality="low"), ".0096", 1),
        (official(size="auto", quality="low", resolution="2k"), ".02392", 1),
        (official(size="auto", resolution="2K"), ".8424", 1),
        (official(size="800x600", quality="medium"), ".0848", 1),
        (flux(), ".0275", 1),
        (flux(resolution="2K"), ".0385", 1),
        (flux(model="flux-2-flex"), ".077", 1),
        (flux(model="flux-2-flex", resolution="2K"), ".132", 1),
        ({"model": "gpt-image-2", "prompt": "x"}, ".03", 1),
        ({"model": "gpt-image-2", "prompt": "x", "resolution": "2k"}, ".05", 1),
        ({"model": "gpt-image-2", "prompt": "x", "resolution": "4k", "size": "2:1"}, ".08", 1),
        ({"model": "z-image", "prompt": "x"}, ".0044", 1),
        ({"model": "qwen-image-2", "prompt": "x"}, ".0308", 1),
        ({"model": "imagen-4-0", "prompt": "x"}, ".046", 1),
    ],
)
def test_prices(reapi, body, usd, n):
    assert reapi.post(body)[0] == 200
    assert reapi.charged() == [credits(usd, n)]


def test_84_cents_are_840_credits(reapi):
    """Binary floats make 841 of 0.28 × 3."""
    reapi.post(official(size="21:9", quality="high", n=3))
    assert reapi.charged() == [840]


def test_grid(reapi):
    for (ratio,), cells in rows(GRID):
        for resolution, cell in cells:
            if cell != "–":
                for turned in (False, True):
                    size, expected = (part[::-1] if turned else part for part in (ratio.split(":"), cell.split("x")))
                    reapi.post(official(size=":".join(size), resolution=resolution))
                    assert list(reapi.service.tasks.values())[-1].order.size == tuple(map(int, expected))


def test_pixels_are_snapped(reapi):
    reapi.post(official(size="1010x99999"))
    (task,) = reapi.service.tasks.values()
    assert task.order.size == (1008, 4096)


def test_a_key_does_not_deduplicate(reapi):
    for _ in range(2):
        reapi.post(flux(), **{"Idempotency-Key": "one"})
    assert [entry["idempotency_key"] for entry in reapi.service.bills()["entries"]] == ["one", "one"]


def test_n_images(reapi):
    _, body = reapi.post(official(n=4))
    reapi.clock.tick(4)
    urls = reapi.look(body["id"])["output"]["image_urls"]
    assert [url.rsplit("/", 1)[1] for url in urls] == ["0.png", "1.png", "2.png", "3.png"]


def test_unknown_task(reapi):
    status, body = reapi.ask("GET", "/api/v1/tasks/task_nope")
    assert (status, body["error"]["code"]) == (404, 40001)


def test_no_credit(caller):
    poor = caller("reapi", balance=27)
    status, body = poor.post(flux())
    assert (status, body["error"]["code"], poor.charged()) == (402, 30001, [])
