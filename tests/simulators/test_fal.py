"""fal's contract: what each endpoint takes, makes and costs, in which types; its results, uploads and price list."""

import json
from decimal import Decimal

import pytest

from anymedia.simulators.fal import SOLD

PICTURE, FILM, SOUND = (f"https://example.com/a.{suffix}" for suffix in ("png", "mp4", "mp3"))
FOX = {"prompt": "A fox in the snow"}
KLING, SEEDANCE, VEO, WAN = (
    "fal-ai/kling-video/v3",
    "bytedance/seedance-2.0",
    "fal-ai/veo3.1/fast",
    "fal-ai/wan/v2.7",
)
SEEDREAM, QWEN = "fal-ai/bytedance/seedream", "fal-ai/qwen-image-2"
BANANA, KLEIN = "fal-ai/nano-banana", "fal-ai/flux-2/klein"
SHOTS = [{"prompt": "A den", "duration": "4"}, {"prompt": "A hill", "duration": "3"}]
HD, FULL_HD = (1280, 720), (1920, 1080)


def jpeg(*size):
    return "jpeg", size, 0, False


def png(*size):
    return "png", size, 0, False


def film(size, seconds, heard):
    return "mp4", size, seconds, heard


def sound(seconds, media="mp3"):
    return media, (0, 0), seconds, False


# The endpoint, the body beside the prompt, what is made, and cents.
MADE = [
    ("fal-ai/flux-2-pro", {}, jpeg(1024, 768), "3"),
    ("fal-ai/flux-2-pro", {"image_size": {"width": 2048, "height": 2048}}, jpeg(2048, 2048), "7.5"),
    ("fal-ai/flux-2-pro/edit", {"image_urls": [PICTURE], "image_size": "auto"}, jpeg(1024, 1024), "4.5"),
    ("fal-ai/flux-2-flex", {"guidance_scale": 3.5, "output_format": "png"}, png(1024, 768), "5"),
    ("fal-ai/flux-2-max", {"image_size": "square"}, jpeg(512, 512), "7"),
    (f"{KLEIN}/4b", {"num_images": 2, "num_inference_steps": 4}, jpeg(1024, 768), "1.8"),
    (f"{KLEIN}/9b/base/edit", {"image_urls": [PICTURE]}, jpeg(1024, 768), "2.2"),
    (f"{BANANA}-2", {"resolution": "2K", "num_images": 2}, png(2048, 2048), "24"),
    (f"{BANANA}-2", {"resolution": "0.5K", "aspect_ratio": "1:1"}, png(512, 512), "6"),
    (f"{BANANA}-pro/edit", {"image_urls": [PICTURE], "resolution": "4K"}, png(2880, 2880), "30"),
    (f"{SEEDREAM}/v4.5/text-to-image", {}, png(2048, 2048), "4"),
    (f"{SEEDREAM}/v5/lite/edit", {"image_size": "auto_3K", "image_urls": [PICTURE]}, png(3072, 3072), "3.5"),
    ("fal-ai/imagen4/preview/fast", {"aspect_ratio": "16:9", "resolution": "2K"}, png(2736, 1536), "2"),
    (f"{QWEN}/text-to-image", {"negative_prompt": "rain"}, png(1024, 1024), "3.5"),
    (f"{QWEN}/pro/edit", {"image_urls": [PICTURE]}, png(1024, 1024), "7.5"),
    ("fal-ai/z-image/turbo", {"acceleration": "none"}, png(1024, 768), "0.5"),
    (f"{KLING}/standard/text-to-video", {}, film(HD, 5, True), "63"),
    (f"{KLING}/standard/text-to-video", {"generate_audio": False, "duration": "3"}, film(HD, 3, False), "25.2"),
    (
        f"{KLING}/pro/image-to-video",
        {"start_image_url": PICTURE, "end_image_url": PICTURE, "elements": [{"voice_id": "v"}], "duration": "15"},
        film(FULL_HD, 15, True),
        "294",
    ),
    (
        f"{KLING}/pro/image-to-video",
        {"prompt": None, "multi_prompt": SHOTS, "shot_type": "customize", "start_image_url": PICTURE},
        film(FULL_HD, 7, True),
        "117.6",
    ),
    (f"{SEEDANCE}/text-to-video", {"duration": 5}, film(HD, 5, True), "151.2"),
    (f"{SEEDANCE}/text-to-video", {"resolution": "480p", "duration": "4"}, film((854, 480), 4, True), "54.432"),
    (
        f"{SEEDANCE}/image-to-video",
        {"image_url": PICTURE, "resolution": "1080p"},
        film(FULL_HD, 5, True),
        "340.2",
    ),
    (
        f"{SEEDANCE}/fast/reference-to-video",
        {"video_urls": [FILM], "audio_urls": [SOUND], "generate_audio": False},
        film(HD, 5, False),
        "145.152",  # of ten seconds, at .6
    ),
    (
        f"{SEEDANCE}/mini/text-to-video",
        {"duration": "auto", "aspect_ratio": "9:16"},
        film((720, 1280), 5, True),
        "60.48",
    ),
    (VEO, {}, film(HD, 8, True), "120"),
    (VEO, {"duration": "4s", "generate_audio": False, "auto_fix": False}, film(HD, 4, False), "40"),
    (f"{VEO}/image-to-video", {"image_url": PICTURE, "aspect_ratio": "auto"}, film(HD, 8, True), "120"),
    (
        f"{VEO}/first-last-frame-to-video",
        {"first_frame_url": PICTURE, "last_frame_url": PICTURE, "resolution": "4k"},
        film((3840, 2160), 8, True),
        "240",
    ),
    ("fal-ai/veo3.1/reference-to-video", {"image_urls": [PICTURE]}, film(HD, 8, True), "320"),
    (f"{WAN}/text-to-video", {}, film(FULL_HD, 5, False), "75"),
    (f"{WAN}/text-to-video", {"duration": 2, "resolution": "720p", "audio_url": SOUND}, film(HD, 2, True), "20"),
    (f"{WAN}/image-to-video", {"image_url": PICTURE, "end_image_url": PICTURE}, film(FULL_HD, 5, False), "75"),
    (f"{WAN}/image-to-video", {"video_url": FILM, "resolution": "720p"}, film(HD, 5, False), "50"),
    (
        f"{WAN}/reference-to-video",
        {"reference_video_urls": [FILM], "duration": 10},
        film(FULL_HD, 10, False),
        "150",
    ),
    (
        f"{WAN}/edit-video",
        {"video_url": FILM, "duration": 0, "audio_setting": "origin"},
        film(FULL_HD, 5, False),
        "75",
    ),
    ("fal-ai/elevenlabs/tts/multilingual-v2", {"text": "x" * 150, "speed": 0.8}, sound(12.5), "2.7"),
    ("fal-ai/minimax/speech-2.8-hd", {"voice_setting": {"voice_id": "v"}}, sound(17 / 15), "0.17"),
    ("fal-ai/elevenlabs/music", {"music_length_ms": 15_000}, sound(15), "20"),
    ("fal-ai/minimax-music/v2", {"lyrics_prompt": "la"}, sound(30), "3"),
    ("fal-ai/lyria2", {"seed": 7}, sound(30, "wav"), "10"),
]


