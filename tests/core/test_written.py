"""Where a submit writes what: nothing that was declared overwrites anything else."""

from itertools import permutations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import ImageRequest
from anymedia.declare import Choice, Endpoint, File, Files, Offer, Param, Size, Table, Text, Url, numbered, when
from anymedia.declare.written import Written, clashes
from anymedia.pricing.price import priced
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from anymedia.translate.places import merged, put, touches

from .acme import acme

PROMPT = Param("input.prompt", Text())
OBJECTS = Choice({"low": {"steps": 4}, "high": {"steps": 8, "prompt": "fine"}})


def sold(params, submit=None, **facts):
    offer = Offer(name="m", params={"prompt": PROMPT} | params, **facts)
    return acme(submit=Endpoint(method="POST", path="/v1", **submit or {}), offers=(offer,))


@pytest.mark.parametrize(
    ("params", "facts", "one", "other"),
    [
        ({"quality": Param("input", OBJECTS)}, {}, "input.prompt", "input"),
        ({"quality": Param("input.prompt", OBJECTS)}, {}, "input.prompt", "input.prompt"),
        ({"quality": Param("input.prompt.weight", Text())}, {}, "input.prompt", "input.prompt.weight"),
        ({"images": Param("input[].url", Files())}, {}, "input.prompt", "input[].url"),
        ({"images": Param("a[].url", Files()), "mask": Param("a[].mask", File())}, {}, "a[].url", "a[].mask"),
        ({"images": Param(numbered("input", "input_{n}"), Files())}, {}, "input.prompt", "input, input_{n}"),
        ({"images": Param(numbered("i", "i_{n}"), Files()), "mask": Param("i_7.url", File())}, {}, "i_{n}", "i_7.url"),
        (
            {"prompt": Param("prompt", Text()), "quality": Param("", OBJECTS)},
            {},
            "prompt goes to prompt",
            "the body itself",
        ),
        ({"size": Param("", Size()), "quality": Param("width", Text())}, {}, "the body itself", "width"),
        ({"quality": Param("input.", OBJECTS)}, {}, "input.prompt", "quality to input"),
        (
            {"mask": Param("?u", File()), "callback_url": Param("?u", Url())},
            {},
            "mask goes to ?u",
            "callback_url to ?u",
        ),
        ({"mask": Param("?u", File())}, {"path": "/v1?u=1"}, "the path /v1?u=1", "mask to ?u"),
        ({"mask": Param("?u", File())}, {"submit": {"query": {"u": "1"}}}, "the query's u", "mask to ?u"),
        ({}, {"fixed": {"input": {"mode": "fast"}}}, "input.prompt", "the fixed input to input"),
        ({}, {"fixed": {"mode": {"a": 1}, "mode.b": 2}}, "the fixed mode", "the fixed mode.b"),
        ({}, {"submit": {"model": "input"}}, "the wire id goes to input", "prompt to input.prompt"),
        ({}, {"submit": {"model": "model"}, "fixed": {"model": "m"}}, "the wire id", "the fixed model"),
        (
            {"aspect_ratio": Param("s", Choice("1:1"), default="1:1", always_sent=True), "size": Param("s", Size())},
            {},
            "aspect_ratio goes to s",
            "size to s",
        ),
        ({"mask": Param("u", when(images=File())), "images": Param("u", Files())}, {}, "mask", "images"),
    ],
)
def test_two_things_never_share_a_place(params, facts, one, other):
    with pytest.raises(ValueError, match="would overwrite the other") as caught:
        sold(params, **facts)
    assert one in str(caught.value)
    assert other in str(caught.value)


@pytest.mark.parametrize(
    ("params", "facts", "why"),
    [
        ({"quality": Param("input..", OBJECTS)}, {}, "quality: 'input..' is no place like"),
        ({"quality": Param("input.", Text())}, {}, "quality: only an object can be merged into input$"),
        ({"images": Param("images[]", Files())}, {}, "'images\\[\\]' is no place"),
        ({"quality": Param("", Text())}, {}, "only an object can be merged into the body itself"),
        ({"quality": Param("", Choice("low", "high"))}, {}, "only an object can be merged into the body itself"),
        ({"size": Param("", when(images=Size(), otherwise=Size("{width}")))}, {}, "only an object"),
        ({}, {"fixed": {"?mode": "fast"}}, "the fixed \\?mode: what is always in the query stands in the path"),
        ({}, {"fixed": {"": {"mode": "fast"}}}, "the fixed : a place in the body is needed"),
        ({"count": Param("?n", Text())}, {}, "count differs from task to task"),
    ],
)
def test_what_is_no_place_is_refused(params, facts, why):
    with pytest.raises(ValueError, match=why):
        sold(params, **facts)


