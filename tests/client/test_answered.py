"""A provider whose answer is the file: written to disk as it comes, and a success only where all of it came."""

import asyncio
import gzip
import hashlib
import json
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs
import pytest

from anymedia import (
    Account,
    Billed,
    Blocked,
    Client,
    Config,
    MalformedAnswer,
    Outcome,
    RawRequest,
    Rejected,
    Secret,
    State,
    SubmitUncertain,
)
from anymedia.declare import Cause, Endpoint, Fault, Reply
from anymedia.journal import Ledger, MemoryJournal, SQLiteJournal
from anymedia.transport.part import Part
from anymedia.transport.retry import Patience
from tests.core.acme import acme
from tests.samples import sample

from .raw import KEY, answer, raw_server

SPEECH = sample("sound.mp3")
PNG = sample("picture.png")
TELLS = {"seconds": "@x-seconds!num", "seed": "@x-seed!num"}
REPLY = Reply(files="@", usd="@x-cost!cents", tells=TELLS)
FAULT = Fault(code="error.code", message="error.message")
TONE = acme(
    submit=Endpoint(method="POST", path="/v1/speech", limit=1 << 20, reply=REPLY),
    fault=FAULT,
    errors={"blocked": Cause.BLOCKED},
)
LATER = acme(
    submit=Endpoint(method="POST", path="/v1/speech", reply=Reply(id="id")),
    poll=Endpoint(method="GET", path="/v1/speech/{id}", reply=Reply(state="state")),
    result=Endpoint(method="GET", path="/v1/speech/{id}/audio", reply=Reply(files="@")),
    states={"done": State.SUCCEEDED},
    fault=FAULT,
)
"""Its result is a call of its own, which answers with the file."""

REQUEST = RawRequest(provider="acme", path="/v1/speech", body={"text": "Good morning"}, kind="speech")


def client_at(server, clock, journal, adapter=TONE, **more):
    account = Account(name="acme", adapter=adapter, origin=server.origin, api_key=Secret(KEY))
    config = Config(accounts={"acme": account}, journal=None)
    return Client(config, clock=clock, journal=journal, patience=Patience(tries=2), **more)


