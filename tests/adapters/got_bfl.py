"""BFL: the answers that its page shows, and what they are."""

from functools import partial

from .got import Got

ID = "0b6f2a1c-1111-4222-8333-944445555666"
POLLING = "https://api.eu2.bfl.ai/v1/get_result?id=" + ID
PICTURE = "https://delivery-eu1.bfl.ai/results/1/sample.jpeg?sig=x"
FILM = "https://delivery.eu1.bfl.ai/results/1/sample.mp4?sig=x"

bfl = partial(Got, provider="bfl", offer="flux-2-pro", id=ID, path="/v1/flux-2-pro")


def clip(name, **row):
    return bfl(name=name, **{"offer": "flux-3-video", "path": "/v1/flux-3-video", **row})


def detail(type_, text):
    return {"detail": [{"loc": ["body", "prompt"], "msg": text, "type": type_}]}


ANSWERS = [
    bfl(
        name="accepted",
        to="submit",
        body={"id": ID, "polling_url": POLLING, "cost": 3.0, "input_mp": 0.0, "output_mp": 1.05},
        is_={"id": ID, "state": "queued", "poll": f"GET {POLLING}"},
    ),
    bfl(
        name="accepted, and to be looked at elsewhere",
        to="submit",
        body={"id": ID, "polling_url": "https://bfl.ai.evil.example/v1/get_result"},
        is_={"id": ID, "state": "queued"},  # that link is not followed
    ),
    bfl(
        name="pending",
        body={"id": ID, "status": "Pending", "result": None, "progress": None, "details": None, "preview": None},
        is_={"state": "running", "raw_state": "Pending", "told": {}},
    ),
    bfl(
        name="half way",
        body={"id": ID, "status": "Pending", "progress": 0.5},
        is_={"state": "running", "told": {"progress": 0.5}},
    ),
    bfl(
        name="ready",
        body={"id": ID, "status": "Ready", "result": {"sample": PICTURE, "prompt": "a fox", "seed": 42}, "cost": 4.5},
        is_={
            "state": "succeeded",
            "urls": [PICTURE],
            "kinds": ["image"],
            "lives": [600],
            "usd": "0.045",
            "told": {"seed": 42},
        },
    ),
    bfl(
        name="ready and free",
        body={"id": ID, "status": "Ready", "result": {"sample": PICTURE}, "cost": 0},
        is_={"state": "succeeded", "usd": "0"},
    ),
    clip(
        "a film that is ready",
        body={
            "id": ID,
            "status": "Ready",
            "result": {"sample": FILM, "duration": 5, "seed": 42, "start_time": 1764288000.0, "end_time": 1764288090.0},
            "cost": 85,
        },
        is_={
            "state": "succeeded",
            "urls": [FILM],
            "kinds": ["video"],
            "lives": [7200],
            "usd": "0.85",
            "told": {"seed": 42, "seconds": 5.0},
        },
    ),
    *(
        bfl(
            name=f"moderated: {word}",
            body={"id": ID, "status": word, "result": None, "details": {"Moderation Reasons": ["violence"]}},
            is_={
                "state": "failed",
                "raw_state": word,
                "cause": "blocked",
                "message": "violence",
                "refund": "unknown",
            },
        )
        for word in ("Request Moderated", "Content Moderated")
    ),
    bfl(
        name="error",
        body={"id": ID, "status": "Error", "result": None},
        is_={"state": "failed", "cause": "failed", "message": None, "refund": "unknown"},
    ),
    bfl(
        name="an id that is not known",
        body={"id": ID, "status": "Task not found", "result": None},
        is_={"error": "NotFound"},  # which is not to say that it failed
    ),
    bfl(
        name="refused field by field",
        to="submit",
        status=422,
        body=detail("string_too_short", "String should have at least 1 character"),
        is_={
            "error": "Rejected",
            "code": "string_too_short",
            "said": "bfl answered 422 string_too_short String should have at least 1 character",
            "billed": "no",
        },
    ),
    *(
        bfl(name=f"{status}", to="submit", status=status, body=body, headers=headers, is_=is_)
        for status, body, headers, is_ in (
            (401, {"detail": "Invalid key"}, {}, {"error": "BadApiKey", "cause": "bad_api_key"}),
            (402, {"detail": "Insufficient credits"}, {}, {"error": "NoCredit", "cause": "no_credit"}),
            (403, {"detail": "Not authenticated"}, {}, {"error": "BadApiKey", "cause": "bad_api_key"}),
            (
                429,
                {"detail": "Too many active tasks"},
                {"retry-after": "7"},
                {"error": "RateLimited", "retry_after": 7},
            ),
            (500, {"detail": "Internal error"}, {}, {"error": "SubmitUncertain", "outcome": "uncertain"}),
            (503, {"detail": "Unavailable"}, {}, {"error": "SubmitUncertain", "outcome": "uncertain"}),
            # The other shape, which is written up too.
            (
                400,
                {"error": "bad_request", "message": "no such mode", "details": None},
                {},
                {"error": "Rejected", "code": "bad_request", "said": "bfl answered 400 bad_request no such mode"},
            ),
        )
    ),
]
