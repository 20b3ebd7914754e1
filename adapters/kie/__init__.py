"""kie.ai: one call that makes anything, and a record of it whose parts are JSON in texts; a file a family holds what is
sold.

Page: docs.kie.ai, as read on 2026-11-28; prices of August to October 2026.
Odd: an error is mostly an HTTP 200 with a code of its own in the body; just after it was created a task is for a short
while not known; veo has a route of its own, with states in numbers; files are put in at another host, where one of the
same name replaces the one before; a webhook is signed over the id alone, so that it is no more than a hint.
"""

from anymedia.declare import (
    Adapter, Assets, Balance, Cause, Credit, Endpoint, Err, Fault, Gap, Header, Lifecycle, Limits, Outcome, Pace,
    Printed, Reply, Setting, Signed, State, Step, Upload, Webhook, first,
)  # fmt: skip

from . import flux, gpt_image, imagen, kling, nano_banana, qwen, seedance, seedream, speech, suno, veo, wan

CREATED = Reply(ok=("code", 200), id="data.taskId")
NOT_YET = (422, 90)  # "recordInfo is null", for a short while just after create
PACE = Pace(first=2, then=3, slower={30: 5, 120: 15})  # "2-3 s in the first 30 s, then 5-10 s, then 15-30 s"
DAY = 86_400  # links die "usually after 24 hours"

# Signed where the account has set a key, and then no more than the id is.
TOLD_OF = first("data.taskId", "data.task_id")
WEBHOOK = Webhook(
    asked_by="callBackUrl",
    reply=Reply(
        ok=("code", 200, 501),  # 501 tells of a failure
        id=TOLD_OF,
        state="data.state",
        failure=Fault(code="data.failCode", message="data.failMsg"),
        credits="data.consumeCredits",
    ),
    signed=Signed(
        by="hmac-sha256",
        over="{id}.{@x-webhook-timestamp}",
        signature="@x-webhook-signature",
        time="@x-webhook-timestamp",  # how old it may be is not told: 300 s are our choice
        key="webhook_key",
    ),
)

VEO = Lifecycle(
    submit=Endpoint(method="POST", path="/api/v1/veo/generate", model="model", reply=CREATED),
    poll=Endpoint(
        method="GET",
        path="/api/v1/veo/record-info",
        query={"taskId": "{id}"},
        not_yet=NOT_YET,  # told of the other route
        reply=Reply(
            ok=("code", 200),
            id="data.taskId",
            state="data.successFlag",
            assets="data.response.resultUrls[]",
            failure=Fault(code="data.errorCode", message="data.errorMessage"),
            credits="data.creditsConsumed",  # told of the other route
        ),
    ),
    states={"0": State.RUNNING, "1": State.SUCCEEDED, "2": State.FAILED, "3": State.FAILED},
    webhook=Webhook(asked_by="callBackUrl", reply=Reply(id=TOLD_OF), signed=WEBHOOK.signed),
    pace=PACE,
    expires=DAY,
)

ADAPTER = Adapter(
    name="kie",
    title="kie.ai",
    page="docs.kie.ai",
    read="2026-11-28",
    base_url="https://api.kie.ai",
    api_key_env=("KIE_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    settings={"webhook_key": Setting(env="KIE_WEBHOOK_KEY", secret=True, rotated=True)},  # our choice of name
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/api/v1/jobs/createTask", model="model", reply=CREATED),
        poll=Endpoint(
            method="GET",
            path="/api/v1/jobs/recordInfo",
            query={"taskId": "{id}"},
            not_yet=NOT_YET,
            reply=Reply(
                ok=("code", 200),
                id="data.taskId",
                state="data.state",
                assets=(
                    Assets("data.resultJson!json.resultUrls[]"),
                    Assets(
                        "data.resultJson!json.data[]", url="audio_url", kind="audio", title="title", seconds="duration"
                    ),
                    Assets("data.resultJson!json.data[].image_url", role="cover"),
                    Assets("data.resultJson!json.lastFrameUrl", role="last_frame"),  # where it stands is not told
                ),
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
        webhook=WEBHOOK,
        pace=PACE,
        expires=DAY,
    ),
    lifecycles={"veo": VEO},
    fault=Fault(code="code", message=first("msg", "message")),
    errors={
        402: Cause.NO_CREDIT,
        433: Cause.NO_CREDIT,  # a key of a sub-account that is over its cap
        455: Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED),  # maintenance
        505: Cause.REJECTED,  # "feature disabled", which no waiting changes
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
        expires=3 * DAY,
    ),
    refunds="yes",  # "failed tasks consume 0"
    printed=Printed("2026-08-19", "docs.kie.ai, prices"),
    credit=Credit("0.005"),
    balance=Balance(path="/api/v1/chat/credit", ok=("code", 200), credits="data"),
    limits=Limits(submits=(20, 10), polls=(10, 1)),
    offers=(
        *flux.OFFERS,
        *gpt_image.OFFERS,
        *nano_banana.OFFERS,
        *seedream.OFFERS,
        *imagen.OFFERS,
        *qwen.OFFERS,
        *kling.OFFERS,
        *seedance.OFFERS,
        *wan.OFFERS,
        *veo.OFFERS,
        *suno.OFFERS,
        *speech.OFFERS,
    ),
    gaps=(
        Gap("what a fail code means", "every failure is `failed`, but for the codes of errors"),
        Gap("whether 408, 500 and 501 at a submit cost anything", "uncertain"),
        Gap("defaults where the wire requires a field", "1:1, 1K or the least quality, one shot of 5 s"),
        Gap(
            "types, size and pixels of what is put in, but at seedance", "every picture is, and common films and sounds"
        ),
        Gap("at seedance the ratio of a picture, 0.4 to 2.5, and how long films and sounds are", "not held"),
        Gap("that films and pictures of wan-2.7 are five together at most", "five of each"),
        Gap("where a last frame stands among the results", "lastFrameUrl, else a link that ends as a picture's"),
        Gap("the price of an image that is put in at seedream-5-pro", "that of ten, as an estimate"),
        Gap("what sound costs at seedance-2.5, and what reference films do", "the price is unknown"),
        Gap("the price of seedance-2.0-mini, of veo at 4K, and of speech", "unknown"),
        Gap("seconds billed with reference films at seedance-2.0", "the most, 15 s more, as an estimate"),
        Gap("whether the seconds of films that are put in are billed at wan-2.7", "they are not, as an estimate"),
        Gap("bounds of veo's prompts and of seeds", "none"),
        Gap("the answers of veo's route but for its flag and its results", "those of the other route"),
        Gap("the fields of kling-3.0-omni and kling v3-turbo in full", "not offered"),
        Gap("extending a clip of veo, and its larger sizes once it is made", "not offered"),
        Gap("a fresh link for a result whose link has died", "results are fetched at once"),
        Gap("how old a webhook may be, and when one comes again", "300 s; twice and out of order are expected"),
        Gap("cancel, list of tasks, idempotency key, headers of the rate limits", "none"),
    ),
)
