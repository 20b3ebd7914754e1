"""Black Forest Labs, the makers of FLUX: pixels in place of ratios, images in numbered fields, prices by the megapixel.

Page: docs.bfl.ai; prices of November 2026; flux-3-video as live clients of August to October 2026 have it.
Odd: a task is looked at on the host that its submit names; moderation is a state of its own, and so is an id that is
not known, which is not to say that the task failed; files stand in the body as base64 alone; pictures live for ten
minutes, films for two hours; the frames of a film are one list, and its mode says what is put in.
"""

from anymedia.declare import (
    Adapter, Balance, Cause, Choice, Credit, Endpoint, Err, Fault, File, Flag, Gap, Header, Lifecycle, Limits, Match,
    Number, Offer, Pace, Param, PerMegapixel, Pixels, Printed, Reply, Rule, Setting, Signed, Size, State, Table, Text,
    Url, Webhook, Files, Whole, first, numbered, when,
)  # fmt: skip

FORMS = ("url", "base64")  # no upload; base64 without the "data:" before it
MOST = 20  # megabytes of a picture, and its megapixels: inferred
PICTURE = File(forms=FORMS, megabytes=MOST, megapixels=MOST, inline=MOST)


# Pictures

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
                Files(1, images, forms=FORMS, megabytes=MOST, megapixels=MOST, inline=MOST),
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


# Films

SEEN = "as two resellers have it that pass it on; no page of the makers was seen"
FLUX_3_VIDEO = Offer(
    name="flux-3-video",
    kind="video",
    lifecycle="film",
    page="docs.bfl.ai, FLUX.3 video, and three clients of August to October 2026",
    fixed={"mode": when(video="v2v", first_frame="i2v", otherwise="t2v")},
    params={
        "prompt": Param("prompt", Text(1), required=True),
        "first_frame": Param("keyframes[0]", when(video=None, otherwise=PICTURE)),
        "last_frame": Param("keyframes[1]", when(video=None, otherwise=PICTURE)),
        "video": Param("start_video", File(forms=FORMS, types=("video/mp4",), megabytes=50, inline=50)),
        "duration": Param("duration", Whole(5, 20, auto="auto"), default=5, always_sent=True),  # the default is ours
        "aspect_ratio": Param(
            "aspect_ratio", Choice("auto", "21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16"), default="auto"
        ),
        "resolution": Param("resolution", Choice({"720p": "hd", "1080p": "fhd"}), default="720p", always_sent=True),
        "audio": Param("generate_audio", Flag(), default=True, always_sent=True),
    },
    knobs={
        "draft": Param("draft", Flag(), default=False),
        "safety_tolerance": Param("safety_tolerance", Whole(0, 4)),  # of pictures it goes to 5
    },
    rules=(Rule(when={"draft": True}, allows={"resolution": ("720p",)}),),
    prices=Table.printed(
        "variant resolution draft",
        ("720p 1080p", "false"),
        {"text first_frame": ".17 .29", "video": ".41 .53"},
        per="duration",
        doubt=SEEN,
    ),
)


def life(expires: float, pace: Pace, **told: str) -> Lifecycle:
    return Lifecycle(
        # The cost of a look counts, where one is made: a webhook tells none.
        submit=Endpoint(method="POST", path="/v1/{wire_id}", reply=Reply(id="id", credits="cost")),
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
                tells={"progress": "progress", "seed": "result.seed"} | told,
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
                tells={"seed": "result.seed"} | told,
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
        pace=pace,
        expires=expires,
    )


ADAPTER = Adapter(
    name="bfl",
    title="Black Forest Labs",
    page="docs.bfl.ai",
    read="2026-11-28",
    base_url="https://api.bfl.ai",  # api.eu.bfl.ai and api.us.bfl.ai too
    api_key_env=("BFL_API_KEY",),
    auth=Header("x-key"),
    settings={"webhook_secret": Setting(env="BFL_WEBHOOK_SECRET", secret=True, rotated=True)},  # ours to choose
    # The paces are our choice: the page names none.
    lifecycle=life(600, Pace(first=2, then=1, slower={30: 3})),
    lifecycles={"film": life(7200, Pace(first=10, then=5, slower={120: 10}), seconds="result.duration")},
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
        flux_2("klein-9b", 4, PerMegapixel("0.015", "0.002", "0.002")),
        FLUX_3_VIDEO,
    ),
    gaps=(
        Gap("whether a task that failed or was moderated is billed: refunds", "counted as billed"),
        Gap("what a wrong API key is answered", "401 and 403 are taken for it"),
        Gap("the price of images put in", "by their megapixels, which are known of files alone: no quote for a URL"),
        Gap("what max and klein bill for a megapixel that is put in", "as for a further one that comes out"),
        Gap("what a megapixel is", "1024 × 1024, by the example of an answer"),
        Gap("the price of a draft: about a third", "unknown"),
        Gap("the length of a film that nobody asks for", "5 s, which are always sent"),
        Gap("more than two pictures of a film, at times of their own", "given in `extra` as keyframes"),
        Gap("several drafts of one film, and a draft that is enhanced", "not offered"),
        Gap("the default of guidance, types of images", "unknown; every type is sent"),
        Gap("bounds of a prompt and of a seed", "none are held"),
        Gap("how often it may be called", "24 tasks at a time; of the five films at a time a 429 tells"),
        Gap("how old a webhook may be, and in which words it tells of moderation", "any age; what failed is looked at"),
        Gap("flux-3-image, the previews and the tools, of which no page was read", "not offered"),
        Gap("cancel, list of tasks, idempotency key", "none"),
    ),
)
