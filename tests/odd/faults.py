"""The faults of kinds 2, 3, 6, 8, 9 and 10, each made at any of the four providers: what goes wrong, and how it ends.

`ends` is "picture" (on disk at the end, after one `recover` at most), or a pattern that has to be told of what is left.
A fault that passes is put into a queue, one that stays into an `always_…`.
"""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import attrs

from .files import HTML, JPEG, PNG, SVG, UNKNOWN, WEBP
from .raw_server import CLOSE, Reply, as_bytes, chunked, reply
from .shapes import Provider

PICTURE = "picture"

UNCERTAIN = (
    r"is not sent again|sends it again under its replay key, so that it is billed once"
    r"|most likely billed \(\$[0-9.]+\)\s[^;]*`anymedia tasks settle"
)
"""What is told of a submit that may have been billed: by the error, by the command."""


@attrs.frozen(kw_only=True)
class Fault:
    """One fault: its kind, the example in plain words, how it is made, and how it ends."""

    kind: int
    words: str
    make: Callable[[Provider], None]
    ends: str = PICTURE
    only: Sequence[str] = ()
    billed_no: bool = False
    file: bytes = PNG
    key: str | None = None

    @property
    def id(self) -> str:
        """The name of its tests."""
        return f"kind{self.kind:02}-{re.sub(r'[^a-z0-9]+', '-', self.words.lower()).strip('-')}"


FAULTS: list[Fault] = []


def fault(kind: int, words: str, ends: str = PICTURE, **more: Any) -> Callable[[Callable[[Provider], None]], None]:
    """Add a fault to the table."""

    def add(make: Callable[[Provider], None]) -> None:
        FAULTS.append(Fault(kind=kind, words=words, make=make, ends=ends, **more))

    return add


# Kind 2: links in another form


def link(words: str, form: Callable[[Provider], str], ends: str = PICTURE, file: bytes = PNG) -> None:
    """Add a link of another form, at the place and in the list where the provider's page has it."""

    def make(provider: Provider) -> None:
        provider.always_look = lambda task: provider.done(task, provider.shape.native([form(provider)]))
        provider.always_file["/f/a.png"] = reply(file, kind="image/png")

    FAULTS.append(Fault(kind=2, words=words, make=make, ends=ends, file=file))


def place(words: str, form: Callable[[Provider], Any]) -> None:
    """Add another form of what holds the links."""

    def make(provider: Provider) -> None:
        provider.always_look = lambda task: provider.done(task, form(provider))

    FAULTS.append(Fault(kind=2, words=words, make=make))


DATA_URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"

link("relative link", lambda _: "/f/a.png")
link("relative link without a slash", lambda _: "f/a.png")
link("relative link with dots", lambda _: "./../f/a.png")
link("link without a scheme", lambda p: p.url().removeprefix("http:"))
link("scheme in capitals", lambda p: p.url().replace("http", "HTTP"))
link("blank inside", lambda p: p.url("/f/a lighthouse.png"))
link("blanks around", lambda p: f"  {p.url()}\t ")
link("line feed behind", lambda p: p.url() + "\n")
link("carriage return and line feed before and behind", lambda p: f"\r\n{p.url()}\r\n")
link("letters other than ascii", lambda p: p.url("/f/Leuchtturm-für-Möwen-灯.png"))
link("a query with blanks and quotes", lambda p: p.url('/f/a.png?name=a "b"&x=%20y'))
link("a fragment behind", lambda p: p.url() + "#page=1")
link("angle brackets around", lambda p: f"<{p.url()}>", ends=rf"{PICTURE}|/f/a\.png")
link("data uri", lambda _: DATA_URI)
link("data uri in capitals", lambda _: DATA_URI.replace("data:image/png;base64", "DATA:image/PNG;BASE64"))
link("data uri with line feeds inside", lambda _: DATA_URI[:60] + "\r\n" + DATA_URI[60:])
link(
    "data uri that is percent-encoded", lambda _: "data:image/png;base64," + DATA_URI.split(",")[1].replace("+", "%2B")
)
link("data uri without base64", lambda _: "data:image/svg+xml," + quote(SVG), file=SVG)
link("a link of another scheme is shown", lambda _: "gs://bucket/results/a.png", ends=r"gs://bucket/results/a\.png")
link("no link but a word is shown", lambda _: "s3 key results-77", ends="results-77|picture")

place("one text in place of a list", lambda p: p.url() if p.name != "runapi" else {"url": p.url()})
place("a list of objects", lambda p: [{"url": p.url()}] if p.name != "runapi" else [{"url": {"url": p.url()}}])
place("objects with more in them", lambda p: [{"width": 4, "url": p.url(), "seed": 7}])
place("json text of a list", lambda p: json.dumps(p.shape.native([p.url()])))
place("json text of one", lambda p: json.dumps(p.shape.native([p.url()])[0]))
place("a list in a list", lambda p: [p.shape.native([p.url()])])
place("nulls beside it", lambda p: [None, *p.shape.native([p.url()]), None, ""])
place("the same twice", lambda p: p.shape.native([p.url(), p.url()]))


