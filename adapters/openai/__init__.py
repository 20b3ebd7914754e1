"""OpenAI: the answer to a submit is the result, as bytes; images and speech, each in a file of this folder.

Page: platform.openai.com/docs, and the official client's types.
Odd: nothing is looked at: a picture may take two minutes, and an answer that is lost on its way is lost with what it
cost; an edit is a form with files in it; prices of images are by tokens, so that what one costs is known from its
answer alone. Films (/v1/videos) ended on 2026-09-24.
"""

from anymedia.declare import Adapter, Cause, Endpoint, Fault, Gap, Header, Lifecycle, Pace, Printed, Reply, Setting

from . import images, speech

NEVER_LOOKED_AT = Pace(first=0, then=1)

ADAPTER = Adapter(
    name="openai",
    title="OpenAI",
    page="platform.openai.com/docs",
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
            timeout=300,  # "may take two minutes": more than twice of that is our choice
            limit=256 << 20,  # ten pictures in base64
            reply=Reply(created="created!s", assets="data[].url", files="data[].b64_json!base64", used=images.USED),
        ),
        pace=NEVER_LOOKED_AT,
    ),
    lifecycles={
        "speech": Lifecycle(
            submit=Endpoint(
                method="POST",
                path="/v1/audio/speech",
                model="model",
                timeout=300,  # our choice: the answer is waited for until it is spoken
                reply=Reply(files="@"),
            ),
            pace=NEVER_LOOKED_AT,
        )
    },
    fault=Fault(code="error.code", message="error.message"),
    errors={"moderation_blocked": Cause.BLOCKED},
    request_id=("x-request-id",),
    printed=Printed("2026-11", "platform.openai.com/docs, prices"),
    offers=(*images.OFFERS, *speech.OFFERS),
    gaps=(
        Gap("the price of an image before it is made", "by tokens: unknown until its answer tells"),
        Gap("the price of tokens of gpt-image-1.5, gpt-image-1-mini and gpt-4o-mini-tts", "unknown"),
        Gap("the price of tokens of text that comes out beside a picture", "as those of pictures, the dearer ones"),
        Gap("the price of speech", "second-hand, so an estimate"),
        Gap("with which formats output_compression goes", "not held: the client's types say jpeg and webp"),
        Gap("rate limits", "a 429 is waited for"),
        Gap("how an empty account is told", "as the HTTP status says"),
        Gap("which models take complexity", "those from gpt-image-2.5 on"),
        Gap("the bounds of a side of a picture", "3840 pixels at most, in steps of 16"),
        Gap(
            "edits of images by URL, as JSON, and a mask of another size than the first image",
            "not made; not looked at",
        ),
        Gap("a picture laid over the first one (markup), streams, several frames (gif), drawings (svg)", "not offered"),
        Gap("chatgpt-image-latest, and the dated names of models", "not offered"),
        Gap("idempotency key", "none"),
    ),
)
