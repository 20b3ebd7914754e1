"""What a CDN can do: each ends in a whole file or a clear error, in bounded time, and nothing half is left.

All of it shares one loop of virtual time, so that a drip without end, an answer that never begins and a connection that
is kept open take no real time, and their waits are counted.
"""

import asyncio
import gzip
import itertools
import zlib
from datetime import timedelta

import attrs
import pytest

from anymedia import Client, Config, DownloadError
from anymedia.network import Network, network_of
from tests.machine.virtual import Loop, LoopClock
from tests.odd.files import HTML, PNG
from tests.odd.raw_server import HANG, Reply, Site, reply

from .raw import account
from .test_files import picture, task

GOOD = reply(PNG, kind="image/png")
LARGE = picture("PNG", 360)
MINUTE = 60.0
"""Seconds for which a file is asked for again."""

SILENCE, CONNECT = 60.0, 15.0
"""Seconds without a byte, and until there is a connection."""


def head(*lines, status="200 OK"):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


@attrs.frozen
class Endless:
    """Parts of an answer that never end: some first, and then the same ones for ever."""

    begin: tuple
    then: tuple

    def __iter__(self):
        return itertools.chain(self.begin, itertools.cycle(self.then))


def endless(*begin, then):
    return Reply(data=Endless(begin, then))


S3_EXPIRED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message>'
    "<X-Amz-Expires>60</X-Amz-Expires><Expires>2027-01-15T08:01:00Z</Expires></Error>"
)
AZURE_EXPIRED = (
    "\ufeff<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Signature not valid</Message></Error>"
)
CHUNK = b"%x\r\n%b\r\n"
EMPTY = gzip.compress(b"")
EMPTY_BLOCK = b"\0\0\0\xff\xff"
"""Of deflate, stored and of no length."""

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
    "a redirect whose body never comes": (
        Reply(data=[head("Location: /b.png", "Content-Length: 9", status="302 Found")], end=HANG),
        "more than 5 redirects",
    ),
    "it promises more than it sends": (reply(PNG, length=len(PNG) + 9, end="close"), "the answer broke off"),
    "two lengths that differ": (
        Reply(data=[head("Content-Length: 9", f"Content-Length: {len(PNG)}") + PNG], end="close"),
        "its answer is no HTTP",
    ),
    "a length of more digits than any": (
        Reply(data=[head(f"Content-Length: {'9' * 30}") + PNG], end=HANG),
        "its answer is no HTTP",
    ),
    "a length that is none": (Reply(data=[head("Content-Length: -1") + PNG], end="close"), "its answer is no HTTP"),
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
    "packed files that hold nothing": endless(
        head("Content-Encoding: gzip", "Transfer-Encoding: chunked"), then=(CHUNK % (len(EMPTY) * 999, EMPTY * 999),)
    ),
    "open behind a file of no told length": Reply(data=[head("Content-Type: image/png") + PNG[:-9]], end=HANG),
}
"""What never ends."""

TOO_LARGE = {
    "two terabytes, as it says": Reply(data=[head(f"Content-Length: {2 << 40}") + PNG], end=HANG),
    "chunks without end": endless(head("Transfer-Encoding: chunked"), then=(CHUNK % (1 << 16, bytes(1 << 16)),)),
    "no told length, and no end": endless(head("Content-Type: image/png") + PNG, then=(bytes(1 << 16),)),
    "a bomb in a bomb": reply(
        gzip.compress(gzip.compress(bytes(1 << 26))), headers=[("Content-Encoding", "gzip, gzip")]
    ),
    "packed blocks that hold nothing, without end": endless(
        head("Content-Encoding: deflate", "Transfer-Encoding: chunked"),
        CHUNK % (2, b"\x78\x01"),
        then=(CHUNK % (len(EMPTY_BLOCK) << 12, EMPTY_BLOCK * (1 << 12)),),
    ),
}
"""What is more than may come."""

WHOLE = {
    "a word too many behind its end": attrs.evolve(GOOD, data=[*GOOD.data, b"HTTP/1.1 200 OK\r\n\r\n"]),
    "open behind its told length": attrs.evolve(GOOD, end=HANG),
    "a file in chunks of a byte": Reply(
        data=[head("Transfer-Encoding: chunked"), *(CHUNK % (1, bytes([each])) for each in PNG), b"0\r\n\r\n"]
    ),
    "slow, and steady, for longer than it may be silent": Reply(
        data=[
            head(f"Content-Length: {len(LARGE)}"),
            *(part for at in range(0, len(LARGE), 3000) for part in (2.0, LARGE[at : at + 3000])),
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

    def run(self, *answers, lives=None, network=None):
        """Return the file that came of it, or raise its error; the last answer is given for ever."""

        def answering(_):
            return answers[min(len(self.site.asked), len(answers)) - 1]

        async def main():
            loop = asyncio.get_running_loop()
            self.site.answering = answering
            await self.site.start()
            config = Config(accounts={"reapi": account(self.site.origin)}, journal=None, network=network or Network())
            clock = LoopClock(loop)
            dies = None if lives is None else clock.now() + timedelta(seconds=lives)
            async with Client(config, clock=clock) as client:
                before = loop.time()
                try:
                    (file,) = await client.download(
                        task(clock, f"{self.site.origin}/a.png", expires_at=dies), self.folder
                    )
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
def test_what_never_ends_is_given_up_and_the_file_is_had_before_its_link_dies(fetch, tmp_path, name):
    with pytest.raises(DownloadError, match="the result of task t1 was not saved: "):
        fetch.run(SLOW[name], lives=86_400)
    assert fetch.took <= MINUTE + CONNECT + SILENCE
    assert list(tmp_path.iterdir()) == []
    for lives in (MINUTE, None):  # what nobody knows may be as short
        again = Fetch(tmp_path)
        assert again.run(SLOW[name], GOOD, lives=lives).path.read_bytes() == PNG
        assert again.took < MINUTE


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_much_is_cut_off_and_not_asked_for_again(fetch, tmp_path, name):
    said = r"it has (more|2199\.0 GB), and \[download\] largest is 1\.0 MB; raise that in anymedia.toml, then"
    with pytest.raises(DownloadError, match=said) as caught:
        fetch.run(TOO_LARGE[name], network=network_of({}, {}, {"largest": "1 MB"}))
    assert (caught.value.permanent, len(fetch.site.asked)) == (True, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WHOLE)
def test_what_looks_odd_is_kept_where_it_is_whole(fetch, tmp_path, name):
    assert fetch.run(WHOLE[name]).path.read_bytes() == (LARGE if name.startswith("slow") else PNG)
    assert (len(fetch.site.asked), fetch.took > SILENCE) == (1, name.startswith("slow"))
