"""Replicate: the answers that its page shows, and what they are."""

from functools import partial

from .got import Got

ID = "gm3qorzdhgbfurvjtvhg6dckhu"
LINKS = {
    "get": f"https://api.replicate.com/v1/predictions/{ID}",
    "cancel": f"https://api.replicate.com/v1/predictions/{ID}/cancel",
}
OUT = "https://replicate.delivery/x/out.mp4"
PICTURES = ["https://replicate.delivery/x/0.webp", "https://replicate.delivery/x/1.webp"]

replicate = partial(
    Got, provider="replicate", offer="flux-2-pro", id=ID, path="/v1/models/black-forest-labs/flux-2-pro/predictions"
)


def prediction(status, **more):
    return {
        "id": ID,
        "model": "black-forest-labs/flux-2-pro",
        "version": "hidden",
        "input": {"prompt": "a fox"},
        "output": None,
        "error": None,
        "status": status,
        "logs": "",
        "created_at": "2026-11-28T11:59:00.000Z",
        "urls": LINKS,
    } | more


def problem(status, detail, **more):
    return {"title": "No", "detail": detail, "status": status, **more}


ANSWERS = [
    *(
        replicate(
            name=f"accepted with {status}",
            to="submit",
            status=status,
            body=prediction("starting"),
            is_={"id": ID, "state": "queued", "poll": f"GET {LINKS['get']}", "cancel": f"POST {LINKS['cancel']}"},
        )
        for status in (201, 202)
    ),
    replicate(
        name="processing",
        body=prediction("processing", logs="step 1 of 8"),
        is_={"state": "running", "raw_state": "processing", "told": {"log": "step 1 of 8"}},
    ),
    replicate(
        name="a list of pictures",
        body=prediction(
            "succeeded", output=PICTURES, completed_at="2026-11-28T11:59:30Z", metrics={"predict_time": 3.5}
        ),
        is_={"state": "succeeded", "urls": PICTURES, "kinds": ["image", "image"], "lives": [3570, 3570]},
    ),
    replicate(
        name="one film",
        offer="kling-3.0",
        body=prediction("succeeded", output=OUT),
        is_={"state": "succeeded", "urls": [OUT], "kinds": ["video"]},
    ),
    replicate(
        name="moderated",
        body=prediction("failed", error="The input was flagged as sensitive (E005)"),
        is_={"state": "failed", "cause": "blocked", "message": "The input was flagged as sensitive (E005)"},
    ),
    replicate(
        name="failed",
        body=prediction("failed", error="CUDA out of memory"),
        is_={"state": "failed", "cause": "failed", "message": "CUDA out of memory", "refund": "unknown"},
    ),
    replicate(name="canceled", body=prediction("canceled"), is_={"state": "canceled"}),
    replicate(
        name="aborted",
        body=prediction("aborted"),
        is_={"state": "failed", "raw_state": "aborted", "cause": "failed", "refund": "yes", "usd": "0"},
    ),
    *(
        replicate(name=f"{body['status']}", to="submit", status=body["status"], body=body, is_={**is_, "billed": "no"})
        for body, is_ in (
            (problem(401, "You did not pass a valid API token"), {"error": "BadApiKey"}),
            (problem(402, "Insufficient credit"), {"error": "NoCredit"}),
            (problem(404, "The requested resource could not be found."), {"error": "NotFound"}),
            (
                problem(422, "- input: prompt is required"),
                {"error": "Rejected", "said": "replicate answered 422 - input: prompt is required"},
            ),
            (
                problem(429, "Request was throttled. Expected available in 7 seconds.", retry_after=7),
                {"error": "RateLimited", "retry_after": 7},
            ),
        )
    ),
    replicate(
        name="500",
        to="submit",
        status=500,
        body=problem(500, "Internal error"),
        is_={"error": "SubmitUncertain", "outcome": "uncertain"},
    ),
]
