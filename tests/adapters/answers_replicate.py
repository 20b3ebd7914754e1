"""The answers of Replicate's page: its predictions and its problems."""

from .answers import Answered

PROVIDER = "replicate"
ID = "gm3qorzdhgbfurvjtvhg6dckhu"
LINKS = {
    "get": f"https://api.replicate.com/v1/predictions/{ID}",
    "cancel": f"https://api.replicate.com/v1/predictions/{ID}/cancel",
}
FILM = "https://replicate.delivery/x/out.mp4"
PICTURES = ["https://replicate.delivery/x/0.webp", "https://replicate.delivery/x/1.webp"]
LOST, REFUSED = {"outcome": "uncertain", "billed": "unknown"}, {"outcome": "refused", "billed": "no"}
FLAGGED = "The input was flagged as sensitive (E005)"


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
        **more,
    }


def look(body, said, **more):
    return Answered("poll", body, said, id=ID, **more)


def ended(word, cause, message=None, refund="unknown", **more):
    said = {"state": "failed", "raw_state": word, "cause": cause, "message": message, "refund": refund, **more}
    return {name: value for name, value in said.items() if value is not None}


ANSWERS = [
    # Submits
    *(
        Answered(
            "submit",
            prediction("starting"),
            {
                "state": "queued",
                "raw_state": "starting",
                "id": ID,
                "poll": f"GET {LINKS['get']}",
                "cancel": f"POST {LINKS['cancel']}",
            },
            status=status,
        )
        for status in (201, 202)
    ),
    *(
        Answered(
            "submit",
            {"title": "No", "detail": detail, "status": status, **also},
            {"error": error, "text": f"replicate answered {status} {detail}", **more},
            status=status,
        )
        for status, detail, also, error, more in (
            (401, "You did not pass a valid API token", {}, "BadApiKey", REFUSED),
            (402, "Insufficient credit", {}, "NoCredit", REFUSED),
            (404, "The requested resource could not be found.", {}, "NotFound", REFUSED),
            (422, "- input: prompt is required", {}, "Rejected", REFUSED),
            (
                429,
                "Request was throttled. Expected available in 7 seconds.",
                {"retry_after": 7},
                "RateLimited",
                REFUSED | {"retry_after": "7.0"},
            ),
            (500, "Internal error", {}, "SubmitUncertain", LOST),
        )
    ),
    # Looks
    look(
        prediction("processing", logs="step 1 of 8"),
        {"state": "running", "raw_state": "processing", "told": {"log": "step 1 of 8"}},
    ),
    look(
        prediction("succeeded", output=PICTURES, completed_at="2026-11-28T11:59:30Z", metrics={"predict_time": 3.5}),
        {
            "state": "succeeded",
            "raw_state": "succeeded",
            "assets": [("image", each) for each in PICTURES],
            "lives": [3570, 3570],
        },
    ),
    look(
        prediction("succeeded", output=FILM),
        {"state": "succeeded", "raw_state": "succeeded", "assets": [("video", FILM)], "lives": [3600]},
        offer="kling-3.0",
    ),
    look(prediction("failed", error=FLAGGED), ended("failed", "blocked", FLAGGED)),
    look(prediction("failed", error="CUDA out of memory"), ended("failed", "failed", "CUDA out of memory")),
    look(prediction("canceled"), {"state": "canceled", "raw_state": "canceled"}),
    look(prediction("aborted"), ended("aborted", "failed", refund="yes", usd="0")),
    # Webhooks: the prediction as it is polled
    Answered(
        "webhook",
        prediction("succeeded", output=FILM),
        {"state": "succeeded", "raw_state": "succeeded", "assets": [("video", FILM)], "lives": [3600]},
        offer="kling-3.0",
        id=ID,
    ),
    Answered("webhook", prediction("failed", error=FLAGGED), ended("failed", "blocked", FLAGGED), id=ID),
]
