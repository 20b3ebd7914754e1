"""What a CDN can do: each ends in a whole file or a clear error, in bounded time, and nothing half is left.

All of it shares one loop of virtual time, so that a drip without end, an answer that never begins and a connection that
is kept open take no real time, and their waits are counted.
"""

import asyncio
import gzip
import itertools
import zlib

import attrs
import pytest

from anymedia import Client, Config, DownloadError
from tests.machine.virtual import Loop, LoopClock
from tests.odd.files import HTML, JPEG, PNG
from tests.odd.raw_server import HANG, KEEP, Reply, Site, reply

from .raw import account
from .test_files import task

GOOD = reply(PNG, kind="image/png")
MINUTE = 60.0
"""Seconds for which a file is asked for again."""

SILENCE = 60.0
"""Seconds without a byte, and how often a slow file is looked at."""


def head(*lines, status="200 OK"):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def endless(*begin, then):
    """Return parts of an answer that never end: some first, and then the same ones for ever."""
    return Reply(data=itertools.chain(begin, itertools.cycle(then)))


S3_EXPIRED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message>'
    "<X-Amz-Expires>60</X-Amz-Expires><Expires>2027-01-15T08:01:00Z</Expires></Error>"
)
AZURE_EXPIRED = (
    "\ufeff<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Signature not valid</Message></Error>"
)
CHUNK = b"%x\r\n%b\r\n"

ASKED_AGAIN = {
    "S3's message under a 200": (reply(S3_EXPIRED, kind="application/xml"), "a page or a message came in its place"),
    "the same without its first line": (reply(S3_EXPIRED.partition("\n")[2]), "a page or a message came in its place"),
    "Azure's, with a byte order mark": (
        reply(AZURE_EXPIRED, kind="image/png"),
        "a page or a message came in its place",
    ),
    "a page that says it is a picture": (reply(HTML, kind="image/png"), "a page or a message came in its place"),
    "403 at its end": (reply(S3_EXPIRED, 403, kind="application/xml"), "its link answered 403"),
    "410": (reply("", 410), "its link answered 410"),
    "a part that nobody asked for": (
        reply(PNG[:40], 206, headers=[("Content-Range", f"bytes 0-39/{len(PNG)}")]),
        "its link answered 206",
    ),
    "the range cannot be had": (reply("", 416), "its link answered 416"),
    "nothing has changed": (Reply(data=[head("ETag: x", status="304 Not Modified")]), "its link answered 304"),
    "no content": (Reply(data=[head(status="204 No Content")]), "its link answered 204"),
    "a choice of places": (reply("", 300, headers=[("Location", "/other")]), "its link answered 300"),
    "it promises more than it sends": (reply(PNG, length=len(PNG) + 9, end="close"), "not enough data"),
    "two lengths that differ": (
        Reply(data=[head("Content-Length: 9", f"Content-Length: {len(PNG)}") + PNG], end="close"),
        "Content-Length",
    ),
    "a length that is none": (Reply(data=[head("Content-Length: -1") + PNG], end="close"), "Content-Length"),
    "a chunk that is cut": (
        Reply(data=[head("Transfer-Encoding: chunked") + CHUNK % (len(PNG) + 1, PNG)], end="close"),
        "",
    ),
    "a chunk of no number": (Reply(data=[head("Transfer-Encoding: chunked") + b"zz\r\n" + PNG], end="close"), ""),
    "packed twice, and cut": (
        reply(gzip.compress(gzip.compress(PNG))[:-9], headers=[("Content-Encoding", "gzip, gzip")]),
        "ends in the middle",
    ),
    "packed as what nobody unpacks": (
        reply(b"\x0b\x02\x80PNG\x03", headers=[("Content-Encoding", "br")]),
        "packed as br",
    ),
}
"""What is wrong now, and may be right the next time."""

SLOW = {
    "no word": Reply(data=[], end=HANG),
    "half a head": Reply(data=[head("Content-Type: image/png")[:20]], end=HANG),
    "no body": Reply(data=[head(f"Content-Length: {len(PNG)}")], end=HANG),
    "half a body": Reply(data=[head(f"Content-Length: {len(PNG)}") + PNG[:40]], end=HANG),
    "a drip": endless(head("Content-Length: 9999999") + PNG, then=(1.0, b"x")),
    "a drip in chunks": endless(head("Transfer-Encoding: chunked"), then=(1.0, CHUNK % (1, b"x"))),
    "early hints without end": endless(then=(1.0, head("Link: </a.png>", status="103 Early Hints"))),
    "a head that drips": endless(b"HTTP/1.1 200 OK\r\n", then=(1.0, b"X: y\r\n")),
    "open behind a file of no told length": Reply(data=[head("Content-Type: image/png") + PNG[:-9]], end=HANG),
}
"""What never ends."""

