"""The answers of kie.ai's page: its record, the route of veo, and its webhook."""

import json

from .answers import Answered

PROVIDER = "kie"
ID = "ee9c2715375b7837f8bb51d641ff5863"
URL, OTHER = "https://tempfile.aiquickdraw.com/x/1", "https://tempfile.aiquickdraw.com/x/2"
COVER = "https://tempfile.aiquickdraw.com/x/1.jpeg"
DAY = 86_400
LOST, REFUSED = {"outcome": "uncertain", "billed": "unknown"}, {"outcome": "refused", "billed": "no"}
FREE = {"state": "failed", "raw_state": "fail", "usd": "0", "refund": "yes"}
DONE = {"state": "succeeded", "raw_state": "success"}


def no(code, msg="no", word="msg"):
    """Return an error as it mostly comes: at HTTP 200."""
    return {"code": code, word: msg, "data": None}


def record(state, result=None, **more):
    data = {
        "taskId": ID,
        "model": "flux-2/pro-text-to-image",
        "state": state,
        "param": json.dumps({"model": "flux-2/pro-text-to-image", "input": {"prompt": "a fox", "state": "success"}}),
        "resultJson": "" if result is None else json.dumps(result),
        "failCode": "",
        "failMsg": "",
        "costTime": 0,
        "completeTime": 0,
        "createTime": 1763640000000,
        "updateTime": 1763640000000,
        **more,
    }
    return {"code": 200, "msg": "success", "data": data}


def look(body, said, **more):
    return Answered("poll", body, said, id=ID, **more)


def veo(flag, said, response=None, **more):
    data = {"taskId": ID, "successFlag": flag, "response": response, **more}
    return look({"code": 200, "msg": "success", "data": data}, said | {"raw_state": str(flag)}, offer="veo-3.1-fast")


SONGS = [
    {"id": "a", "audio_url": URL, "title": "Dusk", "duration": 171.5, "image_url": COVER},
    {"id": "b", "audio_url": OTHER},
]

