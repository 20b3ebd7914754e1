"""OpenAI's images: the answer to the submit is the result, as bytes; an edit is a form with files in it.

Page: platform.openai.com/docs, Images, and the official client's types.
Odd: prices are by tokens, so that what one image costs is known from its answer alone; a transparent background goes
with formats that have one.
"""

from anymedia.declare import (
    ANY, Adapter, Cause, Choice, Endpoint, Fault, File, Gap, Header, Lifecycle, Offer, Pace, Param, Reply, Rule,
    Setting, Text, Files, Whole, when,
)  # fmt: skip

IMAGES = Files(1, 16, forms=("part",), types=("image/png", "image/webp", "image/jpeg"), megabytes=50)

ADAPTER = Adapter(
    name="openai",
    title="OpenAI",
    page="platform.openai.com/docs, Images",
    read="2026-11-28",
    base_url="https://api.openai.com",
    api_key_env=("OPENAI_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    settings={"organization": Setting(env="OPENAI_ORG_ID"), "project": Setting(env="OPENAI_PROJECT_ID")},
    headers={"OpenAI-Organization": "{organization}", "OpenAI-Project": "{project}"},
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            model="model",
            timeout=300,
            limit=256 << 20,  # ten pictures in base64
            reply=Reply(created="created!s", assets="data[].url", files="data[].b64_json!base64"),
        ),
        pace=Pace(first=0, then=1),  # nothing is looked at
    ),
    fault=Fault(code="error.code", message="error.message"),
    errors={"moderation_blocked": Cause.BLOCKED},
    request_id=("x-request-id",),
    offers=(
        Offer(
            name="gpt-image-2",
            path=when(images="/v1/images/edits", otherwise="/v1/images/generations"),
            params={
                "prompt": Param("prompt", Text(1, 32_000), required=True),
                "images": Param("image[]", IMAGES),
                "mask": Param("mask", File(forms=("part",), types=("image/png",), megabytes=4)),
                "aspect_ratio": Param(
                    "size",
                    Choice({"auto": "auto", "1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"}),
                    default="auto",
                ),
                "count": Param("n", Whole(1, 10), default=1),
                "quality": Param("quality", Choice("auto", "low", "medium", "high"), default="auto"),
                "background": Param("background", Choice("auto", "opaque", "transparent"), default="auto"),
                "moderation": Param("moderation", Choice({"standard": "auto", "low": "low"}), default="standard"),
                "output_format": Param("output_format", Choice("png", "jpeg", "webp"), default="png"),
            },
            knobs={
                "output_compression": Param("output_compression", Whole(0, 100)),
                "safety_identifier": Param("safety_identifier", Text()),
            },
            rules=(
                Rule(when={"mask": ANY}, needs="images"),
                Rule(when={"background": "transparent"}, allows={"output_format": ("png", "webp")}),
            ),
        ),
    ),
    gaps=(
        Gap("the price of an image", "by tokens: unknown"),
        Gap("rate limits", "a 429 is waited for"),
        Gap("how an empty account is told", "as the HTTP status says"),
        Gap("defaults of size, quality, background and format", "auto, and png"),
        Gap("sizes in pixels, whose ratio and area are bounded together", "three of them, by their ratio"),
        Gap("bounds of output_compression", "0 to 100"),
        Gap(
            "edits of images by URL, as JSON, and a mask of another size than the first image",
            "not made; not looked at",
        ),
        Gap("idempotency key", "none"),
    ),
)
