"""API in One: one model name a family, and a `type` or a mode that tells the tier; songs have a feed of their own.

Page: API in One documentation, 2026.
Odd: the success body of a poll is not documented, so results are looked for where clients of the live service found
them, in a fixed order, and never in an echo of the request; states come in several spellings. A film has sound unless
it is turned off, and of what it costs one cell alone is told.
"""

from anymedia.declare import (
    Adapter, Assets, Choice, Credit, Endpoint, Fault, File, Files, Flag, Gap, Header, Lifecycle, Offer, Pace, Param,
    Price, Printed, Reply, State, Table, Text, Webhook, Whole, first, when,
)  # fmt: skip

RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")  # the page names three; these are FLUX.2's


def flux_2(tier: str, credits: dict[str, int]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        model=f"flux-2-{tier}",
        wire_id="flux-2",
        fixed={"type": tier},
        page="API in One documentation, flux-2",
        params={
            "prompt": Param("prompt", Text(3, 5000), required=True),
            "aspect_ratio": Param("aspect_ratio", Choice(*RATIOS), default="1:1"),
            "resolution": Param("resolution", Choice("1K", "2K"), default="1K"),
            "images": Param("input_urls", Files(1, 8)),
        },
        prices=Table("resolution", {size: Price(credits=figure) for size, figure in credits.items()}),
    )


def imagen_4(name: str, model: str, credits: int) -> Offer:
    return Offer(
        name=name,
        model=model,
        page="API in One documentation, imagen4",
        params={
            "prompt": Param("prompt", Text(3, 5000), required=True),
            "aspect_ratio": Param("aspect_ratio", Choice("1:1", "16:9", "9:16", "3:4", "4:3"), default="1:1"),
            "negative_prompt": Param("negative_prompt", Text(0, 5000)),
            "seed": Param("seed", Whole(0, 2**31 - 1)),
        },
        fixed={"num_images": 1},  # how many it takes, and how many it makes without, no page says
        prices=Price(credits=credits),
    )


KLING_3 = Offer(
    name="kling-3",
    model="kling-3.0",
    kind="video",
    path="/api/v1/videos/generations",
    page="API in One documentation, kling-3",
    params={
        "prompt": Param("prompt", Text(1, 2500), required=True),
        "first_frame": Param("image", File()),
        "duration": Param("duration", Whole(3, 15), default=5, always_sent=True),
        "aspect_ratio": Param("aspect_ratio", Choice("1:1", "9:16", "16:9"), default="16:9"),
        "resolution": Param("mode", Choice({"720p": "std", "1080p": "pro"}), default="720p", always_sent=True),
        "audio": Param("sound", Flag(), default=True, always_sent=True),
    },
    # Several shots are given raw (`multi_shots`, `multi_prompt`), and what they cost is not told.
    knobs={"shots": Param("multi_shots", Choice({"one": False}), default="one")},
    prices=Table("resolution audio duration shots", {("720p", True, 5, "one"): Price(credits=300)}),
)

SUNO_V5_5 = Offer(
    name="chirp-v5-5",
    model="suno-v5.5",
    kind="music",
    makes=2,
    lifecycle="music",
    page="API in One documentation, suno/generate",
    params={
        "prompt": Param("gpt_description_prompt", when(lyrics=None, style=None, otherwise=Text(1, 400)), required=True),
        "lyrics": Param("prompt", Text(1, 5000)),
        "style": Param("style", when(lyrics=Text(1, 1000), instrumental=Text(1, 1000))),
        "title": Param("title", when(lyrics=Text(1, 80), style=Text(1, 80))),
        "negative_prompt": Param("tags", when(lyrics=Text(1, 1000), style=Text(1, 1000))),
        "instrumental": Param("make_instrumental", Flag(), default=False),
    },
    prices=Price(credits=12, doubt="5 to 12 credits by tier, and which costs what is not told: the most is taken"),
)

STATES = {
    "pending": State.QUEUED,
    "in_progress": State.RUNNING,
    "completed": State.SUCCEEDED,
    "success": State.SUCCEEDED,
    "failed": State.FAILED,
    "error": State.FAILED,
}
FAILURE = Fault(code="data.error.code", message=first("data.error.message", "data.error"))
CREDITS = first("data.credits_used", "data.credits_consumed", "credits_consumed")
PACE = Pace(first=3, then=3, slower={60: 5, 180: 10})  # our choice: the page gives none
CALLBACK = Webhook(asked_by="callback_url")  # its body is not documented: that of a poll is looked for in it