ANSWERS = [
    # Submits, of either route
    *(
        Answered(
            "submit",
            {"code": 200, "msg": "success", "data": {"taskId": ID}},
            {"state": "queued", "id": ID, "poll": f"GET https://api.kie.ai/api/v1/{route}?taskId={ID}"},
            offer=offer,
        )
        for offer, route in (("flux-2-pro", "jobs/recordInfo"), ("veo-3.1-fast", "veo/record-info"))
    ),
    *(
        Answered(
            "submit", no(code), {"error": error, "code": str(code), "text": f"kie answered 200 {code} no", **REFUSED}
        )
        for code, error in (
            (400, "Rejected"),
            (401, "BadApiKey"),
            (402, "NoCredit"),
            (404, "NotFound"),
            (422, "Rejected"),
            (429, "RateLimited"),
            (433, "NoCredit"),
            (455, "Unavailable"),
            (505, "Rejected"),
        )
    ),
    *(
        Answered(
            "submit",
            no(code),
            {"error": "SubmitUncertain", "code": str(code), "text": f"kie answered 200 {code} no", **LOST},
        )
        for code in (408, 500, 501)
    ),
    Answered(
        "submit",
        no(429, word="message"),
        {"error": "RateLimited", "code": "429", "text": "kie answered 429 no", **REFUSED},
        status=429,
    ),
    Answered(
        "submit",
        b"error code: 1010",
        {"error": "Rejected", "text": "kie answered 403 error code: 1010", **REFUSED},
        status=403,
    ),
    # Looks at a record
    look(no(422, "recordInfo is null"), {"state": "queued"}, age=89),
    look(
        no(422, "recordInfo is null"),
        {"error": "Rejected", "code": "422", "text": "kie answered 200 422 recordInfo is null"},
        age=90,
    ),
    look(no(429), {"error": "RateLimited", "code": "429", "text": "kie answered 200 429 no"}),
    look(record("waiting"), {"state": "queued", "raw_state": "waiting"}),
    look(record("queuing"), {"state": "queued", "raw_state": "queuing"}),
    look(
        record("generating", progress=45), {"state": "running", "raw_state": "generating", "told": {"progress": 0.45}}
    ),
    look(record("generating", {"resultUrls": [URL]}), {"state": "running", "raw_state": "generating"}),
    look(record("renewed"), {"state": "running", "raw_state": "renewed"}),
    look(record("success", {"resultUrls": [URL]}), DONE | {"assets": [("image", URL)], "lives": [DAY]}),
    look(
        record("success", {"resultUrls": [URL]}, creditsConsumed=5),
        DONE | {"assets": [("image", URL)], "lives": [DAY], "usd": "0.025", "credits": "5"},
    ),
    look(
        record("success", {"resultUrls": [URL], "lastFrameUrl": COVER}, creditsConsumed=62.5),
        DONE
        | {
            "assets": [("video", URL), ("image", COVER, "last_frame")],
            "lives": [DAY, DAY],
            "usd": "0.3125",
            "credits": "62.5",
        },
        offer="kling-3.0",
    ),
    look(
        record("success", {"data": SONGS}, creditsConsumed=12),
        DONE
        | {
            "assets": [("audio", URL, "Dusk", 171.5), ("audio", OTHER), ("image", COVER, "cover")],
            "lives": [DAY, DAY, DAY],
            "usd": "0.06",
            "credits": "12",
        },
        offer="suno-v6",
    ),
    look(
        record("success", {"resultUrls": [URL]}),
        DONE | {"assets": [("audio", URL)], "lives": [DAY]},
        offer="elevenlabs-turbo-v2.5",
    ),
    look(
        record("success", {"resultUrls": []}),
        {
            "error": "MalformedAnswer",
            "code": "200",
            "text": "kie answered 200 with a finished task that has no result: success",
        },
    ),
    *(
        look(record("fail", failCode=code, failMsg="no"), FREE | {"cause": cause, "code": code, "message": "no"})
        for code, cause in (("500", "failed"), ("501", "failed"), ("402", "no_credit"))
    ),
    look(
        record("fail", failCode="500", failMsg="no", creditsConsumed=0),
        FREE | {"cause": "failed", "code": "500", "message": "no", "usd": "0", "credits": "0"},
    ),
    # What was taken for all that counts, whatever the page says of failures.
    look(
        record("fail", failCode="500", failMsg="no", creditsConsumed=5),
        FREE
        | {
            "cause": "failed",
            "code": "500",
            "message": "no",
            "usd": "0.025",
            "credits": "5",
            "refund": "unknown",
        },
    ),
    # Looks at a clip of veo
    veo(0, {"state": "running"}),
    veo(1, {"state": "succeeded", "assets": [("video", URL)], "lives": [DAY]}, {"resultUrls": [URL]}),
    *(
        veo(
            flag,
            FREE | {"cause": "failed", "code": "501", "message": "no"},
            errorCode=501,
            errorMessage="no",
        )
        for flag in (2, 3)
    ),
    # Webhooks: hints, whatever they say
    Answered(
        "webhook",
        {
            "code": 200,
            "msg": "success",
            "data": {**record("success", {"resultUrls": [URL]})["data"], "consumeCredits": 5, "remainedCredits": 9},
        },
        DONE | {"usd": "0.025", "credits": "5"},
        id=ID,
    ),
    Answered(
        "webhook",
        {
            "code": 501,
            "msg": "no",
            "data": {**record("fail", failCode="500", failMsg="no")["data"], "consumeCredits": 0},
        },
        FREE | {"cause": "failed", "code": "500", "message": "no", "usd": "0", "credits": "0"},
        id=ID,
    ),
    Answered(
        "webhook",
        {"code": 200, "msg": "success", "data": {"callbackType": "text", "task_id": ID, "state": "generating"}},
        {"state": "running", "raw_state": "generating"},
        id=ID,
    ),
]
