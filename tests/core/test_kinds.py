"""Another kind than pictures, at providers that nobody registered: no step has to know either."""

import re
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path

import attrs
import pytest
from aiohttp import web

import anymedia
from anymedia import (
    Account,
    Client,
    Config,
    ImageRequest,
    Kind,
    MusicRequest,
    OutOfBounds,
    RawRequest,
    Request,
    Secret,
    SpeechRequest,
    State,
    Task,
    Unsupported,
    from_json,
    to_json,
)
from anymedia.declare import Files, Offer, Param, Table, Text, Url, numbered, pick, when
from anymedia.engine.idempotency import _same
from anymedia.journal.redact import secrets_of
from anymedia.model.forms import TEXT, holds
from anymedia.model.kinds import KINDS
from anymedia.pricing.compare import compare
from anymedia.pricing.live import fields_of
from anymedia.pricing.offers import candidates, choose
from anymedia.pricing.price import priced
from anymedia.pricing.side import Seller
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .video import FILM, FRAME, LAST, REFERENCE, VideoRequest, studio

CLIP = VideoRequest(model="film-1", prompt="waves")
STUDIO, ANNEX = studio(), studio("annex", offers=(attrs.evolve(FILM, name="annexed", params=dict(FILM.params)),))


def held(request=CLIP, adapter=STUDIO, **options):
    return check(request, adapter, adapter.offers[0], **options)


def said(checked):
    return [(problem.field, problem.message) for problem in checked.problems]


def account(adapter, origin="https://api.acme.example"):
    return Account(name=adapter.name, adapter=adapter, origin=origin, api_key=Secret("k"))


# The request


def test_a_kind_names_its_fields_once():
    roles = VideoRequest.roles
    assert (roles.inputs, roles.subject) == (
        ("video", "first_frame", "videos", "images"),
        ("prompt", "video", "first_frame", "last_frame", "videos", "images", "audios"),
    )
    assert (roles.texts, roles.shape) == (("prompt", "negative_prompt"), ("aspect_ratio", "size", "resolution"))
    assert roles.names[0] == "prompt"
    assert roles.names[-1] == "callback_url"
    assert [Kind(kind).medium for kind in Kind] == ["image", "video", "audio", "audio"]


@pytest.mark.parametrize(
    ("fields", "variant"),
    [
        ({}, "text"),
        ({"first_frame": FRAME}, "first_frame"),
        ({"first_frame": FRAME, "last_frame": LAST}, "first_frame"),
        ({"images": REFERENCE}, "images"),
        ({"videos": REFERENCE, "images": REFERENCE}, "videos"),
    ],
)
def test_the_variant_is_the_first_input_that_is_given(fields, variant):
    request = attrs.evolve(CLIP, **fields)
    assert (request.variant, held(request).variant) == (variant, variant)


def test_a_kind_says_what_excludes_each_other_beside_what_each_field_may_hold():
    with pytest.raises(OutOfBounds) as caught:
        VideoRequest(model="film-1", prompt=7, first_frame=FRAME, images=REFERENCE, resolution="8K")
    assert [problem.field for problem in caught.value.problems] == ["prompt", "resolution", "images"]
    with pytest.raises(OutOfBounds, match="last_frame: needs a first_frame"):
        VideoRequest(model="film-1", prompt="waves", last_frame=LAST)


def test_a_request_is_the_same_after_json():
    request = attrs.evolve(CLIP, first_frame=FRAME, count=2, labels={"order": "7"})
    assert from_json(VideoRequest, to_json(request)) == request


def test_a_length_is_a_number_or_a_word_in_json_too():
    plain = to_json(CLIP)
    assert from_json(VideoRequest, plain | {"duration": "auto"}).duration == "auto"
    for wrong in ([5], {"s": 5}):
        with pytest.raises(OutOfBounds, match="duration: expected a plain value"):
            from_json(VideoRequest, plain | {"duration": wrong})


def test_the_words_of_a_caller_are_private_whatever_the_kind_calls_them():
    song = MusicRequest(model="song-1", prompt="slow", lyrics="la la")
    voice = SpeechRequest(model="voice-1", text="hello", voice="nova", language="en")
    assert (song.texts, CLIP.texts, voice.texts) == (("slow", "la la"), ("waves",), ("hello",))
    body = {"gpt_lyrics": ["la la"], "title": "short", "words": "la"}
    assert secrets_of(body) == ("la la", "short")
    assert secrets_of(body, (*song.texts, " ", "la")) == ("slow", "la la", "la", "short")