def chunked(*pieces, ended=True):
    """Return an answer in chunks, which has an end or breaks off."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if ended else b"")
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


SVG, UNKNOWN = sample("picture.svg"), b"\0\1\2" * 99
GOOD = {
    "a length": (SPEECH, answer(SPEECH)),
    "chunks": (SPEECH, chunked(SPEECH[:3], SPEECH[3:70], SPEECH[70:])),
    "an end of the connection": (PNG, answer(PNG, framed=False)),
    "packed": (SPEECH, answer(gzip.compress(SPEECH), headers=("Content-Encoding: gzip",))),
    "another 2xx": (SPEECH, answer(SPEECH, status="201 Created")),
    "a wrong type": (SPEECH, answer(SPEECH, headers=("Content-Type: application/json",))),
    "text, as it is media": (SVG, answer(SVG)),
    "no known media": (UNKNOWN, answer(UNKNOWN)),
}


@pytest.mark.parametrize("name", GOOD)
async def test_an_answer_that_is_a_file_is_the_result(name, clock, tmp_path):
    body, good = GOOD[name]
    journal = SQLiteJournal(tmp_path / "journal.db")
    async with raw_server(good) as server, client_at(server, clock, journal) as client:
        task = await client.submit(REQUEST)
        (asset,) = task.assets
        assert (task.state, asset.data, asset.url, asset.kind) == (State.SUCCEEDED, None, None, "audio")
        assert (asset.length, asset.sha256) == (len(body), hashlib.sha256(body).hexdigest())
        assert asset.path.read_bytes() == body
        assert stat.S_IMODE(asset.path.stat().st_mode) == 0o600
        assert list((tmp_path / "results").iterdir()) == [asset.path]
        (saved,) = await client.download(task, tmp_path / "out")
        assert saved.path.read_bytes() == body
        assert await client.wait(task) == task
        (attempt,) = await client.attempts()
    await journal.close()
    assert (attempt.outcome, attempt.task.assets[0].kept) == (Outcome.ACCEPTED, True)
    assert "*/*" in server.requests[0]


async def test_the_headers_of_a_file_tell_what_a_body_would(clock):
    headers = ("X-Cost: 12.5", "X-Seconds: 2.5", "X-Seed: 7")
    good = answer(SPEECH, headers=headers)
    async with raw_server(good) as server, client_at(server, clock, MemoryJournal()) as client:
        task = await client.submit(REQUEST)
    assert (float(task.money.usd), task.told, task.raw) == (0.125, {"seconds": 2.5, "seed": 7}, None)


SAID = b'{"error": {"code": "busy", "message": "come back"}}'
BAD = {
    "cut off": answer(SPEECH).replace(b"Content-Length: ", b"Content-Length: 9"),
    "a message that is cut off": answer(SAID).replace(b"Content-Length: ", b"Content-Length: 9"),
    "cut off in chunks": chunked(SPEECH[:99], ended=False),
    "cut off without a length": answer(PNG[:-30], framed=False),
    "0 bytes": answer(b""),
    "0 bytes without a length": answer(b"", framed=False),
    "a page": answer(b"<html><title>Busy</title></html>"),
    "JSON": answer(SAID),
    "JSON of another kind": answer(b"[1, 2]"),
    "a sentence": answer(b"It is done."),
    "a long text": answer(b'"' + b"x" * (1 << 20) + b'"'),
    "too long": answer(SPEECH + bytes(2 << 20)),
    "too long in chunks": chunked(SPEECH, *[bytes(1 << 20)] * 2),
    "packed in a way that was not asked for": answer(b"\1\2\3\0" * 30, headers=("Content-Encoding: br",)),
    "badly packed": answer(b"\x1f\x8b" + SPEECH, headers=("Content-Encoding: gzip",)),
}


@pytest.mark.parametrize("name", BAD)
async def test_anything_but_a_whole_file_is_no_success_and_is_likely_billed(name, clock, tmp_path, monkeypatch):
    monkeypatch.setattr("anymedia.transport.answered.FILE_LIMIT", 1 << 20)
    journal = SQLiteJournal(tmp_path / "journal.db")
    async with raw_server(BAD[name]) as server, client_at(server, clock, journal) as client:
        with pytest.raises(SubmitUncertain) as caught:
            await client.submit(REQUEST)
        (attempt,) = await client.attempts()
    await journal.close()
    assert (caught.value.outcome, caught.value.billed) == (Outcome.ACCEPTED_WITHOUT_ID, Billed.LIKELY)
    assert (attempt.outcome, len(server.requests)) == (Outcome.ACCEPTED_WITHOUT_ID, 1)
    assert [*(tmp_path / "results").glob("*"), *(tmp_path / "results").glob(".*")] == []
    if "message" in name or name == "JSON":
        assert attempt.answer == json.loads(SAID)


@pytest.mark.parametrize(
    ("came", "error", "outcome"),
    [
        (answer(SAID.replace(b"busy", b"blocked")), Blocked, Outcome.REFUSED),
        (answer(SAID, status="400 Bad Request"), Rejected, Outcome.REFUSED),
        (answer(SPEECH, status="500 Oh"), SubmitUncertain, Outcome.UNCERTAIN),
        (b"", SubmitUncertain, Outcome.UNCERTAIN),
    ],
)
async def test_what_is_no_good_answer_is_read_as_ever(came, error, outcome, clock):
    async with raw_server(came) as server, client_at(server, clock, MemoryJournal()) as client:
        with pytest.raises(error) as caught:
            await client.submit(REQUEST)
    assert caught.value.outcome is outcome


async def test_a_disk_that_is_full_is_told(clock, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Part, "sync", full)
    async with raw_server(answer(SPEECH)) as server, client_at(server, clock, MemoryJournal()) as client:
        with pytest.raises(SubmitUncertain, match=r"could not be written to .*: No space left on device") as caught:
            await client.submit(REQUEST)
    assert caught.value.billed is Billed.LIKELY


async def test_without_a_journal_a_file_is_in_a_folder_that_stays_with_it(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with raw_server(answer(SPEECH), answer(PNG), answer(SAID)) as server:
        async with client_at(server, clock, None) as client:
            (asset,), (other,) = [(await client.submit(REQUEST)).assets for _ in range(2)]
        assert asset.path.parent == other.path.parent
        assert asset.path.parent.parent == tmp_path
        assert (asset.path.read_bytes(), other.path.read_bytes()) == (SPEECH, PNG)
        async with client_at(server, clock, None) as client:
            with pytest.raises(SubmitUncertain):
                await client.submit(REQUEST)
    assert list(tmp_path.iterdir()) == [asset.path.parent]


async def test_a_file_whose_end_could_not_be_written_down_is_found_again(clock, tmp_path, monkeypatch):
    """As after a crash between the answer and the record of it."""
    journal = SQLiteJournal(tmp_path / "journal.db")
    async with raw_server(answer(SPEECH)) as server:
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "end", lambda *_: 1 / 0)
            async with client_at(server, clock, journal) as client:
                with pytest.raises(ZeroDivisionError):
                    await client.submit(REQUEST)
        again = SQLiteJournal(tmp_path / "journal.db")
        async with client_at(server, clock, again) as client:
            await journal.close()
            (attempt,) = (await client.recover()).uncertain
        await again.close()
    (file,) = (tmp_path / "results").iterdir()
    assert file.read_bytes() == SPEECH
    assert f"it was answered with {file}" in attempt.error
    assert len(server.requests) == 1


# Later


def said(**words):
    return answer(json.dumps(words).encode())


async def test_a_result_that_is_a_call_of_its_own_is_asked_for_until_it_is_whole(clock, tmp_path):
    cut = answer(SPEECH).replace(b"Content-Length: ", b"Content-Length: 9")
    answers = [said(id="t-1"), said(state="going"), *[said(state="done"), cut] * 2, said(state="done"), answer(SPEECH)]
    journal = SQLiteJournal(tmp_path / "journal.db")
    journal.results.mkdir()
    taken = journal.results / "t-1-1.mp3"
    taken.write_bytes(b"another's")
    async with raw_server(*answers) as server, client_at(server, clock, journal, LATER) as client:
        task = await client.wait(await client.submit(REQUEST))
    await journal.close()
    (asset,) = task.assets
    assert (asset.path.name, asset.path.read_bytes()) == ("t-1-1.2.mp3", SPEECH)
    assert taken.read_bytes() == b"another's"
    assert sorted(journal.results.iterdir()) == [asset.path, taken]
    assert len(server.requests) == len(answers)


async def test_a_result_that_is_asked_for_again_is_no_second_file(clock, tmp_path):
    answers = [said(id="t-1"), *[said(state="done"), answer(SPEECH)] * 3]
    journal = SQLiteJournal(tmp_path / "journal.db")
    (taken := journal.results / "t-1-1.mp3").mkdir(parents=True)
    async with raw_server(*answers) as server, client_at(server, clock, journal, LATER) as client:
        task = await client.submit(REQUEST)
        paths = {(await client.get(task)).assets[0].path for _ in range(3)}
    await journal.close()
    assert set(journal.results.iterdir()) == {taken, *paths}
    assert len(paths) == 1


@pytest.mark.parametrize("came", [SAID, b"<html>", b""])
async def test_a_message_in_place_of_a_result_is_no_end(came, clock):
    answers = [said(id="t-1"), *[said(state="done"), answer(came)] * 2]
    async with raw_server(*answers) as server, client_at(server, clock, MemoryJournal(), LATER) as client:
        task = await client.submit(REQUEST)
        with pytest.raises(MalformedAnswer, match=r"no result|no JSON object") as caught:
            await client.get(task)
    assert (caught.value.task.id, caught.value.billed) == ("t-1", Billed.YES)


async def test_a_look_may_be_answered_with_words_until_it_is_answered_with_the_file(clock):
    poll = attrs.evolve(LATER.lifecycle.poll, reply=Reply(id="id", state="state", files="@"))
    adapter = attrs.evolve(LATER, lifecycle=attrs.evolve(LATER.lifecycle, poll=poll, result=None))
    answers = [said(id="t-1"), said(state="going", id="t-1"), answer(SPEECH)]
    async with raw_server(*answers) as server, client_at(server, clock, MemoryJournal(), adapter) as client:
        task = await client.wait(await client.submit(REQUEST))
        assert (task.state, task.assets[0].path.read_bytes()) == (State.SUCCEEDED, SPEECH)


async def test_a_file_that_is_not_named_is_the_task_of_its_attempt(clock):
    named = attrs.evolve(TONE.lifecycle.submit, reply=Reply(id="@x-task", files="@"))
    adapter = attrs.evolve(TONE, lifecycle=attrs.evolve(TONE.lifecycle, submit=named))
    answers = [answer(SPEECH, headers=("X-Task: t-7",)), answer(SPEECH)]
    async with raw_server(*answers) as server, client_at(server, clock, MemoryJournal(), adapter) as client:
        first, second = await client.submit(REQUEST), await client.submit(REQUEST)
        attempts = {attempt.task.id: attempt.id for attempt in await client.attempts()}
    assert first.id == "t-7"
    assert attempts[second.id] == second.id
    assert Path(second.assets[0].path).name == f"{second.id}-1.mp3"


# In memory

LARGE = 200 << 20
WAV = b"RIFFSIZEWAVEfmt \x10\0\0\0\1\0\1\0\x80\xbb\0\0\0\x77\1\0\2\0\x10\0data"
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory a process had")
async def test_a_large_file_is_never_in_memory_whole(tmp_path):
    """200 MB raise the peak by less than 16 MB, from the answer to the file that is saved."""
    sizes = iter([1 << 20, LARGE])
    piece = bytes(range(256)) * 4096

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        pieces = next(sizes) // len(piece)
        length = len(piece) * pieces
        head = WAV.replace(b"SIZE", (length + 36).to_bytes(4, "little")) + length.to_bytes(4, "little")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head) + length, head))
        came.append(hashlib.sha256(head))
        for _ in range(pieces):
            came[-1].update(piece)
            writer.write(piece)
            await writer.drain()
        writer.close()

    came = []
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        command = [sys.executable, "-m", "tests.client.large", origin, str(tmp_path)]
        child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=ROOT)
        bought = json.loads((await child.communicate())[0])
    assert bought["sha256"] == came[1].hexdigest()
    assert bought["length"] > LARGE
    assert bought["memory"] < 16 << 20
