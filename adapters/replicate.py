"""Replicate: predictions of any model, each with its links.

Page: replicate.com/docs, HTTP API; the pages of the models.
Odd: what is made is a list or a single text, by the model; moderation shows in the text of an error; a 429 says in its
body how long to wait; sizes are megapixels in words; small files stand in the body as data URIs, others are uploaded.
"""

from anymedia.declare import (
    UNKNOWN, Adapter, Cause, Choice, Endpoint, Err, Fault, Flag, Gap, Header, Lifecycle, Limits, Match, Offer, Pace,
    Param, Refund, Reply, Rule, Setting, Signed, State, Step, Text, Upload, Url, Webhook, Files, Whole,
)  # fmt: skip

RATIOS = ("1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3")
FORMATS = Choice({"webp": "webp", "jpeg": "jpg", "png": "png"})


IMAGES = Files(1, 8, forms=("url", "data", "upload"), inline=0.25)  # "below 256 KB"
KNOBS = {
    "safety_tolerance": Param("input.safety_tolerance", Whole(1, 5)),
    "output_quality": Param("input.output_quality", Whole(0, 100)),
}
FLEX = {**KNOBS, "prompt_upsampling": Param("input.prompt_upsampling", Flag())}


def flux_2(tier: str, knobs: dict[str, Param]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=f"black-forest-labs/flux-2-{tier}",
        params={
            "prompt": Param("input.prompt", Text(1), required=True),
            "images": Param("input.input_images", IMAGES),
            "aspect_ratio": Param(
                "input.aspect_ratio", Choice({"auto": "match_input_image"}, *RATIOS), default=UNKNOWN
            ),
            "resolution": Param("input.resolution", Choice({"1K": "1 MP", "2K": "4 MP"}), default=UNKNOWN),
            "seed": Param("input.seed", Whole()),
            "output_format": Param("input.output_format", FORMATS, default="webp"),
        },
        knobs=knobs,
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
    )


PREDICTION = Reply(
    id="id",
    state="status",
    assets="output[]",
    failure=Fault(message="error"),
    created="created_at!iso",
    completed="completed_at!iso",
    tells={"log": "logs"},
)

ADAPTER = Adapter(
    name="replicate",
    title="Replicate",
    page="replicate.com/docs",
    read="2026-11-28",
    base_url="https://api.replicate.com",
    api_key_env=("REPLICATE_API_TOKEN",),
    auth=Header("Authorization", "Bearer "),
    settings={"webhook_secret": Setting(env="REPLICATE_WEBHOOK_SECRET", secret=True, rotated=True)},
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/v1/models/{wire_id}/predictions", reply=PREDICTION),
        poll=Endpoint(method="GET", link="urls.get", reply=PREDICTION),
        cancel=Endpoint(method="POST", path="/v1/predictions/{id}/cancel"),
        states={
            "starting": State.QUEUED,
            "processing": State.RUNNING,
            "succeeded": State.SUCCEEDED,
            "failed": State.FAILED,
            "canceled": State.CANCELED,
            "aborted": Err(Cause.FAILED, refund=Refund.YES),  # "the deadline passed before the start; not charged"
        },
        webhook=Webhook(
            asked_by=Param("webhook", Url(https=True)),
            sends={"webhook_events_filter": ["completed"]},
            signed=Signed(
                by="hmac-sha256",
                over="{@webhook-id}.{@webhook-timestamp}.{@}",
                signature="@webhook-signature",
                prefix="v1,",
                time="@webhook-timestamp",  # how old it may be is not told: 300 s are our choice
                key="webhook_secret",
                key_written="whsec",
            ),
        ),
        pace=Pace(first=2, then=2, slower={60: 5}),  # our choice: the page names none
        expires=3600,
    ),
    fault=Fault(message="detail", retry_after="retry_after"),
    errors={Match("E005"): Cause.BLOCKED},
    upload=Upload(
        Step(
            call=Endpoint(method="POST", path="/v1/files", body="form"),
            sends={"content": "{file}"},
            finds={"url": "urls.get", "until": "expires_at!iso"},
        ),
        expires="until",
        megabytes=100,
    ),
    limits=Limits(submits=(600, 60), polls=(3000, 60)),
    offers=(flux_2("pro", KNOBS), flux_2("flex", FLEX)),
    gaps=(
        Gap("the prices of images", "unknown"),
        Gap("refunds of tasks that failed or were canceled", "counted as billed"),
        Gap("the ratio and resolution that are taken when none is given", "the provider's choice"),
        Gap("the bounds of flex's steps and guidance", "sent as given"),
        Gap("types of images put in", "every type is sent"),
        Gap("a size in pixels, which needs a further field", "not offered"),
        Gap("the stricter limit of accounts with less than $5 of credit: six submits a minute", "a 429 is waited for"),
        Gap("how old a webhook may be", "300 s"),
        Gap("list of tasks, idempotency key, the name of a request", "none"),
    ),
)
