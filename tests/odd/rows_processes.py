"""Kinds 15 to 17: signals, loops, time-outs, homes, journals' names, files in odd letters; keys that changed."""

import asyncio
import gc
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

import anymedia
from anymedia import (
    AnymediaError,
    Billed,
    ConfigError,
    Outcome,
    OutOfBounds,
    State,
    load_config,
    read_config,
)

from .files import PNG
from .raw_server import Reply, reply
from .table import each, row
from .world import REQUEST, WORDS, failing, paid, told

# 15. Signals

SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT")


def _slow(provider, seconds=0.5):
    provider.always_submit = lambda task: Reply(data=[seconds, *provider.accepted(task).data])


def _until(condition, seconds=20.0):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to it"
        time.sleep(0.005)


def _attempts(world):
    async def read():
        async with world.client() as client:
            return await client.attempts()

    return asyncio.run(read())


def _ended_by(world, name, send):
    """Send a signal while a submit is under way, and check how the process ends."""
    ended, process = send(getattr(signal, name))
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    assert world.bills == 1
    assert process.returncode in (130, 128 + getattr(signal, name)), (process.returncode, out, err)
    (attempt,) = _attempts(world)
    assert attempt.outcome is Outcome.ACCEPTED, f"the answer was not waited for: {attempt.status}; {err}"
    assert attempt.task.id == world.reapi.bills[0]
    assert ended


@each(15, "{} during a submit waits for its answer and writes it down", *SIGNALS, slow=True)
def _signal(world, name):
    _slow(world.reapi)
    process = world.process(*WORDS, config=world.write(), start_new_session=True)

    def send(number):
        _until(lambda: world.bills == 1)
        process.send_signal(number)
        return True, process

    _ended_by(world, name, send)


@each(15, "{} during a submit of process 1", "SIGTERM", "SIGINT", slow=True)
def _process_one(world, name):
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-fp", "true"], capture_output=True).returncode:
        pytest.skip("no process 1 of our own can be made here")
    _slow(world.reapi)
    config = world.write()
    environ = {**os.environ, **world.environ, "ANYMEDIA_CONFIG": str(config)}
    command = ["unshare", "-fp", sys.executable, "-m", "anymedia", *WORDS]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environ, cwd=world.folder, **pipes)
    _until(lambda: world.bills == 1)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), getattr(signal, name))
    _, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    (attempt,) = _attempts(world)
    assert attempt.outcome is Outcome.ACCEPTED
    assert world.bills == 1


@row(15, "SIGTERM while a task is waited for leaves it to resume", slow=True)
def _signal_in_wait(world):
    world.reapi.always_look = lambda task: reply(world.reapi.shape.state(task, "processing"))
    config = world.write()
    process = world.process(*WORDS, config=config, start_new_session=True)
    _until(lambda: world.bills == 1)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    assert "resume" in err
    world.reapi.always_look = None
    assert world.cli("resume", "--out", str(world.out), config=config).exit_code == 0
    assert list(world.files().values()) == [PNG]


@row(15, "a submit whose answer never comes is waited for after two SIGTERM, and left uncertain at Ctrl-C", slow=True)
def _two_signals(world):
    world.reapi.always_submit = lambda _: Reply(data=[b""], end="hang")
    process = world.process(*WORDS, config=world.write(), start_new_session=True)
    _until(lambda: world.bills == 1)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)  # `timeout` and others send two
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    (attempt,) = _attempts(world)
    assert attempt.may_be_billed
    assert world.bills == 1


# 15. A second loop

METHODS = {
    "submit": lambda client, task, out: client.submit(REQUEST),
    "generate": lambda client, task, out: client.generate(REQUEST),
    "get": lambda client, task, out: client.get(task),
    "wait": lambda client, task, out: client.wait(task),
    "download": lambda client, task, out: client.download(task, out),
    "cancel": lambda client, task, out: client.cancel(task),
    "balance": lambda client, task, out: client.balance("reapi"),
    "reach": lambda client, task, out: client.reach("reapi"),
    "recover": lambda client, task, out: client.recover(out),
    "attempts": lambda client, task, out: client.attempts(),
    "find": lambda client, task, out: client.find(task.id),
    "settle": lambda client, task, out: client.settle(task.id, True),
    "refresh_prices": lambda client, task, out: client.refresh_prices(REQUEST),
}


