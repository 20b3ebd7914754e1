"""Whatever a server sends, a caller gets a task or an error of ours, and pays for one task at most."""

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import AnymediaError, Asset, Client, Outcome, RateLimited, SpeechRequest, State, SubmitUncertain, Task
from anymedia.account import Secret
from anymedia.errors import DownloadError, ProviderError
from anymedia.journal import MemoryJournal
from anymedia.model.plain import one_line
from anymedia.registry import adapters
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer
from anymedia.transport.retry import Patience
from tests.client.works import CLIP, PICTURE, SONGS
from tests.verbs import run

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ID = "task_018f5a3a"
URL = "https://cdn.example/media/1.png"
FILM, SONG = URL.replace("png", "mp4"), URL.replace("png", "mp3")
TRACK = {"id": "a", "title": "Dusk", "duration": 182.4}
VOICE = SpeechRequest(model="edge-tts", text="a lighthouse at dusk", voice="en-GB-RyanNeural")
REQUEST = PICTURE
REQUESTS = {"": PICTURE, "clip": CLIP, "songs": SONGS, "voice": VOICE}

DONE = {
    "reapi": {"id": ID, "model": "flux-2", "status": "completed", "created_at": 1735000000, "error": None}
    | {"output": {"image_urls": [URL]}, "usage": {"credits": 28}},
    "api_in_one": {"code": 200, "message": "success"}
    | {"data": {"task_id": ID, "status": "COMPLETED", "output": {"image_urls": [URL]}, "credits_used": 5}},
    "revidapi": {"code": 200, "msg": "success"}
    | {"data": {"taskId": ID, "state": "success", "resultJson": json.dumps({"resultUrls": [URL]}), "failCode": None}},
    "runapi": {"id": ID, "status": "completed", "images": [{"url": URL}], "error": None, "usage": {"cost": 0.05}},
    "reapi clip": {"id": ID, "model": "kling-3-0", "status": "completed", "error": None}
    | {"output": {"video_urls": [FILM], "last_frame_url": URL}, "usage": {"credits": 550}},
    "reapi songs": {"id": ID, "status": "completed", "error": None, "usage": {"credits": 60}}
    | {"output": {"audio_urls": [SONG, SONG], "tracks": [{"url": SONG, **TRACK}] * 2}},
    "api_in_one clip": {"code": 200, "message": "success"}
    | {"data": {"task_id": ID, "status": "COMPLETED", "output": {"video_url": FILM}, "credits_used": 300}},
    "api_in_one songs": {"code": 200, "message": "success"}
    | {"data": {"task_id": ID, "type": "SUCCESS", "response_data": [{"audio_url": SONG, "image_url": URL, **TRACK}]}},
    "revidapi voice": {"id": ID, "status": "completed", "response": {"audio_url": SONG}},
    "runapi clip": {"id": ID, "status": "completed", "videos": [{"url": FILM}], "last_frame_image_url": URL}
    | {"error": None, "usage": {"cost": 1.0}},
    "runapi songs": {"id": ID, "status": "completed", "error": None, "usage": {"cost": 0.22}}
    | {"audios": [{"audio_url": SONG, "image_url": URL, **TRACK}] * 2},
}
"""By provider, and what was bought where that is no picture."""

LIVES = {"api_in_one songs": "music", "revidapi voice": "speech"}
"""The lifecycle, where it is not the usual one."""

FAILED = {
    "reapi": {"id": ID, "status": "failed", "error": {"code": 80003, "message": "no"}, "usage": {"credits": 0}},
    "api_in_one": {"code": 200, "data": {"task_id": ID, "status": "FAILED", "error": "no", "credits_used": 0}},
    "revidapi": {"code": 200, "data": {"taskId": ID, "state": "fail", "failCode": "500", "failMsg": "no"}},
    "runapi": {"id": ID, "status": "failed", "images": [], "error": "no", "usage": {"cost": 0}},
}
ERRORS = {
    "reapi": {"error": {"code": 50001, "message": "no", "request_id": "r"}},
    "api_in_one": {"error": {"code": 429, "message": "no", "type": "rate"}},
    "revidapi": {"code": 429, "msg": "no", "data": None},
    "runapi": {"error": "Validation failed", "errors": {"prompt": ["is required"]}},
}
GOOD = {
    "reapi": {"completed"},
    "api_in_one": {"completed", "success"},
    "revidapi": {"success", "completed"},
    "runapi": {"completed"},
}
PROVIDERS = sorted(GOOD)
BOUGHT = sorted(DONE)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 408, 429, 500, 503, 522])
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "location", "x-request-id", "content-type", "content-encoding", "etag"]),
    st.sampled_from(["", "-1", "1e9", "9" * 400, "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 99 Foo 0 0:0:0"])
    | st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=30),
    max_size=3,
)