def test_a_kind_may_be_given_more_fields():
    @attrs.frozen(kw_only=True)
    class Titled(ImageRequest):
        title: str | None = attrs.field(default=None, metadata=holds(TEXT))

    assert "title" in Titled.roles.names
    assert isinstance(Titled(model="m", prompt="p"), Request)


def test_a_raw_request_is_of_a_kind_too():
    raw = RawRequest("studio", "/v1/films", {}, "speech")
    assert (raw.kind is Kind.SPEECH, raw.units, raw.texts) == (True, 1, ())
    with pytest.raises(OutOfBounds, match="kind: must be one of image, video, music, speech, not 'audio'"):
        RawRequest("studio", "/v1/films", {}, "audio")


# What an offer may say


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        (
            {"params": {"mask": Param("mask", Text())}},
            "no field of video is named mask; there are prompt, video, first_frame",
        ),
        ({"wire_id": when(text="film")}, "when\\(\\) goes by prompt, .*images, audios, not by text"),
        ({"params": {"seed": Param("s", when(seed=Text()))}, "prices": None}, "not by seed"),
        ({"prices": Table("variant mode", {("text", "x"): "1"})}, "the price goes by mode, which is not mapped"),
        ({"kind": "music"}, "no field of music is named aspect_ratio, first_frame"),
        ({"kind": "film"}, "Offer, kind: takes one of image, video, music, speech, not 'film'"),
    ],
)
def test_an_offer_that_names_what_its_kind_has_not_is_no_offer(changes, wrong):
    with pytest.raises(ValueError, match=wrong):
        attrs.evolve(FILM, **changes)


def test_the_variants_of_an_offer():
    assert FILM.variants == {"text": "film", "first_frame": "film-from", "videos": "film", "images": "film-like"}
    needed = attrs.evolve(FILM.params["first_frame"], required=True)
    assert [*attrs.evolve(FILM, params=FILM.params | {"first_frame": needed}).variants] == ["first_frame"]
    from_frames = attrs.evolve(FILM, wire_id=when(first_frame="film-from", images="film-like"))
    assert [*from_frames.variants] == ["first_frame", "images"]
    assert pick(from_frames.wire_id, {"first_frame": FRAME, "images": ()}) == "film-from"


def test_what_is_put_in_decides_the_wire_id_the_path_and_what_is_taken():
    both = attrs.evolve(CLIP, first_frame=FRAME, last_frame=LAST)
    for request, wire_id, path in (
        (CLIP, "film", "/v1/films"),
        (attrs.evolve(CLIP, first_frame=FRAME), "film-from", "/v1/films"),
        (both, "film-between", "/v1/films"),
        (attrs.evolve(CLIP, images=REFERENCE), "film-like", "/v1/like"),
    ):
        checked = held(request)
        assert (checked.problems, checked.wire_id, checked.path) == ((), wire_id, path)
    assert parts(held(both))[0].body["input"] == {"prompt": "waves", "start": FRAME, "end": LAST}
    assert held(both).defaults == {"duration": 5, "resolution": "720p"}


def test_an_offer_without_a_variant_says_what_it_needs():
    both = attrs.evolve(FILM, wire_id=when(first_frame="a", images="b"))
    assert said(check(CLIP, STUDIO, both)) == [("first_frame", "this, or images, is required by this offer")]
    text = attrs.evolve(FILM, wire_id=when(images=None, otherwise="film"))
    assert said(check(attrs.evolve(CLIP, images=REFERENCE), STUDIO, text)) == [
        ("images", "not supported by this offer")
    ]
    none = attrs.evolve(FILM, wire_id=when())
    assert said(check(CLIP, STUDIO, none)) == [("model", "this offer has no variant")]


def test_what_the_clip_is_of_is_never_dropped():
    plain = attrs.evolve(FILM, params={"prompt": FILM.params["prompt"]}, wire_id="film", prices=None, rules=())
    request = attrs.evolve(CLIP, first_frame=FRAME, last_frame=LAST, audios=REFERENCE, duration=5, seed=1)
    checked = check(request, STUDIO, plain, on_unsupported="drop")
    assert [field for field, _ in said(checked)] == ["first_frame", "last_frame", "audios"]
    assert [each.field for each in checked.adjustments] == ["duration", "seed"]
    with_images = attrs.evolve(CLIP, images=REFERENCE)
    mute = attrs.evolve(FILM, params=FILM.params | {"images": Param("i", when(first_frame=Files()))})
    assert said(check(with_images, STUDIO, mute)) == [("images", "not supported without first_frame")]


