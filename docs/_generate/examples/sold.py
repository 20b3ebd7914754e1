from anymedia import ImageRequest
from anymedia.declare import (
    ANY,
    UNKNOWN,
    Adapter,
    Choice,
    Endpoint,
    File,
    Files,
    Flag,
    Grid,
    Header,
    Kind,
    Lifecycle,
    Number,
    Offer,
    Pace,
    Param,
    Pixels,
    Reply,
    Rule,
    Said,
    Size,
    Text,
    Whole,
    numbered,
    pick,
    when,
)  # fmt: skip
from anymedia.translate.check import check
from anymedia.translate.encode import parts

LAMP = "https://pictures.example/lamp.png"
PROMPT = Param("input.prompt", Text(1, 500), required=True)

lumen = Offer(
    name="lumen-1",
    model="lumen",  # the canonical id, the same wherever it is sold
    kind=Kind.IMAGE,
    wire_id=when(images="lumen-1-edit", otherwise="lumen-1"),
    path=when(images="/v1/edits", otherwise="/v1/pictures"),
    page="docs.lumen.example/lumen-1",
    ends="2027-01-06",
    makes=1,
    params={
        "prompt": PROMPT,
        "images": Param(numbered("input.image", "input.image_{n}"), Files(1, 3)),  # a list spread over fields
        "mask": Param("input.mask", when(images=File())),  # beside images alone
        "quality": Param("input.", Choice({"low": {"steps": 4}, "high": {"steps": 30, "sharp": True}}), default="low"),
        "seed": Param("input.seed", Whole(0, 9999, form="#{}"), default=UNKNOWN),
        "count": Param("n", Whole(1, 4), default=1),
        "output_format": Param("?format", Choice("png", "webp"), default=Said("that of the first picture")),
    },
    knobs={
        "glow": Param("input.glow", Number(0, 1), default=0.5),
        "night": Param("input.night", Flag(on="on", off="off"), default=False, always_sent=True),
        "frames": Param("input.frames", Whole(1, 8)),
    },
    fixed={"client": "app", "input.mode": when(images="edit", otherwise="new")},
    rules=(
        Rule(when={"night": True}, allows={"frames": (1, 2)}),
        Rule(when={"mask": ANY}, needs=("seed", "glow"), excludes="quality"),  # one of the two
    ),
)
ink = Offer(
    name="ink",
    params={"prompt": PROMPT, "size": Param("input.", Size(step=16))},
    # It takes pixels alone: a ratio and a resolution become the largest size that fits.
    shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="1:1", resolution="1K"),
)
oil = Offer(
    name="oil",
    params={
        "prompt": PROMPT,
        "aspect_ratio": Param("ratio", Choice("1:1", "16:9", "9:16")),
        "resolution": Param("size", Choice("1K")),
    },
    # It takes ratio and resolution alone, and its page prints the pixels of each: a size that is printed is taken too.
    shape=Grid.printed("1K", {"1:1": "1024x1024", "16:9": "1344x768"}),  # or Grid(sizes={("1:1", "1K"): (1024, 1024)})
)
provider = Adapter(
    name="lumen",
    title="Lumen",
    page="docs.lumen.example",
    read="2026-11-20",
    base_url="https://api.lumen.example",
    api_key_env=("LUMEN_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")), pace=Pace(first=1, then=1)),
    offers=(lumen, ink, oil),
)


def asked(offer, **fields):
    return check(ImageRequest(model=offer.model, prompt="a lighthouse", **fields), provider, offer)


def body(offer, **fields):
    (part,) = parts(asked(offer, **fields))
    return part.body


assert body(lumen, seed=7, quality="high", extra={"lumen": {"glow": 0.75}}) == {
    "client": "app",
    "input": {
        "prompt": "a lighthouse",
        "steps": 30,
        "sharp": True,
        "seed": "#7",
        "glow": 0.75,
        "night": "off",
        "mode": "new",
    },
}
assert body(lumen, images=(LAMP, LAMP))["input"] == {
    "prompt": "a lighthouse",
    "image": LAMP,
    "image_2": LAMP,
    "night": "off",
    "mode": "edit",
}
assert body(ink, aspect_ratio="16:9")["input"] == {"prompt": "a lighthouse", "width": 1360, "height": 768}
assert body(oil, size=(1344, 768))["ratio"] == "16:9"

wrong = asked(lumen, extra={"lumen": {"glow": 2, "night": True, "frames": 4}})
assert [str(each) for each in wrong.problems] == [
    "extra.glow: takes 0 to 1, not 2 (docs.lumen.example/lumen-1)",
    "extra.night: true needs frames 1 2, not 4 (docs.lumen.example/lumen-1)",
]
assert "mask" in str(asked(lumen, mask=LAMP).problems[0])  # it is of edits alone
assert pick(lumen.wire_id, ("images",)) == "lumen-1-edit"  # what holds where a picture is put in
