import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from anymedia import ImageRequest
from anymedia.declare import (
    Adapter,
    Endpoint,
    Header,
    Lifecycle,
    Offer,
    Pace,
    Param,
    Reply,
    Setting,
    Signed,
    State,
    Text,
    Url,
    Webhook,
)  # fmt: skip
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from anymedia.translate.signed import forged, key_bytes

# "Herald-Signature: v1=<hex> is the HMAC-SHA256, keyed with your secret, of the Herald-Time, a colon and the body."
SIGNED = Signed(
    by="hmac-sha256",
    over="{@herald-time}:{@}",
    signature="@herald-signature",
    prefix="v1=",
    written="hex",
    time="@herald-time",
    within=300,
    key="hook_secret",
    key_written="text",
)
PICTURE = Reply(id="id", state="state", assets="files[]")
herald = Adapter(
    name="herald",
    title="Herald",
    page="docs.herald.example",
    read="2026-11-20",
    base_url="https://api.herald.example",
    api_key_env=("HERALD_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    settings={"hook_secret": Setting(env="HERALD_HOOK_SECRET", secret=True)},
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/v1/pictures", reply=PICTURE),
        poll=Endpoint(method="GET", path="/v1/pictures/{id}", reply=PICTURE),
        webhook=Webhook(
            asked_by=Param("notify.url", Url(https=True)),  # or the place alone: "notify.url", "?webhook"
            sends={"notify.on": ["done", "broken"], "notify.secret": "{hook_secret}"},
            reply=Reply(id="job.id", state="event", assets="job.files[]"),  # the answer to a look, unless it is told
            signed=SIGNED,
        ),
        states={"done": State.SUCCEEDED, "broken": State.FAILED},
        pace=Pace(first=2, then=2),
    ),
    offers=(Offer(name="banner", params={"prompt": Param("prompt", Text(1), required=True)}),),
)
# Where public keys are published, and the lines that are signed end with the body's SHA-256.
PUBLIC = Signed(
    by="ed25519",
    over="{id}\n{@x-time}\n{sha256}",
    signature="@x-signature",
    written="hex",
    time="@x-time",
    keys=Endpoint(method="GET", path="/.well-known/jwks.json", keyed=False),
)

request = ImageRequest(model="banner", prompt="a lion", callback_url="https://app.example/done")
(part,) = parts(check(request, herald, herald.offers[0]))
assert part.body["notify"]["url"] == "https://app.example/done"
assert part.body["notify"]["secret"] == "{hook_secret}"  # it is put there last, and stands in no order and no journal

# What Herald then posts, held against the words. Take the example of the page where it has one.
body, now = b'{"event":"done","job":{"id":"p_7","files":["https://herald.example/7.png"]}}', datetime.now(UTC)
moment = str(int(now.timestamp()))
digest = hmac.new(b"secret-7", moment.encode() + b":" + body, hashlib.sha256).hexdigest()
headers = {"herald-time": moment, "herald-signature": f"v1={digest}"}


def wrong(headers=headers, body=body, secret="secret-7", now=now):
    keys = [key_bytes(SIGNED, secret)]
    return forged(SIGNED, headers=headers, body=body, id=lambda: "p_7", keys=keys, now=now)


assert (SIGNED.covers, PUBLIC.covers) == ("body", "body")  # else "id": then the task is looked at
assert wrong() is None
assert wrong(body=body + b" ") == "its signature is not right"
assert wrong(secret="another") == "its signature is not right"
assert wrong(headers={"herald-time": moment}) == "it has no herald-signature header"
assert wrong(now=now + timedelta(minutes=6)) == "its time is not within 300 seconds of now"
