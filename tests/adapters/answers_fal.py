"""The answers of fal's page: its queue, its models, and its webhook."""

from .answers import Answered

PROVIDER = "fal"
ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
AT = f"https://queue.fal.run/fal-ai/flux-2-pro/requests/{ID}"
QUEUED = {
    "status": "IN_QUEUE",
    "request_id": ID,
    "response_url": AT,
    "status_url": f"{AT}/status",
    "cancel_url": f"{AT}/cancel",
    "queue_position": 0,
}
ACCEPTED = {
    "state": "queued",
    "raw_state": "IN_QUEUE",
    "id": ID,
    "told": {"position": 0},
    "poll": f"GET {AT}/status?logs=1",
    "result": f"GET {AT}",
    "why": f"GET {AT}",
    "cancel": f"PUT {AT}/cancel",
}
PICTURE = {"url": "https://v3.fal.media/files/x/1.png", "content_type": "image/png", "width": 1024, "height": 768}
FILM = {
    "url": "https://v3.fal.media/files/x/out.mp4",
    "content_type": "video/mp4",
    "file_name": "out.mp4",
    "file_size": 1,
}
SOUND = "https://v3.fal.media/files/x/out.mp3"
HOOKED = {"request_id": ID, "gateway_request_id": ID}


def detail(type_, msg):
    return {"detail": [{"loc": ["body", "prompt"], "msg": msg, "type": type_}]}


def failed(cause, code, message, **more):
    said = {"state": "failed", "cause": cause, "code": code, "message": message, "refund": "yes", "usd": "0", **more}
    return {name: value for name, value in said.items() if value is not None}


def completed(**more):
    return {"status": "COMPLETED", "logs": [], "metrics": {"inference_time": 3.2}, **more}


LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
LOST = {"outcome": "uncertain", "billed": "unknown"}
REFUSED = {"outcome": "refused", "billed": "no"}
VIOLATION = "The content could not be processed because it contained material flagged by a content checker."

ANSWERS = [
    # Submits
    Answered("submit", QUEUED, ACCEPTED),
    Answered("submit", QUEUED, ACCEPTED | {"request_id": "r-1"}, headers={"x-fal-request-id": "r-1"}),
    *(
        Answered(
            "submit",
            {"detail": text},
            {"error": error, "text": f"fal answered {status} {text}", **REFUSED},
            status=status,
        )
        for status, text, error in (
            (403, LOCKED, "NoCredit"),
            (403, "Forbidden", "Rejected"),
            (401, "Authentication is required", "BadApiKey"),
        )
    ),
    Answered(
        "submit",
        detail("missing", "Field required"),
        {"error": "Rejected", "code": "missing", "text": "fal answered 422 missing Field required", **REFUSED},
        status=422,
    ),
    Answered(
        "submit",
        detail("content_policy_violation", VIOLATION),
        {
            "error": "Blocked",
            "code": "content_policy_violation",
            "text": f"fal answered 422 content_policy_violation {VIOLATION}",
            **REFUSED,
        },
        status=422,
    ),
    *(
        Answered(
            "submit",
            {"detail": "Request timed out", "error_type": code},
            {
                "error": "SubmitUncertain",
                "code": code,
                "text": f"fal answered {status} {code} Request timed out",
                **LOST,
            },
            status=status,
        )
        for code, status in (("request_timeout", 504), ("startup_timeout", 504), ("runner_disconnected", 503))
    ),
    # Looks
    Answered(
        "poll",
        {"status": "IN_QUEUE", "queue_position": 3},
        {"state": "queued", "raw_state": "IN_QUEUE", "told": {"position": 3}},
        status=202,
    ),
    Answered(
        "poll",
        {"status": "IN_PROGRESS", "logs": [{"message": "step 1", "timestamp": "t"}, {"message": "step 2"}]},
        {"state": "running", "raw_state": "IN_PROGRESS", "told": {"log": "step 1\nstep 2"}},
        status=202,
    ),
    Answered(
        "poll",
        completed(error="Request timed out", error_type="request_timeout"),
        failed("failed", "request_timeout", "Request timed out", raw_state="COMPLETED"),
    ),
    Answered("poll", completed(error="Unprocessable"), failed("failed", None, "Unprocessable", raw_state="COMPLETED")),
    # Results
    Answered(
        "result",
        {"images": [PICTURE, {**PICTURE, "url": PICTURE["url"] + "2"}], "seed": 42},
        {
            "state": "succeeded",
            "assets": [("image", PICTURE["url"]), ("image", PICTURE["url"] + "2")],
            "told": {"seed": 42},
        },
    ),
    Answered("result", {"video": FILM}, {"state": "succeeded", "assets": [("video", FILM["url"])]}, offer="kling-3.0"),
    Answered(
        "result",
        {
            "video": {**FILM, "width": 1280, "height": 720, "fps": 24.0, "duration": 5.0},
            "seed": 7,
            "actual_prompt": "a",
        },
        {"state": "succeeded", "assets": [("video", FILM["url"], 5.0)], "told": {"seed": 7}},
        offer="kling-3.0",
    ),
    Answered(
        "result",
        {"audio": {"url": SOUND}, "duration_ms": 2500},
        {"state": "succeeded", "assets": [("audio", SOUND)]},
        offer="minimax-speech-2.8-hd",
    ),
    Answered(
        "result",
        detail("content_policy_violation", VIOLATION),
        failed("blocked", "content_policy_violation", VIOLATION),
        status=422,
    ),
    Answered(
        "result",
        detail("image_too_large", "Image is too large"),
        failed("failed", "image_too_large", "Image is too large"),
        status=422,
    ),
    Answered("result", {"detail": LOCKED}, {"error": "NoCredit", "text": f"fal answered 403 {LOCKED}"}, status=403),
    # Why it failed
    Answered(
        "why",
        detail("content_policy_violation", VIOLATION),
        failed("blocked", "content_policy_violation", VIOLATION),
        status=422,
    ),
    Answered(
        "why",
        detail("no_media_generated", "No media was generated"),
        failed("failed", "no_media_generated", "No media was generated", passing=True),
        status=422,
    ),
    Answered(
        "why",
        {"detail": "Runner startup timed out", "error_type": "startup_timeout"},
        failed("failed", "startup_timeout", "Runner startup timed out"),
        status=504,
    ),
    # Webhooks
    Answered(
        "webhook",
        {**HOOKED, "status": "OK", "payload": {"video": FILM}},
        {"state": "succeeded", "raw_state": "OK", "assets": [("video", FILM["url"])]},
        offer="kling-3.0",
        id=ID,
    ),
    Answered(
        "webhook",
        {**HOOKED, "status": "OK", "payload": {"images": [PICTURE], "seed": 42}},
        {"state": "succeeded", "raw_state": "OK", "assets": [("image", PICTURE["url"])], "told": {"seed": 42}},
        id=ID,
    ),
    Answered(
        "webhook",
        {**HOOKED, "status": "ERROR", "error": "Invalid status code: 422", "payload": detail("image_too_large", "no")},
        failed("failed", "image_too_large", "no", raw_state="ERROR"),
        id=ID,
    ),
    Answered(
        "webhook",
        {**HOOKED, "status": "ERROR", "error": "Invalid status code: 500", "payload": None},
        failed("failed", None, "Invalid status code: 500", raw_state="ERROR"),
        id=ID,
    ),
    # Where the result could not be put into the body, it is looked for.
    Answered("webhook", {**HOOKED, "status": "OK", "payload": None, "payload_error": "not serializable"}, {}, id=ID),
]
