"""RunAPI's page: every documented action, bound, status, price and promise."""

import json
from uuid import UUID

import pytest

URL = "https://example.com/a.png"
FLUX = "/api/v1/flux_2/"
KEY = {"Idempotency-Key": "order-1"}


@pytest.fixture
def run(caller):
    return caller("runapi")


def flux(tier="pro", action="text_to_image", **fields):
    return {"model": f"flux-2-{tier}-{action.replace('_', '-')}", "prompt": "A fox", **fields}


def test_create_and_poll(run):
    status, body = run.post(flux(output_resolution="2k"))
    assert (status, body) == (200, {"id": str(UUID(body["id"])), "status": "pending"})
    run.clock.tick(4)
    url = f"http://sim.test/media/tasks/{body['id']}/0.jpg"
    done = {"status": "completed", "images": [{"url": url}], "error": None, "usage": {"cost": 0.07}}
    assert run.look(body["id"]) == {"id": body["id"], **done}


def test_foreign_request_ids_are_not_echoed_broken(run):
    assert "X-Client-Request-Id" not in run.raw("GET", "/x", headers={"X-Client-Request-Id": "\udcff"}).headers


def test_headers(run):
    response = run.raw("POST", run.words.submit, json.dumps(flux()).encode(), {**run.auth, "X-Client-Request-Id": "me"})
    assert UUID(response.headers["X-Request-Id"])
    assert response.headers["X-Client-Request-Id"] == "me"
    assert response.headers["X-RunAPI-Task-Id"] == json.loads(response.body)["id"]


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("text_to_image", {"prompt": "A fox"}, "model"),
        ("text_to_image", flux("best"), "model"),
        ("remix_image", flux("flex"), "model"),
        ("text_to_image", flux("flex", "remix_image", source_image_urls=[URL]), "model"),
        ("text_to_image", flux(prompt=None), "prompt"),
        ("text_to_image", flux(prompt="ab"), "prompt"),
        ("text_to_image", flux(prompt="x" * 5001), "prompt"),
        ("text_to_image", flux(aspect_ratio="auto"), "aspect_ratio"),
        ("text_to_image", flux(output_resolution="1K"), "output_resolution"),
        ("text_to_image", flux(output_count=1), "output_count"),
        ("text_to_image", flux(seed=1), "seed"),
        ("text_to_image", flux(source_image_urls=[URL]), "source_image_urls"),
        ("text_to_image", flux(enable_safety_checker=1), "enable_safety_checker"),
        ("text_to_image", flux(callback_url="x"), "callback_url"),
        ("remix_image", flux("pro", "remix_image"), "source_image_urls"),
        ("remix_image", flux("pro", "remix_image", source_image_urls=[]), "source_image_urls"),
        ("remix_image", flux("pro", "remix_image", source_image_urls=[URL] * 9), "source_image_urls"),
        ("text_to_image", flux("max"), "aspect_ratio"),
        ("text_to_image", flux("max", aspect_ratio="auto"), "aspect_ratio"),
        ("text_to_image", flux("max", aspect_ratio="1:1", output_resolution="2k"), "output_resolution"),
        ("text_to_image", flux("max", aspect_ratio="1:1", output_count=2), "output_count"),
        ("text_to_image", flux("max", aspect_ratio="1:1", enable_safety_checker=True), "enable_safety_checker"),
        ("remix_image", flux("max", "remix_image", aspect_ratio="auto", source_image_urls=[URL]), "aspect_ratio"),
        (
            "remix_image",
            flux("max", "remix_image", aspect_ratio="1:1", source_image_urls=[URL] * 2),
            "source_image_urls",
        ),
    ],
)
def test_refused(run, action, body, field):
    status, answer = run.post(body, FLUX + action)
    assert (status, answer["error"], list(answer["errors"])) == (422, "Validation failed", [field])
    assert run.charged() == []


def test_all_problems_at_once(run):
    _, answer = run.post({"model": "flux-2-pro-text-to-image", "aspect_ratio": "7:5", "seed": 1})
    assert answer["errors"]["prompt"] == ["is required"]
    assert set(answer["errors"]) == {"prompt", "aspect_ratio", "seed"}


