import base64
import json

from anymedia import Account, ImageRequest
from anymedia.declare import (
    Adapter,
    Endpoint,
    File,
    Files,
    Header,
    Lifecycle,
    Offer,
    Pace,
    Param,
    Reply,
    Step,
    Text,
    Upload,
)  # fmt: skip
from anymedia.model.media import Media
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from anymedia.translate.upload import known_of, step_call

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")

# A link is asked for at a host of its own, the bytes are put there without the API key, and the file is confirmed.
UPLOAD = Upload(
    Step(
        call=Endpoint(
            method="POST", path="/v1/links", origin="https://files.acme.example", headers={"X-Digest": "{sha256}"}
        ),
        sends={"name": "{name}", "bytes": "{size}", "md5": "{md5}"},
        finds={"to": "put_url", "signed": "headers", "id": "id"},
    ),
    Step(call=Endpoint(method="PUT", link="to", body="file", keyed=False), headers="signed"),
    Step(call=Endpoint(method="POST", path="/v1/links/{id}"), finds={"at": "url", "until": "until!iso"}),
    url="at",  # the name of what stands in the submit; "url" unless another is given
    expires="until",  # or a number of seconds
    megabytes=100,
)
# The two that are most common: the file as a part of a form, or as base64 in JSON.
FORM = Upload(
    Step(call=Endpoint(method="POST", path="/v1/files", body="form"), sends={"file": "{file}"}, finds={"url": "url"})
)
# The answer may be a reference that is no URL: it stands in the submit as it is.
ASSET = Upload(
    Step(call=Endpoint(method="POST", path="/v1/assets", body="file"), finds={"url": "asset"}), reference=True
)
JSON = Upload(Step(call=Endpoint(method="POST", path="/v1/files"), sends={"data": "{data}"}, finds={"url": "url"}))

PROMPT = {"prompt": Param("prompt", Text(1), required=True)}
OFFERS = (
    Offer(
        name="edit",
        params={
            **PROMPT,
            # As it is given, else by the upload; "data" takes files up to `inline` megabytes.
            "images": Param(
                "images",
                Files(1, 8, forms=("url", "data", "upload"), types=("image/png", "image/webp"), megabytes=20, inline=7),
            ),
            "mask": Param("mask", File(forms=("base64",), sides=(1, 4096), megapixels=16, inline=4)),
        },
    ),
    Offer(
        name="form",
        params={
            **PROMPT,
            "images": Param("image[]", Files(least=1, most=16, forms=("part",), sides=(1, 6000), megapixels=36)),
            "mask": Param("mask", File(forms=("part",), types=("image/png",), megabytes=4)),
        },
    ),
    Offer(name="single", params={**PROMPT, "images": Param("image", Files(1, 1, single=True, https=True))}),
)
acme = Adapter(
    name="acme",
    title="Acme",
    page="docs.acme.example",
    read="2026-11-20",
    base_url="https://api.acme.example",
    api_key_env=("ACME_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")), pace=Pace(first=1, then=1)),
    upload=UPLOAD,
    offers=OFFERS,
)


def body(name, **fields):
    checked = check(ImageRequest(model=name, prompt="a fox", **fields), acme, acme.offer(name))
    assert checked.problems == ()
    (part,) = parts(checked)
    return part.body


url = "https://pictures.example/1.png"
assert body("edit", images=url)["images"] == [url]
assert body("single", images=url)["image"] == url  # the page wants the one file, and no list
edit = body("edit", images=PNG, mask=PNG)
assert edit["mask"].written().startswith("iVBOR")  # a file is written when it is sent
assert edit["images"][0].written().startswith("data:image/png;base64,iVBOR")
assert [slot.way for slot in body("form", images=(PNG, PNG))["image[]"]] == ["part", "part"]  # and the body is a form

account, file = Account(name="acme", adapter=acme, origin=acme.base_url), Media(PNG, name="fox.png")
known = known_of(file, UPLOAD)  # what the steps name of a file
ask = step_call(account, UPLOAD.steps[0], known, file)
assert ask.url == "https://files.acme.example/v1/links"
assert json.loads(ask.body)["bytes"] == 68  # a number stays a number
known |= {"to": "https://store.example/7", "signed": {"X-Signed": "s"}, "id": "f-7"}  # what its answer holds
put, confirm = (step_call(account, step, known, file) for step in UPLOAD.steps[1:])
assert (put.method, put.url, put.headers["X-Signed"], put.auth) == ("PUT", "https://store.example/7", "s", ())
assert confirm.url == "https://api.acme.example/v1/links/f-7"