@pytest.mark.parametrize(("endpoint", "more", "made", "cents"), MADE)
def test_what_an_endpoint_makes_and_costs(caller, endpoint, more, made, cents):
    fal = caller("fal")
    assert fal.post({**FOX, **more}, f"/{endpoint}")[0] == 200
    ((task),) = fal.service.tasks.values()
    order = task.order
    assert (order.media, order.size, round(order.seconds, 3), order.sound) == (*made[:2], round(made[2], 3), made[3])
    assert order.price == Decimal(cents)
    assert [name for name in fal.service.unread if name != "submit: prompt"] == []


REFUSED = [
    ("fal-ai/flux-2-pro", {"image_size": "auto"}, "image_size"),
    ("fal-ai/flux-2-pro", {"image_size": {"width": 10}}, "image_size"),
    ("fal-ai/flux-2-pro", {"safety_tolerance": 5}, "safety_tolerance"),
    ("fal-ai/flux-2-pro", {"seed": "7"}, "seed"),
    ("fal-ai/flux-2-pro/edit", {}, "image_urls"),
    (f"{SEEDREAM}/v4.5/edit", {"image_urls": [PICTURE], "image_size": {"width": 1919, "height": 2048}}, "image_size"),
    (f"{BANANA}-pro", {"resolution": "0.5K"}, "resolution"),
    (f"{KLING}/standard/text-to-video", {"duration": 5}, "duration"),  # a text, and no number
    (f"{KLING}/standard/text-to-video", {"multi_prompt": SHOTS}, "prompt"),
    (f"{KLING}/pro/image-to-video", {}, "start_image_url"),
    (f"{KLING}/pro/image-to-video", {"prompt": None, "multi_prompt": SHOTS, "start_image_url": PICTURE}, "shot_type"),
    (f"{SEEDANCE}/text-to-video", {"duration": 16}, "duration"),
    (f"{SEEDANCE}/fast/text-to-video", {"resolution": "1080p"}, "resolution"),
    (VEO, {"duration": 8}, "duration"),
    (VEO, {"aspect_ratio": "auto"}, "aspect_ratio"),
    (f"{VEO}/first-last-frame-to-video", {"first_frame_url": PICTURE}, "last_frame_url"),
    (f"{WAN}/text-to-video", {"duration": "5"}, "duration"),  # a number, and no text
    (f"{WAN}/image-to-video", {}, "image_url"),
    (f"{WAN}/image-to-video", {"image_url": PICTURE, "video_url": FILM}, "image_url"),
    (f"{WAN}/reference-to-video", {"duration": 11}, "duration"),
    (f"{WAN}/reference-to-video", {}, "reference_image_urls"),
    (f"{WAN}/edit-video", {"video_url": FILM, "duration": 1}, "duration"),
    ("fal-ai/elevenlabs/tts/eleven-v3", {}, "text"),
    ("fal-ai/elevenlabs/music", {"composition_plan": {"sections": []}}, "prompt"),
    ("fal-ai/minimax/speech-2.8-hd", {"voice_setting": "v"}, "voice_setting"),
    ("fal-ai/minimax-music/v2", {"prompt": None}, "prompt"),
]


