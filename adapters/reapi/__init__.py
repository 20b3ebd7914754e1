"""reAPI: task ids at once, integer error codes, prices in whole credits; a file of this folder for each family.

Page: reAPI's API documentation; video, music and newer picture models from the site's own validators, July 2026.
Odd: Idempotency-Key is accepted and does not deduplicate; a moderated prompt is a 400 that cannot be told from an
invalid value; messages are not stable, so codes alone are believed.
"""

from anymedia.declare import (
    Adapter, Assets, Balance, Cause, Credit, Endpoint, Err, Fault, Gap, Header, Lifecycle, Outcome, Pace, Printed,
    Refund, Reply, State, first,
)  # fmt: skip

from . import flux, gpt_image, imagen, kling, nano_banana, qwen, seedance, seedream, suno, veo, wan, z_image

ERROR = Fault(code="error.code", message="error.message", request_id="error.request_id")
TASK = Reply(
    id=first("id", "data[0].task_id"),  # the second in samples of veo, perhaps a slip of theirs
    state="status",
    assets=(
        Assets("output.image_urls[]", kind="image"),
        Assets("output.video_urls[]", kind="video"),
        Assets("output.last_frame_url", role="last_frame"),
        # Of songs the tracks tell more, in step with the links; a link that stands at both is one song.
        Assets("output.tracks[]", url="url", kind="audio", title="title", seconds="duration"),
        Assets("output.audio_urls[]", kind="audio"),
    ),
    failure=ERROR,
    created="created_at!s",
    credits="usage.credits",  # not on the page; seen by clients of the live service
)

ADAPTER = Adapter(
    name="reapi",
    title="reAPI",
    page="reAPI documentation",
    read="2026-11-20",
    base_url="https://reapi.ai",
    api_key_env=("REAPI_API_KEY", "REAPI_KEY"),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/api/v1/images/generations", model="model", reply=TASK),
        poll=Endpoint(method="GET", path="/api/v1/tasks/{id}", reply=TASK),
        states={
            "processing": State.RUNNING,
            "completed": State.SUCCEEDED,
            "failed": State.FAILED,
            "queued": State.QUEUED,  # these two are not on the page; third parties tolerate them
            "pending": State.QUEUED,
        },
        # "each 3-5 s; after 3 min back off to 10 s, at most 30 s"
        pace=Pace(first=5, then=4, slower={180: 10, 600: 30}),
        expires=7 * 86_400,
    ),
    fault=ERROR,
    errors={
        **dict.fromkeys((10001, 10002, 10003, 10004, 10005), Cause.BAD_API_KEY),
        10006: Cause.REJECTED,  # 403, "origin not allowed": it is this call that is not
        **dict.fromkeys((20001, 20002, 20003, 20004, 20005, 20006, 20007), Cause.REJECTED),
        30001: Cause.NO_CREDIT,
        30002: Cause.REJECTED,  # the price of this model cannot be determined
        40001: Cause.NOT_FOUND,
        50001: Cause.RATE_LIMITED,
        **dict.fromkeys((60001, 60002, 70001, 70002), Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED)),  # refunded
        60099: Err(Cause.UNAVAILABLE, submit=Outcome.UNCERTAIN),  # "the charge is uncertain"
        **dict.fromkeys((80001, 80002, 80003), Err(Cause.FAILED, refund=Refund.YES)),
        80006: Cause.BLOCKED,
    },
    refunds="yes",  # "refunded once, before a poll can see failed"
    printed=Printed("2026-07-28", "reAPI price table"),
    credit=Credit("0.001", whole=True),
    balance=Balance(path="/api/v1/balance", credits="balance"),
    offers=(
        *flux.OFFERS,
        *gpt_image.OFFERS,
        *nano_banana.OFFERS,
        *seedream.OFFERS,
        *imagen.OFFERS,
        *qwen.OFFERS,
        *z_image.OFFERS,
        *kling.OFFERS,
        *seedance.OFFERS,
        *veo.OFFERS,
        *wan.OFFERS,
        *suno.OFFERS,
    ),
    gaps=(
        Gap("the code of a moderated prompt", "counts as invalid"),
        Gap("rate limit figures; pixel sizes and format of flux-2"),
        Gap("the charge of an edit without a size", "the dearest ratio is taken, as an estimate"),
        Gap("the charge of a size in pixels, and how it is snapped", "the price is unknown"),
        Gap("whether gpt-image-2 has the pixel grid of gpt-image-2-official", "taken to have it"),
        Gap("the HTTP status of 60001, 60002, 70001, 70002", "the code alone counts"),
        Gap("which ten ratios gemini takes, which eight seedream; the default of gemini's resolution", "Google's; 1K"),
        Gap("seconds billed with a reference video at seedance", "the most, 15 s more, as an estimate"),
        Gap("what a film of several shots is billed at kling", "the price is unknown"),
        Gap("a second of veo3.1-fast-official; wan2.7-video at 720P", "the price is unknown"),
        Gap("which files go together at wan2.7-video", "those of one mode"),
        Gap("whether songs before V6 are still served, and their bounds", "offered, with those of V6"),
        Gap("how a song in custom mode has no voice", "style in place of lyrics"),
        Gap("cancel, upload, webhooks", "none"),
    ),
)