@st.composite
def answers(draw, garbled, spoilt):
    bought = draw(st.sampled_from(BOUGHT))
    body = draw(st.sampled_from([DONE[bought], FAILED[seller(bought)], ERRORS[seller(bought)]]))
    body = draw(garbled(body)) if draw(st.booleans()) else json.dumps(draw(spoilt(body))).encode("utf-8", "replace")
    return bought, Answer(draw(STATUSES), draw(HEADERS), body)


def seller(bought):
    return bought.partition(" ")[0]


def wanted(bought):
    return REQUESTS[bought.partition(" ")[2]]


def asked(bought):
    adapter = adapters()[seller(bought)]
    # The worst of keys: it is the id of the task, which has to be found all the same.
    secret = Secret(ID)
    return Asked(
        adapter=adapter,
        account="mine",
        origin=adapter.base_url,
        model="flux-2-pro",
        now=NOW,
        secrets=(secret,) if secret else (),
    )


def before(bought):
    facts = {"path": "/api/v1/flux_2/text_to_image", "lifecycle": LIVES.get(bought), "kind": wanted(bought).kind}
    return Task(id=ID, provider=seller(bought), account="mine", submitted_at=NOW - timedelta(seconds=300), **facts)


def poll_of(bought):
    return asked(bought).adapter.life(LIVES.get(bought)).poll


def ended(what, *arguments):
    try:
        return what(*arguments)
    except AnymediaError as error:
        return error


async def settled(work):
    try:
        return await work
    except AnymediaError as error:
        return error


def told(error):
    """Hold what every error promises: it can be shown and does not keep a flood."""
    assert len(str(error)) < 10_000
    assert error.retry_after is None or 0 <= error.retry_after <= 86_400
    assert not isinstance(error.body, str) or len(error.body) <= 2000
    assert ID not in json.dumps(error.body, ensure_ascii=False)
    assert ID not in str(error)
    assert str(error) == one_line(error)


def believed(task):
    """Hold that nothing is taken for a success but the documented word beside a result."""
    if task.state is State.SUCCEEDED:
        at_once = task.lifecycle == "speech" and task.raw_state is None  # its result comes with no word
        assert at_once or task.raw_state.lower() in GOOD[task.provider]
        assert task.assets
        assert all(asset.data or asset.url.lower().startswith(("http://", "https://")) for asset in task.assets)
    assert task.money.usd is None or task.money.usd >= 0


def test_what_was_once_an_answer(cases, garbled, spoilt):
    @cases(600)
    @given(answers(garbled, spoilt))
    def hold(heard):
        bought, answer = heard
        end = ended(submitted, asked(bought), answer, attrs.evolve(before(bought), id="draft"))
        if isinstance(end, Task):
            assert 200 <= answer.status < 300
            assert end.id.strip()
            assert ID not in json.dumps(end.raw, ensure_ascii=False)
            believed(end)
        else:
            told(end)
            refused = end.outcome in (Outcome.REFUSED, Outcome.NOT_SENT)
            assert isinstance(end, ProviderError if refused else SubmitUncertain)
        end = ended(looked, asked(bought), poll_of(bought), answer, before(bought))
        if isinstance(end, Task):
            assert end.id == ID
            believed(end)
        else:
            told(end)
            assert isinstance(end, ProviderError)
            assert end.task_id == ID

    hold()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7"])
@pytest.mark.parametrize("bought", BOUGHT)
def test_another_encoding_is_read_where_its_beginning_tells_it(bought, encoding):
    body = json.dumps(DONE[bought]).encode(encoding)
    end = ended(looked, asked(bought), poll_of(bought), Answer(200, {}, body), before(bought))
    # What is plain ASCII is the same in UTF-7.
    assert isinstance(end, ProviderError if encoding == "utf-7" and b"+" in body else Task)


@pytest.mark.parametrize("bought", BOUGHT)
def test_a_byte_order_mark_is_no_harm(bought):
    body = json.dumps(DONE[bought]).encode("utf-8-sig")
    end = looked(asked(bought), poll_of(bought), Answer(200, {}, body), before(bought))
    assert end.state is State.SUCCEEDED
    assert end.kind.medium in {asset.kind for asset in end.assets}


# Over sockets


def test_any_answer_to_a_submit_is_one_post_and_one_outcome(cases, inside, clock, garbled, spoilt):
    events = []

    async def submit(bought, answer):
        sim = inside.sims[seller(bought)]
        was = sim.bills()
        sim.fault("raw", on="submit", **raw(answer), created=False, times=None)
        events.clear()
        journal = MemoryJournal()  # the next client does not hear how long this one was asked to wait
        knows = {"clock": clock, "on_event": events.append, "patience": Patience(tries=1), "journal": journal}
        async with Client(inside.config, **knows) as client:
            end = await settled(client.submit(wanted(bought), seller(bought), timeout=4))
        attempts = list({event.id: event for event in events}.values())
        assert sim.bills()["submits"] - was["submits"] == len(attempts)
        assert [event.outcome for event in events] == [each for end in attempts for each in (None, end.outcome)]
        assert not any(attempt.outcome.may_be_billed for attempt in attempts[:-1])
        outcome = attempts[-1].outcome
        assert outcome is Outcome.ACCEPTED if isinstance(end, Task) else outcome in (end.outcome, Outcome.REFUSED)
        sim.clear()

    @cases(100)
    @given(answers(garbled, spoilt))
    def hold(heard):
        inside.run(submit(*heard))

    hold()