@each(15, "a second asyncio.run with one client: {} says it in one sentence", *METHODS.items())
def _second_loop(world, call):
    with warnings.catch_warnings():  # of connections that nobody can close any more
        warnings.simplefilter("ignore")
        _in_two_loops(world, call)
        gc.collect()


def _in_two_loops(world, call):
    client = world.client()
    taken = []

    async def first():
        taken.append(await client.submit(REQUEST))

    asyncio.run(first())
    bought = world.bills

    async def second():
        try:
            await call(client, taken[0], world.out)
        except AnymediaError as error:
            return error
        except RuntimeError as error:
            return error
        return None

    error = asyncio.run(second())
    assert error is not None, "it went on with connections of a loop that is closed"
    text = str(error)
    assert "\n" not in text
    assert "loop" in text or "asyncio.run" in text
    assert "Client" in text or "client" in text
    assert "attached to a different loop" not in text
    assert "Event loop is closed" not in text
    assert world.bills == bought


# 15. Time-outs


@row(15, "wait(task, None) waits without a deadline")
async def _no_deadline(world):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        began = world.clock.seconds
        world.reapi.always_look = lambda task: (
            world.reapi.done(task)
            if world.clock.seconds - began > 7200
            else reply(world.reapi.shape.state(task, "processing"))
        )
        assert (await client.wait(task, None)).state is State.SUCCEEDED


@each(15, "{}(timeout=None) has no deadline", "submit", "generate")
async def _none(world, name):
    async with world.client() as client:
        done = await getattr(client, name)(REQUEST, timeout=None)
        assert done is not None
    assert world.bills == 1


@row(15, "wait(task, 0) looks once")
async def _one_look(world):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        world.reapi.always_look = lambda task: reply(world.reapi.shape.state(task, "processing"))
        paid(await failing(client.wait(task, 0)))
        assert len(world.reapi.did_look()) == 1
        world.reapi.always_look = None
        assert (await client.wait(task, 0)).state is State.SUCCEEDED
        assert len(world.reapi.did_look()) == 2


BAD = (0, -1, -0.001, float("nan"), float("-inf"), "5", True)


@each(
    15,
    "{0[0]}(timeout={0[1]!r}) is refused by name before anything is sent",
    *(((name, value), name, value) for name in ("submit", "generate") for value in BAD),
)
async def _bad_timeout(world, name, value):
    async with world.client() as client:
        error = await failing(getattr(client, name)(REQUEST, timeout=value), OutOfBounds)
        told(error, "timeout")
        assert (error.billed, error.outcome) == (Billed.NO, Outcome.NOT_SENT)
        assert await client.attempts() == []
    assert world.reapi.site.asked == []


@each(
    15,
    "{0[0]}(timeout={0[1]!r}) is refused by name",
    *(((name, value), name, value) for name in ("wait", "recover") for value in BAD[1:]),
)
async def _bad_wait(world, name, value):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        call = client.wait(task, value) if name == "wait" else client.recover(world.out, timeout=value)
        told(await failing(call, OutOfBounds), "timeout")
        assert world.reapi.did_look() == []


# 16. Without what is usually there


@row(16, "the package works without its dist-info, from a zip", slow=True)
def _without_dist_info(world):
    package = Path(anymedia.__file__).parent
    away, rest = world.folder / "away", world.folder / "rest"
    away.mkdir()
    rest.mkdir()
    shutil.make_archive(str(away / "frozen"), "zip", package.parent, package.name)
    for item in package.parent.iterdir():
        if not item.name.startswith(("anymedia", "__editable__", "distutils")):
            (rest / item.name).symlink_to(item)
    program = (
        "import sys, anymedia; assert 'frozen.zip' in anymedia.__file__, anymedia.__file__\n"
        "from anymedia.cli import main; main()"
    )
    environ = {**os.environ, **world.environ, "PYTHONPATH": f"{away / 'frozen.zip'}{os.pathsep}{rest}"}
    config = world.write()
    environ |= {"ANYMEDIA_CONFIG": str(config), **world.environ}

    def run(*words):
        return subprocess.run(
            [sys.executable, "-S", "-c", program, *words], env=environ, text=True, capture_output=True
        )

    ended = run("--version")
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
    ended = run("providers", "--json")
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
    assert "reapi" in ended.stdout
    ended = run("doctor")
    assert "Traceback" not in ended.stderr
    assert world.reapi.site.asked, "no call was made"
    assert world.reapi.site.asked[0].headers["user-agent"].startswith("anymedia/")