TOO_LARGE = {
    "two terabytes, as it says": Reply(data=[head(f"Content-Length: {2 << 40}") + PNG], end=HANG),
    "more digits than any number has": Reply(data=[head(f"Content-Length: {'9' * 30}") + PNG], end=HANG),
    "chunks without end": endless(head("Transfer-Encoding: chunked"), then=(CHUNK % (1 << 16, bytes(1 << 16)),)),
    "no told length, and no end": endless(head("Content-Type: image/png") + PNG, then=(bytes(1 << 16),)),
    "a bomb in a bomb": reply(
        gzip.compress(gzip.compress(bytes(1 << 26))), headers=[("Content-Encoding", "gzip, gzip")]
    ),
    "packed files that hold nothing, without end": endless(
        head("Content-Encoding: gzip", "Transfer-Encoding: chunked"),
        then=(CHUNK % (len(gzip.compress(b"")) * 999, gzip.compress(b"") * 999),),
    ),
}
"""What is more than may come."""

WHOLE = {
    "a word too many behind its end": attrs.evolve(GOOD, data=[*GOOD.data, b"HTTP/1.1 200 OK\r\n\r\n"]),
    "open behind its told length": attrs.evolve(GOOD, end=HANG),
    "a file in chunks of a byte": Reply(
        data=[head("Transfer-Encoding: chunked"), *(CHUNK % (1, bytes([each])) for each in PNG), b"0\r\n\r\n"]
    ),
    "slow, and steady": Reply(
        data=[
            head(f"Content-Length: {len(PNG)}"),
            *itertools.chain(*((0.5, PNG[at : at + 1]) for at in range(len(PNG)))),
        ]
    ),
    "early hints, and then the file": Reply(data=[head(status="103 Early Hints"), 1.0, *GOOD.data]),
    "another name for it": reply(PNG, kind="text/html; charset=utf-8"),
    "packed in two": reply(zlib.compress(gzip.compress(PNG)), headers=[("Content-Encoding", "gzip, deflate")]),
}
"""What looks odd, and is whole."""


@attrs.define
class Fetch:
    """A download from a site that answers as it is told to."""

    folder: object
    site: Site = attrs.field(factory=Site)
    took: float = 0.0

    def run(self, *answers, path="/a.png"):
        """Return the file that came of it, or raise its error; the last answer is given for ever."""

        def answering(_):
            return answers[min(len(self.site.asked), len(answers)) - 1]

        async def main():
            loop = asyncio.get_running_loop()
            self.site.answering = answering
            await self.site.start()
            config = Config(accounts={"reapi": account(self.site.origin)}, journal=None)
            async with Client(config, clock=LoopClock(loop)) as client:
                before = loop.time()
                try:
                    (file,) = await client.download(task(LoopClock(loop), self.site.origin + path), self.folder)
                    return file
                finally:
                    self.took = loop.time() - before
                    await self.site.stop()

        with asyncio.Runner(loop_factory=Loop) as runner:
            return runner.run(main())


@pytest.fixture
def fetch(tmp_path):
    return Fetch(tmp_path)


@pytest.mark.parametrize("name", ASKED_AGAIN)
def test_what_is_wrong_is_asked_for_again_and_stays_an_error_where_it_stays(fetch, tmp_path, name):
    wrong, said = ASKED_AGAIN[name]
    assert fetch.run(wrong, GOOD).path.read_bytes() == PNG
    assert fetch.took < 5
    (tmp_path / "t1-1.png").unlink()
    with pytest.raises(DownloadError, match=f"the result of task t1 was not saved: .*{said}") as caught:
        Fetch(tmp_path).run(wrong)
    assert (caught.value.task.id, caught.value.permanent) == ("t1", False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SLOW)
def test_what_never_ends_is_given_up_and_the_file_is_had_at_the_next_try(fetch, tmp_path, name):
    with pytest.raises(DownloadError, match="the result of task t1 was not saved: "):
        fetch.run(SLOW[name])
    assert fetch.took <= 3 * SILENCE + MINUTE
    assert list(tmp_path.iterdir()) == []
    again = Fetch(tmp_path)
    site_gone = Reply(data=[], end=KEEP)
    assert again.run(SLOW[name], GOOD).path.read_bytes() == PNG
    assert again.took <= 2 * SILENCE + 20, site_gone


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_much_is_cut_off_and_not_asked_for_again(fetch, tmp_path, monkeypatch, name):
    monkeypatch.setattr("anymedia.transport.download.FILE_LIMIT", 1 << 20)
    with pytest.raises(DownloadError, match="more than 1 MiB|has 2") as caught:
        fetch.run(TOO_LARGE[name])
    assert (caught.value.permanent, len(fetch.site.asked)) == (True, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WHOLE)
def test_what_looks_odd_is_kept_where_it_is_whole(fetch, tmp_path, name):
    assert fetch.run(WHOLE[name]).path.read_bytes() == PNG
    assert len(fetch.site.asked) == 1
