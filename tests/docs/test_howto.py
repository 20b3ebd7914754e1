"""Every program of a how-to page runs, the pages show what the programs say, and nothing is bought twice."""

import argparse
import ast
import asyncio
import importlib
import json
import re
import runpy
import shlex
import sys
import tomllib
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, CookieJar, FormData
from click.testing import CliRunner

import anymedia
from anymedia import (
    AnymediaError,
    Attempt,
    BadApiKey,
    Billed,
    Blocked,
    Client,
    ConfigError,
    Cooling,
    Money,
    NoCredit,
    NoRoute,
    Order,
    Outcome,
    OverCeiling,
    RateLimited,
    Rejected,
    State,
    SubmitUncertain,
    SyncClient,
    Task,
    Unavailable,
    Unsupported,
    read_config,
)
from anymedia.cli.app import app as command_line
from anymedia.transport.http import Transport
from tests.client.hooks import served
from tests.core.test_media import PNG
from tests.ports import unused_port
from tests.providers import FOUR
from tests.tables import toml

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "examples" / "howto"
PAGES = sorted((ROOT / "docs" / "howto").glob("*.md"))
BLOCK = re.compile(r"(?:^<!-- (\S+) -->\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

APPS = {"fastapi_app": "app", "django_app": "application"}
"""The web apps, and what serves each."""


@pytest.fixture(autouse=True)
def _programs(monkeypatch):
    monkeypatch.syspath_prepend(str(PROGRAMS))
    yield
    for name in ("fastapi_app", "gateway"):  # which hold what they serve; Django is set up once for a process
        sys.modules.pop(name, None)


def entries(simulators):
    return [entry for one in simulators for entry in one.bills()["entries"]]


def saved():
    return len([*Path("pictures").glob("[!.]*")])


async def until(found):
    async with asyncio.timeout(60):
        while not found():
            await asyncio.sleep(0.01)


def submits(simulators):
    return sum(one.bills()["submits"] for one in simulators)


# The web apps


@pytest.fixture(params=[*APPS])
def form(request):
    return request.param


@asynccontextmanager
async def shop(form, hooks):
    """A web app as its visitors have it: with a jar for cookies, and without following where they are sent."""
    app = getattr(importlib.import_module(form), APPS[form])
    cookies = CookieJar(unsafe=True)  # which takes those of an address
    async with (
        served(app, hooks.port),
        ClientSession(f"http://127.0.0.1:{hooks.port}", cookie_jar=cookies) as visitor,
    ):
        yield visitor


async def filled_in(visitor, picture=PNG, prompt="the same at night"):
    """Return what a browser has in the form."""
    async with visitor.get("/") as answer:
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', await answer.text()))
    return {**fields, "prompt": prompt, "picture": picture}


async def place(visitor, fields):
    data = FormData()
    for name, value in fields.items():
        if name == "picture":
            data.add_field(name, BytesIO(value), filename="lamp.png" if value else "")  # as browsers do
        else:
            data.add_field(name, value)
    async with visitor.post("/orders", data=data, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location")


async def look(visitor, where):
    async with visitor.get(where) as answer:
        return answer.status, await answer.text()


async def done(visitor, where):
    """Look, as the page does itself, until the order is over; and return the page."""
    async with asyncio.timeout(60):
        while 'http-equiv="refresh"' in (page := (await look(visitor, where))[1]):
            await asyncio.sleep(0.01)
    return page


async def seen(visitor, where):
    async with visitor.get(f"{where}/picture") as answer:
        return answer.status, answer.content_type, (await answer.read())[:2]


@pytest.mark.usefixtures("looks")
async def test_an_order_is_bought_once(form, hooks, simulators, clock):
    async with shop(form, hooks) as visitor:
        fields = await filled_in(visitor)
        (status, where), again = await asyncio.gather(place(visitor, fields), place(visitor, fields))  # a double click
        assert (status, where, again) == (
            303 if form == "fastapi_app" else 302,
            f"/orders/{fields['order']}",
            (status, where),
        )
        assert "It waits at the provider." in (await look(visitor, where))[1]
        assert await seen(visitor, where) == (404, *(await seen(visitor, where))[1:])
        clock.seconds += 60  # and it is told of
        assert f"{where}/picture" in await done(visitor, where)
        assert await seen(visitor, where) == (200, "image/jpeg", b"\xff\xd8")
        assert (await place(visitor, fields))[1] == where  # the form is sent once more
        assert (await place(visitor, fields | {"prompt": "another wish"}))[0] == 422
        (bought,) = await asyncio.to_thread(attempts, fields["order"])
        assert bought.task.variant == "images"
        assert sum(one.bills()["webhooks"]["answered"] for one in simulators) == 1
    async with shop(form, hooks) as visitor:  # the app is started anew
        assert await seen(visitor, where) == (200, "image/jpeg", b"\xff\xd8")
    assert (len(entries(simulators)), saved()) == (1, 1)


@pytest.mark.usefixtures("looks")
async def test_an_order_outlives_the_app(form, hooks, simulators, clock):
    async with shop(form, hooks) as visitor:
        where = (await place(visitor, await filled_in(visitor)))[1]
    clock.seconds += 60  # nobody hears of it
    async with shop(form, hooks) as visitor:
        async with visitor.post("/hooks/reapi/x") as answer:
            assert answer.status == 401  # it is taken by the client that is open now
        assert f"{where}/picture" in await done(visitor, where)
    assert (len(entries(simulators)), saved()) == (1, 1)


@pytest.mark.usefixtures("looks")
async def test_an_order_without_an_answer_is_not_sent_again(form, hooks, simulators, clock):
    for one in simulators:
        one.fault("reset_after")
    async with shop(form, hooks) as visitor:
        fields = await filled_in(visitor, picture=b"")
        where = (await place(visitor, fields))[1]
        assert "do not know yet whether it was taken" in (await look(visitor, where))[1]
        assert (await place(visitor, fields))[1] == where
        clock.seconds += 60  # the webhook names the task
        await until(saved)  # nobody looks
        assert f"{where}/picture" in await done(visitor, where)
    assert (submits(simulators), len(entries(simulators)), saved()) == (1, 1, 1)


@pytest.fixture
def answers(monkeypatch):
    """What lets the answers to submits through, which are on their way until then."""
    come, send = asyncio.Event(), Transport.send

    async def held(transport, account, call, *rest):
        answer = await send(transport, account, call, *rest)
        if call.method == "POST":
            await come.wait()
        return answer

    monkeypatch.setattr(Transport, "send", held)
    monkeypatch.setattr("studio.PATIENCE", 0.5)
    return come


async def test_an_order_whose_answer_is_late_is_never_called_free(form, hooks, simulators, clock, answers):
    async with shop(form, hooks) as visitor:
        fields = await filled_in(visitor, picture=b"")
        (status, where), again = await asyncio.gather(place(visitor, fields), place(visitor, fields))  # a double click
        assert (status, where) == again == (303 if form == "fastapi_app" else 302, f"/orders/{fields['order']}")
        page = (await look(visitor, where))[1]
        assert 'http-equiv="refresh"' in page
        assert "not charged" not in page
        clock.seconds += 60
        answers.set()
        await until(saved)  # nobody looks
        assert f"{where}/picture" in await done(visitor, where)
    assert (submits(simulators), len(entries(simulators)), saved()) == (1, 1, 1)


async def test_an_order_is_told_of_before_anything_is_sent(simulators, monkeypatch):
    studio = importlib.import_module("studio").Studio("out")
    monkeypatch.setenv("ANYMEDIA_CONFIG", "anymedia.toml")
    sent = asyncio.Event()

    async def submit(*_, **__):
        sent.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(studio.client, "submit", submit)
    async with studio.open():
        placing = asyncio.create_task(studio.order("order-1", None, "1"))
        await sent.wait()
        assert "is being placed" in (await studio.look("order-1")).words
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)
        assert await studio.look("order-1") is None


async def test_a_studio_without_an_api_key_does_not_open(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no API key is set"):
        async with importlib.import_module("studio").Studio("out").open():
            pass


@pytest.mark.parametrize(
    ("error", "status", "words", "later"),
    [
        (NoCredit("reapi has none"), 503, "not charged.", None),
        (NoRoute(errors=[NoCredit("a"), BadApiKey("b")]), 503, "not charged.", None),
        (NoRoute(errors=[NoCredit("a"), Unavailable("b")]), 503, "again in a minute.", "60"),
        (Cooling("reapi is left alone", retry_after=3500), 503, "again in 59 minutes.", "3540"),
        (OverCeiling("reapi may spend $1 a day"), 503, "not charged.", None),
        (NoRoute(errors=[Rejected("a"), Unsupported("b")]), 422, "change what you have written", None),
        (Blocked("a"), 422, "change what you have written", None),
    ],
)
def test_why_an_order_is_not_taken_is_told_to_whom_it_concerns(error, status, words, later):
    told = importlib.import_module("studio").not_taken(error)
    assert (told.status, words in str(told), told.headers.get("Retry-After")) == (status, True, later)
    assert "reapi" not in str(told)


ENDS = {
    "is being placed": {"outcome": None},
    "do not know yet": {"outcome": Outcome.UNCERTAIN},
    "costs nothing": {"outcome": Outcome.REFUSED},
    "got lost": {"outcome": Outcome.UNCERTAIN, "settled": Billed.YES},
    "being made: 50% done": {"task": {"state": State.RUNNING, "told": {"progress": 0.5}}},
    "being made.": {"task": {"state": State.RUNNING}},
    "is being saved": {"task": {"state": State.SUCCEEDED, "told": {"progress": 0.81}}},
}


@pytest.mark.parametrize(("words", "ends"), ENDS.items())
def test_how_an_order_stands_is_told_in_plain_words(words, ends):
    now = datetime(2026, 11, 29, tzinfo=UTC)
    if task := ends.pop("task", None):
        facts = {"id": "t", "provider": "p", "account": "p", "lifecycle": "l", "submitted_at": now, "path": "/"}
        ends = {"outcome": Outcome.ACCEPTED, "task": Task(**facts, **task)}
    order = Order(provider="p", account="p", path="/", money=Money())
    attempt = Attempt(id="a", order=order, started_at=now, **ends)
    assert words in importlib.import_module("studio").as_told(attempt).words


def attempts(order):
    with SyncClient("anymedia.toml") as client:
        return client.attempts(idempotency_key=order)


@pytest.mark.parametrize(
    ("changes", "faults", "status"),
    [
        ({"picture": b"no picture at all"}, {}, 422),
        ({"picture": PNG + bytes(2000)}, {}, 413),
        ({"prompt": "x" * 100_000}, {}, 422),
        ({"order": "a/b?c#d"}, {}, 422),
        ({}, {"kind": "no_credit"}, 503),
    ],
)
async def test_an_order_that_is_not_taken_costs_nothing(form, hooks, simulators, monkeypatch, changes, faults, status):
    monkeypatch.setattr(importlib.import_module(form), "LARGEST", 1000)
    for one in simulators:
        if faults:
            one.fault(**faults, times=None)
    async with shop(form, hooks) as visitor:
        fields = await filled_in(visitor)
        assert (await place(visitor, fields | changes))[0] == status
        assert saved() == 0
        assert (await look(visitor, "/orders/none"))[0] == 404
        assert entries(simulators) == []
        for one in simulators:
            one.clear()
        if "picture" in changes:
            assert (await place(visitor, fields))[1] == f"/orders/{fields['order']}"  # the same order, put right


async def test_an_order_that_fails_is_told_so(form, hooks, simulators):
    for one in simulators:
        one.fault("failed")
    async with shop(form, hooks) as visitor:
        where = (await place(visitor, await filled_in(visitor, picture=b"")))[1]
        assert "It could not be made." in await done(visitor, where)


# Behind a gateway


def by_curl():
    """Return what curl posts by the line of the page."""
    page = (ROOT / "docs" / "howto" / "gateways.md").read_text("utf-8")
    words = argparse.ArgumentParser(exit_on_error=False)
    words.add_argument("url")
    words.add_argument("-i", action="store_true")
    words.add_argument("--json")
    words.add_argument("-H", action="append")
    (line,) = (line for line in page.splitlines() if line.startswith("curl -i "))
    given = words.parse_args(shlex.split(line)[1:])
    headers = dict(each.split(": ") for each in given.H) | {"Content-Type": "application/json"}  # as --json says
    return {"url": urlsplit(given.url).path, "data": given.json, "headers": headers}


async def test_a_clip_is_told_of_in_short_answers(simulators, clock, monkeypatch):
    gateway = importlib.import_module("gateway")
    monkeypatch.setattr(gateway, "PAUSE", 0.01)
    monkeypatch.setattr(gateway, "LONGEST", 0.05)
    may_go_on = asyncio.Event()

    async def sleep(_, seconds):
        await may_go_on.wait()
        clock.seconds += seconds
        await asyncio.sleep(0)

    monkeypatch.setattr("anymedia.clock.Clock.sleep", sleep)
    port = unused_port()
    async with served(gateway.app, port), ClientSession(f"http://127.0.0.1:{port}") as caller:

        async def ask(key="order-17", **body):
            async with caller.post("/clips", json=body, headers={"Idempotency-Key": key}) as answer:
                return answer.status, answer.headers.get("Location"), await answer.json()

        async def told(where, path=""):
            async with caller.get(f"{where}{path}") as answer:
                return answer.status, (await answer.json()) if not path else (await answer.text()).strip().split("\n\n")

        async with caller.post(**by_curl()) as answer:  # the very line of the page
            status, where, said = answer.status, answer.headers["Location"], await answer.json()
        assert (status, where, said) == (202, "/clips/order-17", {"clip": where})
        assert (await ask(prompt="waves at dusk"))[0] == 202
        assert await told(where) == (202, {"state": "It waits at the provider.", "goes_on": True, "file": None})
        async with caller.get(f"{where}/file") as answer:
            assert answer.status == 404
        status, moves = await told(where, "/events")
        assert (status, len(moves), {*moves[1:]}) == (200, 5, {": it goes on"})
        may_go_on.set()
        async with asyncio.timeout(60):
            while (await told(where))[0] == 202:
                await asyncio.sleep(0.01)
        (last,) = (await told(where, "/events"))[1]
        assert json.loads(last.removeprefix("data: ")) == (await told(where))[1]
        async with caller.get((await told(where))[1]["file"]) as answer:
            assert (answer.status, answer.content_type, (await answer.read())[4:8]) == (200, "video/mp4", b"ftyp")
        async with caller.post("/hooks/reapi/x") as answer:
            assert answer.status == 401
        assert [(await told("/clips/none", path))[0] for path in ("", "/events")] == [404, 404]
        assert (await ask("order-18", prompt=""))[0] == 422
        for one in simulators:
            one.fault("no_credit", times=None)
        assert (await ask("order-19", prompt="waves"))[0] == 503
    assert len(entries(simulators)) == 1


# Programs of one run


def run(monkeypatch, capsys, name, *words):
    monkeypatch.setattr("sys.argv", [name, *words])
    runpy.run_path(str(PROGRAMS / name), run_name="__main__")
    return capsys.readouterr().out


def test_a_picture_goes_from_a_bucket_into_a_bucket(simulators, bucket, monkeypatch, capsys):
    tables = {name: simulators.config["providers"][name] for name in FOUR}
    storage = bucket.table("/pictures", results=True)
    Path("anymedia.toml").write_text(toml({"providers": tables, "storage": storage}))
    monkeypatch.setenv("ANYMEDIA_CONFIG", "anymedia.toml")
    Path("photo.png").write_bytes(PNG)
    places = set()
    for _ in range(2):
        printed = run(monkeypatch, capsys, "s3.py", "photo.png", "at night", "house-17")
        assert printed.startswith(f"results go to {bucket.url}/pictures")
        location = re.search(
            rf"^{bucket.url}/(pictures/\S+): image/jpeg, \d+ bytes, [0-9a-f]{{64}}$", printed, re.MULTILINE
        )
        assert {location[1], f"{location[1]}.json"} <= {*bucket.keys()}
        places.add(location[1])
    assert (len(places), len(entries(simulators))) == (1, 1)


def test_steps_that_are_run_twice_buy_once(simulators, monkeypatch, capsys):
    printed = run(monkeypatch, capsys, "steps.py", "a lighthouse", "run-17/picture-1")
    first, second, purchases = printed.splitlines()
    assert (first, purchases, len(entries(simulators))) == (second, "1 purchase", 1)


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (None, "pictures"),
        ("reset_after", "error"),
        ("stuck", "state"),
        ("failed", "error"),
    ],
)
async def test_a_tool_call_never_buys_twice(simulators, fault, answer):
    steps = importlib.import_module("steps")
    for one in simulators:
        if fault:
            one.fault(fault, times=None)
    async with Client("anymedia.toml") as client:
        call = lambda: steps.make_picture(client, "run-17/picture-1", {"prompt": "a lighthouse"}, Path("out"))  # noqa: E731
        assert [answer in json.loads(await call()) for _ in range(2)] == [True, True]
    assert sum(entry["charged"] > entry["refunded"] for entry in entries(simulators)) <= 1


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([Unavailable("a"), RateLimited("b")], "Again"),
        ([Unavailable("a"), NoCredit("b")], "Again"),
        ([NoCredit("a")], "Never"),
        ([Unavailable("a"), SubmitUncertain("b")], "Never"),
    ],
)
def test_what_an_engine_makes_of_errors(errors, kind):
    steps = importlib.import_module("steps")
    assert type(steps.as_engine_error(NoRoute("no", errors=errors))).__name__ == kind


