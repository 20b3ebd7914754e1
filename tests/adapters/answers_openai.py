"""The answers of OpenAI's page: each is the end of its task."""

from base64 import b64encode

from .answers import Answered

PROVIDER = "openai"
PICTURE, OTHER = b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n2"
LINK = "https://files.example/1.png"
CREATED = 1764331200
LOST, REFUSED = {"outcome": "uncertain", "billed": "unknown"}, {"outcome": "refused", "billed": "no"}
USAGE = {
    "total_tokens": 4_360,
    "input_tokens": 200,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 160},
    "output_tokens": 4_160,
}
USD = "0.12628"  # 40 × 5 + 160 × 8 + 4160 × 30 millionths


def made(*pictures, **more):
    return {"created": CREATED, "data": [{"b64_json": b64encode(each).decode()} for each in pictures], **more}


def submit(body, said, offer="gpt-image-2", **more):
    return Answered("submit", body, said, offer=offer, **more)


def error(code, message, type_="invalid_request_error"):
    return {"error": {"message": message, "type": type_, "param": None, "code": code}}


ANSWERS = [
    submit(
        made(PICTURE, usage=USAGE),
        {"state": "succeeded", "assets": [("image", PICTURE)], "usd": USD, "request_id": "req_1"},
        headers={"x-request-id": "req_1"},
    ),
    # Several pictures, and what came out in detail
    submit(
        made(
            PICTURE,
            OTHER,
            background="opaque",
            usage=USAGE | {"output_tokens_details": {"image_tokens": 4_100, "text_tokens": 60}},
        ),
        {"state": "succeeded", "assets": [("image", PICTURE), ("image", OTHER)], "usd": USD},
    ),
    submit(made(PICTURE), {"state": "succeeded", "assets": [("image", PICTURE)]}),
    submit(
        {"created": CREATED, "data": [{"url": LINK, "revised_prompt": "a red fox"}]},
        {"state": "succeeded", "assets": [("image", LINK)]},
    ),
    # The tokens of this model have no price.
    submit(made(PICTURE, usage=USAGE), {"state": "succeeded", "assets": [("image", PICTURE)]}, offer="gpt-image-1.5"),
    submit(
        {"created": CREATED},
        {
            "error": "SubmitUncertain",
            "text": "openai answered 200 and it cannot be read (openai answered 200 with a finished task "
            f'that has no result: {{"created": {CREATED}}})',
            "outcome": "accepted without id",
            "billed": "likely",
        },
    ),
    *(
        submit(
            error(code, message, type_),
            {"error": class_, "code": code, "text": f"openai answered {status} {code} {message}", **REFUSED},
            status=status,
        )
        for status, code, message, type_, class_ in (
            (
                400,
                "moderation_blocked",
                "Your request was rejected",
                "image_generation_user_error",
                "Blocked",
            ),
            (401, "invalid_api_key", "Incorrect API key provided", "invalid_request_error", "BadApiKey"),
            (400, "invalid_value", "Invalid size", "invalid_request_error", "Rejected"),
        )
    ),
    submit(
        error("rate_limit_exceeded", "Rate limit reached"),
        {
            "error": "RateLimited",
            "code": "rate_limit_exceeded",
            "text": "openai answered 429 rate_limit_exceeded Rate limit reached",
            "retry_after": "20.0",
            **REFUSED,
        },
        status=429,
        headers={"retry-after": "20"},
    ),
    *(
        submit(
            error(None, "The server had an error"),
            {"error": "SubmitUncertain", "text": f"openai answered {status} The server had an error", **LOST},
            status=status,
        )
        for status in (408, 500, 503)
    ),
]
