"""The words that clips, songs and voices need: places in lists, what differs by what is given, prices by length."""

from decimal import Decimal
from functools import partial

import attrs
import pytest

from anymedia import (
    Account,
    AnymediaError,
    Cause,
    ImageRequest,
    Kind,
    MusicRequest,
    OutOfBounds,
    Secret,
    SpeechRequest,
    State,
    Task,
    VideoRequest,
    quote,
)
from anymedia.declare import (
    ANY,
    Always,
    Assets,
    Choice,
    Endpoint,
    Err,
    File,
    Files,
    Flag,
    Metered,
    Number,
    Offer,
    Param,
    Per,
    PerMegapixel,
    Price,
    Reply,
    Rule,
    Said,
    Table,
    Text,
    Whole,
    when,
)
from anymedia.declare.path import Content, Path
from anymedia.model.errors import MalformedAnswer, SubmitUncertain
from anymedia.model.strict_json import dumps
from anymedia.pricing.live import fields_of
from anymedia.pricing.offers import candidates
from anymedia.pricing.price import depends_on, least, least_work, priced
from anymedia.pricing.quote import quote_of
from anymedia.translate import decode
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.encode import parts
from anymedia.translate.messages import Answer
from anymedia.translate.places import put
from tests.samples import sample

from .acme import NOW, acme

A, B = "https://a.example/1", "https://a.example/2"
SUBMIT = Endpoint(method="POST", path="/v1", model="model", reply=Reply(id="id"))
CLIP = Offer(
    name="clip",
    kind="video",
    params={
        "prompt": Param("prompt", Text(1, 50)),
        "first_frame": Param("frames[0].url", File()),
        "last_frame": Param("frames[1].url", File()),
        "images": Param("likenesses", Files(1, 3)),
        "audios": Param(when(images="voice", first_frame="driving", otherwise=None), Files(1, 1, single=True)),
        "duration": Param("seconds", Whole(4, 8, step=2, form=str, auto=-1), default=4),
        "audio": Param("sound", Flag(), default=True, always_sent=True),
        "resolution": Param("quality", Choice({"720p": "720P", "1080p": "1080P"}), default="720p"),
    },
    knobs={"gif": Param("gif", Flag(), default=False)},
    fixed={
        "mode": "v3",
        "frames[0].role": when(first_frame="first"),
        "frames[1].role": when(last_frame="last"),
        "kind": when(first_frame="frame", images="reference", otherwise="text"),
    },
    rules=(Rule(when={"gif": True}, allows={"resolution": ("720p",)}, excludes="last_frame"),),
    prices=Table.printed("resolution audio", ("false true",), {"720p": ".07 .1", "1080p": ".09 ?"}, per="duration"),
)
SONG = Offer(
    name="song",
    kind="music",
    makes=2,
    params={
        "prompt": Param("prompt", when(lyrics=None, instrumental=None, otherwise=Text(1, 50)), required=True),
        "lyrics": Param("prompt", when(lyrics=Text(1, 99))),
        "style": Param("style", Text(1, 50)),
        "instrumental": Param("instrumental", Flag(), default=False, always_sent=True),
    },
    fixed={"custom": when(lyrics=True, style=True, otherwise=False)},
    rules=(Rule(when={"style": ANY}, needs=("lyrics", "instrumental")),),
    prices=Price("0.06"),
)
VOICE = Offer(
    name="voice",
    kind="speech",
    params={"text": Param("text", Text(1, 5000), required=True), "speed": Param("speed", Number(0.5, 2), default=1)},
    prices=Per("0.03", "text", each=1000, begun=True),
)


def sold(offer, **facts):
    """Return a provider that sells an offer, and the offer with these facts."""
    offer = attrs.evolve(offer, **facts)
    return acme(submit=SUBMIT, offers=(offer,)), offer


def checked(request, offer=CLIP, **options):
    adapter, offer = sold(offer)
    return check(request, adapter, offer, **options)


