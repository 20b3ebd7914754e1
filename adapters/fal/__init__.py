"""fal: a queue before every model, and links to follow in its answer.

Page: docs.fal.ai, queue and models.
Odd: a job that failed is COMPLETED too: what failed it stands at the result's own address, at the error's status; an
empty balance is a 403; the links drop what follows the model's name, so they are used as they are answered; bytes are
put in at another host, with a token from a third.
"""

from anymedia.declare import (
    Adapter, Assets, Cause, Endpoint, Err, Fault, Gap, Header, Lifecycle, Match, Outcome, Pace, PriceQuote, Printed,
    Reply, Signed, State, Step, Token, Upload, Webhook, first,
)  # fmt: skip

from . import flux, imagen, kling, music, nano_banana, qwen, seedance, seedream, speech, veo, wan, z_image

QUEUE = {"position": "queue_position"}
LIFE = 86_400  # how long a file that is put in lies there is ours to say


def results(under: str) -> tuple[Assets, ...]:
    """Return where the works stand, in an answer or under a key of a webhook's body."""
    return (
        Assets(f"{under}images[].url", kind="image"),
        Assets(f"{under}video", url="url", kind="video", seconds="duration"),  # wan alone tells seconds
        Assets(f"{under}audio.url", kind="audio"),
    )


TOKEN = Token(
    call=Endpoint(
        method="POST",
        origin="https://rest.fal.ai",
        path="/storage/auth/token",
        query={"storage_type": "fal-cdn-v3"},
        auth=Header("Authorization", "Key "),
    ),
    token="token",
    expires="expires_at!iso",
)