def test_an_offer_of_another_kind_takes_nothing():
    picture = ImageRequest(model="film-1", prompt="waves", seed=1)
    checked = check(picture, STUDIO, FILM, on_unsupported="drop", limits=False)
    assert said(checked) == [("kind", "this offer makes clips, and the request is for pictures")]
    (candidate,) = candidates(picture, [account(STUDIO)])
    assert (candidate.parts, choose([candidate])) == ((), None)
    with pytest.raises(Unsupported, match="kind: this offer makes clips"):
        raise candidate.checked.error()


def test_a_field_in_the_query_is_out_of_reach_of_raw_fields():
    hooked = attrs.evolve(FILM, params=FILM.params | {"callback_url": Param("?hook", Url())})
    request = attrs.evolve(CLIP, callback_url="https://app.example/done", extra={"studio": {"?hook": "x"}})
    checked = check(request, STUDIO, hooked)
    assert checked.path == "/v1/films?hook=https%3A%2F%2Fapp.example%2Fdone"
    assert (checked.fields["callback_url"].source, check(CLIP, STUDIO, hooked).path) == ("given", "/v1/films")


# What it costs


def usd(adapter=STUDIO, **fields):
    checked = held(attrs.evolve(CLIP, **fields), adapter)
    assert checked.problems == ()
    money = priced(checked, parts(checked))
    return money.usd if money.usd is not None else money.reason


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({}, "0.40"),
        ({"resolution": "1080p"}, "0.80"),
        ({"first_frame": FRAME, "last_frame": LAST, "resolution": "1080p"}, "1.00"),
        ({"images": REFERENCE, "count": 3}, "1.80"),
        ({"extra": {"studio": {"input": {"quality": "fhd"}}}}, "0.80"),
        ({"extra": {"studio": {"input": {"prompt": "w"}}}}, "0.40"),
    ],
)
def test_a_clip_is_priced_by_its_variant_and_its_fields(fields, price):
    assert usd(**fields) == Decimal(price)


@pytest.mark.parametrize("name", ["start", "likenesses"])
def test_a_raw_field_that_decides_the_variant_leaves_no_price(name):
    field = {"start": "first_frame", "likenesses": "images"}[name]
    reason = usd(extra={"studio": {"input": {name: [FRAME]}}})
    assert reason == f"a raw field sets {field}, and the price depends on whether it is given"


def test_a_default_that_a_raw_field_decides_is_not_known():
    by_ratio = attrs.evolve(
        FILM,
        params=FILM.params | {"first_frame": Param(numbered("start", "start_{n}"), FILM.params["first_frame"].takes)},
        prices=Table("aspect_ratio", {"16:9": "0.40", "9:16": "0.50"}),
    )
    adapter = studio(offers=(by_ratio,))
    assert usd(adapter) == Decimal("0.40")
    assert usd(adapter, extra={"studio": {"start": FRAME}}) == (
        "a raw field sets first_frame, and the price depends on whether it is given"
    )
    raw = held(attrs.evolve(CLIP, extra={"studio": {"start": FRAME}}), adapter)
    assert (raw.fields["aspect_ratio"].source, raw.fields["aspect_ratio"].value) == ("raw field", None)
    assert (raw.fields["duration"].source, raw.fields["seed"].source) == ("default", "unknown")


def test_a_live_price_is_told_apart_by_everything_that_may_move_it():
    checked = held(attrs.evolve(CLIP, videos=(FRAME, LAST), seed=7, duration=5))
    assert fields_of(checked, 1) == {
        "count": 1,
        "videos": f"{FRAME}x{LAST}",
        "duration": 5,
        "aspect_ratio": None,
        "resolution": None,
    }


def test_two_sellers_of_clips_are_compared():
    a, b = (Seller(each.name, account(each)) for each in (STUDIO, ANNEX))
    assert compare(CLIP, a, a) == []
    picture = ImageRequest(model="film-1", prompt="waves", size=(8, 8))
    assert compare(picture, a, b) == []  # neither makes pictures of it
    short = attrs.evolve(FILM, params=FILM.params | {"prompt": Param("p", Text(1, 5)), "images": Param("i", Files())})
    dear = attrs.evolve(short, prices=Table("resolution", {"720p": "0.90", "1080p": "2"}))
    b = Seller("dear", account(studio("dear", offers=(dear,))))
    found = {each.field: each for each in compare(attrs.evolve(CLIP, prompt="waves"), a, b)}
    assert {"prompt", "money"} <= set(found)
    assert found["prompt"].text == "a prompt of 5 characters: studio takes 50 at most; dear takes 5 at most"


