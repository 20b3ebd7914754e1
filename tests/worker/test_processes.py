"""The command, a batch of it, and a web app, as users run them: processes that share a database, and nothing else."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from fastapi import Response

from anymedia import JournalError
from anymedia.worker import Queue
from tests.ports import unused_port
from tests.postgres import STUCK

pytestmark = pytest.mark.slow

ANYMEDIA = str(Path(sys.executable).with_name("anymedia"))
WEB_APP = Path(__file__).parents[2] / "examples" / "web_app.py"


@pytest.fixture
def home(world, tmp_path):
    """A folder with an anymedia.toml, and the environment of who works there."""
    tables = {"journal": world.data["journal"]}
    tables |= {f"providers.{name}": table for name, table in world.data["providers"].items()}
    (tmp_path / "anymedia.toml").write_text("".join(map(toml, tables, tables.values())))
    return tmp_path, os.environ | world.sims.environ | {"HOME": str(tmp_path)}


def toml(name, table):
    lines = (f"{key} = {_toml(value)}\n" for key, value in table.items())
    return f"[{name}]\n{''.join(lines)}"


def _toml(value):
    inner = (f"{key} = {_toml(each)}" for key, each in value.items()) if isinstance(value, dict) else ()
    return f"{{ {', '.join(inner)} }}" if isinstance(value, dict) else json.dumps(value)


@contextmanager
def running(home, *command):
    """A process that goes on for the length of a test; what it has said is there once it has ended."""
    folder, environ = home
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def worker(home, *words):
    return running(home, ANYMEDIA, "worker", "--config", "anymedia.toml", *words)


def stopped(process):
    """End a process as a service manager does, and return its exit code and what it said."""
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=STUCK)
    return process.returncode, said


def run(home, *words):
    folder, environ = home
    command = [ANYMEDIA, *words, "--config", "anymedia.toml"]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=STUCK, check=False)


def goes_on(home, *words):
    """Run a batch again until the lease of the killed run is over."""
    until = time.monotonic() + STUCK
    while (done := run(home, *words)).returncode == 6 and "was killed counts as under way" in done.stderr:
        assert time.monotonic() < until
    return done


def test_a_batch_is_bought_by_workers_and_goes_on_when_it_is_killed(home, world):
    """Two workers begin at once, in a database without tables; the batch is killed, and the next run ends as any."""
    folder, _ = home
    rows = "".join(f"flux-2-pro,1K,lighthouse {number}\n" for number in range(6))
    (folder / "shots.csv").write_text(f"model,resolution,prompt\n{rows}")
    words = ("batch", "shots.csv", "--workers", "--out", "files", "--budget", "0.50")
    with worker(home, "--out", "here") as first, worker(home, "--json") as second:
        with running(home, ANYMEDIA, *words, "--config", "anymedia.toml"):
            until = time.monotonic() + STUCK
            while not world.bills():
                assert time.monotonic() < until
                time.sleep(0.02)
        done = goes_on(home, *words, "--json")
        ends = [stopped(each) for each in (first, second)]
    assert done.returncode == 0, done.stderr
    end = json.loads(done.stdout.splitlines()[-1])
    assert (end["done"], end["exit"], sum(world.bills().values())) == (6, 0, 6)
    assert len([name for name in world.files("files") if not name.startswith("shots.")]) == 6
    assert [code for code, _ in ends] == [0, 0]
    said = "".join(said for _, said in ends)
    keys = [key for name, key in home[1].items() if name.startswith("ANYMEDIA_SIMULATED")]
    assert [each for each in (*keys, "not-told") if each in said] == []
    assert " bought " in ends[0][1] or '"task": ' in ends[1][1]


def test_a_web_app_submits_what_workers_buy(home, world):
    port = unused_port()

    def ask(path, **given):
        headers = {"Content-Type": "application/json", "Idempotency-Key": "order-17"}
        body = json.dumps(given).encode() if given else None
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}", body, headers), timeout=STUCK) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    with running(home, sys.executable, str(WEB_APP), "--port", str(port)) as app:
        while "Uvicorn running" not in app.stdout.readline():
            assert app.poll() is None
        assert ask("/pictures/order-17")[0] == 404
        assert ask("/pictures", prompt="a lighthouse", extra={})[0] == 422
        assert ask("/pictures", prompt="a lighthouse", resolution="9K")[0] == 422
        for _ in range(2):
            assert ask("/pictures", prompt="a lighthouse") == (202, {"key": "order-17", "look": "/pictures/order-17"})
        assert ask("/pictures/order-17") == (202, {"state": "waiting", "pictures": [], "error": None})
        with worker(home, "--out", "out"):
            until = time.monotonic() + STUCK
            while (found := ask("/pictures/order-17"))[0] == 202:
                assert time.monotonic() < until
                time.sleep(0.1)
    status, told = found
    assert (status, told["state"], world.bills()) == (200, "succeeded", {"kie": 1})
    assert [Path(each).name for each in told["pictures"]] == world.files()


async def test_a_web_app_says_that_its_database_is_away(world, monkeypatch):
    async def away(*_, **__):
        raise JournalError("it does not answer", away=True)

    monkeypatch.setattr(Queue, "submit", away)
    monkeypatch.setattr(Queue, "result", away)
    app = runpy.run_path(str(WEB_APP))["made"](world.config)
    asked = {route.path: route.endpoint for route in app.routes}
    for path, given in (("/pictures", ({"prompt": "a lighthouse"}, "k")), ("/pictures/{key:path}", ("k",))):
        response = Response()
        assert await asked[path](*given, response) == {"error": "it does not answer"}
        assert response.status_code == 503


def test_a_worker_lives_through_a_restart_of_its_database(home, world, postgres):
    folder, _ = home
    (folder / "shots.csv").write_text("model,resolution,prompt\nflux-2-pro,1K,a lighthouse\n")
    words = ("batch", "shots.csv", "--workers", "--out", "files")
    with worker(home) as process:
        assert run(home, *words).returncode == 0
        postgres.restart("immediate")
        assert run(home, *words, "--name", "again").returncode == 0
        code, said = stopped(process)
    assert (code, world.bills()) == (0, {"kie": 2})
    told = ("the queue does not answer", "the queue answers again", "Traceback")
    assert [said.count(each) for each in told] == [1, 1, 0], said


def test_what_is_not_configured_is_told_in_a_line(home):
    folder, _ = home
    (folder / "anymedia.toml").write_text('[journal]\npath = "journal.db"\n[providers.kie]\n')
    (folder / "shots.csv").write_text("model,prompt\nflux-2-pro,a lighthouse\n")
    why = 'error: workers share a journal on PostgreSQL: write [journal] url = "postgresql://user@host/database" into'
    for words in (["worker"], ["batch", "shots.csv", "--workers"]):
        done = run(home, *words)
        assert (done.returncode, done.stderr.startswith(why)) == (3, True), done.stderr
    done = run(home, "worker", "--queue", "")
    assert (done.returncode, "'--queue': a queue has a name" in done.stderr) == (2, True), done.stderr


def test_a_worker_that_cannot_save_does_not_begin(home):
    """Its [storage] is looked at as --out is: what it buys would be saved nowhere."""
    folder, _ = home
    with (folder / "anymedia.toml").open("a") as config:
        config.write(toml("storage", {"url": f"file://{folder}/anymedia.toml/here", "results": True}))
    done = run(home, "worker")
    why = f"error: {folder}/anymedia.toml/here cannot be written to: "
    assert (done.returncode, done.stderr.startswith(why), done.stderr.count("\n")) == (3, True, 1), done.stderr
