"""The makers' own clients, as their users have them, against the simulators: on one clock, which goes on as they sleep.

Only what cannot be otherwise is changed of a client: where it finds the provider, and what it takes for sleep.
"""

import asyncio
import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from queue import Queue

import attrs
import pytest
from PIL import Image

from anymedia.simulators import in_thread

MAKERS = ("FAL_", "OPENAI_", "REPLICATE_", "RUNAPI_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@attrs.define
class Passing:
    """A clock that begins now, for signatures and tokens have a time, and goes on as long as somebody sleeps."""

    now: float = attrs.field(factory=time.time)
    slept: list = attrs.field(factory=list)

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds):
        self.sleep(seconds)
        await asyncio.sleep(0)


class Instead:
    """A module of Python's with other functions in some places."""

    def __init__(self, module, **own):
        self._module = module
        self.__dict__.update(own)

    def __getattr__(self, name):
        return getattr(self._module, name)


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch, tmp_path):
    """Hide what the environment says to the clients, any proxy, and all certificates: nothing goes by TLS here."""
    for name in list(os.environ):
        if name.startswith((*MAKERS, "SSL_CERT")) or name.lower() in PROXIES:
            monkeypatch.delenv(name)
    (tmp_path / "certificates").mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "certificates"))  # to read those of the machine takes 20 ms


@pytest.fixture
def clock():
    return Passing()


@pytest.fixture
def asleep(monkeypatch, clock):
    """Return what lets the modules of a client sleep on the clock."""

    def put(*modules):
        for module in modules:
            for name, own in (
                ("time", {"sleep": clock.sleep, "monotonic": clock}),
                ("asyncio", {"sleep": clock.sleep_async}),
                ("anyio", {"sleep": clock.sleep_async}),
            ):
                if (found := vars(module).get(name)) is not None:
                    monkeypatch.setattr(module, name, Instead(found, **own))

    return put


@pytest.fixture
async def closing(monkeypatch):
    """Return what makes a package close, after the test, each connection that a client of its leaves open."""
    opened = []

    def watch(base):
        begin = base.__init__

        def noted(self, *args, **kwargs):
            begin(self, *args, **kwargs)
            opened.append(self)

        monkeypatch.setattr(base, "__init__", noted)

    yield watch
    for each in opened:
        if hasattr(each, "aclose"):
            await each.aclose()
        else:
            each.close()


@pytest.fixture
def simulated(clock):
    """Return what runs the simulator of a provider until the test ends."""
    with in_thread("fal", "openai", "replicate", "runapi", clock=clock) as running:
        yield running


@contextmanager
def billed(simulator, times=1):
    """Hold that what happens meanwhile is billed so often, and that the simulator knew all that was sent."""
    before = len(simulator.bills()["entries"])
    new = []
    yield new
    bills = simulator.bills()
    new.extend(bills["entries"][before:])
    assert len(new) == times
    assert bills["unread"] == []


def picture(content):
    """Return the size and the format of a picture, once Pillow has read all of it."""
    with Image.open(BytesIO(content)) as image:
        image.load()
        return image.size, image.format


def drawn(size=(64, 64), mode="RGB", colour="teal"):
    """Return a picture as PNG."""
    file = BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def picture_file(tmp_path):
    path = tmp_path / "drawn.png"
    path.write_bytes(drawn())
    return path


# Where webhooks are taken


@attrs.frozen
class Told:
    """One webhook as it came."""

    headers: dict
    body: bytes


@attrs.frozen
class Ear:
    """A server of this machine that answers 204 and keeps what it was told."""

    url: str
    told: Queue

    def hears(self):
        return self.told.get(timeout=10)


@pytest.fixture
def ear():
    told = Queue()

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            told.put(Told(dict(self.headers), body))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hears) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield Ear(f"http://127.0.0.1:{server.server_port}/told", told)
        server.shutdown()
        thread.join()