def body(request, offer=CLIP):
    held = checked(request, offer)
    assert held.problems == ()
    (part,) = parts(held)
    return {name: value for name, value in part.body.items() if name not in ("model", "mode")}


def said(request, offer=CLIP):
    return [(each.field, each.message) for each in checked(request, offer).problems]


def clip(**fields):
    return VideoRequest(model="clip", **{"prompt": "waves"} | fields)


def song(**fields):
    return MusicRequest(model="song", **fields)


def cost(request, offer=CLIP, **facts):
    """Return the price of a request as it is shown, and why it is not exact."""
    adapter, offer = sold(offer, **facts)
    held = check(request, adapter, offer)
    money = priced(held, parts(held))
    return str(money), money.reason


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {"kind": "text", "sound": True}),
        (
            {"first_frame": A, "last_frame": B, "audio": False, "duration": 6},
            {
                "frames": [{"role": "first", "url": A}, {"role": "last", "url": B}],
                "kind": "frame",
                "seconds": "6",
                "sound": False,
            },
        ),
        (
            {"first_frame": A, "audios": B, "resolution": "1080p", "audio": False},
            {
                "frames": [{"role": "first", "url": A}],
                "kind": "frame",
                "driving": B,
                "quality": "1080P",
                "sound": False,
            },
        ),
        (
            {"images": (A, B), "audios": (B,), "duration": "auto"},
            {"kind": "reference", "likenesses": [A, B], "voice": B, "seconds": -1, "sound": True},
        ),
    ],
)
def test_one_request_in_the_provider_s_places(fields, sent):
    assert body(clip(**fields)) == {"prompt": "waves"} | sent


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"audios": A}, [("audios", "not supported without images or first_frame")]),
        ({"images": A, "audios": (A, B)}, [("audios", "takes 1 file, not 2")]),
        ({"duration": 5}, [("duration", "takes 4, 6, 8, not 5")]),
        (
            {"extra": {"acme": {"gif": True}}, "resolution": "1080p", "first_frame": A, "last_frame": B},
            [
                ("extra.gif", "true goes without last_frame"),
                ("extra.gif", "true needs resolution 720p, not 1080p"),
            ],
        ),
        ({"extra": {"acme": {"gif": False}}, "resolution": "1080p", "audio": False}, []),
    ],
)
def test_what_an_offer_refuses(fields, problems):
    assert said(clip(**fields)) == problems


def test_of_several_files_none_is_lost_where_one_is_written():
    problems = checked(clip(images=A, audios=(A, B)), limits=False).problems
    assert [(each.field, each.message) for each in problems] == [("audios", "takes 1 file, not 2")]


def test_a_rule_between_fields_may_be_kept_by_any_of_several():
    rule = Rule(when={"audios": ANY}, needs=("images", "first_frame"))
    voiced = attrs.evolve(CLIP, params=CLIP.params | {"audios": Param("voice", Files(1, 1))}, rules=(rule,))
    assert said(clip(audios=A), voiced) == [("audios", "needs images or first_frame")]
    assert said(clip(audios=A, images=B), voiced) == []


def test_the_word_auto_is_refused_where_nothing_says_how_it_is_written():
    for takes, message in (
        (Whole(3, 15), "takes 3 to 15, not auto"),
        (Whole(8, 8), "takes 8, not auto"),
        (Whole(3), "takes at least 3, not auto"),
    ):
        plain = attrs.evolve(CLIP, params=CLIP.params | {"duration": Param("seconds", takes)}, prices=None)
        assert said(clip(duration="auto"), plain) == [("duration", message)]
    assert Whole(4, 8, step=2, auto="smart").read("smart") == "auto"
    assert Whole(4, 30, auto=-1).read(7) == 7
    for wrong in (lambda: Whole(4, step=2), lambda: Whole(4, 8, step=0), lambda: Files(1, 2, single=True)):
        with pytest.raises(ValueError, match=r"step: it is 1 or more|single: it is written as one file"):
            wrong()


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"prompt": "slow"}, {"custom": False, "prompt": "slow", "instrumental": False}),
        ({"prompt": "slow", "instrumental": False}, {"custom": False, "prompt": "slow", "instrumental": False}),
        (
            {"lyrics": "la", "style": "folk", "instrumental": False},
            {"custom": True, "prompt": "la", "style": "folk", "instrumental": False},
        ),
        ({"style": "folk", "instrumental": True}, {"custom": True, "style": "folk", "instrumental": True}),
    ],
)
def test_a_false_flag_decides_nothing(fields, sent):
    assert body(song(**fields), SONG) == sent


