"""reAPI: task ids at once, integer error codes, prices in whole credits.

Page: reAPI's API documentation; bounds of z-image from the site's own validators, July 2026.
Odd: Idempotency-Key is accepted and does not deduplicate; omitted quality bills at high; a moderated prompt is a 400
that cannot be told from an invalid value; messages are not stable, so codes alone are believed.
"""

from anymedia.declare import (
    ANY, DEAREST, UNKNOWN, Adapter, Balance, Cause, Choice, Credit, Endpoint, Err, Fault, File, Files, Gap, Grid,
    Header, Lifecycle, Offer, Outcome, Pace, Param, Price, Printed, Refund, Reply, Rule, Said, Size, State, Table, Text,
    Whole, when,
)  # fmt: skip

FLUX_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
GPT_RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21")
WIDE = ("16:9", "9:16", "2:1", "1:2", "21:9", "9:21")  # the only ratios at 4k
NSFW = Param("nsfw_checker", Choice({"off": False, "standard": True}), default="off")

QUALITY = Choice("auto", "low", "medium", "high")
BACKGROUND = Choice("auto", "opaque", "transparent", not_honoured=("transparent",))  # silently downgraded
FOUR_K = Rule(when={"resolution": "4K"}, allows={"aspect_ratio": WIDE})

# An edit without a size takes the first reference's ratio; what that is billed is not said.
FIRST_IMAGE = when(images=Said("the first image's"), otherwise="1:1")
GPT_IMAGE_2 = {
    "prompt": Param("prompt", Text(1, 4000), required=True),
    "aspect_ratio": Param("size", Choice(*GPT_RATIOS, "auto"), default=FIRST_IMAGE, bills_as={"auto": DEAREST}),
    "resolution": Param("resolution", Choice({"1K": "1k", "2K": "2k", "4K": "4k"}), default="1K"),
    "images": Param("image_urls", Files(1, 16)),
}

# Pixels, portrait mirrored.
GRID = Grid.printed(
    "1K 2K 4K",
    {
        "1:1": "1024x1024 2048x2048",
        "3:2": "1536x1024 2048x1360",
        "4:3": "1024x768 2048x1536",
        "5:4": "1280x1024 2560x2048",
        "16:9": "1536x864 2048x1152 3840x2160",
        "2:1": "2048x1024 2688x1344 3840x1920",
        "21:9": "2016x864 2688x1152 3840x1648",
    },
)

# USD an image, both orientations.
OFFICIAL = Table.printed(
    "aspect_ratio resolution quality",
    ("1K 2K 4K", "low medium high"),
    {
        "1:1": ".0048 .0424 .1688 | .01912 .1688 .6736",
        "16:9 9:16": ".00608 .0536 .2136 | .0108 .0952 .3792 | .03792 .3344 1.3328",
        "2:1 1:2": ".0096 .0848 .3376 | .01648 .1456 .58 | .03368 .2976 1.1848",
        "21:9 9:21": ".00792 .0704 .28 | .01416 .1248 .4984 | .02896 .256 1.0176",
        "3:2 2:3": ".0072 .0632 .252 | .01272 .112 .4472",
        "4:3 3:4": ".0036 .032 .1272 | .0144 .1272 .5064",
        "5:4 4:5": ".006 .0528 .2104 | .02392 .2112 .8424",
    },
)


def flux_2(name: str, model: str, usd: dict[str, str]) -> Offer:
    return Offer(
        name=name,
        model=model,
        params={
            "prompt": Param("prompt", Text(3, 5000), required=True),
            "images": Param("input_urls", Files(1, 8, https=True)),
            "aspect_ratio": Param("aspect_ratio", Choice(*FLUX_RATIOS, "auto"), default="1:1"),
            "resolution": Param("resolution", Choice("1K", "2K"), default="1K"),
            "moderation": NSFW,
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", usd),
    )


ERROR = Fault(code="error.code", message="error.message", request_id="error.request_id")
TASK = Reply(
    id="id",
    state="status",
    assets={"image": "output.image_urls[]", "video": "output.video_urls[]", "audio": "output.audio_urls[]"},
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
        flux_2("flux-2", "flux-2-pro", {"1K": "0.0275", "2K": "0.0385"}),
        flux_2("flux-2-flex", "flux-2-flex", {"1K": "0.077", "2K": "0.132"}),
        Offer(
            name="gpt-image-2",
            params=GPT_IMAGE_2,
            shape=GRID,
            rules=(FOUR_K,),
            prices=Table("resolution", {"1K": "0.03", "2K": "0.05", "4K": "0.08"}),
        ),
        Offer(
            name="gpt-image-2-official",
            model="gpt-image-2",
            params=GPT_IMAGE_2
            | {
                "size": Param("size", Size("{width}x{height}")),
                "quality": Param("quality", QUALITY, default="auto", bills_as={"auto": "high"}),
                "count": Param("n", Whole(1, 4), default=1),
                "mask": Param("mask_url", File(types=("image/png",))),
                "background": Param("background", BACKGROUND, default="auto"),
                "moderation": Param("moderation", Choice({"standard": "auto", "low": "low"}), default="standard"),
            },
            rules=(FOUR_K, Rule(when={"mask": ANY}, needs="images")),
            prices=OFFICIAL,
        ),
        Offer(
            name="z-image",
            page="reAPI's own validators, July 2026, z-image",
            params={
                "prompt": Param("prompt", Text(1, 1000), required=True),
                "aspect_ratio": Param("aspect_ratio", Choice("1:1", "4:3", "3:4", "16:9", "9:16"), default=UNKNOWN),
                "moderation": Param("nsfw_checker", NSFW.takes, default=UNKNOWN),
            },
            prices=Price("0.0044"),
        ),
    ),
    gaps=(
        Gap("the code of a moderated prompt", "counts as invalid"),
        Gap("rate limit figures; pixel sizes and format of flux-2"),
        Gap("the charge of an edit without a size", "the dearest ratio is taken, as an estimate"),
        Gap("the charge of a size in pixels, and how it is snapped", "the price is unknown"),
        Gap("whether gpt-image-2 has the pixel grid of gpt-image-2-official", "taken to have it"),
        Gap("the HTTP status of 60001, 60002, 70001, 70002", "the code alone counts"),
        Gap("cancel, upload, webhooks", "none"),
    ),
)
