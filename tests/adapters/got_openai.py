"""OpenAI: the answers that its page shows, and what they are: each is the end of its task."""

from base64 import b64encode
from functools import partial

from .got import Got

PICTURE, OTHER, SOUND = b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n2", b"ID3\x04\x00\x00"
CREATED = 1764331200
USAGE = {
    "total_tokens": 4_360,
    "input_tokens": 200,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 160},
    "output_tokens": 4_160,
}

openai = partial(Got, provider="openai", offer="gpt-image-2", to="submit", path="/v1/images/generations")


def made(*pictures, **more):
    return {"created": CREATED, "data": [{"b64_json": b64encode(each).decode()} for each in pictures], **more}


def error(code, message, type_="invalid_request_error"):
    return {"error": {"message": message, "type": type_, "param": None, "code": code}}


ANSWERS = [
    # 40 × 5 + 160 × 8 + 4160 × 30 millionths.
    openai(
        name="a picture and what was used",
        body=made(PICTURE, usage=USAGE),
        headers={"x-request-id": "req_1"},
        is_={
            "state": "succeeded",
            "data": [PICTURE],
            "kinds": ["image"],
            "usd": "0.12628",
            "request_id": "req_1",
        },
    ),
    openai(
        name="several pictures, and what came out in detail",
        body=made(
            PICTURE,
            OTHER,
            background="opaque",
            usage=USAGE | {"output_tokens_details": {"image_tokens": 4_100, "text_tokens": 60}},
        ),
        is_={"state": "succeeded", "data": [PICTURE, OTHER], "usd": "0.12628"},
    ),
    openai(name="a picture alone", body=made(PICTURE), is_={"state": "succeeded", "data": [PICTURE], "usd": None}),
    openai(
        name="a picture by its link",
        body={"created": CREATED, "data": [{"url": "https://files.example/1.png", "revised_prompt": "a red fox"}]},
        is_={"state": "succeeded", "urls": ["https://files.example/1.png"]},
    ),
    openai(
        name="of a model whose tokens have no price",
        offer="gpt-image-1.5",
        body=made(PICTURE, usage=USAGE),
        is_={"state": "succeeded", "usd": None},
    ),
    openai(
        name="no picture",
        body={"created": CREATED},
        is_={"error": "SubmitUncertain", "outcome": "accepted without id", "billed": "likely"},
    ),
    openai(
        name="moderated",
        status=400,
        body=error("moderation_blocked", "Your request was rejected", "image_generation_user_error"),
        is_={
            "error": "Blocked",
            "cause": "blocked",
            "billed": "no",
            "said": "openai answered 400 moderation_blocked Your request was rejected",
        },
    ),
    openai(
        name="a wrong key",
        status=401,
        body=error("invalid_api_key", "Incorrect API key provided"),
        is_={"error": "BadApiKey", "code": "invalid_api_key", "billed": "no"},
    ),
    openai(
        name="a wrong value",
        status=400,
        body=error("invalid_value", "Invalid size"),
        is_={"error": "Rejected", "code": "invalid_value", "billed": "no"},
    ),
    openai(
        name="too many calls",
        status=429,
        body=error("rate_limit_exceeded", "Rate limit reached"),
        headers={"retry-after": "20"},
        is_={"error": "RateLimited", "retry_after": 20, "billed": "no"},
    ),
    *(
        openai(
            name=f"{status}",
            status=status,
            body=error(None, "The server had an error"),
            is_={"error": "SubmitUncertain", "outcome": "uncertain", "billed": "unknown"},
        )
        for status in (408, 500, 503)
    ),
]