def test_what_is_needed_is_needed_where_it_is_taken():
    assert said(song(prompt="slow", lyrics="la"), SONG) == [("prompt", "not supported with lyrics")]
    assert said(song(style="folk"), SONG) == [
        ("prompt", "required by this offer"),
        ("style", "needs lyrics or instrumental"),
    ]
    assert SONG.variants == {"text": "song", "lyrics": "song", "instrumental": "song"}


def test_a_constant_that_depends_may_be_set_by_a_raw_field_and_one_that_tells_the_offer_apart_may_not():
    assert body(clip(extra={"acme": {"kind": "other"}}))["kind"] == "other"
    assert said(clip(extra={"acme": {"mode": "v4"}})) == [
        ("extra", "cannot set mode: choose the model or the offer instead")
    ]
    for raw in ({"frames": []}, {"frames": [{"url": B}]}):
        held = checked(clip(first_frame=A, extra={"acme": raw}))
        assert held.fields["first_frame"].raw


@pytest.mark.parametrize(
    ("fields", "usd", "reason"),
    [
        ({}, "$0.40", None),
        ({"audio": False}, "$0.28", None),
        ({"audio": False, "duration": 8, "resolution": "1080p", "count": 2}, "$1.44", None),
        ({"duration": "auto"}, "~$0.80", "duration is auto; the most is taken"),
        ({"resolution": "1080p"}, "unknown", "the page prints no price for resolution 1080p, audio true"),
        ({"extra": {"acme": {"seconds": "8"}}}, "$0.80", None),
        (
            {"extra": {"acme": {"seconds": "long"}}},
            "unknown",
            "a raw field sets duration to what the page prints no price for",
        ),
    ],
)
def test_a_clip_is_priced_by_its_length(fields, usd, reason):
    assert cost(clip(**fields)) == (usd, reason)


@pytest.mark.parametrize(
    ("prices", "fields", "usd"),
    [
        (Per("0.03", "text", each=1000, begun=True), {"text": "x" * 1001}, "$0.06"),
        (Per("0.03", "text", each=1000), {"text": "x" * 500}, "$0.015"),
        (Per("0.03", "text", each=1000, least=1000), {"text": "x"}, "$0.03"),
        (Per("0.1", "text", each=7), {"text": "x"}, "$0.014285715"),
        (Per("0.03", "text", each=10, more=15), {"text": "x" * 5}, "~$0.06"),
        (Per("0.02", "speed"), {"speed": 1.5}, "$0.03"),
        (Per("0.02", "speed"), {}, "$0.02"),
        (Metered({"tokens": "0.001"}, most={"tokens": 20}), {}, "~$0.02"),
        (Metered({"tokens": "0.001"}), {}, "unknown"),
    ],
)
def test_a_text_by_its_characters_and_what_is_used_by_its_most(prices, fields, usd):
    shown, reason = cost(SpeechRequest(model="voice", **{"text": "hello"} | fields), VOICE, prices=prices)
    assert shown == usd
    assert (reason is None) == shown.startswith("$")