def test_each_tenant_pays_with_its_own_key(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("anymedia.clock.Clock.sleep", lambda _, seconds: asyncio.sleep(seconds / 100))
    printed = run(monkeypatch, capsys, "tenants.py").splitlines()
    accounts = [line.split()[:2] for line in printed]
    assert accounts == [["acme", "acme-reapi"], ["bolt", "bolt-runapi"], ["acme", "acme-reapi"]]
    assert printed[0] == printed[2]
    spent = json.loads(CliRunner().invoke(command_line, ["spend", "--by", "label", "--json"]).stdout)
    assert [each["group"] for each in spent] == ["tenant=acme", "tenant=bolt"]


async def test_a_tenant_has_limits_and_is_taken_up_again(simulators):
    tenants = importlib.import_module("tenants")
    terms = {one.name: {"base_url": one.base_url, "daily_limit": "0.03"} for one in simulators}
    database = {name: {"reapi": simulators["reapi"].api_key} for name in ("acme", "bolt")} | {"gone": {}}

    async def keys_of(tenant):
        return database[tenant]

    async with tenants.serving(keys_of, terms) as serving:
        for tenant in ("acme", "bolt"):
            await serving.recover(tenant, "out")
        await asyncio.gather(*(serving.make(name, "order-1", "a lighthouse") for name in ("acme", "acme", "bolt")))
        with pytest.raises(AnymediaError, match=r"acme-reapi may spend \$0\.03 a day"):
            await serving.make("acme", "order-2", "a lighthouse")
        serving.changed("acme")
        assert (await serving.client("acme")).config.accounts.keys() == {"acme-reapi"}
        with pytest.raises(ConfigError, match="no API key is set"):
            await serving.make("gone", "order-1", "a lighthouse")  # nobody else's key is taken
    assert len(entries(simulators)) == 2


def test_the_network_is_checked(simulators, monkeypatch, capsys):
    tables = {name: simulators.config["providers"][name] for name in FOUR}
    tables["reapi"] = tables["reapi"] | {"base_url": f"http://127.0.0.1:{unused_port()}"}
    Path("anymedia.toml").write_text(toml({"providers": tables}))
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, capsys, "check_network.py")
    assert ended.value.code == 1
    line = re.compile(r"^(\w+): (answers|reapi was not reached)(?: \(HTTP \d+\)$|: )", re.MULTILINE)
    found = line.findall(capsys.readouterr().out)
    assert sorted(found) == [(name, "reapi was not reached" if name == "reapi" else "answers") for name in FOUR]