SUBMITTED = Reply(
    ok=("code", 200),
    id=first("data.task_id", "task_id", "id"),  # now, and in two older forms of the page
    state=first("data.status", "status"),
    created="created_at!iso",
)

ADAPTER = Adapter(
    name="api_in_one",
    title="API in One",
    page="API in One documentation",
    read="2026-11-20",
    base_url="https://apiin.one",
    api_key_env=("API_IN_ONE_API_KEY",),  # our choice: the page names no variable
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            path="/api/v1/images/generations",
            model="model",
            reply=SUBMITTED,
        ),
        poll=Endpoint(
            method="GET",
            path="/api/v1/tasks/{id}",
            reply=Reply(
                ok=("code", 200),
                id=first("data.task_id", "task_id"),  # our choice: as in the submit's answer
                state=first("data.status", "status"),
                assets=first(
                    "data.output.*_urls[]",
                    "data.output.*_url",
                    # Beside the status an echo of the request may stand, so the names are spelled out here.
                    "data.image_urls[]",
                    "data.image_url",
                    "data.video_urls[]",
                    "data.video_url",
                    "data.audio_urls[]",
                    "data.audio_url",
                    "output.*_urls[]",
                    "output.*_url",
                    "data.response_data[].*_url",
                    "data.results[].url",
                    "data.result[].url",
                ),
                failure=FAILURE,
                credits=CREDITS,
            ),
        ),
        states=STATES,
        webhook=CALLBACK,
        pace=PACE,
    ),
    lifecycles={
        "music": Lifecycle(
            submit=Endpoint(method="POST", path="/api/v1/audio/music", model="model", reply=SUBMITTED),
            poll=Endpoint(
                method="GET",
                path="/api/v1/audio/music/feed",
                query={"task_id": "{id}"},
                reply=Reply(
                    ok=("code", 200),
                    # What the feed says before and besides is not told: it is read like a poll's answer too.
                    state=first("data.type", "data.status", "status"),
                    assets=(
                        Assets("data.response_data[]", url="audio_url", title="title", seconds="duration"),
                        Assets(first("data.output.audio_urls[]", "data.output.audio_url")),
                        Assets("data.response_data[].image_url", role="cover"),
                    ),
                    failure=FAILURE,
                    credits=CREDITS,
                ),
            ),
            states=STATES,
            webhook=CALLBACK,
            pace=PACE,
        ),
    },
    fault=Fault(code=first("error.code", "code"), message=first("error.message", "error", "message")),
    refunds="yes",  # "billing: successful requests"
    printed=Printed("2026"),
    credit=Credit("0.01"),
    offers=(
        flux_2("pro", {"1K": 5, "2K": 7}),
        flux_2("flex", {"1K": 14, "2K": 24}),
        imagen_4("imagen4-fast", "imagen-4-fast", 4),
        imagen_4("imagen4", "imagen-4", 8),
        imagen_4("imagen4-ultra", "imagen-4-ultra", 12),
        KLING_3,
        SUNO_V5_5,
    ),
    gaps=(
        Gap("the body of a finished task", "looked for in a fixed order of places"),
        Gap("the full list of ratios", "FLUX.2's seven, imagen's five"),
        Gap("bounds of imagen4's fields, how many images it makes and bills", "those of others; always one"),
        Gap("what kling-3 costs but at 720p with sound for 5 s; films of several shots", "the price is unknown"),
        Gap("which names of songs are served, what each tier costs", "the newer page's chirp-v5-5; the most is taken"),
        Gap("what the feed says of a song that is not finished, or failed", "read like a poll's answer"),
        Gap("how many songs a task makes", "two"),
        Gap("speech, seedance, veo, wan: model ids, fields, prices", "not offered"),
        Gap("error codes", "the HTTP status counts"),
        Gap("the body and the signature of a webhook", "the task is looked at"),
        Gap("rate limits, lifetime of results, cancel"),
        Gap("the variable that holds the API key", "API_IN_ONE_API_KEY"),
    ),
)