@each(
    16,
    "~ is expanded in {}",
    ("ANYMEDIA_JOURNAL", "journal"),
    ("--out=~/x", "out"),
    ("download(task, ~)", "download"),
    ("recover(~)", "recover"),
    ("--config=~/c.toml", "config"),
    ("ANYMEDIA_CONFIG", "environ"),
    ("[journal] path", "path"),
)
def _home(world, where):
    home = Path.home()
    data = world.data()
    if where == "path":
        data["journal"] = {"path": "~/j.db"}
    file = world.write(data)
    with pytest.MonkeyPatch.context() as patch:
        if where == "journal":
            del data["journal"]
            world.write(data, file)
            patch.setenv("ANYMEDIA_JOURNAL", "~/j.db")
            assert world.cli(*WORDS, config=file).exit_code == 0
            assert (home / "j.db").is_file()
        elif where == "out":
            assert world.cli(*WORDS, "--out=~/x", config=file).exit_code == 0
            assert len(list((home / "x").iterdir())) == 1
        elif where in ("download", "recover"):

            async def fetch():
                async with world.client() as client:
                    task = await client.wait(await client.submit(REQUEST))
                    await (client.download(task, "~/x") if where == "download" else client.recover("~/x"))

            asyncio.run(fetch())
            if where == "download":
                assert len(list((home / "x").iterdir())) == 1
        elif where in ("config", "environ"):
            shutil.copy(file, home / "c.toml")
            if where == "environ":
                patch.setenv("ANYMEDIA_CONFIG", "~/c.toml")
            words = ["--config=~/c.toml"] if where == "config" else []
            assert world.cli(*WORDS, *words).exit_code == 0
        else:
            assert world.cli(*WORDS, config=file).exit_code == 0
            assert (home / "j.db").is_file()
    assert not Path("~").exists()
    assert not (world.folder / "~").exists()