def test_a_length_that_nobody_knows_is_billed_as_the_longest_or_not_known():
    def priced_with(param, prices=None):
        facts = {"params": CLIP.params | {"duration": param}, "prices": prices or Per("0.1", "duration")}
        return cost(clip(), CLIP, **facts)

    assert priced_with(Param("s", Whole(1, 9))) == (
        "~$0.90",
        "duration is not given, and no page names a default; the most is taken",
    )
    assert priced_with(Param("s", Whole(1, 9), default=Said("the sound's"))) == (
        "~$0.90",
        "duration is the sound's; the most is taken",
    )
    assert priced_with(Param("s", Whole(1)))[0] == "unknown"
    assert priced_with(Param("s", Whole(1, 9), default=4), Per("0.1", "images")) == ("$0.00", None)
    assert cost(clip(images=(A, B)), CLIP, prices=Per("0.1", "images")) == ("$0.20", None)


def test_the_dearest_is_found_by_what_each_figure_comes_to():
    table = Table("resolution", {"720p": Price("0.5"), "1080p": Per("0.2", "duration")})
    params = CLIP.params | {"resolution": Param("q", Choice("720p", "1080p"), default=Said("by the weather"))}
    assert cost(clip(duration=8), CLIP, params=params, prices=table)[0] == "~$1.60"


LEAST = (
    (CLIP, CLIP.prices, "$0.28", {"resolution": "720p", "audio": "false", "duration": "4"}),
    (CLIP, PerMegapixel("0.1", "0.05", "0"), "$0.10", {"size": "1 megapixel"}),
    (VOICE, VOICE.prices, "$0.03", {"text": "1"}),
    (VOICE, Metered({"tokens": "0.1"}), "unknown", {}),
    (SONG, SONG.prices, "$0.06", {}),
)


def test_the_least_that_a_work_costs():
    for offer, prices, usd, work in LEAST:
        adapter, sold_ = sold(offer, prices=prices)
        money, of = least_work(adapter, sold_)
        assert (str(money), dict(of)) == (usd, work)
        assert least(adapter, sold_) == money


def test_what_a_price_goes_by():
    assert depends_on(checked(clip(duration=6))) == {"resolution": "720p", "audio": True, "duration": 6}
    assert depends_on(checked(SpeechRequest(model="voice", text="hello"), VOICE)) == {"text": 5}
    held = checked(SpeechRequest(model="voice", text="hello", speed=2), VOICE)
    assert fields_of(held, 1) == {"count": 1, "text": 5, "speed": 2}
    adapter, _ = sold(SONG)
    account = Account(name="acme", adapter=adapter, origin=adapter.base_url, api_key=Secret("k"))
    (candidate,) = candidates(song(prompt="slow"), [account])
    assert (quote_of(candidate).works, quote_of(candidate).tasks) == (2, 1)


@pytest.mark.parametrize(
    ("prices", "wrong"),
    [
        (Per("1", "steps"), "the price goes by steps, which is not mapped"),
        (Table("resolution", {"720p": Per("1", "count")}), "the price goes by count, which is not mapped"),
        (Per("1", "audio"), "the price counts audio, which is no number, no text and no list of files"),
        (Per("1", "first_frame"), "the price counts first_frame, which is no number"),
    ],
)
def test_a_price_by_what_is_not_mapped_is_refused(prices, wrong):
    with pytest.raises(ValueError, match=wrong):
        attrs.evolve(CLIP, prices=prices)


def test_a_most_that_no_rate_is_for_is_refused():
    with pytest.raises(ValueError, match="most: no rate is for seconds"):
        Metered({"tokens": "1"}, most={"seconds": 1})
    with pytest.raises(ValueError, match="rates: there is none"):
        Metered({})


@pytest.mark.parametrize(
    ("to", "wrong"),
    [
        (when(images="?a", otherwise="b"), "audios: a place in the query is the same for each request"),
        (when(images="a[x]", otherwise="b"), "is no place"),
        (when(images="frames", otherwise="b"), "one would overwrite the other"),
        ("frames.x", "one would overwrite the other"),
    ],
)
def test_a_place_that_cannot_be_is_refused(to, wrong):
    with pytest.raises(ValueError, match=wrong):
        attrs.evolve(CLIP, params=CLIP.params | {"audios": Param(to, Files(1, 1, single=True))}, rules=())


