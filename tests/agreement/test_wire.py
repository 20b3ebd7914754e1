"""The same two readings from the other end: of any body on the wire, the simulator says what check says of it.

A body is read back to the request that it stands for. Where there is none, because no request is written so, check
has nothing to say yes to; so both have to say no, but for what is listed in DIFFER.
"""

import re
from collections import Counter
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from anymedia import ImageRequest, OutOfBounds
from anymedia.declare import Choice, File, Files, Numbered, Size, Text, Url, Whole, pick
from anymedia.declare.path import Path
from anymedia.declare.written import merges
from anymedia.model.vocabulary import Kind
from anymedia.registry import offers
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from anymedia.translate.places import held, put

OFFERS = {f"{adapter.name}/{offer.name}": (adapter, offer) for adapter, offer in offers() if offer.kind is Kind.IMAGE}
LINK = "https://pictures.example/x.png"


def at(param, variant):
    """Return the place of a field in a variant; None where it has none."""
    return pick(param.to, (variant,))


def is_plain(place):
    """Return whether one thing stands at a place of the body, and nothing else."""
    return isinstance(place, str) and not merges(place) and not place.startswith("?")


def on_the_wire(offer, field):
    """Return whether a field can stand in a body of JSON: a file that is a part of a form cannot."""
    takes = pick(offer.params[field].takes, ("images",))
    return not isinstance(takes, File | Files) or "url" in takes.forms


ANY_CASE = "the page takes any case, and the adapter writes but one"
EMPTY = "no page speaks of an empty list beside no images at all, and it is never written"
NULL = "no page speaks of null; the simulators take it for not given, and it is never written"
DOWNGRADED = "accepted and not honoured: silently downgraded"
NO_BOUND = "the page names no bound for pixels; the simulator stops at five digits"
NO_WORD = "it has no word of ours, and is given in extra"
ONE_BY_ONE = "no page tells how many pictures a task makes at most, so each is a task"
OUR_DEFAULT = "it moves the price, so it is always sent, whatever the page's default is"
GPT = ("reapi/gpt-image-2", "reapi/gpt-image-2-official")
FLASH = ("reapi/gemini-3.1-flash-image-preview", "reapi/gemini-3.1-flash-image-preview-official")
PRO = ("reapi/gemini-3-pro-image-preview", "reapi/gemini-3-pro-image-preview-official")

DIFFER = {
    **{(name, "resolution", word): ANY_CASE for name in GPT for word in ("1K", "2K", "4K")},
    **{
        (name, "image_urls", ()): EMPTY
        for name in (*GPT, *FLASH, *PRO, "reapi/nano-banana-2-lite", "reapi/doubao-seedream-5-0-lite")
    },
    **{(name, "resolution", "0.5k"): NO_WORD for name in FLASH},
    ("runapi/seedream-5-lite", "output_quality", "high"): NO_WORD,
    ("kie/seedream-5-lite", "input.quality", "high"): NO_WORD,
    **{(name, "resolution", None): OUR_DEFAULT for name in (*FLASH, *PRO, "fal/nano-banana-2", "fal/nano-banana-pro")},
    **{
        (f"kie/gpt-image-2{temper}", "input.resolution", None): OUR_DEFAULT
        for temper in ("", ".5-flare", ".5-sunburst")
    },
    **{(f"api_in_one/flux-2-{tier}", "input_urls", ()): EMPTY for tier in ("pro", "flex")},
    **{(f"kie/nano-banana-{tier}", "input.image_input", ()): EMPTY for tier in ("2", "pro")},
    ("kie/nano-banana-2-lite", "input.image_urls", ()): EMPTY,
    **{
        (name, "num_images", number): ONE_BY_ONE
        for name, (adapter, offer) in OFFERS.items()
        if adapter.name == "fal" and "count" in offer.params
        for number in (2, 3, 4)
    },
    **{(f"replicate/flux-2-{tier}", "input.input_images", ()): EMPTY for tier in ("pro", "flex")},
    **{
        (name, place, None): NULL
        for name, (_, offer) in OFFERS.items()
        for field, param in offer.params.items()
        for place in [at(param, "text")]
        if not param.required and not param.always_sent and is_plain(place) and on_the_wire(offer, field)
    },
    ("reapi/gpt-image-2-official", "background", "transparent"): DOWNGRADED,
    ("reapi/gpt-image-2-official", "size", "100000x1024"): NO_BOUND,
}
"""Where the two differ on purpose (the offer, the field on the wire, its value), and why."""


# What may stand in a field: what its kind can be at all, whatever the adapter says of it.

