"""What every test is under: no network beyond this machine, no key of the person who runs it, no real waiting."""

import gc
import ipaddress
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from anymedia import Client, read_config
from anymedia.journal import MemoryJournal
from anymedia.simulators import running
from anymedia.testing import FakeClock
from tests.providers import FOUR

pytest_plugins = ["anymedia.simulators.fixtures", "tests.postgres"]

# No test depends on how long it takes; the rest is inherited, so that any profile loaded before this one still counts.
# Below one, ANYMEDIA_CASES thins out these too: where the tests run once more, in a changed copy.
CASES = min(float(os.environ.get("ANYMEDIA_CASES", "1")), 1.0)
settings.register_profile("timeless", deadline=None, max_examples=int(settings().max_examples * CASES))
settings.load_profile("timeless")


# What runs beside the tests

ROOMS = Path(__file__).parent
MEASURED = {"adapters", "batch", "client", "core", "journal", "sync", "thirdparty", "worker"}
"""The rooms whose tests have to reach every line and branch of the package, each in the same way in every run.

Tracing doubles the CPU of all that it sees, so that the others go without: what they reach counts for nothing. The
shipped suite is reached in `thirdparty`, where it is held against what is right and wrong, and goes over every offer
in `contract`.
"""


def _is_measured(item):
    """Return whether a test counts; what chance comes upon does not, and of what is long there is a short form."""
    chance_or_long = item.get_closest_marker("hypothesis") or item.get_closest_marker("slow")
    return item.path.relative_to(ROOMS).parts[0] in MEASURED and not chance_or_long


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Trace what is run only where coverage is asked for, and in the tests that count."""
    stopped = []
    coverage = sys.modules.get("coverage")
    # A process of xdist has two of them, one within the other.
    while coverage and not _is_measured(item) and (tracing := coverage.Coverage.current()):
        tracing.stop()
        stopped.append(tracing)
    try:
        return (yield)
    finally:
        for tracing in reversed(stopped):
            tracing.start()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Run what counts first: what is cached for a whole process is done in one of these, and traced."""
    items.sort(key=lambda item: not _is_measured(item))


def pytest_collection_finish():
    """Look no more for garbage among what the collection has made: it took a twentieth of the CPU."""
    gc.collect()
    gc.freeze()


def pytest_sessionstart():
    """Let the processes of tests be interrupted, where these tests run in the background of a shell too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    """Refuse any connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(sock, address):
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test reached for {address}")
        return connect(sock, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _elsewhere(tmp_path_factory):
    """Hide the environment's keys, config and journal, and any anymedia.toml of the working directory."""
    empty = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.endswith("_KEY") or name.startswith("ANYMEDIA")]:
            patch.delenv(name)
        patch.setenv("XDG_CONFIG_HOME", str(empty))
        patch.delenv("XDG_STATE_HOME", raising=False)
        patch.setenv("HOME", str(empty))  # where the journal is, unless a test names another place
        patch.chdir(empty)
        yield empty


@pytest.fixture(autouse=True)
def _nothing_is_left(_elsewhere):
    """Begin each test in an empty folder."""
    for left in [*_elsewhere.iterdir()]:
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


# A client and simulators, on one clock that nobody waits for


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def played(request):
    """The names of the simulators that there are: four, and the one that the test is about."""
    about = request.getfixturevalue("provider") if "provider" in request.fixturenames else FOUR[0]
    return tuple(dict.fromkeys((*FOUR, about)))


@pytest.fixture
async def sims(clock, played):
    async with running(*played, clock=clock.time) as simulators:
        yield simulators


@pytest.fixture
def config(sims):
    return read_config(sims.config, sims.environ)


@pytest.fixture
def events():
    return []


@pytest.fixture
def journal():
    """The journal of the client: in memory, which is as good as any where it is no matter of files."""
    return MemoryJournal()


@pytest.fixture
async def client(config, clock, events, journal):
    async with Client(config, clock=clock, on_event=events.append, journal=journal) as client:
        yield client


# A bucket, whose server is loaded where a test first asks for it: it takes longer than most tests


@pytest.fixture(scope="session")
def s3_origin():
    from tests.storage import s3_server

    with s3_server() as origin:
        yield origin


@pytest.fixture
def bucket(s3_origin, monkeypatch):
    """An empty bucket, whose keys are in the environment as its user's are."""
    from tests.storage import KEY_ID, SECRET, Bucket

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return Bucket(s3_origin)
