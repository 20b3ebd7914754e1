"""The answers of BFL's page: its pictures and its films."""

from .answers import Answered

PROVIDER = "bfl"
ID = "0b6f2a1c-1111-4222-8333-944445555666"
POLLING = "https://api.eu2.bfl.ai/v1/get_result?id=" + ID
PICTURE = "https://delivery-eu1.bfl.ai/results/1/sample.jpeg?sig=x"
FILM = "https://delivery.eu1.bfl.ai/results/1/sample.mp4?sig=x"
LOST, REFUSED = {"outcome": "uncertain", "billed": "unknown"}, {"outcome": "refused", "billed": "no"}
DONE = {"state": "succeeded", "raw_state": "Ready"}


def record(status, **more):
    return {"id": ID, "status": status, "result": None, "progress": None, "details": None, "preview": None, **more}


def look(body, said, **more):
    return Answered("poll", body, said, id=ID, **more)


def detail(type_, text):
    return {"detail": [{"loc": ["body", "prompt"], "msg": text, "type": type_}]}


ANSWERS = [
    # Submits
    Answered(
        "submit",
        {"id": ID, "polling_url": POLLING, "cost": 3.0, "input_mp": 0.0, "output_mp": 1.05},
        {"state": "queued", "id": ID, "poll": f"GET {POLLING}"},
    ),
    # Such a link is not followed.
    Answered(
        "submit",
        {"id": ID, "polling_url": "https://bfl.ai.evil.example/v1/get_result"},
        {"state": "queued", "id": ID},
    ),
    Answered(
        "submit",
        detail("string_too_short", "String should have at least 1 character"),
        {
            "error": "Rejected",
            "code": "string_too_short",
            "text": "bfl answered 422 string_too_short String should have at least 1 character",
            **REFUSED,
        },
        status=422,
    ),
    *(
        Answered(
            "submit",
            {"detail": text},
            {"error": error, "text": f"bfl answered {status} {text}", **more},
            status=status,
        )
        for status, text, error, more in (
            (401, "Invalid key", "BadApiKey", REFUSED),
            (402, "Insufficient credits", "NoCredit", REFUSED),
            (403, "Not authenticated", "BadApiKey", REFUSED),
            (500, "Internal error", "SubmitUncertain", LOST),
            (503, "Unavailable", "SubmitUncertain", LOST),
        )
    ),
    Answered(
        "submit",
        {"detail": "Too many active tasks"},
        {"error": "RateLimited", "text": "bfl answered 429 Too many active tasks", "retry_after": "7.0", **REFUSED},
        status=429,
        headers={"retry-after": "7"},
    ),
    # The other shape, which is written up too.
    Answered(
        "submit",
        {"error": "bad_request", "message": "no such mode", "details": None},
        {
            "error": "Rejected",
            "code": "bad_request",
            "text": "bfl answered 400 bad_request no such mode",
            **REFUSED,
        },
        status=400,
    ),
    # Looks at a picture
    look(record("Pending"), {"state": "running", "raw_state": "Pending"}),
    look(record("Pending", progress=0.5), {"state": "running", "raw_state": "Pending", "told": {"progress": 0.5}}),
    look(
        record("Ready", result={"sample": PICTURE, "prompt": "a fox", "seed": 42}, cost=4.5),
        DONE | {"assets": [("image", PICTURE)], "lives": [600], "usd": "0.045", "credits": "4.5", "told": {"seed": 42}},
    ),
    look(
        record("Ready", result={"sample": PICTURE}, cost=0),
        DONE | {"assets": [("image", PICTURE)], "lives": [600], "usd": "0", "credits": "0"},
    ),
    *(
        look(
            record(word, details={"Moderation Reasons": ["violence"]}),
            {"state": "failed", "raw_state": word, "cause": "blocked", "message": "violence", "refund": "unknown"},
        )
        for word in ("Request Moderated", "Content Moderated")
    ),
    look(record("Error"), {"state": "failed", "raw_state": "Error", "cause": "failed", "refund": "unknown"}),
    # Which is not to say that it failed.
    look(record("Task not found"), {"error": "NotFound", "text": "bfl answered Task not found"}),
    # A look at a film
    look(
        record(
            "Ready",
            result={"sample": FILM, "duration": 5, "seed": 42, "start_time": 1764288000.0, "end_time": 1764288090.0},
            cost=85,
        ),
        DONE
        | {
            "assets": [("video", FILM)],
            "lives": [7200],
            "usd": "0.85",
            "credits": "85",
            "told": {"seed": 42, "seconds": 5.0},
        },
        offer="flux-3-video",
    ),
    # Webhooks, which tell no cost
    Answered(
        "webhook",
        {
            "id": ID,
            "status": "Ready",
            "result": {"sample": PICTURE, "prompt": "a red fox", "seed": 42},
            "timestamp": "2026-11-28T00:00:00Z",
        },
        DONE | {"assets": [("image", PICTURE)], "lives": [600], "told": {"seed": 42}},
        id=ID,
    ),
    Answered(
        "webhook",
        {"id": ID, "status": "Error", "error": "failed", "message": "no", "timestamp": "2026-11-28T00:00:00Z"},
        {
            "state": "failed",
            "raw_state": "Error",
            "cause": "failed",
            "code": "failed",
            "message": "no",
            "refund": "unknown",
        },
        id=ID,
    ),
]