@pytest.mark.parametrize(("endpoint", "more", "field"), REFUSED)
def test_what_an_endpoint_does_not_take(caller, endpoint, more, field):
    fal = caller("fal")
    status, body = fal.post({**FOX, **more}, f"/{endpoint}")
    assert (status, [each["loc"] for each in body["detail"]]) == (422, [["body", field]])
    assert fal.charged() == []


def done(fal, endpoint, **body):
    """Return the result of a request, and where its links are."""
    accepted = fal.post({**FOX, **body}, f"/{endpoint}")[1]
    fal.clock.tick(4)
    return accepted, fal.ask("GET", accepted["response_url"])[1]


def test_links_drop_what_comes_behind_the_app(caller):
    accepted, _ = done(caller("fal"), f"{SEEDANCE}/fast/image-to-video", image_url=PICTURE)
    assert accepted["status_url"].startswith("http://sim.test/bytedance/seedance-2.0/requests/")
    assert accepted["status_url"].endswith("/status")


def test_what_results_hold_beside_their_files(caller):
    fal = caller("fal")
    assert done(fal, "fal-ai/flux-2-pro", seed=42)[1]["seed"] == 42
    film = done(fal, f"{WAN}/text-to-video", duration=3, resolution="720p")[1]
    about = {name: film["video"][name] for name in ("content_type", "width", "height", "duration", "num_frames")}
    assert about == {"content_type": "video/mp4", "width": 1280, "height": 720, "duration": 3, "num_frames": 6}
    assert (film["seed"], film["actual_prompt"]) == (7, FOX["prompt"])
    assert set(done(fal, VEO)[1]) == {"video"}
    spoken = {"voice_setting": {"voice_id": "v"}}
    assert done(fal, "fal-ai/minimax/speech-2.8-hd", **spoken, output_format="url")[1]["duration_ms"] == 1133
    text = done(fal, "fal-ai/minimax/speech-2.8-hd", **spoken)[1]["audio"]  # "hex" by default
    assert bytes.fromhex(text).startswith(b"ID3")


def test_a_failure_is_a_result_with_an_error_and_says_whether_another_try_is_worth_it(caller):
    fal = caller("fal")
    for like, status, again in (("failed", 504, "true"), ("nothing", 422, "true"), ("moderated", 422, "false")):
        fal.service.add_fault({"kind": "failed", "like": like})
        accepted = fal.post(FOX, "/fal-ai/flux-2-pro")[1]
        assert fal.raw("GET", accepted["status_url"]).status == 202
        fal.clock.tick(4)
        code, shown = fal.ask("GET", accepted["status_url"])
        assert (code, shown["status"], "error" in shown) == (200, "COMPLETED", True)
        answer = fal.raw("GET", accepted["response_url"])
        assert (answer.status, answer.headers["X-Fal-Retryable"]) == (status, again)
        assert fal.ask("PUT", accepted["cancel_url"]) == (400, {"status": "ALREADY_COMPLETED"})
    assert fal.service.balance == 100_000  # only what succeeds is billed


# Files


def bearer(fal):
    token = fal.post({}, "/storage/auth/token?storage_type=fal-cdn-v3")[1]
    return {"Authorization": f"Bearer {token['token']}", "X-Fal-File-Name": "a.png", "Content-Type": "image/png"}


