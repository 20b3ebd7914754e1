"""RunAPI: a path a model and action, prices in cents, and the one provider that honours an idempotency key.

Page: RunAPI's client library and its validators; prices of 2026-07-23. A file a family holds what is sold.
Odd: resolutions in lower case; three shapes of errors; the poll's path is the submit's with the id behind it, but for
synchronous actions, which answer with the result, or with where to look; the product page's example posts a text model
to remix_image, which every validating client refuses.
"""

from anymedia.declare import (
    Adapter, Assets, Balance, Cause, Endpoint, Err, Fault, Gap, Header, Idempotency, Lifecycle, Match, Outcome, Pace,
    PriceQuote, Printed, Reply, Setting, Signed, State, Step, Upload, Webhook, first,
)  # fmt: skip

from . import flux, gpt_image, imagen, kling, nano_banana, seedance, seedream, speech, suno, veo, wan

# "PUT the bytes to upload_url with exactly those headers and without the key, once"
UPLOAD = Upload(
    Step(
        call=Endpoint(method="POST", path="/api/v1/files/prepare"),
        sends={"filename": "{name}", "byte_size": "{size}", "checksum": "{md5}"},
        finds={"id": "signed_id", "to": "upload_url", "headers": "headers"},
    ),
    Step(call=Endpoint(method="PUT", link="to", body="file", keyed=False), headers="headers"),
    Step(
        call=Endpoint(method="POST", path="/api/v1/files/confirm"),
        sends={"signed_id": "{id}"},
        finds={"url": "url", "expires": "expires_at!iso"},
    ),
    expires="expires",
)

ERROR = Fault(code="error.code", message=first("error.message", "error"), fields="errors")
TASK = Reply(
    id="id",
    state="status",
    assets=(
        Assets("images[].url", kind="image"),
        Assets("videos[].url", kind="video"),
        Assets("audios[]", url=first("audio_url", "url"), kind="audio", title="title", seconds="duration"),
        Assets("audios[].image_url", role="cover"),
        Assets("last_frame_image_url", role="last_frame"),
    ),
    failure=Fault(message="error"),
    usd="usage.cost",
    replayed="task_replayed",
)

PACE = Pace(first=2, then=2, slower={60: 4, 180: 10})  # the library: each 2 s; slower later is our choice
WEEK = 7 * 86_400

STATES = {
    "pending": State.QUEUED,
    "processing": State.RUNNING,
    "completed": State.SUCCEEDED,
    "failed": State.FAILED,
}

# "200 with the finished body, or 202 with Location and Retry-After": the id may stand in a header alone, be it as the
# last part of the Location. Such actions have no callback_url.
AT_ONCE = Lifecycle(
    submit=Endpoint(
        method="POST",
        model="model",
        timeout=300,  # our choice: the answer is waited for until it is spoken
        reply=Reply(
            id=first("id", "@x-runapi-task-id", "@location!tail"),
            state="status",
            succeeded_if="audios[]",
            assets="audios[].url",
            failure=ERROR,
            usd="usage.cost",
            replayed="task_replayed",
        ),
    ),
    poll=Endpoint(
        method="GET",
        link="@location",
        path="/api/v1/tasks/{id}",
        reply=Reply(
            id="id",
            state="status",
            assets=first("response.body.audios[].url", "response.body!json.audios[].url"),
            # Of an action that was refused the task is completed, and the response within is the error's.
            failed_if=first("response.body.error[]", "response.body!json.error[]"),
            failure=Fault(
                code=first("error.code", "response.body.error.code", "response.body!json.error.code"),
                message=first(
                    *("error.message", "error"),
                    *("response.body.error.message", "response.body.error"),
                    *("response.body!json.error.message", "response.body!json.error"),
                ),
                fields=first("response.body.errors", "response.body!json.errors"),
            ),
            usd=first("usage.cost", "response.body.usage.cost", "response.body!json.usage.cost"),
        ),
    ),
    states=STATES,
    pace=PACE,
    expires=WEEK,
)

