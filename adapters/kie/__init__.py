"""kie.ai: one call that makes anything, and a record of it whose parts are JSON in texts.

Page: docs.kie.ai; prices of August 2026.
Odd: an error is mostly an HTTP 200 with a code of its own in the body; just after it was created a task is for a short
while not known; a seed of imagen4-fast is a number, where its sisters take a text; files are put in at another host,
where one of the same name replaces the one before.
"""

from anymedia.declare import (
    UNKNOWN, Adapter, Balance, Cause, Choice, Credit, Endpoint, Err, Fault, Gap, Header, Lifecycle, Limits, Offer,
    Outcome, Pace, Param, Price, Printed, Reply, Rule, Setting, Signed, State, Step, Table, Text, Upload, Webhook,
    Files, Whole, first, when,
)  # fmt: skip

FLUX_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
NANO_RATIOS = (
    *("auto", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"),
    *("1:4", "4:1", "1:8", "8:1"),  # the page says 14; these four are inferred from other sellers of the model
)
BY_UPLOAD = ("url", "upload")


def flux_2(tier: str, usd: dict[str, str]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        wire_id=when(images=f"flux-2/{tier}-image-to-image", otherwise=f"flux-2/{tier}-text-to-image"),
        params={
            "prompt": Param("input.prompt", Text(3, 5000), required=True),
            "images": Param("input.input_urls", Files(1, 8, forms=BY_UPLOAD)),
            # Required on the wire, and no page names a default: 1:1 and 1K are our choice.
            "aspect_ratio": Param("input.aspect_ratio", Choice(*FLUX_RATIOS, "auto"), default="1:1", always_sent=True),
            "resolution": Param("input.resolution", Choice("1K", "2K"), default="1K", always_sent=True),
            "moderation": Param("input.nsfw_checker", Choice({"off": False, "standard": True}), default="off"),
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", usd),
    )


ADAPTER = Adapter(
    name="kie",
    title="kie.ai",
    page="docs.kie.ai",
    read="2026-11-28",
    base_url="https://api.kie.ai",
    api_key_env=("KIE_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    settings={"webhook_key": Setting(env="KIE_WEBHOOK_KEY", secret=True, rotated=True)},
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            path="/api/v1/jobs/createTask",
            model="model",
            reply=Reply(ok=("code", 200), id="data.taskId"),
        ),
        poll=Endpoint(
            method="GET",
            path="/api/v1/jobs/recordInfo",
            query={"taskId": "{id}"},
            not_yet=(422, 90),  # "recordInfo is null", for a short while just after create
            reply=Reply(
                ok=("code", 200),
                id="data.taskId",
                state="data.state",
                assets="data.resultJson!json.resultUrls[]",
                failure=Fault(code="data.failCode", message="data.failMsg"),
                created="data.createTime!ms",
                completed="data.completeTime!ms",
                credits="data.creditsConsumed",
                tells={"progress": "data.progress!percent"},
            ),
        ),
        states={
            "waiting": State.QUEUED,
            "queuing": State.QUEUED,
            "generating": State.RUNNING,
            "success": State.SUCCEEDED,
            "fail": State.FAILED,
        },
        # Signed where the account has set a key, and then no more than the id is.
        webhook=Webhook(
            asked_by="callBackUrl",
            reply=Reply(id=first("data.taskId", "data.task_id"), state="data.state"),
            signed=Signed(
                by="hmac-sha256",
                over="{id}.{@x-webhook-timestamp}",
                signature="@x-webhook-signature",
                time="@x-webhook-timestamp",  # how old it may be is not told: 300 s are our choice
                key="webhook_key",
            ),
        ),
        pace=Pace(first=2, then=3, slower={30: 5, 120: 15}),  # "2-3 s in the first 30 s, then 5-10 s, then 15-30 s"
        expires=86_400,  # "usually 24 hours"
    ),
    fault=Fault(code="code", message=first("msg", "message")),
    errors={
        402: Cause.NO_CREDIT,
        433: Cause.NO_CREDIT,  # a key of a sub-account that is over its cap
        **dict.fromkeys((455, 505), Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED)),  # maintenance, feature disabled
    },
    upload=Upload(
        Step(
            call=Endpoint(
                method="POST",
                origin="https://kieai.redpandaai.co",
                path="/api/file-stream-upload",
                body="form",
                reply=Reply(ok=("code", 200)),
            ),
            sends={"file": "{file}", "uploadPath": "anymedia", "fileName": "{sha256}-{name}"},
            finds={"url": first("data.downloadUrl", "data.fileUrl")},
        ),
        expires=3 * 86_400,
    ),
    refunds="yes",  # "failed tasks consume 0"
    printed=Printed("2026-08-19", "docs.kie.ai, prices"),
    credit=Credit("0.005"),
    balance=Balance(path="/api/v1/chat/credit", ok=("code", 200), credits="data"),
    limits=Limits(submits=(20, 10), polls=(10, 1)),
    offers=(
        flux_2("pro", {"1K": "0.025", "2K": "0.035"}),
        flux_2("flex", {"1K": "0.07", "2K": "0.12"}),
        Offer(
            name="nano-banana-2",
            params={
                "prompt": Param("input.prompt", Text(1, 20_000), required=True),
                "images": Param("input.image_input", Files(1, 14, forms=BY_UPLOAD)),
                "aspect_ratio": Param("input.aspect_ratio", Choice(*NANO_RATIOS), default="auto"),
                "resolution": Param("input.resolution", Choice("1K", "2K", "4K"), default="1K"),
                "output_format": Param("input.output_format", Choice({"png": "png", "jpeg": "jpg"}), default="jpeg"),
            },
            prices=Table("resolution", {"1K": "0.04", "2K": "0.06", "4K": "0.09"}),
        ),
        Offer(
            name="imagen-4-fast",
            wire_id="google/imagen4-fast",
            params={
                "prompt": Param("input.prompt", Text(1, 5000), required=True),
                "negative_prompt": Param("input.negative_prompt", Text(0, 5000)),
                "aspect_ratio": Param(
                    "input.aspect_ratio", Choice("1:1", "16:9", "9:16", "3:4", "4:3", "auto"), default="16:9"
                ),
                "seed": Param("input.seed", Whole()),
            },
            prices=Price("0.02"),
        ),
        Offer(
            name="z-image",
            params={
                "prompt": Param("input.prompt", Text(1, 1000), required=True),
                "aspect_ratio": Param(
                    "input.aspect_ratio",
                    Choice("1:1", "4:3", "3:4", "16:9", "9:16"),
                    default="1:1",  # required, and no page names one: our choice
                    always_sent=True,
                ),
                "moderation": Param("input.nsfw_checker", Choice({"off": False, "standard": True}), default=UNKNOWN),
            },
            prices=Price("0.004"),
        ),
    ),
    gaps=(
        Gap("what a fail code means", "every failure is `failed`, but for the codes of errors"),
        Gap("whether 408, 500 and 501 at a submit cost anything", "uncertain"),
        Gap("defaults where the wire requires a field", "1:1 and 1K"),
        Gap("types, size and number of pixels of what is put in", "none are held"),
        Gap("how old a webhook may be, and when one comes again", "300 s; twice and out of order are expected"),
        Gap("cancel, list of tasks, idempotency key, headers of the rate limits", "none"),
    ),
)
