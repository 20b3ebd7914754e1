"""What all providers share: states over time, bills, refunds, links that expire, real pictures."""

from io import BytesIO

import pytest
from PIL import Image

from anymedia.simulators.picture import Picture, pixels


def test_states_follow_from_age(each):
    queued, running, succeeded, _ = each.words.states
    task_id = each.submit()
    assert each.state(task_id) == queued
    each.clock.tick(1)
    assert each.state(task_id) == running
    each.clock.tick(2.99)
    assert each.state(task_id) == running
    each.clock.tick(0.01)
    assert each.state(task_id) == succeeded


def test_speed_divides_latency_and_nothing_else(caller, words):
    for name in words:
        one = caller(name, speed=40)
        task_id = one.submit()
        one.clock.tick(0.1)
        assert one.state(task_id) == one.words.states[2]
        one.clock.tick(one.service.lifetime - 1)
        assert one.raw("GET", one.words.urls(one.look(task_id))[0]).status == 200


def test_bills(each):
    task_id = each.submit()
    each.post({})
    each.look(task_id)
    entry = {
        "task_id": task_id,
        "wire_id": each.words.body["model"],
        "charged": each.words.price,
        "refunded": 0,
        "idempotency_key": None,
        "state": "queued",
    }
    bills = {"submits": 2, "polls": 1, "balance": 100_000 - each.words.price, "entries": [entry]}
    bills |= {"results": [], "unread": [], "unfetched": [], "webhooks": each.service.deliveries.bill()}
    assert each.ask("GET", "/__bills") == (200, bills)
    assert each.service.bills() == bills


def test_a_failed_task_is_refunded_once(each):
    each.service.add_fault({"kind": "failed", "message": "out of paint"})
    task_id = each.submit()
    assert each.service.bills()["balance"] == 100_000 - each.words.price
    each.clock.tick(4)
    for _ in range(3):
        assert "out of paint" in str(each.look(task_id))
    bills = each.service.bills()
    assert (bills["balance"], bills["entries"][0]["refunded"]) == (100_000, each.words.price)
    assert each.state(task_id) == each.words.states[3]


def test_the_balance_can_run_out(caller, words):
    for name in words:
        poor = caller(name, balance=words[name].price)
        poor.submit()
        status, _ = poor.post(poor.words.body)
        assert (status, poor.service.bills()["balance"], len(poor.charged())) == (402, 0, 1)


def test_unknown_tasks_paths_and_methods(each):
    method, path = each.words.poll
    assert each.ask(method, path.format("nope"))[0] == 404
    assert each.ask("GET", "/nope")[0] == 404
    assert each.ask("PUT", each.words.submit)[0] == 404
    assert each.ask("GET", "/__nope")[0] == 404


def test_result_files(each):
    task_id = each.submit()
    each.clock.tick(3.9)
    assert each.raw("GET", f"/media/tasks/{task_id}/0.jpg").status == 404
    each.clock.tick(0.1)
    (url,) = each.words.urls(each.look(task_id))
    response = each.raw("GET", url, headers={})
    assert (response.status, response.headers["Content-Type"]) == (200, "image/jpeg")
    image = Image.open(BytesIO(response.body))
    assert (image.format, image.size) == ("JPEG", (1024, 1024))
    assert response.body == each.raw("GET", url).body
    assert each.raw("GET", url.replace("0.jpg", "1.jpg")).status == 404
    assert each.raw("GET", url.replace("0.jpg", "0.png")).status == 404
    each.clock.tick(each.service.lifetime)
    assert each.raw("GET", url).status == 403


def test_lifetimes(caller, words):
    days = {name: caller(name).service.lifetime / 86_400 for name in words}
    assert days == {"reapi": 7, "runapi": 7, "revidapi": 1, "api_in_one": 1}


def test_gpt_image_is_png_of_the_printed_size(caller):
    for name, path, body, size in (
        ("reapi", None, {"model": "gpt-image-2", "size": "9:16", "resolution": "4k"}, (2160, 3840)),
        ("runapi", "/api/v1/gpt_image_2/text_to_image", {"model": "gpt-image-2"}, (1024, 1024)),
    ):
        one = caller(name)
        _, answer = one.post({"prompt": "x", **body}, path)
        one.clock.tick(4)
        image = Image.open(BytesIO(one.raw("GET", f"/media/tasks/{answer['id']}/0.png").body))
        image.load()
        assert (image.format, image.size) == ("PNG", size)


def test_sizes_are_multiples_of_sixteen_near_their_area():
    for ratio in ("1:1", "16:9", "9:16", "3:2", "21:9", "1:3", "auto"):
        for resolution, area in (("1K", 1024**2), ("2K", 2048**2), ("4k", 3840 * 2160)):
            wide, high = pixels(ratio, resolution)
            assert wide % 16 == high % 16 == 0
            assert abs(wide * high / area - 1) < 0.05 or max(wide, high) == 4096


@pytest.mark.parametrize(
    "prompt", ["", " ", "\ud800\x00\n", "雪の中の狐 🦊", "x" * 5000, "naïve words " * 400, "\u202e\u0301" * 50]
)
@pytest.mark.parametrize("size", [(64, 64), (512, 64), (96, 320)])
def test_any_prompt_can_be_drawn(prompt, size):
    picture = Picture("reapi", 0.6, "flux-2", "task_" + "0" * 32, 0, prompt, size, "png")
    assert Image.open(BytesIO(picture.draw())).size == size


def test_pictures_differ_by_provider_and_index():
    def mean(provider, hue, index):
        file = Picture(provider, hue, "flux-2", "t", index, "x", (64, 64), "png").draw()
        return Image.open(BytesIO(file)).resize((1, 1)).getpixel((0, 0))

    colours = {mean("reapi", 0.6, 0), mean("reapi", 0.6, 1), mean("runapi", 0.04, 0), mean("revidapi", 0.38, 0)}
    assert len(colours) == 4
