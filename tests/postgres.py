"""A PostgreSQL server of the tests' own: started when the first test asks for it, and stopped whatever becomes of them.

It is the system's package, with its data in a temporary folder, at a port of this machine that nobody else has. As
PostgreSQL refuses to run as root, root runs it as the user that its package has made. Run as a program, this says where
it is installed, and fails where it is not.
"""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

import pytest

USER, PASSWORD = "anymedia", "not-told"
STUCK = 60.0
"""Seconds after which a server counts as hanging."""
MODES = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
WATCHDOG = """
cat
kill -s CONT "$(head -n 1 "$0/data/postmaster.pid")"
"$1/pg_ctl" stop --mode immediate --timeout 10 --pgdata "$0/data"
cd /
exec rm -rf "$0"
"""
MISSING = "PostgreSQL is not installed: `make postgres` installs it"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": 300,
    "shared_buffers": "32MB",
    "fsync": "off",  # the machine does not lose its power in a test
    "full_page_writes": "off",
    "autovacuum": "off",
}


@cache
def programs():
    """Return the folder with the server's programs; None where it is not installed."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *(Path(place) for place in os.get_exec_path())]
    found = [place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()]
    return max(found, key=_version, default=None)


def _version(place):
    digits = "".join(each for each in place.parent.name if each.isdecimal())
    return int(digits or 0)


needs_postgres = pytest.mark.skipif(programs() is None, reason=MISSING)


class Cluster:
    """A server with databases of its own; whoever starts it anew finds it at the same port."""

    def __init__(self, **settings):
        from tests.ports import unused_port

        self._owner = os.getpid()
        self.port = unused_port()
        self._settings = SETTINGS | settings | {"port": self.port}
        self._numbers = count(1)
        self._folder = Path(tempfile.mkdtemp(prefix="anymedia-postgres-"))
        self._data = self._folder / "data"
        (self._folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self._folder, self._folder / "password"):
                shutil.chown(path, "postgres", "postgres")
        self._server = None
        self._watchdog = self._watched()
        try:
            self._made()
            self.start()
        except BaseException:
            self.close()
            raise

    # The server

    def start(self):
        """Start it, and wait until it answers."""
        deadline = time.monotonic() + STUCK
        self._begin()
        while not self._ready():
            assert time.monotonic() < deadline, f"PostgreSQL does not start: {self.log}"
            if self._server.poll() is not None:
                self._begin()  # what was killed leaves processes behind that end by themselves, but not at once
            time.sleep(0.02)

    def stop(self, mode="fast"):
        """Stop it: "smart" waits for whoever is connected, "fast" ends what they do, "immediate" is like a crash."""
        self._end(MODES[mode])

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def kill(self):
        """Kill it as a lack of memory would; what it was doing is lost."""
        self._end(signal.SIGKILL)

    @property
    def runs(self):
        return self._server is not None and self._server.poll() is None

    @property
    def version(self):
        """Its version, such as 15.18."""
        said = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
        return said.stdout.split()[2]

    @property
    def log(self):
        """What it has said."""
        return (self._folder / "log").read_text("utf-8")

    def _begin(self):
        with (self._folder / "log").open("a") as log:
            self._server = subprocess.Popen(
                [*_as_its_user(), programs() / "postgres", "-D", self._data],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt at the terminal is not for it
            )

    def _ready(self):
        """Return whether it answers: it says so in the last line of its file."""
        with suppress(OSError, ValueError):  # there is none yet, or half of one
            pid, *_, state = (self._data / "postmaster.pid").read_text().split("\n")[:8]
            return pid == str(self._server.pid) and state.strip() == "ready"
        return False

    def _end(self, number):
        if self.runs:
            self._server.send_signal(number)
            try:
                self._server.wait(STUCK)
            except subprocess.TimeoutExpired:
                there = subprocess.run(
                    ["ps", "-o", "pid,stat,wchan:30,args", "--ppid", f"{self._server.pid}"],
                    capture_output=True,
                    text=True,
                )
                raise AssertionError(f"PostgreSQL does not stop: {self.log[-2000:]}\n{there.stdout}") from None

    # Its databases

    def url(self, database="postgres"):
        """Return where a database is."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create(self):
        """Return the URL of a new database, in which there is nothing."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return self.url(name)

    def drop(self, url):
        """Drop a database, whoever is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def cut(self, url):
        """End every connection to a database, as a restart does to those that it hits."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.rpartition("/")[2]]
        )

    def _execute(self, statement, values=None):
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement, values)

    # Its end

    def close(self):
        """Stop it, and clear away what it has written."""
        if os.getpid() != self._owner:
            return  # a process that has been forked since ends
        atexit.unregister(self.close)
        self.stop("immediate")
        self._watchdog.stdin.close()
        self._watchdog.wait(STUCK)

    def _watched(self):
        """Start what ends the server when this process has closed it, or has died, however it did."""
        atexit.register(self.close)
        return subprocess.Popen(
            [*_as_its_user(), "sh", "-c", WATCHDOG, self._folder, programs()],
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _made(self):
        """Make the files of an empty server."""
        command = [*_as_its_user(), programs() / "initdb", "--pgdata", self._data, "--username", USER]
        command += ["--pwfile", self._folder / "password", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        done = subprocess.run([*command, "--no-sync"], cwd=self._folder, capture_output=True, text=True, timeout=STUCK)
        assert done.returncode == 0, f"initdb: {done.stderr}"
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())


def _as_its_user():
    """Return what comes before a command so that PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@cache
def shared():
    """Return the server of this process's tests."""
    return Cluster()


@pytest.fixture
def postgres():
    """The server of this process's tests, each of which may stop, start and kill it: it runs again for the next."""
    if programs() is None:
        pytest.skip(MISSING)
    cluster = shared()
    yield cluster
    if not cluster.runs:
        cluster.start()


@pytest.fixture
def postgres_url(postgres):
    """The URL of an empty database, which is dropped after the test."""
    url = postgres.create()
    yield url
    if not postgres.runs:
        postgres.start()
    postgres.drop(url)


def pytest_terminal_summary(terminalreporter):
    """Say which tests were skipped because there is no PostgreSQL."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if MISSING in str(report.longrepr)]
    if skipped:
        files = sorted({report.nodeid.partition("::")[0] for report in skipped})
        terminalreporter.write_line(f"{MISSING}. Skipped without it: {len(skipped)} tests in {', '.join(files)}.")


if __name__ == "__main__":
    print(programs() or MISSING)
    sys.exit(programs() is None)
