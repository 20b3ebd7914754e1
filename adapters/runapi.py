"""RunAPI: a path a model and action, prices in cents, and the one provider that honours an idempotency key.

Page: RunAPI's client library and its validators; prices of 2026-07-23.
Odd: resolutions in lower case; three shapes of errors; the poll's path is the submit's with the id behind it; the
product page's example posts a text model to remix_image, which every validating client refuses.
"""

from anymedia.declare import (
    UNKNOWN, Adapter, Balance, Cause, Choice, Endpoint, Err, Fault, Files, Gap, Header, Idempotency, Lifecycle, Match,
    Offer, Outcome, Pace, Param, Price, PriceQuote, Printed, Reply, Rule, Setting, Signed, State, Step, Table, Text,
    Upload, Webhook, first, when,
)  # fmt: skip

FLUX_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
GPT_RATIOS = (
    *("auto", "1:1", "3:2", "2:3", "4:3", "3:4", "5:4", "4:5"),
    *("16:9", "9:16", "2:1", "1:2", "3:1", "1:3", "21:9", "9:21"),
)
CHECKER = Param("enable_safety_checker", Choice({"off": False, "standard": True}), default=UNKNOWN)
EDIT_16 = 'the page\'s "4k 16 (edit 16)" may mean edits of any size or of 4k alone; the dearer is taken'
FORMS = ("url", "upload")  # "base64 in a task body: no"
FLUX_PATH = when(images="/api/v1/flux_2/remix_image", otherwise="/api/v1/flux_2/text_to_image")


def flux_2(tier: str, usd: dict[str, str]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=when(images=f"flux-2-{tier}-remix-image", otherwise=f"flux-2-{tier}-text-to-image"),
        path=FLUX_PATH,
        params={
            "prompt": Param("prompt", Text(3, 5000), required=True),
            "aspect_ratio": Param("aspect_ratio", Choice(*FLUX_RATIOS, "auto"), default=UNKNOWN),
            "resolution": Param("output_resolution", Choice({"1K": "1k", "2K": "2k"}), default=UNKNOWN),
            "images": Param("source_image_urls", Files(1, 8, forms=FORMS)),
            "moderation": CHECKER,
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", usd),
    )


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

TASK = Reply(
    id="id",
    state="status",
    assets={"image": "images[].url", "video": "videos[].url", "audio": "audios[].url"},
    failure=Fault(message="error"),
    usd="usage.cost",
    replayed="task_replayed",
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
        states={
            "pending": State.QUEUED,
            "processing": State.RUNNING,
            "completed": State.SUCCEEDED,
            "failed": State.FAILED,
        },
        # Of May 2026, and nothing newer; only asynchronous actions have it, as all are here.
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
        pace=Pace(first=2, then=2, slower={60: 4, 180: 10}),  # the library: each 2 s; slower later is our choice
        expires=7 * 86_400,
    ),
    fault=Fault(code="error.code", message=first("error.message", "error"), fields="errors"),
    request_id=("x-request-id",),
    errors={Match("No active channel", status=503): Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED)},
    refunds="yes",  # "failed generations are not charged"
    printed=Printed("2026-07-23", "RunAPI price schedules"),
    balance=Balance(path="/api/v1/me/balance", usd="balance_cents!cents"),
    price_quote=PriceQuote(
        path="/api/v1/price_quotes",
        of="/api/v1/{service}/{action}",
        body={"service": "{service}", "action": "{action}", "model": "{wire_id}", "params": "{body}"},
        known={"price_quote.pricing_status": "available", "price_quote.currency": "USD"},
        usd="price_quote.reservation_amount_cents!cents",
        date="price_quote.as_of!iso",
        changes="/api/v1/price_schedules",
    ),
    upload=UPLOAD,
    idempotency=Idempotency("Idempotency-Key", window=120),  # how long a key is remembered is unknown: our choice
    offers=(
        flux_2("pro", {"1K": "0.05", "2K": "0.07"}),
        flux_2("flex", {"1K": "0.14", "2K": "0.24"}),
        Offer(
            name="flux-2-max",
            wire_id=when(images="flux-2-max-remix-image", otherwise="flux-2-max-text-to-image"),
            path=FLUX_PATH,
            params={
                "prompt": Param("prompt", Text(3, 5000), required=True),
                # Required on the wire, and no page names a default: 1:1 is our choice, here and at z-image.
                "aspect_ratio": Param("aspect_ratio", Choice(*FLUX_RATIOS), default="1:1", always_sent=True),
                "resolution": Param("output_resolution", Choice({"1K": "1k"}), default="1K"),
                "images": Param("source_image_urls", Files(1, 1, forms=FORMS)),
            },
        ),
        Offer(
            name="gpt-image-2",
            path=when(images="/api/v1/gpt_image_2/edit_image", otherwise="/api/v1/gpt_image_2/text_to_image"),
            params={
                "prompt": Param("prompt", Text(1), required=True),
                "aspect_ratio": Param("aspect_ratio", Choice(*GPT_RATIOS), default=UNKNOWN),
                "resolution": Param("output_resolution", Choice({"1K": "1k", "2K": "2k", "4K": "4k"}), default=UNKNOWN),
                "images": Param("source_image_urls", Files(1, forms=FORMS)),
            },
            prices=Table(
                "variant resolution",
                {("text", "1K"): "0.06", ("text", "2K"): "0.10", ("text", "4K"): "0.16", ("images", "4K"): "0.16"}
                | {("images", tier): Price("0.16", doubt=EDIT_16) for tier in ("1K", "2K")},
            ),
        ),
        Offer(
            name="z-image",
            path="/api/v1/z_image/text_to_image",
            params={
                "prompt": Param("prompt", Text(1, 1000), required=True),
                "aspect_ratio": Param(
                    "aspect_ratio", Choice("1:1", "4:3", "3:4", "16:9", "9:16"), default="1:1", always_sent=True
                ),
                "moderation": CHECKER,
            },
            prices=Price("0.01"),
        ),
    ),
    gaps=(
        Gap("the price of flux-2-max", "unknown"),
        Gap("defaults of ratio and resolution", "where the wire requires a ratio, 1:1; priced at the dearest"),
        Gap("how long an idempotency key is remembered", "replayed within two minutes"),
        Gap("the price of an edit with gpt-image-2", "the dearer reading of the page"),
        Gap("the wire ids of gpt-image-2 and z-image", "their plain names"),
        Gap("which types and sizes of files are taken", "every one is"),
        Gap("when a webhook that was not answered comes again", "twice and out of order are expected"),
        Gap("rate figures, list of tasks, cancel"),
    ),
)