@pytest.mark.parametrize("names", [("image", "image"), ("a b?", "a_{n}"), ("a", "a_{n}.")])
def test_numbered_fields_have_names(names):
    with pytest.raises(ValueError, match="number"):
        numbered(*names)


@pytest.mark.parametrize("to", ["input.", "input.style.", ""])
def test_an_object_is_merged_where_others_are_written_and_read_back_among_them(to):
    tones = Choice({"low": {"steps": 4}, "high": {"steps": 8, "sharp": True}})
    params = {"quality": Param(to, tones, default="low"), "background": Param(f"{to}back", Choice("auto", "opaque"))}
    adapter = sold(params, prices=Table("quality", {"low": "0.01", "high": "0.02"}))

    def taken(extra=None, **given):
        request = ImageRequest(model="m", prompt="fox", **given, extra={"acme": extra} if extra else {})
        return check(request, adapter, adapter.offers[0])

    def within(fields):
        for key in reversed(to.split(".")[:-1]):
            fields = {key: fields}
        return fields

    def price(checked):
        return str(priced(checked, parts(checked)))

    high = taken(quality="high", background="opaque")
    assert parts(high)[0].body == merged(
        {"input": {"prompt": "fox"}}, within({"steps": 8, "sharp": True, "back": "opaque"})
    )
    assert (price(high), price(taken())) == ("$0.02", "$0.01")
    # A raw field decides what is billed only where it reaches what is merged; any other costs nobody knows what.
    assert price(taken(within({"steps": 8, "sharp": True}))) == "$0.02"
    assert "a raw field sets" in price_reason(taken(within({"steps": 5})))
    assert taken(within({"back": "auto"}), quality="high").value("quality") == "high"
    assert "not known: " in price_reason(taken(within({"other": 1}), quality="high"))


def price_reason(checked):
    return priced(checked, parts(checked)).reason


def test_fields_of_which_one_is_given_may_share_a_place():
    both = {"aspect_ratio": Param("s", Choice("1:1")), "size": Param("s", Size("{width}x{height}"))}
    one = sold(both | {"mask": Param("u", when(images=File())), "images": Param("u", when(images=None, mask=Files()))})
    assert one.offers[0].params["size"].to == "s"


def test_lists_and_the_query_are_written_in_their_places():
    params = {
        "images": Param(numbered("input.image", "input.image_{n}"), Files()),
        "moderation": Param("?safe", Choice({"off": False, "standard": True})),
    }
    adapter = sold(params, {"query": {"tier": "{wire_id}"}}, path="/v2?a=1")
    request = ImageRequest(model="m", prompt="fox", images=("https://a.b/1", "https://a.b/2"), moderation="off")
    checked = check(request, adapter, adapter.offers[0])
    assert checked.path == "/v2?a=1&tier=m&safe=false"
    assert parts(checked)[0].body == {
        "input": {"prompt": "fox", "image": "https://a.b/1", "image_2": "https://a.b/2"},
    }
    plain = check(attrs.evolve(request, moderation=None), adapter, adapter.offers[0])
    assert plain.path == "/v2?a=1&tier=m"
    body = {}
    put(body, "a.b[].c.d", ["x", "y"])
    assert body == {"a": {"b": [{"c": {"d": "x"}}, {"c": {"d": "y"}}]}}
    images = params["images"].to
    raw = ({"input": {"image_3": 1}}, {"input": 1}, {"input": {"seed": 1}}, {"image": 1})
    assert [touches(extra, images) for extra in raw] == [True, True, False, False]
    assert touches({"a": 1}, "a.b.c")  # what lies above it is replaced


KEYS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)
PLACES = KEYS | st.builds("{}{}{}".format, KEYS, st.sampled_from(("[]", "[0]")), st.sampled_from((".a", ".b")))
PLACES |= st.builds("{}[0]".format, KEYS)


@given(st.lists(PLACES, min_size=2, max_size=4))
def test_what_is_accepted_is_all_in_the_body_in_any_order(places):
    def lost(order):
        body = {}
        try:
            for number, place in order:
                put(body, place, [f"v{number}"] if "[]" in place else f"v{number}")
        except (AttributeError, TypeError, ValueError):
            return True
        return any(f"'v{number}'" not in repr(body) for number, _ in order)

    refused = any(clashes(Written(str(number), place) for number, place in enumerate(places)))
    assert refused == any(map(lost, permutations(enumerate(places))))
