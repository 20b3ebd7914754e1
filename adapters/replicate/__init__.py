"""Replicate: predictions of any model, each with its links; a file of this folder for each family.

Page: replicate.com/docs, HTTP API; the pages of the models.
Odd: what is made is a list or a single text, by the model; moderation shows in the text of an error; a 429 says in its
body how long to wait; a task that was not begun before its deadline is aborted, and costs nothing.
"""

from anymedia.declare import (
    Adapter, Cause, Endpoint, Err, Fault, Gap, Header, Lifecycle, Limits, Match, Pace, Param, Printed, Refund, Reply,
    Setting, Signed, State, Url, Webhook,
)  # fmt: skip

from . import films, flux
from .files import UPLOAD

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
        poll=Endpoint(method="GET", link="urls.get", path="/v1/predictions/{id}", reply=PREDICTION),
        cancel=Endpoint(method="POST", path="/v1/predictions/{id}/cancel"),
        states={
            "starting": State.QUEUED,
            "processing": State.RUNNING,
            "succeeded": State.SUCCEEDED,
            "failed": State.FAILED,
            "canceled": State.CANCELED,
            "aborted": Err(Cause.FAILED, refund=Refund.YES),  # "deadline passed before the start, not charged"
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
    printed=Printed("2026-10", "Replicate's prices as clients of it have them"),
    upload=UPLOAD,
    limits=Limits(submits=(600, 60), polls=(3000, 60)),
    offers=(*flux.OFFERS, *films.OFFERS),
    gaps=(
        Gap("the prices of images, of seedance-2.0 and -mini, of veo-3.1-fast, and of kling-3.0 in 4K", "unknown"),
        Gap("the price of seedance-2.0-fast but for 720p with a reference film", "unknown"),
        Gap("the price of wan-2.7 at 1080p and from a picture", "unknown"),
        Gap("seconds billed with reference films", "the most, 15 s more, as an estimate"),
        Gap("refunds of tasks that failed or were canceled", "counted as billed"),
        Gap("the ratio, and of images the resolution, that are taken when none is given", "the provider's choice"),
        Gap("the resolution of a film that nobody asks for", "720p, and kling's own 1080p, which are always sent"),
        Gap("the bounds of flex's steps and guidance", "as at the makers"),
        Gap("bounds of prompts, but for kling's, and of seeds", "none are held"),
        Gap("which counts of a size in pixels and a resolution", "both are sent"),
        Gap("which fields wan-2.7-i2v shares with -t2v; whether -t2v is still sold", "all but the ratio; offered"),
        Gap("the names of seedance's references, and of kling's negative prompt and shots", "as the page infers them"),
        Gap("types of files put in", "every picture is sent, and common films and sounds"),
        Gap("the stricter limit of accounts with less than $5 of credit: six submits a minute", "a 429 is waited for"),
        Gap("how old a webhook may be", "300 s"),
        Gap("speech, music, and the other models of images, whose fields no page tells", "not offered"),
        Gap("list of tasks, idempotency key, the name of a request", "none"),
    ),
)