def test_what_each_work_has_is_taken_and_not_sent():
    loud = attrs.evolve(CLIP, params=CLIP.params | {"audio": Param(None, Always(True))}, prices=None)
    for request in (clip(), clip(audio=True)):
        held = checked(request, loud)
        assert (held.problems, held.value("audio")) == ((), True)
        assert "sound" not in parts(held)[0].body
    assert said(clip(audio=False), loud) == [("audio", "is always true")]
    dropped = checked(clip(audio=False), loud, on_unsupported="drop")
    assert [each.field for each in dropped.adjustments] == ["audio"]
    for param in (Param(None, Flag()), Param("sound", Always(True))):
        with pytest.raises(ValueError, match="audio: it has a place, unless it is Always so"):
            attrs.evolve(CLIP, params=CLIP.params | {"audio": param}, prices=None)


@pytest.mark.parametrize(("first", "last"), [("i[1]", "i[0]"), ("i[0]", "i[2]"), ("i[1]", "i[2]")])
def test_the_elements_of_a_list_are_declared_in_order(first, last):
    frames = {"first_frame": Param(first, File()), "last_frame": Param(last, File())}
    with pytest.raises(ValueError, match="the elements of i are written in the order"):
        attrs.evolve(CLIP, params=frames, fixed={}, prices=None)


def test_an_input_that_goes_nowhere_is_no_variant():
    params = CLIP.params | {"video": Param(when(first_frame="from"), File())}
    assert "video" not in attrs.evolve(CLIP, params=params).variants


def test_what_is_not_counted_is_shown_as_it_is():
    params = VOICE.params | {"voice": Param("voice", Text(1))}
    by_voice = attrs.evolve(VOICE, params=params, prices=Table("voice", {"max": "0.1"}))
    held = checked(SpeechRequest(model="voice", text="hello", voice="max"), by_voice)
    assert depends_on(held) == {"voice": "max"}


def test_an_element_alone_keeps_its_place():
    held = {}
    put(held, "a[1].b", 5)
    assert held == {"a": [None, {"b": 5}]}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("-3", "a raw field sets duration to -3, which is out of its bounds"),
        (True, "a raw field sets duration to what the page prints no price for"),
        ([5], "a raw field sets duration to what the page prints no price for"),
        ({"a": 1}, "a raw field sets duration to what the page prints no price for"),
    ],
)
def test_a_raw_length_that_is_none_has_no_price(raw, reason):
    assert cost(clip(extra={"acme": {"seconds": raw}})) == ("unknown", reason)
    quality = cost(clip(extra={"acme": {"quality": raw}}))
    assert quality == ("unknown", "a raw field sets quality to what the page prints no price for")


def test_a_default_length_of_nothing_has_no_price():
    whole = Param("s", Whole(-5, 9), default=0)
    money = cost(clip(), CLIP, params=CLIP.params | {"duration": whole}, prices=Per("0.1"))
    assert money == ("unknown", "duration is 0, and the page prints no price for that")


def test_a_file_of_this_machine_is_of_the_medium_of_its_field():
    for fields, problem in (
        ({"first_frame": sample("film.mp4")}, "first_frame: takes a picture, and .* is a film, video/mp4"),
        ({"images": [sample("picture.png"), sample("sound.mp3")]}, "images: takes a picture, and .* is a sound"),
        ({"videos": sample("picture.png")}, "videos: takes a film, and .* is a picture, image/png"),
        ({"audios": sample("picture.png")}, "audios: takes a sound, and .* is a picture"),
    ):
        with pytest.raises(OutOfBounds, match=problem):
            clip(**fields)
    assert clip(audios=sample("film.mp4"), videos=sample("film.mp4"), video=sample("film.mp4")).prompt == "waves"