# The pages


def blocks(language):
    return [
        pytest.param(page, found[1], found[3], id=f"{page.stem}:{text[: found.start()].count(chr(10)) + 1}")
        for page in PAGES
        for text in [page.read_text("utf-8")]
        for found in BLOCK.finditer(text)
        if found[2] == language
    ]


PROGRAMS_SHOWN = [each for each in blocks("python") if each.values[1].endswith(".py")]


@pytest.mark.parametrize(("page", "program", "shown"), PROGRAMS_SHOWN)
def test_what_is_shown_is_a_whole_program(page, program, shown):
    assert shown == (ROOT / program).read_text("utf-8"), f"{page.name} does not show {program}"


def test_every_program_is_shown():
    shown = {Path(each.values[1]).name for each in PROGRAMS_SHOWN}
    assert shown == {each.name for each in PROGRAMS.glob("*.py")}


@pytest.mark.parametrize(("page", "engine", "shown"), [each for each in blocks("python") if each not in PROGRAMS_SHOWN])
def test_what_is_shown_of_an_engine_that_is_not_here_is_python(page, engine, shown):
    """Names of ours are those that there are; those of the engine were held against its own types."""
    tree = ast.parse(shown, engine)
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    assert {each.module.partition(".")[0] for each in imports} >= {engine, "anymedia"}
    ours = [name.name for each in imports if each.module == "anymedia" for name in each.names]
    assert [name for name in ours if not hasattr(anymedia, name)] == []
    calls = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    assert calls >= {"submit", "advance"}