@pytest.mark.parametrize(
    ("path", "body", "price"),
    [
        ("flux_2/text_to_image", flux(enable_safety_checker=False, callback_url=URL), 5),
        ("flux_2/text_to_image", flux(output_resolution="2k"), 7),
        ("flux_2/text_to_image", flux("flex"), 14),
        ("flux_2/text_to_image", flux("flex", output_resolution="2k"), 24),
        ("flux_2/text_to_image", flux("max", aspect_ratio="1:1", output_count=1, output_resolution="1k"), 10),
        ("flux_2/remix_image", flux("pro", "remix_image", source_image_urls=[URL] * 8, aspect_ratio="auto"), 5),
        ("flux_2/remix_image", flux("flex", "remix_image", source_image_urls=[URL], output_resolution="2k"), 24),
        ("flux_2/remix_image", flux("max", "remix_image", source_image_urls=[URL], aspect_ratio="1:1"), 10),
        ("gpt_image_2/text_to_image", {"prompt": "A fox", "aspect_ratio": "3:1"}, 6),
        ("gpt_image_2/text_to_image", {"model": "gpt-image-2", "prompt": "A fox", "output_resolution": "2k"}, 10),
        ("gpt_image_2/text_to_image", {"prompt": "A fox", "output_resolution": "4k"}, 16),
        ("gpt_image_2/edit_image", {"prompt": "A fox", "source_image_urls": [URL]}, 16),
        ("z_image/text_to_image", {"model": "z-image", "prompt": "A fox", "aspect_ratio": "1:1"}, 1),
    ],
)
def test_prices(run, path, body, price):
    assert run.post(body, f"/api/v1/{path}")[0] == 200
    assert run.charged() == [price]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("gpt_image_2/edit_image", {"prompt": "A fox"}),
        ("gpt_image_2/text_to_image", {"prompt": ""}),
        ("gpt_image_2/text_to_image", {"prompt": "A fox", "quality": "low"}),
        ("z_image/text_to_image", {"prompt": "A fox"}),
        ("z_image/text_to_image", {"prompt": "x" * 1001, "aspect_ratio": "1:1"}),
    ],
)
def test_other_models_refuse(run, path, body):
    assert run.post(body, f"/api/v1/{path}")[0] == 422


def test_no_json(run):
    response = run.raw("POST", run.words.submit, b"[]")
    assert (response.status, set(json.loads(response.body))) == (400, {"error"})


def test_a_key_replays(run):
    _, first = run.post(flux(), **KEY)
    assert run.post(flux(), **KEY) == (200, {**first, "task_replayed": True})
    assert run.post(flux("flex"), **KEY)[0] == 409
    remix = flux("pro", "remix_image", source_image_urls=[URL])
    assert run.post(remix, FLUX + "remix_image", **KEY)[0] == 409
    assert len(run.charged()) == 1
    run.clock.tick(90_000)
    assert run.post(flux(), **KEY)[1]["id"] != first["id"]


def test_a_refused_request_does_not_bind_its_key(run):
    assert run.post(flux("best"), **KEY)[0] == 422
    assert run.post(flux(), **KEY)[0] == 200
    assert run.post(flux(), **{"Idempotency-Key": "x" * 513})[0] == 422


def test_a_task_lives_below_its_action(run):
    task_id = run.submit()
    assert run.ask("GET", f"{FLUX}remix_image/{task_id}") == (404, {"error": "Task not found"})
    assert run.ask("GET", f"{FLUX}text_to_image/nope")[0] == 404


def test_balance(run):
    run.service.add_fault({"kind": "failed"})
    run.submit()
    run.submit()
    spent = {"spent_cents_today": 10, "spent_cents_total": 10}
    balance = {"balance_cents": 99_990, "paid_balance_cents": 99_990, "bonus_balance_cents": 0}
    assert run.ask("GET", "/api/v1/me/balance") == (200, {**balance, **spent})
    run.clock.tick(2 * 86_400)
    spent = {"spent_cents_today": 0, "spent_cents_total": 5}
    balance = {"balance_cents": 99_995, "paid_balance_cents": 99_995, "bonus_balance_cents": 0}
    assert run.ask("GET", "/api/v1/me/balance") == (200, {**balance, **spent})
    assert run.raw("GET", "/api/v1/me/balance", headers={}).status == 401


def test_price_schedules(run):
    target = "/api/v1/price_schedules?service=flux_2&action=text_to_image"
    response = run.raw("GET", target, headers={})
    rows = {row["model"]: row for row in json.loads(response.body)["price_schedules"]}
    assert rows["flux-2-flex-text-to-image"]["unit_price_cents"] == 14
    assert rows["flux-2-max-text-to-image"]["pricing_status"] == "pending"
    assert rows["flux-2-max-text-to-image"]["unit_price_cents"] is None
    assert len(rows) == 3
    again = run.raw("GET", target, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_price_quotes(run):
    wanted = {"service": "flux_2", "action": "text_to_image", "model": "flux-2-flex-text-to-image"}
    path = "/api/v1/price_quotes"

    def quote(**more):
        response = run.raw("POST", path, json.dumps({**wanted, **more}).encode(), {})
        return response.status, json.loads(response.body)

    assert quote(params={"output_resolution": "2k"})[1]["price_quote"]["reservation_amount_cents"] == 24
    assert quote()[1]["price_quote"]["reservation_amount_cents"] == 14
    assert quote(model="flux-2-max-text-to-image")[1]["price_quote"]["pricing_status"] == "pending"
    assert quote(params={"output_resolution": "8k"})[0] == 422
    assert quote(params=[])[0] == 422
    assert quote(model="nope")[0] == 422
    assert run.raw("POST", path, b"[]", {}).status == 422