def test_no_step_before_the_engine_names_a_kind_of_request():
    root = Path(anymedia.__file__).parent
    rooms = (root / room for room in ("declare", "translate", "pricing"))
    steps = [root / "preview.py", *(file for room in rooms for file in room.glob("*.py"))]
    words = re.compile(r"\b(ImageRequest|VideoRequest|[Pp]ictures?)\b")
    assert {file.name: named for file in steps if (named := words.findall(file.read_text("utf-8")))} == {}


# Orders


def test_a_candidate_gives_one_order_for_each_task_and_keeps_seeds_apart():
    (candidate,) = candidates(attrs.evolve(CLIP, count=4, seed=7), [account(STUDIO)])
    orders = candidate.orders(idempotency_key="order-7")
    assert [(order.part, order.units, order.body["input"]["seed"]) for order in orders] == [
        *((0, 1, 7), (1, 1, 8), (2, 1, 9), (3, 1, 10)),
    ]
    assert {(order.kind, order.wire_id, order.path, order.offer) for order in orders} == {
        ("video", "film", "/v1/films", "studio/film-1-pro")
    }
    assert {(order.provider, order.account, order.idempotency_key) for order in orders} == {
        ("studio", "studio", "order-7")
    }
    assert candidate.orders(range(2, 4)) == [attrs.evolve(order, idempotency_key=None) for order in orders[2:]]
    assert orders[3].adjustments[0].reason == "video 4: the same seed would make the same video"


def test_names_are_looked_for_among_the_accounts_and_what_is_known_beside_them():
    def refused(request, *, known=(), **options):
        with pytest.raises(Unsupported) as caught:
            candidates(request, [account(STUDIO)], known=known, **options)
        return str(caught.value)

    assert refused(attrs.evolve(CLIP, model="flim-1")) == "model: no model is named 'flim-1'; did you mean film-1?"
    assert refused(CLIP, offer="annex/annexed", known=(ANNEX,)) == (
        "offer: annex/annexed is sold by annex, and only studio is asked: set ACME_API_KEY, or name an account of annex"
    )
    assert refused(attrs.evolve(CLIP, extra={"studoi": {}})) == (
        "extra: no provider is named 'studoi'; did you mean studio?"
    )
    both = attrs.evolve(CLIP, extra={"annex": {"x": 1}})
    assert "no provider is named 'annex'" in refused(both)
    assert len(candidates(both, [account(STUDIO)], known=(ANNEX,))) == 1


# The life of a clip


class Films:
    """A provider that makes each clip at the second look; `broken` answers 503 to a submit."""

    def __init__(self, *, broken=False):
        self.broken = broken
        self.bodies = []
        self._looks = {}
        self._numbers = count(1)

    async def submit(self, http):
        if self.broken:
            return web.json_response({"why": "down"}, status=400)
        self.bodies.append(await http.json())
        job = f"f-{next(self._numbers)}"
        self._looks[job] = 0
        return web.json_response({"job": job, "state": "waiting"})

    async def look(self, http):
        job = http.match_info["job"]
        self._looks[job] += 1
        done = self._looks[job] > 1
        films = [f"http://{http.host}/files/{job}.mp4"] if done else []
        return web.json_response({"job": job, "state": "done" if done else "waiting", "films": films})

    async def file(self, _):
        return web.Response(body=b"\0\0\0\x18ftypisom" + b"\0" * 40, content_type="video/mp4")


@asynccontextmanager
async def served(*films):
    """Yield the origin of each provider."""
    runners = []
    origins = []
    for each in films:
        app = web.Application()
        app.router.add_post("/v1/films", each.submit)
        app.router.add_post("/v1/like", each.submit)
        app.router.add_get("/v1/films/{job}", each.look)
        app.router.add_get("/files/{name}", each.file)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        origins.append(f"http://127.0.0.1:{runners[-1].addresses[0][1]}")
    try:
        yield origins
    finally:
        for runner in runners:
            await runner.cleanup()


def config(journal, **origins):
    adapters = {"studio": STUDIO, "annex": ANNEX}
    return Config(accounts={name: account(adapters[name], at) for name, at in origins.items()}, journal=journal)


async def test_a_clip_is_explained_quoted_and_routed_before_anything_is_sent(tmp_path, clock):
    films = Films()
    async with served(films, films) as (one, two), Client(config(None, studio=one, annex=two), clock=clock) as client:
        request = attrs.evolve(CLIP, first_frame=FRAME, count=2)
        (shown, _) = client.explain(request)
        assert (shown.url, shown.json["model"]) == (f"{one}/v1/films", "film-from")
        assert shown.calls[0].times == 2
        assert [(each.offer, str(each.money), each.tasks) for each in client.quote(request)] == [
            *(("studio/film-1-pro", "$1.00", 2), ("annex/annexed", "$1.00", 2)),
        ]
        assert client.quote(request)[0].depends_on == {"variant": "first_frame", "resolution": "720p"}
        assert [step.account for step in client.route(request, fallback=False).steps] == ["studio"]
        with pytest.raises(Unsupported, match="did you mean film-1"):
            client.quote(attrs.evolve(CLIP, model="film-2"))
    assert films.bodies == []