def test_files_of_the_container_are_shown_as_they_are():
    page = (ROOT / "docs" / "howto" / "containers.md").read_text("utf-8")
    files = {found[1]: found[3] for found in BLOCK.finditer(page) if found[1] and "/container/" in found[1]}
    assert {*files} == {f"examples/howto/container/{each.name}" for each in (PROGRAMS / "container").iterdir()}
    assert all((ROOT / name).read_text("utf-8") == text for name, text in files.items())


@pytest.mark.parametrize(("page", "program", "text"), blocks("toml"))
def test_a_config_is_read(page, program, text):
    environ = dict.fromkeys(re.findall("[A-Z][A-Z_]+_KEY", text), "key")
    assert read_config(tomllib.loads(text), environ).network is not None


@pytest.mark.parametrize("path", [*PAGES, *PROGRAMS.glob("*.py")], ids=lambda path: path.name)
def test_nothing_is_installed_from_an_index_under_our_name(path):
    for line in re.findall("pip install .*", path.read_text("utf-8")):
        assert re.search(r"install (--no-cache-dir )?['\"]/[\w/]+(/anymedia-….whl)?\[", line), line


EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
LINES = [(each.id, line) for each in blocks("sh") for line in each.values[2].splitlines() if line]


@pytest.mark.parametrize("line", [pytest.param(line, id=f"{where} {line[:40]}") for where, line in LINES])
def test_what_a_command_names_is_there(line):
    words = shlex.split(line, comments=True)
    programs = re.findall(r"examples/howto/[\w/.]+\.(?:py|yaml)", line)
    assert all((ROOT / each).exists() for each in programs)
    assert {extra for each in re.findall(r"anymedia-….whl\[([\w,]+)\]", line) for extra in each.split(",")} <= {*EXTRAS}
    for program, name in re.findall(r"--app-dir examples/howto (\w+):(\w+)", line):
        assert re.search(rf"^(async def )?{name}\b", (PROGRAMS / f"{program}.py").read_text("utf-8"), re.MULTILINE)
    if words[0] == "anymedia":
        own = words[2:] if "--" not in words else words[2 : words.index("--")]
        options = [each for each in own if each.startswith("-")]
        help_ = CliRunner().invoke(command_line, [words[1], "--help"]).stdout
        assert [each for each in options if each not in help_] == []
    else:
        assert words[0] in {"pip", "python", "uvicorn", "curl", "docker", "buildah", "export", "sqlite3", "celery"}