ADAPTER = Adapter(
    name="fal",
    title="fal",
    page="docs.fal.ai",
    read="2026-11-28",
    base_url="https://queue.fal.run",
    api_key_env=("FAL_KEY",),
    auth=Header("Authorization", "Key "),
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/{wire_id}", reply=Reply(id="request_id", state="status", tells=QUEUE)),
        # A failed job is COMPLETED too; what a model says of its error stands at the result's address alone.
        poll=Endpoint(
            method="GET",
            link="status_url",
            query={"logs": "1"},
            reply=Reply(
                state="status",
                failed_if="error",
                failure=Fault(code="error_type", message="error"),
                tells={**QUEUE, "log": "logs[].message"},
            ),
        ),
        result=Endpoint(
            method="GET",
            link="response_url",
            verdict=True,
            reply=Reply(assets=results(""), tells={"seed": "seed"}),
        ),
        why=Endpoint(method="GET", link="response_url"),
        cancel=Endpoint(method="PUT", link="cancel_url"),
        webhook=Webhook(
            asked_by="?fal_webhook",
            reply=Reply(
                id="request_id",
                state="status",
                assets=results("payload."),
                failed_if="error",
                failure=Fault(code="payload.detail[].type", message=first("payload.detail[].msg", "error")),
                tells={"seed": "payload.seed"},
            ),
            signed=Signed(
                by="ed25519",
                over="{@x-fal-webhook-request-id}\n{@x-fal-webhook-user-id}\n{@x-fal-webhook-timestamp}\n{sha256}",
                signature="@x-fal-webhook-signature",
                written="hex",
                time="@x-fal-webhook-timestamp",
                keys=Endpoint(method="GET", origin="https://rest.fal.ai", path="/.well-known/jwks.json", keyed=False),
            ),
        ),
        states={
            "IN_QUEUE": State.QUEUED,
            "IN_PROGRESS": State.RUNNING,
            "COMPLETED": State.SUCCEEDED,
            "OK": State.SUCCEEDED,  # as a webhook says it
            "ERROR": State.FAILED,
        },
        pace=Pace(first=2, then=2, slower={60: 5}),  # our choice: the page names none
    ),
    fault=Fault(
        code=first("detail[].type", "error_type"),
        message=first("detail[].msg", "detail", "status"),  # the last of a cancel that comes too late
    ),
    request_id=("x-fal-request-id",),
    errors={
        Match("Exhausted balance", status=403): Cause.NO_CREDIT,
        "content_policy_violation": Cause.BLOCKED,
        # "happens at random and is free to repeat", as seen of films
        "no_media_generated": Err(Cause.FAILED, refund="yes", passing=True),
        # The queue's own errors: where the result should be they end the task; at a submit nobody knows what they mean.
        **dict.fromkeys(("request_timeout", "startup_timeout"), Err(Cause.FAILED, submit=Outcome.UNCERTAIN)),
    },
    upload=Upload(
        Step(
            call=Endpoint(
                method="POST",
                origin="https://v3.fal.media",
                path="/files/upload",
                auth=TOKEN,
                body="file",
                headers={
                    "Content-Type": "{type}",
                    "X-Fal-File-Name": "{name}",
                    "X-Fal-Object-Lifecycle": f'{{"expiration_duration_seconds": {LIFE}}}',
                },
            ),
            finds={"url": "access_url"},
        ),
        expires=LIFE,
        megabytes=100,  # what has more goes in parts
    ),
    refunds="yes",  # "only successes are billed"
    # The oldest of several dates: the last are of November.
    printed=Printed("2026-09", "fal's pages of the models, its pricing API, and clients of the live service"),
    price_quote=(
        # Of its units only these are mapped: megapixels and tokens are no field of a request.
        PriceQuote(
            call=Endpoint(
                method="GET",
                origin="https://api.fal.ai",
                path="/v1/models/pricing",
                query={"endpoint_id": "{wire_id}"},
            ),
            known={"prices[0].endpoint_id": "{wire_id}", "prices[0].currency": "USD"},
            usd="prices[0].unit_price",
            unit="prices[0].unit",
            units={"image": "count", "images": "count", "second": "duration", "seconds": "duration"},
        ),
        PriceQuote(
            call=Endpoint(method="POST", origin="https://api.fal.ai", path="/v1/models/pricing/estimate"),
            sends={"estimate_type": "historical_api_price", "endpoints": {"{wire_id}": {"call_quantity": 1}}},
            known={"currency": "USD"},
            usd="total_cost",
            doubt="what a call has cost so far, whatever its size and length",
        ),
    ),
    offers=(
        *flux.OFFERS,
        *nano_banana.OFFERS,
        *seedream.OFFERS,
        *imagen.OFFERS,
        *qwen.OFFERS,
        *z_image.OFFERS,
        *kling.OFFERS,
        *seedance.OFFERS,
        *veo.OFFERS,
        *wan.OFFERS,
        *speech.OFFERS,
        *music.OFFERS,
    ),
    gaps=(
        Gap("the lifetime of results", "the account's own setting: no date is shown"),
        Gap("rate limits", "a 429 is waited for"),
        Gap("bounds of prompts, texts, steps, and of a size in pixels but for seedream's", "none are held"),
        Gap("how many pictures one task makes, or takes, at most", "each that is made is a task; any number is taken"),
        Gap("the pixels of a size that is named", "a ratio is sent by the name that tells it"),
        Gap("what a megapixel is", "1024 × 1024, as the makers of FLUX count it in their own example"),
        Gap("how a ratio and a resolution go together at seedream", "no resolution is taken"),
        Gap("the words of imagen-4's formats; the field of qwen-image-2's pictures", "those of their sisters"),
        Gap("the base models of klein", "not offered; the wire id of 4b is inferred"),
        Gap(
            "the prices of flux-2-max, klein, imagen-4, qwen-image-2, z-image, seedance-2.0-mini, veo-3.1 and "
            "veo-3.1-fast in 4K, an edit with wan-2.7, and of speech and music but for two",
            "unknown, unless the provider tells them",
        ),
        Gap("the default length at seedance-2.0", "5 s, which is always sent"),
        Gap("the pixels of seedance-2.0 in other ratios than 16:9", "as many, as an estimate"),
        Gap("seconds billed with reference films at seedance-2.0", "the most, 15 s more, as an estimate"),
        Gap("that no more than 12 files are put in together at seedance-2.0", "the bounds of each kind alone are held"),
        Gap("what a film of several shots, and one with voices of its own, is billed at kling-3.0", "unknown"),
        Gap("all fields of veo-3.1 but its references", "a prompt"),
        Gap("the price of wan-2.7 with reference films, whose seconds are billed on top", "unknown"),
        Gap("how long a piece of music is in lyria-2", "30 s, for which the page names the price"),
        Gap("the fields of MiniMax's voice_setting and audio_setting", "given in extra"),
        Gap("the host that the answer with the token may name for uploads", "that of the page"),
        Gap("types and size of what is put in", "any picture, common films and sounds; none but wan's are held"),
        Gap("uploads of more than 100 MB", "not made"),
        Gap("which words a queue error of the runner has (runner_…)", "the HTTP status counts"),
        Gap("what the state of a canceled request is", "whatever is answered"),
        Gap("list of requests, idempotency key", "none"),
    ),
)
