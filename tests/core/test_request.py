"""What no provider could take is refused before any is thought of."""

import attrs
import pytest

from anymedia import ImageRequest, Money, OutOfBounds, RawRequest

URL = "https://img.example/1.png"


def fields(**given):
    """Return the fields that a request is refused for."""
    try:
        ImageRequest(**{"model": "paint-1", "prompt": "fox"} | given)
    except OutOfBounds as error:
        return [problem.field for problem in error.problems if problem.message]
    return []


TAKEN = {
    "images": [(), URL, [URL, URL.upper()], (URL, "http://a")],
    "mask": [URL],
    "aspect_ratio": ["1:1", "16:9", "9999:1", "auto"],
    "size": [(1, 1), [1024, 768]],
    "resolution": ["1K", "2K", "4K"],
    "count": [1, 1000],
    "quality": ["low", "medium", "high", "auto"],
    "background": ["auto", "opaque", "transparent"],
    "moderation": ["off", "low", "standard"],
    "seed": [0, 2**64],
    "negative_prompt": ["", "no dogs"],
    "output_format": ["png", "jpeg", "webp"],
    "callback_url": ["http://app.example/?a=1"],
    "extra": [{}, {"acme": {}}, {"acme": {"a": [1, {"b": None}]}}],
    "labels": [{}, {"order": "7"}],
    "prompt": ["", "🦊"],
}
REFUSED = {
    "model": [None, 7, b"m"],
    "prompt": [None, 7, ["fox"], "\ud800"],
    "images": [
        "cat.png",
        ["/tmp/cat.png"],
        [None],
        ["data:image/png;base64,AA"],
        7,
        {URL: 1},
        ["https://"],
        ["https:// a"],
    ],
    "mask": ["", "cat.png", "ftp://a/b", 7, [URL], "https://?x"],
    "aspect_ratio": [
        "",
        "0:1",
        "1:0",
        "1.9:1",
        "1:1:1",
        "12345:1",
        7,
        True,
        ("1", "1"),
        "١:1",
        "1١:1",
    ],
    "size": [(0, 1), (1, -1), (1,), (1, 1, 1), (1.0, 1), (True, 1), "1x", "0x1", 7, ("1", "1"), ()],
    "resolution": ["1", "8K", "", 1, ["1K"]],
    "count": [0, -1, 1001, 1.0, True, "1"],
    "quality": ["best", "LOWER", 1],
    "background": ["none", False],
    "moderation": ["on", True],
    "seed": [-1, 1.5, True, "7"],
    "negative_prompt": [7, ["no"]],
    "output_format": ["jpgg", "gif"],
    "callback_url": ["app.example", 7],
    "extra": [
        [],
        7,
        {"acme": 7},
        {"acme": [1]},
        {"acme": {7: 1}},
        {"acme": {"a": {1, 2}}},
        {"acme": {"a": float("nan")}},
    ],
    "labels": [[], {"order": 7}, {7: "order"}, {"order": "\ud800"}, {"order": None}],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, row in TAKEN.items() for value in row])
def test_what_can_be_asked_for(field, value):
    assert fields(**{field: value}) == []


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, row in REFUSED.items() for value in row])
def test_what_cannot(field, value):
    assert set(fields(**{field: value})) == {field}


def test_every_problem_at_once():
    assert fields(prompt=7, images="cat.png", size=(1, 1), aspect_ratio="1:1", seed=-1) == [
        *("prompt", "images", "seed", "size"),
    ]


def test_only_json_goes_into_raw_fields():
    assert fields(extra={"acme": {"money": Money()}}) == ["extra"]


def test_a_local_file_gets_one_clear_sentence():
    with pytest.raises(OutOfBounds, match=r"^images: must be a URL or a data URI, not 'cat\.png': give a file of this"):
        ImageRequest(model="paint-1", prompt="fox", images="cat.png")
    with pytest.raises(OutOfBounds) as caught:
        ImageRequest(model="paint-1", prompt="fox", mask="x" * 9999)
    assert len(str(caught.value)) < 200


def test_a_request_is_its_own_and_cannot_be_changed():
    raw = {"acme": {"steps": [1]}}
    request = ImageRequest(model="paint-1", prompt="fox", extra=raw)
    raw["acme"]["steps"].append(2)
    assert request.extra == {"acme": {"steps": [1]}}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request.prompt = "cat"
    assert hash(request) == hash(ImageRequest(model="paint-1", prompt="fox"))


def test_the_variant_is_read_from_what_is_put_in():
    plain = ImageRequest(model="paint-1", prompt="fox")
    assert (plain.kind, plain.variant, plain.units) == ("image", "text", 1)
    assert attrs.evolve(plain, images=URL, count=3).variant == "images"
    assert attrs.evolve(plain, images=URL, count=3).units == 3
    assert attrs.evolve(plain, images=URL).images == (URL,)


@pytest.mark.parametrize(
    ("path", "body", "kind", "wrong"),
    [
        ("/v1/x?y=1", {"a": [1]}, "video", []),
        ("/", {}, "image", []),
        ("v1", {}, "image", ["path"]),
        ("//evil.example/x", {}, "image", ["path"]),
        ("https://evil.example/x", {}, "image", ["path"]),
        ("/a b", {}, "image", ["path"]),
        ("/a\\b", {}, "image", ["path"]),
        ("/a#b", {}, "image", ["path"]),
        ("/a\n", {}, "image", ["path"]),
        ("/a", [], "text", ["body", "kind"]),
        ("/a", {"a": float("inf")}, "image", ["body"]),
        (None, "x", None, ["path", "body", "kind"]),
    ],
)
def test_a_raw_request(path, body, kind, wrong):
    if not wrong:
        assert RawRequest("acme", path, body, kind).body == body
        return
    with pytest.raises(OutOfBounds) as caught:
        RawRequest("acme", path, body, kind)
    assert [problem.field for problem in caught.value.problems] == wrong
