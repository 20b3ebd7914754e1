"""RevidAPI: kie.ai's records behind an x-api-key.

Page: docs.revidapi.com, FLUX.2; what it leaves open is taken from kie.ai's page of the same record.
Odd: the query is a POST; resultJson and param are JSON text; a code may hide in an HTTP 200; the page's example shows
a result beside the state "waiting", so the state alone is believed.
"""

from anymedia.declare import (
    Adapter, Choice, Endpoint, Fault, Gap, Header, Lifecycle, Offer, Pace, Param, Price, Printed, Reply, Rule, State,
    Table, Text, Webhook, Files, first, when,
)  # fmt: skip

PICTURES = ("image/jpeg", "image/png", "image/webp")
RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")


def about(usd: str, credits: int) -> Price:
    return Price(usd, credits, approximate=True)  # printed together; no exact rate joins them


def flux_2(tier: str, prices: dict[str, Price]) -> Offer:
    return Offer(
        name=f"flux-2-{tier}",
        model=f"flux-2-{tier}",
        wire_id=when(images=f"flux-2/{tier}-image-to-image", otherwise=f"flux-2/{tier}-text-to-image"),
        page="docs.revidapi.com, FLUX.2",
        params={
            "prompt": Param("input.prompt", Text(3, 5000), required=True),
            "images": Param("input.input_urls", Files(1, 8, types=PICTURES, megabytes=10)),
            "aspect_ratio": Param("input.aspect_ratio", Choice(*RATIOS, "auto"), default="1:1", always_sent=True),
            "resolution": Param("input.resolution", Choice("1K", "2K"), default="1K", always_sent=True),
        },
        rules=(Rule(when={"aspect_ratio": "auto"}, needs="images"),),
        prices=Table("resolution", prices),
    )


ADAPTER = Adapter(
    name="revidapi",
    title="RevidAPI",
    page="docs.revidapi.com",
    read="2026-11-20",
    base_url="https://api.revidapi.com",
    api_key_env=("REVIDAPI_API_KEY",),
    auth=Header("x-api-key"),  # the prose says Bearer; the header line and the examples say this
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            path="/paid/flux-2/create",
            model="model",
            reply=Reply(ok=("code", 200), id="data.taskId"),
        ),
        poll=Endpoint(
            method="POST",
            path="/paid/get/taskid",
            query={"taskId": "{id}"},
            not_yet=(422, 90),  # "recordInfo is null" just after create, seen at kie.ai
            reply=Reply(
                ok=("code", 200),
                id="data.taskId",
                state="data.state",
                assets="data.resultJson!json.resultUrls[]",
                failure=Fault(code="data.failCode", message="data.failMsg"),
                created="data.createTime!ms",
                completed="data.completeTime!ms",
            ),
        ),
        states={
            "waiting": State.QUEUED,
            "queuing": State.QUEUED,  # not on the page; kie.ai's word for the same record
            "generating": State.RUNNING,  # likewise
            "success": State.SUCCEEDED,
            "fail": State.FAILED,
        },
        webhook=Webhook(asked_by="callBackUrl"),  # with the body of the query
        pace=Pace(first=5, then=3, slower={30: 5, 120: 15}),  # kie.ai's advice; the page gives none
    ),
    fault=Fault(code="code", message=first("msg", "message", "detail")),
    printed=Printed("2026-11-20", "docs.revidapi.com, FLUX.2"),
    offers=(
        flux_2("pro", {"1K": about("0.025", 10), "2K": about("0.035", 15)}),
        flux_2("flex", {"1K": about("0.07", 25), "2K": about("0.12", 40)}),
    ),
    gaps=(
        Gap("whether error codes come as HTTP status or in the body", "both are read"),
        Gap("fail codes", "every failure is `failed`"),
        Gap("refunds", "counted as billed"),
        Gap("whether a record is there at once", "422 is taken as not yet for 90 s, as seen at kie.ai"),
        Gap("the signature of a webhook", "the task is looked at"),
        Gap("rate limits, lifetime of results, cancel"),
        Gap("the variable that holds the API key", "REVIDAPI_API_KEY"),
    ),
)
