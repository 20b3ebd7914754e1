"""Whatever is answered to a token call, to the steps of an upload and to a submit whose answer is the file, nothing is
bought that was not asked for whole, and no answer is a success that is none."""

import asyncio
import json
import socket

import attrs
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Account, AnymediaError, Billed, Client, Config, ImageRequest, Outcome, SubmitUncertain, Task
from anymedia.account import Secret
from anymedia.declare import Endpoint, Files, Offer, Param, Reply, Step, Text, Token, Upload
from anymedia.journal import MemoryJournal
from anymedia.model.plain import one_line
from anymedia.transport.retry import Patience
from tests.core.acme import acme
from tests.core.test_media import PNG

from .test_answers import STATUSES, WHERE

KEY, TICKET = "planted-key-8f2e71", "planted-ticket-4411"
PATHS = ("/token", "/files", "/put", "/done", "/make")
STORE = Upload(
    Step(
        call=Endpoint(method="POST", path="/files", headers={"X-Name": "{name}"}),
        sends={"size": "{size}", "md5": "{md5}"},
        finds={"id": "id", "to": "to", "signed": "signed"},
    ),
    Step(call=Endpoint(method="PUT", link="to", body="file", keyed=False), headers="signed"),
    Step(
        call=Endpoint(method="POST", path="/done/{id}", body="form"),
        sends={"id": "{id}"},
        finds={"url": "url", "until": "until!iso"},
    ),
    expires="until",
)
OFFER = Offer(
    name="lamp",
    params={"prompt": Param("prompt", Text(1), required=True), "images": Param("images", Files(forms=("upload",)))},
    prices=None,
)
ADAPTER = acme(
    submit=Endpoint(method="POST", path="/make", model="model", reply=Reply(files="@", usd="@x-cost!cents")),
    auth=Token(call=Endpoint(method="POST", path="/token"), token="token", expires="seconds"),
    upload=STORE,
    offers=(OFFER,),
)
REQUEST = ImageRequest(model="lamp", prompt="a fox", images=[PNG])
BODIES = st.sampled_from(
    [
        *(PNG, PNG[:-20], b"", b"\0", b"{}", b"[1]", b'{"error": "no"}', b"no pictures today", b"<html>no</html>"),
        *(
            b"\x1f\x8b\x08",
            b"\xff\xfe<\0h\0",
            b"%PDF-1.7",
            b"PK\x03\x04",
            b"GIF89a",
            b"RIFF\0\0\0\0WEBPVP8 ",
            b"\r\n" * 99,
        ),
    ]
) | st.binary(max_size=64)


@attrs.frozen
class Said:
    """An answer; one that is `cut` breaks off within its body."""

    status: int
    body: bytes
    headers: dict = attrs.field(factory=dict)
    cut: bool = False

    @property
    def is_good(self):
        return self.status < 300 and not self.cut


class Site:
    """A provider that answers each path as it is told to."""

    def __init__(self):
        self.asked, self.said, self.origin = [], {}, ""

    def good(self):
        """Return the good answer to each path."""
        until = "2027-06-01T00:00:00Z"
        words = {
            "/token": {"token": TICKET, "seconds": 600},
            "/files": {"id": "f-1", "to": f"{self.origin}/put?sig=1", "signed": {"X-Sig": "s"}},
            "/put": {},
            "/done": {"url": "https://files.acme.example/f-1.png", "until": until},
        }
        said = {path: Said(200, json.dumps(each).encode()) for path, each in words.items()}
        return said | {"/make": Said(200, PNG, {"Content-Type": "image/png", "X-Cost": "4"})}

    async def answer(self, http):
        path = "/" + http.path.split("/")[1]
        self.asked.append((path, await http.read()))
        said = self.said.get(path) or Said(404, b"")
        if not said.cut:
            return web.Response(status=said.status, body=said.body, headers=said.headers)
        response = web.StreamResponse(status=said.status, headers={"Content-Length": str(len(said.body) + 9)})
        await response.prepare(http)
        await response.write(said.body)
        http.transport.close()
        return response

    def bodies(self, path):
        return [body for each, body in self.asked if each == path]


