"""`anymedia listen`: a process that takes webhooks, and prints what comes until it is told to end."""

import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from anymedia import ImageRequest, SyncClient
from tests.ports import unused_port
from tests.tables import toml

from .conftest import FastClock

FOX = ("generate", "A fox", "--model", "flux-2-pro", "--out", "out")
NOBODY = "0" * 64
HOW = 'set RUNAPI_WEBHOOK_SECRET, or write webhook_secret_env = "…" in its settings'


@pytest.fixture
def url(simulators, terminal, monkeypatch):
    """The address of webhooks, which anymedia.toml names beside the simulators."""
    address = f"http://127.0.0.1:{unused_port()}/hooks"
    monkeypatch.setenv("ANYMEDIA_CONFIG", "own.toml")
    tables = {one.name: one.table for one in simulators} | {"team": {"adapter": "runapi", "api_key_env": "TEAM_KEY"}}
    for variable, secret in simulators.environ.items():
        monkeypatch.setenv(variable, secret)
    monkeypatch.delenv("RUNAPI_WEBHOOK_SECRET", raising=False)
    (terminal.folder / "own.toml").write_text(toml({"providers": tables, "webhooks": {"url": address}}))
    return address


@contextmanager
def listening(url, *words):
    """Run it as a process once it listens, and yield what it says before; it ends with the block at the latest."""
    port = url.split(":")[2].split("/")[0]
    command = [Path(sys.executable).with_name("anymedia"), "listen", "--port", port, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = []
            while not said or said[-1] != "Ctrl-C ends it.\n":
                said.append(process.stderr.readline())
                assert said[-1], said
            yield process, said
        finally:
            process.kill()


def post(url, body=b"{}", headers=None):
    try:
        with urlopen(Request(url, body, headers or {}), timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as refused:
        return refused.code, refused.read()


def test_what_comes_is_printed(url, terminal):
    with listening(url) as (process, said):
        where = url.removesuffix("/hooks").removeprefix("http://").replace(":", ", port ")
        assert said == [
            f"listening at {where}, for what is posted to {url}\n",
            "api_in_one: webhooks are not signed: the task is looked at\n",
            "revidapi: webhooks are not signed: the task is looked at\n",
            "runapi: webhooks are signed: they count as an answer\n",
            f"team: webhooks are not verified, and the task is looked at; {HOW}\n",
            "Ctrl-C ends it.\n",
        ]
        made = terminal.json(*FOX, "--provider", "runapi")
        lines = [process.stdout.readline()]
        for path in (f"runapi/{NOBODY}", "nobody", "reapi", "a%0Ab%1B" + "c" * 40):
            assert post(f"{url}/{path}") == (401, b"")
            lines.append(process.stdout.readline())
        assert post(url.removesuffix("/hooks") + f"/runapi/{NOBODY}") == (404, b"")
        lines.append(process.stdout.readline())
        taken = terminal("listen", "--port", url.split(":")[2].split("/")[0])
        assert (taken.exit_code, "cannot listen at 127.0.0.1, port" in taken.output) == (2, True)
        process.send_signal(signal.SIGINT)
        assert (process.wait(60), process.stdout.read()) == (0, "")
        assert process.stderr.read().startswith("warning: results of which webhooks tell are not saved here, and ")
    assert all(len(line) <= 80 and re.match(r"\d\d:\d\d:\d\d  ", line) for line in lines)
    (task,) = made["tasks"]
    assert [line.rstrip("\n")[10:] for line in lines] == [
        f"200  runapi      succeeded  {task['id']}",
        "401  runapi      it has no x-callback-signature header",
        "401  nobody      no configured account has this name",
        "401  reapi       reAPI posts no webhooks",
        f"401  a b\\x1b{'c' * 12}…  no configured account has this name",
        f"404              POST /runapi/{'0' * 15}…: no webhook comes so",
    ]


def test_what_comes_is_a_line_of_json(url, terminal):
    with listening(url, "--json") as (process, _):
        (task,) = terminal.json(*FOX, "--provider", "revidapi")["tasks"]
        told = [json.loads(process.stdout.readline())]
        post(f"{url}/nobody")
        told.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGTERM)
        assert (process.wait(60), process.stdout.read()) == (0, "")
    refused = "no configured account has this name"
    assert told == [
        {"account": "revidapi", "status": 200, "task": task["id"], "state": "succeeded", "error": None},
        {"account": "nobody", "status": 401, "task": None, "state": None, "error": refused},
    ]


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_what_nobody_waits_for_is_saved_and_told(url, terminal, words):
    left = submitted(waits=True)
    with listening(url, "--out", str(terminal.folder / "kept"), *words) as (process, _):
        bought = submitted()
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert (process.wait(60), process.stderr.read()) == (0, "")
    files = {task.id: str(terminal.folder / f"kept/{task.id}-1.jpg") for task in (left, bought)}
    assert all(Path(file).read_bytes()[:2] == b"\xff\xd8" for file in files.values())
    if words:
        saved = [each for each in map(json.loads, lines) if "files" in each]
        assert {each["task"]: each for each in saved} == {
            name: {"account": "runapi", "task": name, "files": [file]} for name, file in files.items()
        }
    else:
        shown = sorted(line.rstrip("\n")[10:] for line in lines)
        assert shown == [
            f"200  runapi      succeeded  {bought.id}",
            *sorted(f"saved  runapi      {file}" for file in files.values()),
        ]


def submitted(*, waits=False):
    """Buy a picture as a program does that goes on without it, and may have waited for it."""
    with SyncClient("own.toml", clock=FastClock()) as client:
        task = client.submit(ImageRequest(model="flux-2-pro", prompt="A fox"), "runapi")
        return client.wait(task) if waits else task


def test_what_was_bought_elsewhere_is_told_so(url, terminal, monkeypatch):
    with listening(url) as (process, _):
        monkeypatch.setenv("ANYMEDIA_JOURNAL", "elsewhere.db")
        (task,) = terminal.json(*FOX, "--provider", "runapi")["tasks"]
        line = process.stdout.readline()
        monkeypatch.delenv("ANYMEDIA_JOURNAL")
        assert line[10:] == "200  runapi      `anymedia tasks --unknown` lists the task: no attempt has it\n"
    assert [each["id"] for each in terminal.json("tasks", "--unknown")] == [task["id"]]


def test_it_ends_where_nobody_reads(url):
    with listening(url) as (process, _):
        process.stdout.close()
        assert post(f"{url}/nobody")[0] == 401
        assert (process.wait(60), "Traceback (most recent call last)" in process.stderr.read()) == (0, False)


def test_it_needs_an_address(simulators, terminal):
    ended = terminal("listen")
    assert ended.exit_code == 3
    assert 'no provider knows where to post: write [webhooks] url = "https://…" into anymedia.toml' in ended.output
    assert terminal("listen", "--port", "70000").exit_code == 2
    assert "  listen " in terminal("--help").output