TYPES = [None, True, False, 0, 1, 2.0, "", "1", [], {}, [LINK, 7], {"url": LINK}]
LENGTHS = (0, 1, 2, 3, 4, 999, 1000, 1001, 3999, 4000, 4001, 4999, 5000, 5001)
RATIOS = (
    *("auto", "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21"),
    *("3:1", "1:3", "1:4", "4:1", "7:3", "16:09", "16x9"),
)
WORDS = (
    *RATIOS,
    *("1K", "2K", "4K", "1k", "2k", "4k", "0.5k", "3K"),
    *("auto", "low", "medium", "high", "opaque", "transparent", "standard", "off"),
)
PIXELS = ("1024x1024", "1536x864", "3840x2160", "1000x1000", "99999x1", "100000x1024", "1024X1024", "0x0", "1024x")
SIDES = (
    *((1024, 1024), (1536, 864), (1920, 1920), (2048, 2064), (1000, 1000)),
    *((48, 64), (4096, 4096), (64, 64), (4112, 16)),
)
LINKS = (
    *(LINK, "http://pictures.example/x.png", "HTTPS://pictures.example/x.png", "https://pictures.example:8443/x?y#z"),
    *("data:image/png;base64,AA", "ftp://pictures.example/x.png", "pictures.example/x.png", "https://", "https:///x"),
    *("https://pictures.example/a b", "file:///etc/passwd"),
)
LISTS = [[link] * number for number in (1, 0, 2, 7, 8, 9, 15, 16, 17, 30) for link in LINKS]
TEXTS = [letter * length for length in LENGTHS for letter in ("a", "狐")]


def likely(takes):
    """Return values that fit, by the adapter's word."""
    match takes:
        case Choice():
            return list(takes.wire.values())
        case Text():
            return ["a fox", "a" * 5000, "a" * 4000, "a" * 1000, "🦊" * 3]
        case Whole():
            return [takes.least, takes.least + 1, takes.most or 7]
        case Files(single=True):
            return LINKS[:4]
        case Files():
            return [[LINK], [LINK] * (takes.most or 20), [LINK, LINKS[2]]]
        case Size(text=None):
            return [{"width": width, "height": height} | takes.beside for width, height in SIDES[:3]]
        case Size():
            return PIXELS[:4]
        case Url() | File():
            return LINKS[:4]


def possible(takes):
    """Return values inside, at and beyond every bound that any page names."""
    match takes:
        case Choice():
            return WORDS
        case Text():
            return TEXTS
        case Whole():
            return [*range(-1, 7), *((takes.most, takes.most + 1) if takes.most else ())]
        case Files(single=True):
            return LINKS
        case Files():
            return LISTS
        case Size(text=None):
            return [{"width": width, "height": height} | takes.beside for width, height in SIDES]
        case Size():
            return PIXELS
        case Url() | File():
            return LINKS


MISSING = object()


def body_of(adapter, offer, dice):
    """Return a path and a body in which a field or two may be wrong, or stand where they do not belong."""
    with_images = "images" in offer.params and on_the_wire(offer, "images")
    variant = dice.of(["text", "images"] if with_images else ["text"])
    fields = {}
    for field, param in offer.params.items():
        to, takes = at(param, variant), pick(param.takes, (variant,))
        if to is None or takes is None or not on_the_wire(offer, field):
            continue
        if dice.chance(12):
            wrong = [MISSING, *TYPES] if is_plain(to) else [MISSING]
            value = dice.of(wrong if dice.chance(25) else possible(takes))
        elif param.required or param.always_sent or field == "images":
            value = MISSING if (field, variant) == ("images", "text") else dice.of(likely(takes))
        else:
            value = dice.of(likely(takes)) if dice.chance(20 if field in ("mask", "size") else 50) else MISSING
        if value is not MISSING:
            fields[to] = value
    return path_of(adapter, offer, variant, fields), written(adapter, offer, variant, fields)


def path_of(adapter, offer, variant, fields):
    """Return the path of a submit, with the fields that stand in its query."""
    submit = adapter.life(offer.lifecycle).submit
    path = (pick(offer.path, (variant,)) or submit.path).replace("{wire_id}", pick(offer.wire_id, (variant,)))
    query = urlencode({place[1:]: text for place, text in fields.items() if str(place).startswith("?")})
    return f"{path}?{query}" if query else path


def written(adapter, offer, variant, fields):
    """Return the body that holds these fields."""
    body, life = {}, adapter.life(offer.lifecycle)
    if life.submit.model is not None:
        put(body, life.submit.model, pick(offer.wire_id, (variant,)))
    fixed = {place: pick(value, (variant,)) for place, value in offer.fixed.items()}
    fixed = {place: value for place, value in fixed.items() if value is not None}
    hook = offer.params.get("callback_url")
    if life.webhook is not None and hook is not None and hook.to in fields:
        fixed |= life.webhook.sends
    for place, value in (fixed | fields).items():
        if not str(place).startswith("?"):
            put(body, place, value)
    return body