def test_a_file_that_goes_elsewhere_is_told_where():
    framed = attrs.evolve(CLIP, params={name: CLIP.params[name] for name in ("prompt", "first_frame")}, prices=None)
    framed = attrs.evolve(framed, fixed={}, rules=())
    assert said(clip(images=A), framed) == [("images", "not supported by this offer, which takes first_frame")]


# Answers without a state, and without an id

AT_ONCE = Reply(ok=("code", 200, 202), id="id", state="status", assets="data[].url", succeeded_if="data[].url")
POLL = Endpoint(method="GET", path="/v1/{id}", reply=AT_ONCE)


STATES = {
    "done": State.SUCCEEDED,
    "lost": State.FAILED,
    "banned": Err(Cause.BLOCKED),
    "gone": Err(Cause.NOT_FOUND),
}


def accepted(answer):
    life = {"submit": attrs.evolve(SUBMIT, reply=AT_ONCE), "poll": POLL, "states": STATES}
    adapter = acme(offers=(VOICE,), **life)
    asked = Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="voice", now=NOW)
    draft = Task(id="draft", provider="acme", account="acme", offer="acme/voice", path="/v1", submitted_at=NOW)
    return decode.submitted(asked, Answer(200, {}, dumps(answer)), draft)


@pytest.mark.parametrize(
    ("answer", "task"),
    [
        ({"data": [{"url": A}]}, ("draft", State.SUCCEEDED, 1)),
        ([{"code": 200, "id": "t", "data": [{"url": A}]}], ("t", State.SUCCEEDED, 1)),
        ({"code": 202, "id": "t"}, ("t", State.QUEUED, 0)),
        ({"id": "t", "status": "waiting", "data": [{"url": A}]}, ("t", State.RUNNING, 0)),
        ({"id": "t", "status": "done", "data": [{"url": A}]}, ("t", State.SUCCEEDED, 1)),
        ({"status": "done", "data": [{"url": A}]}, ("draft", State.SUCCEEDED, 1)),
        ({"status": "lost"}, ("draft", State.FAILED, 0)),
        ({"status": "banned"}, ("draft", State.FAILED, 0)),
    ],
)
def test_an_answer_without_a_state_may_be_the_result(answer, task):
    held = accepted(answer)
    assert (held.id, held.state, len(held.assets)) == task


@pytest.mark.parametrize(
    "answer", [{"data": [{"url": "no link"}]}, {"code": 203, "id": "t"}, {"status": "done"}, {"status": "gone"}]
)
def test_what_cannot_be_found_again_is_no_task(answer):
    with pytest.raises((SubmitUncertain, MalformedAnswer)):
        accepted(answer)


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (500, {"status": "lost", "error": "no"}, State.FAILED),
        (500, {"status": "done", "data": [{"url": A}]}, State.SUCCEEDED),
        (200, {"code": 500, "status": "lost"}, State.FAILED),
        (500, {"error": "no"}, None),
        (503, {"status": "waiting"}, None),
        (422, {"error": "no"}, None),
    ],
)
def test_a_verdict_may_stand_in_an_error(status, body, state):
    poll = attrs.evolve(POLL, verdict="state")
    adapter = acme(submit=SUBMIT, poll=poll, offers=(VOICE,), states=STATES)
    asked = Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="voice", now=NOW)
    task = Task(
        id="t", provider="acme", account="acme", offer="acme/voice", kind=Kind.SPEECH, path="/", submitted_at=NOW
    )
    look = partial(decode.looked, asked, poll, Answer(status, {}, dumps(body)), task)
    if state is None:
        with pytest.raises(AnymediaError):
            look()
    else:
        assert look().state is state
        with pytest.raises(decode.Unnamed):  # it may be of another task: it is asked for on a connection of its own
            look(alone=False)


def test_the_last_part_of_a_location_is_an_id():
    place = Path("@location!tail")
    for where, tail in (("/api/tasks/abc", "abc"), ("https://a.b/x/a%20b/?q=1", "a b"), ("/", None), ("", None)):
        assert place.one(Content({}, {"location": where})) == tail


