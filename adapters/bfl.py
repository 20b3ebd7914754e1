"""Black Forest Labs, the makers of FLUX: pixels in place of ratios, images in numbered fields, prices by the megapixel.

Page: docs.bfl.ai; prices of November 2026.
Odd: a task is looked at on the host that its submit names; moderation is a state of its own, and so is an id that is
not known, which is not to say that the task failed; results live for ten minutes.
"""

from anymedia.declare import (
    Adapter, Balance, Cause, Choice, Credit, Endpoint, Err, Fault, Flag, Gap, Header, Lifecycle, Limits, Match, Number,
    Offer, Pace, Param, PerMegapixel, Pixels, Printed, Reply, Setting, Signed, Size, State, Text, Url, Webhook, Files,
    Whole, first, numbered,
)  # fmt: skip


TOLERANCE = {"safety_tolerance": Param("safety_tolerance", Whole(0, 5), default=2)}
FLEX = {
    **TOLERANCE,
    "prompt_upsampling": Param("prompt_upsampling", Flag(), default=True),
    "guidance": Param("guidance", Number(1.5, 10)),
    "steps": Param("steps", Whole(1, 50), default=50),
}


def flux_2(tier: str, images: int, prices: PerMegapixel, knobs: dict[str, Param] = TOLERANCE) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        params={
            "prompt": Param("prompt", Text(1), required=True),
            "images": Param(
                numbered("input_image", "input_image_{n}"),
                # Base64 alone, in the body; the bounds are inferred.
                Files(1, images, forms=("url", "base64"), megabytes=20, megapixels=20, inline=20),
            ),
            "size": Param("", Size(least=64, step=16, megapixels=4)),
            "seed": Param("seed", Whole()),
            "output_format": Param("output_format", Choice("jpeg", "png"), default="jpeg"),
        },
        knobs=knobs,
        # Which ratio and resolution stand in for the one that is not given is our choice.
        shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="1:1", resolution="1K"),
        prices=prices,
    )


ADAPTER = Adapter(
    name="bfl",
    title="Black Forest Labs",
    page="docs.bfl.ai",
    read="2026-11-28",
    base_url="https://api.bfl.ai",
    api_key_env=("BFL_API_KEY",),
    auth=Header("x-key"),
    settings={"webhook_secret": Setting(env="BFL_WEBHOOK_SECRET", secret=True, rotated=True)},  # ours to choose
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/v1/{wire_id}", reply=Reply(id="id")),
        poll=Endpoint(
            method="GET",
            link="polling_url",
            hosts=("bfl.ai", "bfl.ml"),
            reply=Reply(
                id="id",
                state="status",
                assets="result.sample",
                # "Moderation Reasons"; where a plain failure says why is not told
                failure=Fault(message="details.*[]"),
                credits="cost",
                tells={"progress": "progress", "seed": "result.seed"},
            ),
        ),
        states={
            "Pending": State.RUNNING,
            "Ready": State.SUCCEEDED,
            "Error": State.FAILED,
            "Request Moderated": Err(Cause.BLOCKED),
            "Content Moderated": Err(Cause.BLOCKED),
            "Task not found": Err(Cause.NOT_FOUND),
        },
        # Unproven live. It has no polling_url, and its time is not in a header: only its id tells a replay.
        webhook=Webhook(
            asked_by=Param("webhook_url", Url(https=True)),
            sends={"webhook_secret": "{webhook_secret}"},  # without one it is not signed
            reply=Reply(
                id="id",
                state="status",
                assets="result.sample",
                failure=Fault(code="error", message="message"),
                tells={"seed": "result.seed"},
            ),
            signed=Signed(
                by="hmac-sha256",
                over="{@}",
                signature="@x-bfl-signature",
                written="hex",
                prefix="sha256=",
                key="webhook_secret",
            ),
        ),
        pace=Pace(first=2, then=1, slower={30: 3}),  # our choice: the page names none
        expires=600,
    ),
    # Two shapes are written up, and neither is told to be the only one.
    fault=Fault(code=first("detail[].type", "error"), message=first("detail[].msg", "detail", "message")),
    errors={Match("", status=403): Cause.BAD_API_KEY},  # what else it may be is not told, nor what a wrong key gets
    printed=Printed("2026-11-28", "docs.bfl.ai, prices"),
    credit=Credit("0.01"),
    balance=Balance(path="/v1/credits", credits="credits"),
    limits=Limits(active=24),
    offers=(
        flux_2("pro", 8, PerMegapixel("0.03", "0.015", "0.015")),
        flux_2("flex", 8, PerMegapixel("0.05", "0.05", "0.05"), FLEX),
        flux_2("max", 8, PerMegapixel("0.07", "0.03", "0.03")),
        flux_2("klein-4b", 4, PerMegapixel("0.014", "0.001", "0.001")),
    ),
    gaps=(
        Gap("whether a task that failed or was moderated is billed: refunds", "counted as billed"),
        Gap("what a wrong API key is answered", "401 and 403 are taken for it"),
        Gap("the price of images put in", "by their megapixels, which are known of files alone: no quote for a URL"),
        Gap("the default of guidance, types of images", "unknown; every type is sent"),
        Gap("bounds of a prompt and of a seed", "none are held"),
        Gap("how often it may be called", "24 tasks at a time"),
        Gap("how old a webhook may be, and in which words it tells of moderation", "any age; what failed is looked at"),
        Gap("cancel, list of tasks, idempotency key", "none"),
    ),
)