async def test_a_clip_is_made_and_journalled_as_what_it_is(tmp_path, clock):
    films = Films()
    async with served(films) as (origin,), Client(config(tmp_path / "j.db", studio=origin), clock=clock) as client:
        result = await client.generate(attrs.evolve(CLIP, count=3, seed=1), max_price="1.20")
        assert [(asset.kind, task.kind) for task in result.tasks for asset in task.assets] == [("video", "video")] * 3
        assert (result.missing, result.reserved) == (0, Decimal("1.20"))
        assert sorted(body["input"]["seed"] for body in films.bodies) == [1, 2, 3]
        files = await client.download(result, tmp_path / "out")
        assert {asset.media_type for asset in files} == {"video/mp4"}
        assert {attempt.order.kind for attempt in result.attempts} == {Kind.VIDEO}
        assert all(from_json(Task, to_json(task)) == task for task in result.tasks)


async def test_a_clip_goes_to_the_next_provider_where_the_first_refuses(clock):
    down, up = Films(broken=True), Films()
    async with served(down, up) as (one, two), Client(config(None, studio=one, annex=two), clock=clock) as client:
        result = await client.generate(CLIP)
    assert ([task.account for task in result.tasks], len(up.bodies)) == (["annex"], 1)
    assert [attempt.order.account for attempt in result.attempts] == ["studio", "annex"]


async def test_a_clip_is_bought_once_under_a_key_and_a_picture_is_another_request(tmp_path, clock):
    films = Films()
    async with served(films) as (origin,), Client(config(tmp_path / "j.db", studio=origin), clock=clock) as client:
        first = await client.submit(CLIP, idempotency_key="order-7")
        again = await client.submit(CLIP, idempotency_key="order-7")
        assert (first.id, len(films.bodies)) == (again.id, 1)
        kept = await client.generate(CLIP, idempotency_key="order-7")  # as the journal holds it
        assert [(task.id, task.kind) for task in kept.tasks] == [(first.id, Kind.VIDEO)]
        with pytest.raises(OutOfBounds):
            await client.submit(attrs.evolve(CLIP, first_frame=FRAME), idempotency_key="order-7")
        with pytest.raises(OutOfBounds):
            await client.submit(ImageRequest(model="film-1", prompt="waves"), idempotency_key="order-7")
    assert len(films.bodies) == 1
    picture = RawRequest("studio", "/v1/films", {})
    assert _same(picture) != _same(attrs.evolve(picture, kind="video"))
    assert _same(CLIP)["kind"] == "video"


async def test_a_clip_is_taken_up_by_its_handle_and_after_a_crash(tmp_path, clock):
    films = Films()
    async with served(films) as (origin,):
        where = config(tmp_path / "j.db", studio=origin)
        async with Client(where, clock=clock) as client:
            task = await client.submit(CLIP)
            text = client.handle(task)
        async with Client(attrs.evolve(where, journal=None), clock=clock) as client:
            opened = client.open(text)
            assert (opened.kind is Kind.VIDEO, opened.wire_id) == (True, "film")
            assert (await client.wait(opened)).assets[0].kind == "video"
        async with Client(where, clock=clock) as client:
            recovered = await client.recover(tmp_path / "out")
    assert [(each.id, each.kind, each.state) for each in recovered.tasks] == [(task.id, "video", State.SUCCEEDED)]
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".mp4"]
    assert len(films.bodies) == 1


def test_an_offer_of_pictures_stands_beside_those_of_clips():
    assert isinstance(STUDIO.offers[1], Offer)
    assert STUDIO.offers[1].kind is Kind.IMAGE
    assert held(ImageRequest(model="still", prompt="fox"), studio(offers=STUDIO.offers[1:])).problems == ()


@pytest.mark.parametrize("request_type", KINDS.values(), ids=lambda each: str(each.kind))
def test_none_is_a_field_that_is_not_given(request_type):
    roles = request_type.roles
    needed = {"model": "m"} | {name: "a" for name in ("prompt", "text") if name in roles.forms}
    others = {name: None for name in roles.forms if name not in needed}
    assert request_type(**needed, **others) == request_type(**needed)