def test_a_picture_alone_is_no_film():
    reply = Reply(state="status", assets={"image": "image", "video": "video"})
    adapter = acme(submit=SUBMIT, poll=attrs.evolve(POLL, reply=reply), offers=(CLIP,), states=STATES)
    asked = Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="clip", now=NOW)
    task = Task(id="t", provider="acme", account="acme", offer="acme/clip", kind=Kind.VIDEO, path="/", submitted_at=NOW)

    def looked(body, task=task):
        return decode.looked(asked, adapter.lifecycle.poll, Answer(200, {}, dumps({"status": "done"} | body)), task)

    with pytest.raises(MalformedAnswer, match="no result"):
        looked({"image": A})
    assert [asset.kind for asset in looked({"image": A, "video": B}).assets] == ["image", "video"]
    assert [asset.kind for asset in looked({"image": A}, attrs.evolve(task, offer=None)).assets] == ["image"]


def test_a_work_that_is_told_of_at_two_places_is_one():
    tracks = Assets("tracks[]", url="url", kind="audio", title="title")
    reply = Reply(state="status", assets=(tracks, Assets("urls[]", kind="audio")))
    adapter = acme(submit=SUBMIT, poll=attrs.evolve(POLL, reply=reply), offers=(SONG,), states=STATES)
    asked = Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="song", now=NOW)
    facts = {"id": "t", "provider": "acme", "account": "acme", "path": "/", "submitted_at": NOW}
    task = Task(offer="acme/song", kind=Kind.MUSIC, **facts)
    body = {"status": "done", "urls": [A, B], "tracks": [{"url": A, "title": "one"}, {"title": "two"}]}
    seen = decode.looked(asked, adapter.lifecycle.poll, Answer(200, {}, dumps(body)), task)
    assert [(asset.url, asset.title) for asset in seen.assets] == [(A, "one"), (B, None)]


# What was used


def settled(answer, prices):
    adapter, offer = sold(VOICE, name="a/voice", model="voice", prices=prices)
    reply = Reply(id="id", assets="url", used={"tokens": "usage.tokens", "seconds": "usage.seconds"})
    adapter = attrs.evolve(adapter, lifecycle=attrs.evolve(adapter.lifecycle, submit=attrs.evolve(SUBMIT, reply=reply)))
    asked = Asked(adapter=adapter, account="acme", origin=adapter.base_url, model="voice", now=NOW)
    quoted = quote_money(adapter, offer)
    draft = Task(
        id="d", provider="acme", account="acme", offer=f"acme/{offer.name}", path="/v1", submitted_at=NOW, money=quoted
    )
    return decode.submitted(asked, Answer(200, {}, dumps(answer)), draft).money


def quote_money(adapter, offer):
    held = check(SpeechRequest(model="voice", text="hello"), adapter, offer)
    return priced(held, parts(held))


def test_what_was_used_settles_the_price():
    prices = Metered({"tokens": "0.001", "seconds": "0.01"}, most={"tokens": 1000, "seconds": 10})
    done = {"id": "d", "url": A}
    money = settled(done | {"usage": {"tokens": 12, "seconds": 1.5}}, prices)
    assert (money.usd, money.got) == (Decimal("0.027"), "settled")
    for usage in ({}, {"tokens": 12}, {"tokens": -1, "seconds": 1}, {"tokens": "many", "seconds": 1}):
        money = settled(done | {"usage": usage}, prices)
        assert (money.usd, money.got, money.status) == (Decimal("1.1"), "table", "estimate")
    assert settled(done | {"usage": {"tokens": 12}}, Price("0.05")).usd == Decimal("0.05")


def test_a_picture_is_one_work():
    request = ImageRequest(model="flux-2-pro", prompt="fox", resolution="1K")
    assert {each.works for each in quote(request)} == {1}