# What a body stands for


def read(adapter, offer, path, body):
    """Return the check of the request that a body stands for; None when no request is written so."""
    images = wire_of(offer.params["images"], "images", path, body) if "images" in offer.params else None
    variant = "images" if images else "text"
    given = {}
    for field, param in offer.params.items():
        wire = wire_of(param, variant, path, body)
        takes = pick(param.takes, (variant,))
        value = None if wire is None else sized(takes, wire) if isinstance(takes, Size) else takes.read(wire)
        # Where a word means nothing in our words, it may still be one that is written as itself: a ratio.
        if value is None and field == "aspect_ratio" and "size" not in given and not pixels(wire):
            value = wire
        if value is not None:
            given[field] = value
    if "size" in given:
        given.pop("aspect_ratio", None)
    try:
        request = ImageRequest(model=offer.model, **{"prompt": None} | given)
    except OutOfBounds:
        return None
    forced = check(request, adapter, offer, limits=False)
    again = [] if forced.problems else parts(forced)
    same = [part.body for part in again] == [body] and forced.path == path
    return check(request, adapter, offer) if same else None


def wire_of(param, variant, path, body):
    """Return what stands at the place of a field; None where nothing does."""
    to, takes = at(param, variant), pick(param.takes, (variant,))
    if to is None or takes is None:
        return None
    if isinstance(to, Numbered):
        found = [body[name] for name in to.names(len(body)) if name in body]
        return found or None
    if to.startswith("?"):
        return dict(parse_qsl(urlsplit(path).query)).get(to[1:])
    return (held(body, to, takes.keys) or None) if merges(to) else Path(to).one(body)


def sized(takes, wire):
    return pixels(wire) if takes.text is not None else takes.read(wire)


def pixels(wire):
    sides = re.fullmatch(r"([1-9][0-9]*)x([1-9][0-9]*)", wire) if isinstance(wire, str) else None
    return (int(sides[1]), int(sides[2])) if sides else None


def verdicts(ask, adapter, offer, path, body):
    """Return whether check passes a body, and whether the simulator does."""
    checked = read(adapter, offer, path, body)
    return checked is not None and not checked.problems, ask.takes(adapter, path, body)


def listed(name, body):
    """Return whether a body holds a value about which the two differ on purpose, or lacks one."""
    needs = {place for where, place, value in DIFFER if where == name and DIFFER[where, place, value] is OUR_DEFAULT}
    return any(Path(place).one(body) is None for place in needs) or any(
        (name, place, () if value == [] else value) in DIFFER for place, value in leaves(body)
    )


def leaves(body, at=""):
    for key, value in body.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{at}{key}.")
        elif not isinstance(value, list) or not value:
            yield f"{at}{key}", value


# The claims


@pytest.mark.parametrize("name", OFFERS)
def test_of_any_body_the_simulator_says_what_check_says(name, ask, thrown):
    adapter, offer = OFFERS[name]
    seen = Counter()

    def hold(dice):
        path, body = body_of(adapter, offer, dice)
        if listed(name, body):
            seen["listed"] += 1
            return
        ours, theirs = verdicts(ask, adapter, offer, path, body)
        seen[theirs] += 1
        assert ours == theirs, f"{path} {body}: check says {ours}, the simulator {ask(adapter, path, body).body}"

    number = thrown(hold, len(OFFERS))
    assert min(seen[True], seen[False]) > number / 20, seen


@pytest.mark.parametrize(("name", "to", "value"), DIFFER, ids=map(str, DIFFER))
def test_where_the_two_differ_on_purpose_they_still_do(name, to, value, ask):
    adapter, offer = OFFERS[name]
    fields = {param.to: param.takes.wire[param.default] for param in offer.params.values() if param.always_sent}
    wide = {"size": "16:9"} if to == "resolution" and name in GPT else {}
    fields |= {offer.params["prompt"].to: "a fox", **wide, to: [] if value == () else value}
    ours, theirs = verdicts(
        ask, adapter, offer, path_of(adapter, offer, "text", fields), written(adapter, offer, "text", fields)
    )
    assert ours != theirs, DIFFER[name, to, value]


def test_what_is_accepted_and_not_honoured_is_listed():
    declared = {
        (name, param.to, param.takes.write(value))
        for name, (_, offer) in OFFERS.items()
        for param in offer.params.values()
        if isinstance(param.takes, Choice)
        for value in param.takes.not_honoured
    }
    assert declared == {where for where, reason in DIFFER.items() if reason is DOWNGRADED}
