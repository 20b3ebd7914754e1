"""API in One: one model name a family, and a `type` that tells the tier.

Page: API in One documentation, 2026.
Odd: the success body of a poll is not documented, so results are looked for where clients of the live service found
them, in a fixed order, and never in an echo of the request; states come in several spellings.
"""

from anymedia.declare import (
    Adapter, Choice, Credit, Endpoint, Fault, Gap, Header, Lifecycle, Offer, Pace, Param, Price, Printed, Reply, State,
    Table, Text, Webhook, Files, first,
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
            reply=Reply(
                ok=("code", 200),
                id=first("data.task_id", "task_id", "id"),  # now, and in two older forms of the page
                state=first("data.status", "status"),
                created="created_at!iso",
            ),
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
                failure=Fault(code="data.error.code", message=first("data.error.message", "data.error")),
                credits=first("data.credits_used", "data.credits_consumed", "credits_consumed"),
            ),
        ),
        states={
            "pending": State.QUEUED,
            "in_progress": State.RUNNING,
            "completed": State.SUCCEEDED,
            "success": State.SUCCEEDED,
            "failed": State.FAILED,
            "error": State.FAILED,
        },
        webhook=Webhook(asked_by="callback_url"),  # its body is not documented: that of a poll is looked for in it
        pace=Pace(first=3, then=3, slower={60: 5, 180: 10}),  # our choice: the page gives none
    ),
    fault=Fault(code=first("error.code", "code"), message=first("error.message", "error", "message")),
    refunds="yes",  # "billing: successful requests"
    printed=Printed("2026"),
    credit=Credit("0.01"),
    offers=(flux_2("pro", {"1K": 5, "2K": 7}), flux_2("flex", {"1K": 14, "2K": 24})),
    gaps=(
        Gap("the body of a finished task", "looked for in a fixed order of places"),
        Gap("the full list of ratios", "FLUX.2's seven"),
        Gap("error codes", "the HTTP status counts"),
        Gap("the body and the signature of a webhook", "the task is looked at"),
        Gap("rate limits, lifetime of results, cancel"),
        Gap("the variable that holds the API key", "API_IN_ONE_API_KEY"),
    ),
)