@each(16, "ANYMEDIA_JOURNAL={} switches the journal off", "off", "OFF", "Off", " off ", "false", "False", "FALSE")
def _off(world, word):
    data = world.data()
    del data["journal"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANYMEDIA_JOURNAL", word)
        assert read_config(data, {**world.environ, "ANYMEDIA_JOURNAL": word}).journal is None
        assert world.cli(*WORDS, "--out", str(world.out), config=world.write(data)).exit_code == 0
    assert [file.name for file in Path.cwd().iterdir()] == []


@each(16, "no HOME and an unknown uid, with {}", "nothing else", "XDG_STATE_HOME", "a journal of its own")
def _no_home(world, beside):
    def unknown(_):
        raise KeyError("getpwuid(): uid not found")

    data = world.data()
    if beside != "a journal of its own":
        del data["journal"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HOME")
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        patch.setattr(pwd, "getpwuid", unknown)
        if beside == "XDG_STATE_HOME":
            patch.setenv("XDG_STATE_HOME", str(world.folder / "xdg"))
        ended = world.cli(*WORDS, "--out", str(world.out), config=world.write(data))
        assert not Path("~").exists()
        if beside == "nothing else":
            assert ended.exit_code in (0, 3, 6)
            assert (world.bills == 0) or ended.exit_code == 0
            assert "Traceback" not in ended.output
        else:
            assert ended.exit_code == 0, ended.output + ended.stderr
    if beside == "XDG_STATE_HOME":
        assert (world.folder / "xdg" / "anymedia" / "journal.db").is_file()


@row(16, "a relative journal and chdir: no live submit is called uncertain")
async def _relative(world):
    data = world.data()
    data["journal"] = {"path": "state/j.db"}
    started = asyncio.Event()
    _slow(world.reapi, 0.1)
    here, elsewhere = Path.cwd(), world.folder / "elsewhere"
    elsewhere.mkdir()
    async with (
        world.client_of(data) as client,
        world.client_of({**data, "journal": {"path": str(here / "state" / "j.db")}}) as other,
    ):
        await client.attempts()
        buying = asyncio.create_task(client.submit(REQUEST))
        while not world.bills:
            await asyncio.sleep(0.001)
        started.set()
        os.chdir(elsewhere)
        for each_ in (client, other):
            recovery = await each_.recover(world.out, timeout=1)
            assert recovery.uncertain == ()
            (attempt,) = await each_.attempts()
            assert attempt.outcome is None
        task = await buying
        (attempt,) = await client.attempts()
        assert attempt.task.id == task.id
    assert list(elsewhere.iterdir()) == []


@row(16, "--json to a full disk: one line on stderr", slow=True)
def _full_disk(world):
    with Path("/dev/full").open("w") as full:
        config = world.write(world.data("runapi"))  # which is looked at at once
        process = world.process(*WORDS, "--json", "--out", str(world.out), config=config, stdout=full)
        _, err = process.communicate(timeout=30)
    lines = [line for line in err.splitlines() if "No space left" in line]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert process.returncode not in (0, 120)
    assert world.bills == 1
    assert list(world.files().values()) == [PNG]


TOML = (
    ("a byte order mark", lambda text: b"\xef\xbb\xbf" + text.encode()),
    ("utf-16", lambda text: text.encode("utf-16")),
    ("utf-16 of big ends", lambda text: b"\xfe\xff" + text.encode("utf-16-be")),
    ("utf-16 without a mark", lambda text: text.encode("utf-16-le")),
    ("latin-1", lambda text: ("# für\n" + text).encode("latin-1")),
    ("carriage returns", lambda text: text.replace("\n", "\r\n").encode()),
    ("nuls behind", lambda text: text.encode() + b"\0\0"),
    ("nothing", lambda text: b""),
)


@each(16, "an anymedia.toml with {} is read, or told in one sentence", *TOML)
def _toml(world, encode):
    file = world.write()
    file.write_bytes(encode(file.read_text()))
    ended = world.cli(*WORDS, "--out", str(world.out), config=file)
    if ended.exit_code == 0:
        assert list(world.files().values()) == [PNG]
        return
    assert ended.exit_code == 3
    assert str(file) in " ".join(ended.stderr.split()).replace(" ", "") or "no provider" in ended.stderr
    assert "codec" not in ended.stderr
    assert "\\x" not in ended.stderr
    assert world.bills == 0


@each(16, "an anymedia.toml with {} is read", *TOML[:3])
def _toml_read(world, encode):
    file = world.write()
    file.write_bytes(encode(file.read_text()))
    try:
        accounts, said = list(load_config(file, world.environ).accounts), ""
    except ConfigError as error:
        accounts, said = ["reapi"], str(error)
    assert accounts == ["reapi"]
    assert said == "" or ("UTF-8" in said and "codec" not in said)


@each(
    16,
    "an API key {}",
    ("in double quotes", '"{}"'),
    ("in single quotes", "'{}'"),
    ("with a line feed", "{}\n"),
    ("with blanks", "  {} "),
)
def _quoted_key(world, form):
    data = world.data()
    key = world.keys["reapi"]
    world.environ["KEY_OF_REAPI"] = form.format(key)
    ended = world.cli(*WORDS, config=world.write(data))
    assert key not in ended.output + ended.stderr
    if ended.exit_code == 0:
        assert world.reapi.shape.key_of(world.reapi.buys()[0]) == key
    else:
        assert ended.exit_code == 3
        assert "KEY_OF_REAPI" in ended.stderr
        assert "quot" in ended.stderr
        assert world.bills == 0


STDIN = (
    ("latin-1", "ein Füchslein im Schnee".encode("latin-1")),
    ("utf-16", "ein Füchslein im Schnee".encode("utf-16")),
    ("half a letter", "ein Füchslein im Schnee".encode()[:6]),
    ("a nul", b"a fox\0in the snow"),
    ("a byte order mark", b"\xef\xbb\xbfa fox in the snow"),
)


@each(16, "stdin in {} is read, or told in one sentence", *STDIN)
def _stdin(world, data):
    ended = world.cli("generate", "-", *WORDS[2:], "--out", str(world.out), stdin=data, config=world.write())
    assert "Traceback" not in ended.output
    if ended.exit_code == 0:
        prompt = world.reapi.buys()[0].json()["prompt"]
        assert prompt in ("ein Füchslein im Schnee", "a fox in the snow", "a fox\0in the snow")
    else:
        assert ended.exit_code == 2
        assert world.bills == 0
        assert "codec" not in ended.stderr


@each(16, "a handle in {} is told in one sentence", ("latin-1", b"f\xfcr"), ("utf-16", '{"a":1}'.encode("utf-16")))
def _handle(world, data):
    ended = world.cli("resume", "--handle", "-", stdin=data, config=world.write())
    assert ended.exit_code == 2
    assert "codec" not in ended.stderr


# 17. A key that changed, a result that never comes


@row(17, "with a rotated key resume tells the way that works")
def _rotated(world):
    world.reapi.always_look = lambda task: reply(world.reapi.shape.state(task, "processing"))
    config = world.write()
    assert world.cli(*WORDS, "--timeout", "20", config=config).exit_code == 5
    world.reapi.always_look = None
    world.environ["KEY_OF_REAPI"] = "another-planted-key"
    ended = world.cli("resume", "--out", str(world.out), config=config)
    said = " ".join(ended.stderr.split())
    assert ended.exit_code == 1
    assert "another API key" in said
    assert "anymedia" in said.replace("anymedia.toml", "")
    assert world.reapi.bills[0] in said
    commands = [part for part in said.split("`")[1::2] if part.startswith("anymedia ")]
    assert commands, "no command is named that works"


@row(17, "with the old key back resume takes it up")
def _rotated_back(world):
    world.reapi.always_look = lambda task: reply(world.reapi.shape.state(task, "processing"))
    config = world.write()
    assert world.cli(*WORDS, "--timeout", "20", config=config).exit_code == 5
    world.reapi.always_look = None
    kept, world.environ["KEY_OF_REAPI"] = world.environ["KEY_OF_REAPI"], "another-planted-key"
    assert world.cli("resume", "--out", str(world.out), config=config).exit_code == 1
    world.environ["KEY_OF_REAPI"] = kept
    assert world.cli("resume", "--out", str(world.out), config=config).exit_code == 0
    assert list(world.files().values()) == [PNG]


@row(17, "a result that can never be fetched can be dismissed, and is told no more")
def _dismissed(world):
    world.reapi.always_file["/f/a.png"] = reply(b"", 404)
    config = world.write()
    assert world.cli(*WORDS, "--out", str(world.out), config=config).exit_code == 1
    assert world.cli("resume", "--out", str(world.out), config=config).exit_code == 1
    (attempt,) = json.loads(world.cli("tasks", "--json", config=config).stdout)
    done = world.cli("tasks", "settle", attempt["id"][:8], "--dismiss", config=config)
    assert done.exit_code == 0, done.output + done.stderr
    again = world.cli("resume", "--out", str(world.out), config=config)
    assert (again.exit_code, attempt["task"]["id"] in again.output + again.stderr) == (0, False)
    spent = json.loads(world.cli("spend", "--json", config=config).stdout)
    assert "0.028" in json.dumps(spent)  # it was paid all the same


@row(17, "a task that can never be looked at can be dismissed")
def _dismissed_task(world):
    world.reapi.always_look = lambda _: world.reapi.refusal(404, "no such task")
    config = world.write()
    assert world.cli(*WORDS, "--timeout", "20", config=config).exit_code == 5
    (attempt,) = json.loads(world.cli("tasks", "--json", config=config).stdout)
    assert world.cli("tasks", "settle", attempt["id"][:8], "--dismiss", config=config).exit_code == 0
    assert world.cli("resume", config=config).exit_code == 0


@row(17, "settle --dismiss stands alone")
def _dismiss_alone(world):
    config = world.write()
    world.cli(*WORDS, "--out", str(world.out), config=config)
    (attempt,) = json.loads(world.cli("tasks", "--json", config=config).stdout)
    for more in (["--billed"], ["--not-billed"], ["--task", "x"]):
        assert world.cli("tasks", "settle", attempt["id"], "--dismiss", *more, config=config).exit_code == 2