def test_a_file_comes_in_parts_in_any_order(caller):
    fal = caller("fal")
    by = bearer(fal)
    begun = json.loads(fal.raw("POST", "/files/upload/multipart", b"", by).body)
    at = f"{begun['access_url']}/multipart/{begun['uploadId']}"
    whole = b"\x89PNG\r\n\x1a\n" + bytes(24)
    put = {number: fal.raw("PUT", f"{at}/{number}", whole[16 * number - 16 : 16 * number], by) for number in (2, 1)}
    parts = [{"partNumber": number, "etag": each.headers["ETag"]} for number, each in put.items()]
    for wrong in ([], parts[:1], [{**parts[0], "etag": "x"}, parts[1]], [7], [*parts, {"partNumber": 3, "etag": "x"}]):
        assert fal.ask("POST", f"{at}/complete", {"parts": wrong}, **by)[0] == 422
    assert fal.raw("PUT", f"{at}/0", b"x", by).status == 422
    assert fal.raw("PUT", f"{at}/1", b"x", {}).status == 401
    assert fal.raw("PUT", f"{at[:-1]}x/1", b"x", by).status == 404
    assert fal.ask("POST", f"{at}/complete", {"parts": parts}, **by) == (200, {"access_url": begun["access_url"]})
    assert fal.raw("GET", begun["access_url"]).body == whole
    assert fal.ask("POST", f"{at}/complete", {"parts": parts}, **by)[0] == 404


def test_a_file_is_kept_as_long_as_its_sender_says(caller):
    fal = caller("fal")
    by = bearer(fal)
    lasting = {"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": 60}'}
    link = json.loads(fal.raw("POST", "/files/upload", b"x", {**by, **lasting}).body)["access_url"]
    assert fal.raw("POST", "/files/upload", b"x", {**by, "X-Fal-Object-Lifecycle": "soon"}).status == 400
    assert fal.raw("GET", link).status == 200
    fal.clock.tick(60)
    assert fal.raw("GET", link).status == 403


def test_only_so_many_uploads_in_parts_are_open(caller):
    fal = caller("fal")
    by = bearer(fal)
    first, *_ = [json.loads(fal.raw("POST", "/files/upload/multipart", b"", by).body) for _ in range(101)]
    assert fal.raw("PUT", f"{first['access_url']}/multipart/{first['uploadId']}/1", b"x", by).status == 404


# Prices


def test_the_price_list(caller):
    fal = caller("fal")
    ids = "fal-ai/flux-2-pro,bytedance/seedance-2.0/text-to-video,fal-ai/wan/v2.7/text-to-video"
    status, body = fal.ask("GET", f"/v1/models/pricing?endpoint_id={ids}")
    shown = [(each["unit_price"], each["unit"], each["currency"]) for each in body["prices"]]
    assert (status, shown) == (200, [(0.03, "megapixels", "USD"), (14.0, "1m tokens", "USD"), (0.1, "seconds", "USD")])
    assert (body["next_cursor"], body["has_more"]) == (None, False)
    assert fal.ask("GET", "/v1/models/pricing")[0] == 422
    assert fal.ask("GET", f"/v1/models/pricing?endpoint_id={','.join(['fal-ai/flux-2-pro'] * 51)}")[0] == 422
    assert fal.ask("GET", "/v1/models/pricing?endpoint_id=fal-ai/none")[0] == 404
    assert fal.raw("GET", f"/v1/models/pricing?endpoint_id={ids}", headers={}).status == 401


def test_an_estimate_of_calls_and_of_units(caller):
    fal = caller("fal")
    for type_, quantity, of in (
        ("historical_api_price", "call_quantity", 100),
        ("unit_price", "unit_quantity", 12.5),
    ):
        wanted = {"estimate_type": type_, "endpoints": {VEO: {quantity: of}, "fal-ai/lyria2": {quantity: 1}}}
        total = of / 10 + 0.1
        assert fal.post(wanted, "/v1/models/pricing/estimate") == (
            200,
            {"estimate_type": type_, "total_cost": pytest.approx(total), "currency": "USD"},
        )
    for wrong in (
        {},
        {"estimate_type": "unit_price"},
        {"estimate_type": "unit_price", "endpoints": {VEO: {"call_quantity": 1}}},
        {"estimate_type": "unit_price", "endpoints": {VEO: 1}},
    ):
        assert fal.post(wrong, "/v1/models/pricing/estimate")[0] == 422


def test_the_endpoints_are_listed_in_pages(caller):
    fal, names, cursor = caller("fal"), [], "0"
    while cursor:
        body = fal.ask("GET", f"/v1/models?limit=20&cursor={cursor}")[1]
        names += [each["endpoint_id"] for each in body["models"]]
        assert body["has_more"] is (body["next_cursor"] is not None)
        cursor = body["next_cursor"]
    assert names == sorted(SOLD)
    assert fal.ask("GET", "/v1/models?limit=many")[0] == 422