# Kind 3: what was answered is thrown away


def submit(kind: int, words: str, body: Callable[[Provider, str], Any], ends: str, status: int = 200) -> None:
    """Add a fault of the answer to a submit that was billed."""

    def make(provider: Provider) -> None:
        provider.always_submit = lambda task: reply(body(provider, task), status)

    FAULTS.append(Fault(kind=kind, words=words, make=make, ends=ends))


submit(3, "the id under another name", lambda _, task: {"jobRef": task, "note": "kept-word"}, "kept-word")
submit(3, "the id in a header's place and a text", lambda _, task: f"Accepted as {task} (kept-word)", "kept-word")
submit(3, "an error text inside a 200", lambda *_: {"error": {"message": "the upstream is full"}}, "upstream is full")
submit(3, "an error word inside a 200", lambda *_: {"success": False, "reason": "queue is full"}, "queue is full")
submit(3, "a page inside a 200", lambda *_: HTML, "Service paused")
submit(3, "a list inside a 200", lambda _, task: [{"ref": task, "note": "kept-word"}], "kept-word")
submit(3, "an empty object", lambda *_: {}, r"answered 200|\{\}")
submit(3, "a text at a 500", lambda *_: {"oops": "kept-word"}, "kept-word", 500)
submit(3, "a page at a 502", lambda *_: HTML, "Service paused", 502)


# Kind 6: files


def once(words: str, *answers: Reply, ends: str = PICTURE, file: bytes = PNG, for_ever: bool = False) -> None:
    """Add a fault of the file, which passes."""

    def make(provider: Provider) -> None:
        if for_ever:
            provider.always_file["/f/a.png"] = answers[0]
        else:
            provider.files["/f/a.png"] = list(answers)
            provider.always_file["/f/a.png"] = reply(file, kind="image/png")

    FAULTS.append(Fault(kind=6, words=words, make=make, ends=ends, file=file))


for _status in (401, 403, 404, 410, 425, 429, 500, 503):
    once(f"a {_status} once", reply({"error": "not yet"}, _status))