def test_any_answer_to_a_look_leaves_the_task_to_be_finished(cases, inside, clock, garbled, spoilt):
    async def look(bought, answer):
        sim = inside.sims[seller(bought)]
        async with Client(inside.config, clock=clock, patience=Patience(tries=1)) as client:
            task = await client.submit(wanted(bought), seller(bought))
            sim.fault("raw", on="poll", **raw(answer))
            seen = await settled(client.get(task))
            if not isinstance(seen, Task):
                assert isinstance(seen, ProviderError)
                assert seen.task_id == task.id
                seen = task
            believed(seen)
            sim.clear()
            if not seen.state.final:
                assert (await client.wait(seen)).state is State.SUCCEEDED

    @cases(100)
    @given(answers(garbled, spoilt))
    def hold(heard):
        inside.run(look(*heard))

    hold()


def raw(answer):
    """Return an answer as the simulator sends it: no header that frames the body, and the body as text."""
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return {"status": answer.status, "headers": headers, "body": answer.body.decode("utf-8", "replace")}


# Headers

WHERE = (
    *("", "/", "//", "///", "?", "#", "http://[", "http://", "https://", "javascript:alert(1)", "file:///etc/passwd"),
    *("http://10.0.0.1/x.png", "//169.254.169.254/x", "http://127.0.0.1:9/x", "http://0x7f.1/", "http://[::1]:9/"),
    *("/media/tasks/x/0.png", "http://localhost:99999/", "http://127.0.0.1:-1/", "\xe9\xff", "http://\xe9\xff/"),
)


def test_a_location_leads_nowhere_that_it_should_not(cases, inside, clock, tmp_path):
    async def download(provider, status, where):
        sim = inside.sims[provider]
        async with Client(inside.config, clock=clock, patience=Patience(tries=1)) as client:
            task = await run(client, REQUEST, provider)
            sim.fault("redirect", on="result", status=status, location=where, times=None)
            with pytest.raises(DownloadError):
                await client.download(task, tmp_path)
            sim.clear()
            assert list(tmp_path.iterdir()) == []

    @cases(60)
    @given(st.sampled_from(PROVIDERS), st.sampled_from([301, 302, 303, 307, 308]), st.sampled_from(WHERE))
    def hold(provider, status, where):
        inside.run(download(provider, status, where))

    hold()


def test_no_retry_after_makes_anyone_wait_for_long(cases, inside, clock):
    async def run(provider, after):
        sim = inside.sims[provider]
        sim.fault("raw", on="submit", status=429, headers={"Retry-After": after}, body="", times=2)
        clock.slept.clear()
        async with Client(inside.config, clock=clock, journal=MemoryJournal()) as client:  # as above
            end = await settled(client.submit(REQUEST, provider, timeout=60))
        assert isinstance(end, Task) or (isinstance(end, RateLimited) and end.retry_after > 50)
        assert sum(clock.slept) <= 60
        sim.clear()

    @cases(60)
    @given(
        st.sampled_from(PROVIDERS),
        st.sampled_from(["0", "59", "61", "1.5", "-5", "1e3", "٣", "9" * 999, "Fri, 31 Dec 9999 23:59:59 GMT", "never"])
        | st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=30),
    )
    def hold(provider, after):
        inside.run(run(provider, after))

    hold()


# Files


def test_bytes_that_are_no_media_are_no_file(cases, inside, clock, tmp_path):
    starts = st.sampled_from(
        [
            *(
                b"",
                b"\x89PNG\r\n\x1a\n",
                b"\xff\xd8\xff",
                b"GIF89a",
                b"RIFF\0\0\0\0WEBPVP8 ",
                b"\0\0\0\x18ftypavif",
                b"<html>",
            )
        ]
    )

    async def keep(data):
        async with Client(inside.config, clock=clock) as client:
            (asset,) = await client.download(task(data), tmp_path)
        return asset

    def task(data):
        return attrs.evolve(before("reapi"), account="reapi", assets=(Asset(kind="image", data=data),))

    @cases(150)
    @given(starts, st.binary(max_size=200))
    def hold(start, rest):
        try:
            asset = inside.run(keep(start + rest))
        except ProviderError:
            assert list(tmp_path.iterdir()) == []
        else:
            assert asset.path.read_bytes() == start + rest
            assert asset.length == len(start + rest)
            asset.path.unlink()

    hold()