@st.composite
def conversations(draw, site, spoilt, garbled):
    """Return answers of which one or two are not as they should be."""
    said = site.good()
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=2, unique=True)):
        one = said[path]
        if path == "/make":
            body = draw(BODIES)
        elif path == "/put" or draw(st.booleans()):
            body = draw(BODIES | garbled({"error": {"code": 200, "at": None}}))
        else:
            body = json.dumps(draw(_led_astray(json.loads(one.body)) | spoilt(json.loads(one.body)))).encode()
        kind = draw(st.sampled_from(["image/png", "application/json", "text/html", "x/\xe9"]))
        cost = draw(st.sampled_from(["4", "-1", "NaN", "1e999", "", "9" * 400]))
        headers = {"Content-Type": kind, "X-Cost": cost, "Location": draw(st.sampled_from(WHERE))}
        said[path] = Said(draw(STATUSES), body, headers, draw(st.integers(0, 4)) == 0)
    return said


@st.composite
def _led_astray(draw, words):
    """Return an answer whose links lead where they should not, and that names headers that frame a body."""
    headers = st.dictionaries(
        st.sampled_from(["Content-Length", "Transfer-Encoding", "Host", "Authorization", "X-A\r\nB", "", "x-key", "Ü"]),
        st.sampled_from(["0", "chunked", "a\r\nb: c", "\0", "é", "evil.example"]) | st.none() | st.integers(),
        max_size=2,
    )
    places = {
        "to": st.sampled_from(WHERE),
        "url": st.sampled_from(WHERE),
        "signed": headers,
        "id": st.sampled_from(WHERE),
    }
    return {name: draw(places.get(name, st.just(each))) for name, each in words.items()}


@pytest.fixture
def no_names(monkeypatch):
    """Let no name lead anywhere but to this machine."""
    found = socket.getaddrinfo

    def refuse(host, *more, **options):
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name != "localhost" and not set(name) <= set("0123456789abcdef.:"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return found(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


async def bought(site, clock):
    """Return what a request comes to at a site, with the bytes of its result."""
    account = Account(name="acme", adapter=ADAPTER, origin=site.origin, api_key=Secret(KEY))
    config = Config(accounts={"acme": account}, journal=None)
    async with Client(config, clock=clock, journal=MemoryJournal(), patience=Patience(tries=2)) as client:
        try:
            end = await asyncio.wait_for(client.submit(REQUEST, timeout=60), 30)
        except AnymediaError as error:
            return error, []
        return end, [asset.path.read_bytes() for asset in end.assets]


def test_nothing_hostile_on_the_way_is_bought_or_believed(cases, clock, no_names, spoilt, garbled):
    site, seen = Site(), set()
    with asyncio.Runner() as runner:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", site.answer)
        server = web.AppRunner(app)
        runner.run(server.setup())
        runner.run(web.TCPSite(server, "127.0.0.1", 0).start())
        site.origin = f"http://127.0.0.1:{server.addresses[0][1]}"

        @cases(150)
        @given(conversations(site, spoilt, garbled))
        def hold(said):
            site.said, site.asked[:] = said, []
            end, files = runner.run(bought(site, clock))
            submits = site.bodies("/make")
            assert len(submits) <= 1 or said["/make"].status == 429
            if submits:
                assert all(said[path].is_good for path in PATHS[:-1])
                assert PNG in site.bodies("/put")
                assert json.loads(submits[0])["images"][0].startswith(("http://", "https://"))
            else:
                assert isinstance(end, AnymediaError)
                assert (end.outcome, end.billed) in ((Outcome.NOT_SENT, Billed.NO), (Outcome.REFUSED, Billed.NO))
            if isinstance(end, Task):
                assert said["/make"].is_good
                assert files == [said["/make"].body]
                assert files[0][:1] not in (b"", b"{", b"[", b"<")
                assert end.money.usd is None or end.money.usd >= 0
            else:
                assert isinstance(end, SubmitUncertain) or end.billed is Billed.NO
                assert str(end) == one_line(end)
                assert len(str(end)) < 10_000
                assert not any(secret in f"{end}{vars(end)}" for secret in (KEY, TICKET))
            seen.add(type(end).__name__)

        try:
            hold()
        finally:
            runner.run(server.cleanup())
    assert {"Task", "SubmitUncertain", "Unavailable"} <= seen