once("no byte once", reply(b"", kind="image/png"))
once("a 204 once", reply(b"", 204, length=None))
once("a page in its place once", reply(HTML, kind="text/html"))
once("a page called a picture once", reply(HTML, kind="image/png"))
once("json in its place once", reply({"message": "still being copied"}))
once("an xml error in its place once", reply(b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", kind=None))
once("shorter than its length once", reply(PNG[:40], length=len(PNG), end=CLOSE))
once("cut without a length once", reply(PNG[:-9], length=None))
once("cut between two chunks once", chunked(PNG[:-9], whole=False))
once("a jpeg cut without a length once", reply(JPEG[:-9], length=None), file=JPEG)
once("a webp cut without a length once", reply(WEBP[:-9], length=None), file=WEBP)
once("a reset once", Reply(data=[b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + PNG[:30]], end="reset"))
for _encoding in ("aws-chunked", "", "UTF-8", "Identity", "none", "binary"):
    once(
        f"content encoding {_encoding or 'empty'}",
        reply(PNG, kind="image/png", headers=[("Content-Encoding", _encoding)]),
        for_ever=True,
    )
once("packed as gzip", reply(gzip.compress(PNG), headers=[("Content-Encoding", "gzip")]), for_ever=True)
once("packed as X-GZip", reply(gzip.compress(PNG), headers=[("Content-Encoding", "X-GZip")]), for_ever=True)
once("packed as deflate", reply(zlib.compress(PNG), headers=[("Content-Encoding", "deflate")]), for_ever=True)
once("bytes nobody knows", reply(UNKNOWN, kind=None), for_ever=True, file=UNKNOWN)
once("a 404 for ever", reply({"error": "NoSuchKey"}, 404), ends="404", for_ever=True)
once("a 403 for ever", reply(HTML, 403, kind="text/html"), ends="403", for_ever=True)
once("no byte for ever", reply(b"", kind="image/png"), ends="empty|no byte|0 byte|nothing", for_ever=True)
once("a page for ever", reply(HTML, kind="text/html"), ends="page|HTML|no media|not the file", for_ever=True)


@fault(6, "a fresh link at the next look")
def _fresh_link(provider: Provider) -> None:
    provider.always_file["/f/old.png"] = reply({"error": "expired"}, 403)
    provider.looks.append(lambda task: provider.done(task, provider.shape.native([provider.url("/f/old.png")])))


# Kind 8: one bad byte


def spoiled(words: str, spoil: Callable[[bytes], bytes], ends: str = PICTURE) -> None:
    """Add a fault of the bytes of an answer, at the submit and at every look: each has an echo of "a fox"."""

    def bytes_of(body: Any) -> bytes:
        return spoil(as_bytes({**body, "echo": "a fox"}))

    def at_submit(provider: Provider) -> None:
        provider.always_submit = lambda task: reply(bytes_of(provider.shape.accepted(task)))

    def at_look(provider: Provider) -> None:
        links = provider.shape.native([provider.url()])
        provider.always_look = lambda task: reply(bytes_of(provider.shape.done(task, links)))

    FAULTS.append(Fault(kind=8, words=f"{words} at the submit", make=at_submit, ends=ends))
    FAULTS.append(Fault(kind=8, words=f"{words} at the look", make=at_look, ends=ends))


def echo(data: bytes) -> Callable[[bytes], bytes]:
    """Put bytes in place of the echo."""
    return lambda body: body.replace(b'"a fox"', data)


spoiled("nan", echo(b"NaN"))
spoiled("infinity", echo(b"-Infinity"))
spoiled("raw control characters", echo(b'"a\x01fox\nand\ta\x1fhare"'))
spoiled("a nul", echo(b'"a\0fox"'))
spoiled("cut utf-8", echo('"a fox 🦊'.encode()[:-1] + b'"'))
spoiled("latin-1", echo('"ein Füchslein"'.encode("latin-1")))
spoiled("half a surrogate", echo(b'"a \\ud83e fox"'))
spoiled("a number of 5000 digits", echo(b"9" * 5000))
spoiled("a number beyond floats", echo(b"1e999999"))
spoiled("a name twice", echo(b'1, "echo": 2'))
spoiled("utf-16", lambda body: body.decode().encode("utf-16"))
spoiled("utf-16 without a mark", lambda body: body.decode().encode("utf-16-le"))
spoiled("a byte order mark", lambda body: b"\xef\xbb\xbf" + body)
spoiled("blanks and line feeds around", lambda body: b"\r\n  " + body + b"\r\n\r\n")


@fault(8, "a cut inside the id, which is not read from it", UNCERTAIN)
def _cut_id(provider: Provider) -> None:
    provider.always_submit = lambda task: reply(
        as_bytes(provider.shape.accepted(task)).replace(task.encode(), task.encode()[:-4] + b"\xf0\x9f\xa6")
    )


@fault(8, "an answer cut in the middle of the id", UNCERTAIN)
def _cut_answer(provider: Provider) -> None:
    def cut(task: str) -> Reply:
        body = as_bytes(provider.shape.accepted(task))
        return reply(body[: body.index(task.encode()) + 4], length=None)

    provider.always_submit = cut


# Kind 9: keys masked before reading


def keyed(words: str, key: str, ids: str, path: str = "/f/a.png") -> None:
    """Add a key that is a part of what is read."""

    def make(provider: Provider) -> None:
        provider.ids = [ids]
        provider.link = path

    FAULTS.append(Fault(kind=9, words=words, make=make, key=key))


keyed("a key that is a part of the id", "test", "task_test_1")
keyed("a key that is the id", "task_77", "task_77")
keyed("a key that is a part of the link", "media", "task_1", "/f/media/a.png")
keyed("a key that is a word of states and names", "e", "task_1e", "/f/e.png")
keyed("a key that is a part of the host", "127", "task_127", "/f/127.png")


# Kind 10: records


def record(words: str, form: Callable[[Provider, str], Any], ends: str = PICTURE, **more: Any) -> None:
    """Add another form of the look's answer."""

    def make(provider: Provider) -> None:
        def look(task: str) -> Reply:
            body = form(provider, task)
            return body if isinstance(body, Reply) else reply(body)

        provider.always_look = look

    FAULTS.append(Fault(kind=10, words=words, make=make, ends=ends, **more))


def _result(form: Callable[[Any], Any]) -> Callable[[Provider, str], Any]:
    def body(provider: Provider, task: str) -> Any:
        done = provider.shape.done(task, [provider.url()])
        return {**done, "data": {**done["data"], "resultJson": form(json.loads(done["data"]["resultJson"]))}}

    return body


KIE = {"only": ("revidapi",)}
record("resultJson is an object", _result(lambda result: result), **KIE)
record("resultJson is encoded twice", _result(lambda result: json.dumps(json.dumps(result))), **KIE)
record("resultJson holds one text", _result(lambda result: json.dumps({"resultUrls": result["resultUrls"][0]})), **KIE)
record("resultJson holds a json text", _result(lambda result: {"resultUrls": json.dumps(result["resultUrls"])}), **KIE)
record("resultJson is an object of one text", _result(lambda result: {"resultUrls": result["resultUrls"][0]}), **KIE)


def _failed_beside(status: int, code: int | None = None) -> Callable[[Provider, str], Reply]:
    def body(provider: Provider, task: str) -> Reply:
        failed = provider.shape.failed(task, "the film broke")
        return reply({**failed, "code": code} if code is not None else failed, status)

    return body


record(
    "failed beside its own code",
    _failed_beside(200, 501),
    "the film broke",
    billed_no=True,
    only=("revidapi", "api_in_one"),
)
record("failed beside an http 500", _failed_beside(500), "the film broke", billed_no=True)
record("failed beside an http 422", _failed_beside(422), "the film broke", billed_no=True)


@fault(10, "success beside an error code", only=("revidapi", "api_in_one"))
def _success_beside_a_code(provider: Provider) -> None:
    links = provider.shape.native([provider.url()])
    provider.always_look = lambda task: reply({**provider.shape.done(task, links), "code": 501})