ADAPTER = Adapter(
    name="runapi",
    title="RunAPI",
    page="RunAPI client library",
    read="2026-11-20",
    base_url="https://runapi.ai",
    api_key_env=("RUNAPI_API_KEY", "RUNAPI_KEY"),  # the library's, and the product page's
    auth=Header("Authorization", "Bearer "),
    settings={"webhook_secret": Setting(env="RUNAPI_WEBHOOK_SECRET", secret=True, rotated=True)},  # our choice of name
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", model="model", reply=TASK),
        poll=Endpoint(method="GET", path="{path}/{id}", reply=TASK),
        states=STATES,
        # Of May 2026, and nothing newer; only asynchronous actions have it.
        webhook=Webhook(
            asked_by="callback_url",
            signed=Signed(
                by="hmac-sha256",
                over="{@x-callback-id}.{@x-callback-timestamp}.{@}",
                signature="@x-callback-signature",
                time="@x-callback-timestamp",
                key="webhook_secret",
                key_written="base64",
            ),
        ),
        pace=PACE,
        expires=WEEK,
    ),
    lifecycles={"at_once": AT_ONCE},
    fault=ERROR,
    request_id=("x-request-id",),
    errors={Match("No active channel", status=503): Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED)},
    refunds="yes",  # "failed generations are not charged"
    printed=Printed("2026-07-23", "RunAPI price schedules"),
    balance=Balance(path="/api/v1/me/balance", usd="balance_cents!cents"),
    price_quote=PriceQuote(
        call=Endpoint(method="POST", path="/api/v1/price_quotes", keyed=False),
        of="/api/v1/{service}/{action}",
        sends={"service": "{service}", "action": "{action}", "model": "{wire_id}", "params": "{body}"},
        known={"price_quote.pricing_status": "available", "price_quote.currency": "USD"},
        usd="price_quote.reservation_amount_cents!cents",
        date="price_quote.as_of!iso",
        changes="/api/v1/price_schedules",
    ),
    upload=UPLOAD,
    idempotency=Idempotency("Idempotency-Key", window=120),  # how long a key is remembered is unknown: our choice
    offers=(
        *flux.OFFERS,
        *gpt_image.OFFERS,
        *nano_banana.OFFERS,
        *seedream.OFFERS,
        *imagen.OFFERS,
        *kling.OFFERS,
        *seedance.OFFERS,
        *veo.OFFERS,
        *wan.OFFERS,
        *suno.OFFERS,
        *speech.OFFERS,
    ),
    gaps=(
        Gap(
            "the prices of flux-2-max, qwen-2, seedance-2.0-fast and 2.5, suno-v6, and of speech but for tts-1",
            "unknown, unless the provider tells them",
        ),
        Gap(
            "the unit of prices of films and of tts-1",
            "a second, and a begun thousand of characters: estimates until the provider is asked",
        ),
        Gap("seconds billed with reference films at seedance-2.0", "the most, 15 s more, as an estimate"),
        Gap(
            "defaults of pictures: ratio, resolution and format",
            "where the wire requires a ratio, 1:1 or auto; a quality, the least; priced at the dearest",
        ),
        Gap("defaults of films: length, size and sound", "5 s, 720p and silent, which are always sent; ratio: none"),
        Gap("the accent of a voice of gemini-3.1-flash-tts", "neutral"),
        Gap(
            "bounds of seedance-2.0's and veo's prompts, of seeds, weights, and of what kie.ai alone tells",
            "none; those of an int of 32 bits; 0 to 1; kie.ai's",
        ),
        Gap("how long an idempotency key is remembered", "replayed within two minutes"),
        Gap("the price of an edit with gpt-image-2", "the dearer reading of the page"),
        Gap(
            "the wire ids of gpt-image-2 and z-image, and of an edit with qwen-2", "their names, and qwen-2-edit-image"
        ),
        Gap("the paths of seedream and imagen-4", "as those of their sisters"),
        Gap("which types and sizes of files are taken", "every picture is, and common films and sounds"),
        Gap(
            "what is told of a synchronous action that failed",
            "a state at once or at a look, or an error in the response that a look holds",
        ),
        Gap("when a webhook that was not answered comes again", "twice and out of order are expected"),
        Gap("rate figures, list of tasks, cancel"),
    ),
)
