"""Every example runs, and what it prints is what it is billed."""

import asyncio
import json
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from anymedia import Client, load_config
from anymedia.config import default_journal
from anymedia.journal import Ledger, open_journal
from anymedia.simulators import in_thread
from tests.client.hooks import served
from tests.ports import unused_port
from tests.providers import FOUR
from tests.tables import toml

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOP = EXAMPLES / "shop.py"
SERVICE = EXAMPLES / "fallback_service.py"
LINE = re.compile(r"^(.{10}) (\w+)/(\S+) +~?\$([\d.]+)  (?:([\d.]+) credits)?$", re.MULTILINE)


FASTER = """
import asyncio, runpy, sys
from anymedia.clock import Clock

Clock.sleep = lambda _, seconds: asyncio.sleep(seconds / 10)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs an example as its users do, but waits a tenth as long for what goes on."""


@pytest.fixture
def shop(monkeypatch, capsys):
    """Run the example in this process, and return what it prints."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["shop.py", *words])
        runpy.run_path(str(SHOP), run_name="__main__")
        return capsys.readouterr().out

    return run


def sums(printed):
    """Return what a list comes to at each provider, in its own unit: credits, else cents."""
    found = {}
    for _, provider, _, usd, credits in LINE.findall(printed):
        found[provider] = found.get(provider, 0) + (Decimal(credits) if credits else Decimal(usd) * 100)
    return found


def test_without_buying_nobody_is_asked(shop, simulators):
    printed = shop()
    bought = ["a poster", "a banner", "an edit", "six icons", "a clip", "two songs"]
    assert [name.strip() for name, *_ in LINE.findall(printed)] == bought
    assert re.search(
        r"^the best +not bought: fal/qwen-image-2-pro is unknown: no page prints a price$", printed, re.MULTILINE
    )
    assert shop("--config", "anymedia.toml") == printed
    assert all(one.bills()["submits"] == 0 for one in simulators)


@pytest.mark.parametrize(
    ("ceiling", "requests", "cost"), [("0.50", 6, "0.864"), ("0.30", 4, "0.134"), ("0.001", 0, "0.00")]
)
def test_what_is_printed_is_what_is_billed(shop, simulators, ceiling, requests, cost):
    printed = shop("--buy", "--config", "anymedia.toml", "--ceiling", ceiling)
    assert re.search(rf"^sum +{requests} of 7 requests +~?\${cost}$", printed, re.MULTILINE)
    assert re.search(rf"^billed ~?\${cost}$", printed, re.MULTILINE)
    charged = {one.name: sum(entry["charged"] for entry in one.bills()["entries"]) for one in simulators}
    assert {name: amount for name, amount in charged.items() if amount} == sums(printed)
    saved = re.findall(r"^(.{10}) (\d) saved in (\S+)$", printed, re.MULTILINE)
    assert all(len([*Path(folder).iterdir()]) == int(number) for _, number, folder in saved)
    assert len(saved) == requests


def test_what_cannot_be_bought_is_told(shop, simulators):
    simulators["reapi"].fault("no_credit", times=None)
    printed = shop("--buy", "--config", "anymedia.toml")
    assert re.search(r"^a banner +NoCredit, billed: no: ", printed, re.MULTILINE)
    assert printed.endswith("billed $0.424\n")
    simulators["kie"].fault("reset_after")
    assert shop("--buy", "--config", "anymedia.toml").endswith("billed unknown\n")  # uncertain is neither yes nor no
    Path("anymedia.toml").write_text("[providers.revidapi]")
    assert "kling-3.0 is not sold by revidapi" in shop("--config", "anymedia.toml")


def test_it_runs_without_a_key():
    fast = [sys.executable, "-c", FASTER, SHOP, "--buy"]
    done = subprocess.run(fast, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("billed $0.864\n")
    wrong = subprocess.run([sys.executable, SHOP, "--ceiling", "much"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, "must be an amount in USD" in wrong.stderr) == (2, True)


# The catalogue

CATALOGUE = EXAMPLES / "catalogue.py"
PACED = FASTER.replace("/ 10)", "/ 100)")


def catalogue(*words):
    """Start the example in a process of its own, whose waits are a hundredth as long."""
    command = [sys.executable, "-c", PACED, CATALOGUE, "--config", "anymedia.toml", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def shots(tmp_path, monkeypatch):
    """The simulator at which an anymedia.toml of the working directory buys."""
    monkeypatch.chdir(tmp_path)
    with in_thread("kie", speed=100) as simulators:
        fast = simulators["kie"].table | {"limits": {"submits": [1000, 1], "polls": [1000, 1]}}
        Path("anymedia.toml").write_text(toml({"providers": {"kie": fast}, "journal": {"path": "journal.db"}}))
        for variable, key in simulators.environ.items():
            monkeypatch.setenv(variable, key)
        yield simulators["kie"]


@contextmanager
def holding(sim, number):
    """Let the task of this number go on until the block ends; yield what is set when it is looked at.

    Whoever looks at a task has written it down.
    """
    answer, looked, held = sim.service.answer, threading.Event(), {}

    def answered(request):
        given = answer(request)
        if not held and len(sim.service.tasks) == number:
            held[next(reversed(sim.service.tasks))] = next(reversed(sim.service.tasks.values()))
            next(iter(held.values())).stuck = True
        if request.query.get("taskId") in held:
            looked.set()
        return given

    sim.service.answer = answered
    yield looked
    sim.service.answer = answer
    for task in held.values():
        task.stuck = False


def rows_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_catalogue_that_is_killed_goes_on_where_it_was(shots):
    out = Path("catalogue")
    with catalogue("--budget", "3.00") as process, holding(shots, 120) as looked:  # that is what 120 of them cost
        assert process.stdout.readline() == "200 shots, 0 of them bought before; the rest costs $5.00,\n"
        done = 0
        while done < 119 and (line := process.stdout.readline()):
            done += line.endswith(" done\n")
        assert looked.wait(60)
        process.kill()  # while no submit is under way, which would be uncertain
        assert process.wait(60) == -signal.SIGKILL
    told = rows_of(out / "catalogue.manifest.jsonl.part")
    assert ({row["state"] for row in told}, len(told)) == ({"done"}, 119)
    with catalogue() as process:
        begun, _, *lines, ended = process.stdout.read().splitlines()
        assert process.wait(60) == 0
    assert (begun, len(lines)) == ("200 shots, 120 of them bought before; the rest costs $2.00,", 200)
    assert sum(line.endswith(" (bought before)") for line in lines) == 120
    assert ended == "200 of 200 done, $5.00 billed: catalogue/catalogue.manifest.csv"
    rows = rows_of(out / "catalogue.manifest.jsonl")
    assert [(row["row"], row["state"], row["money"]["billed"]) for row in rows] == [
        (number, "done", "0.025") for number in range(1, 201)
    ]
    bills = shots.bills()["entries"]
    assert all(entry["charged"] and not entry["refunded"] for entry in bills)
    assert sorted(entry["task_id"] for entry in bills) == sorted(task for row in rows for task in row["task_ids"])
    files = {each["file"]: each["sha256"] for row in rows for each in row["files"]}
    assert {str(path.absolute()): sha256(path.read_bytes()).hexdigest() for path in out.glob("*.jpg")} == files
    assert (len(bills), len(files), [*out.rglob("*.part")]) == (200, 200, [])


def test_a_catalogue_of_ones_own_needs_no_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-c", FASTER, CATALOGUE, "mine.csv", "--out", "shots"]
    Path("mine.csv").write_text("model,prompt,label.sku\nflux-2-pro,a mug,17\nz-image,a vase,18\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = rows_of(Path("shots/catalogue.manifest.jsonl"))
    assert (first["labels"], first["prompt"], second["state"]) == ({"sku": "17"}, "a mug", "done")
    Path("mine.csv").write_text("model,promt,seed\nflux-2-pro,a mug,x\n")
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (wrong.returncode, *wrong.stderr.splitlines()) == (
        1,
        "1 of 1 rows cannot be asked for; nothing was sent",
        "  line 1: promt: is no field of a row; did you mean prompt?",
        "  line 2: seed: must be a whole number, 0 or more, not 'x'",
    )


# The clip


@pytest.mark.parametrize("first", ["reapi", "runapi"])
def test_one_line_of_the_configuration_switches_the_provider_of_a_clip(simulators, monkeypatch, capsys, first):
    route = toml({"route": {"accounts": [first, *{"reapi", "runapi"} - {first}]}})
    Path("anymedia.toml").write_text(f"{Path('anymedia.toml').read_text()}\n{route}")
    monkeypatch.setattr("sys.argv", ["clip.py", "--config", "anymedia.toml"])
    runpy.run_path(str(EXAMPLES / "clip.py"), run_name="__main__")
    *_, made = capsys.readouterr().out.splitlines()
    cost = {"reapi": "0.385", "runapi": "0.70"}[first]
    assert re.fullmatch(rf"{first} made out/\S+\.mp4: 1280x720, 5\.0 s, for \${cost}", made)
    assert submits(simulators) == {first: 1}


# The service

CHEAPEST, NEXT = "revidapi", "reapi"  # $0.025, $0.028; at the other two $0.05
DEAD = {"kind": "status", "status": 503, "code": 70001, "on": "submit", "times": None}


@pytest.fixture
async def service(four):
    """The service over four simulators, as whoever calls it has it."""
    app = runpy.run_path(str(SERVICE))["service"]("anymedia.toml", Path("out"))
    async with TestClient(TestServer(app)) as service:
        yield service


async def ask(service, key="order-17", **body):
    answer = await service.post("/pictures", json={"prompt": "A fox", **body}, headers={"Idempotency-Key": key})
    return answer.status, await answer.json(), answer.headers


def submits(simulators):
    return {one.name: one.bills()["submits"] for one in simulators if one.bills()["submits"]}


def billed(simulators):
    entries = {one.name: one.bills()["entries"] for one in simulators}
    return {name: sum(each["charged"] > each["refunded"] for each in some) for name, some in entries.items() if some}


def saved():
    return [*Path("out").iterdir()]


def tried(answer):
    return [(each["offer"].partition("/")[0], each["how"], each["at_most"]) for each in answer["attempts"]]


async def test_the_service_makes_pictures_once_for_a_key(service, simulators):
    (status, first, headers), *others = await asyncio.gather(*(ask(service, count=2) for _ in range(3)))
    assert (status, first["provider"], first["price"], first["missing"]) == (200, CHEAPEST, "0.05", 0)
    assert tried(first) == [(CHEAPEST, "succeeded", "0.025")] * 2
    assert [(other[0], tried(other[1])) for other in others] == [(200, tried(first))] * 2
    for link in first["pictures"]:
        picture = await service.get(link)
        assert (picture.content_type, (await picture.read())[:2]) == ("image/jpeg", b"\xff\xd8")
    files = saved()
    status, again, _ = await ask(service, count=2)
    assert (status, len({*again["pictures"]}), saved()) == (200, 2, files)
    seen = await (await service.get(headers["Location"])).json()
    assert seen == {name: said for name, said in again.items() if name != "missing"}
    assert (await ask(service, prompt="A hare"))[0] == 422  # another request under the same key
    assert billed(simulators) == {CHEAPEST: 2}


@pytest.mark.parametrize(
    ("faults", "status", "attempts", "bills"),
    [
        pytest.param(
            {CHEAPEST: {"kind": "no_credit"}, NEXT: DEAD},
            200,
            [(CHEAPEST, "refused", "0"), (NEXT, "refused", "0"), ("api_in_one", "succeeded", "0.05")],
            {"api_in_one": 1},
            id="no credit at one, the other dead",
        ),
        pytest.param(
            {CHEAPEST: {"kind": "failed"}},  # and nobody says that it is given back
            200,
            [(CHEAPEST, "failed", "0.025"), (NEXT, "succeeded", "0.028")],
            {CHEAPEST: 0, NEXT: 1},
            id="failed",
        ),
        pytest.param(
            {CHEAPEST: {"kind": "reset_after"}},
            502,
            [(CHEAPEST, "uncertain", "0.025")],
            {CHEAPEST: 1},
            id="lost answer",
        ),
        pytest.param(
            {name: {"kind": "failed"} for name in (CHEAPEST, NEXT, "api_in_one", "runapi")},
            502,
            [(CHEAPEST, "failed", "0.025"), *((name, "failed", "0") for name in (NEXT, "api_in_one", "runapi"))],
            dict.fromkeys((CHEAPEST, NEXT, "api_in_one", "runapi"), 0),
            id="failed everywhere",
        ),
        pytest.param(
            {NEXT: {"kind": "moderated", "on": "poll"}, CHEAPEST: {"kind": "no_credit"}},
            422,
            [(CHEAPEST, "refused", "0"), (NEXT, "failed", "0")],
            {NEXT: 0},
            id="moderated",
        ),
    ],
)
async def test_what_the_service_answers_when_something_goes_wrong(service, simulators, faults, status, attempts, bills):
    for name, fault in faults.items():
        simulators[name].fault(**fault)
    found, answer, headers = await ask(service)
    assert (found, tried(answer)) == (status, attempts)
    assert billed(simulators) == bills
    before = submits(simulators)
    if status != 422:  # what was bought, or may have been, is not bought again
        assert (await ask(service))[0] == status
        seen = await service.get(headers["Location"])
        assert (seen.status, tried(await seen.json())) == (status, attempts)
        assert submits(simulators) == before


async def test_what_takes_too_long_is_asked_for_again(service, simulators, clock):
    simulators[CHEAPEST].fault("latency", seconds=300)
    started = clock.seconds
    status, answer, headers = await ask(service)
    assert (status, tried(answer), clock.seconds - started) == (
        202,
        [(CHEAPEST, answer["attempts"][0]["how"], "0.025")],
        120,
    )
    assert (await service.get(headers["Location"])).status == 202
    clock.seconds += 300
    seen = await service.get(headers["Location"])
    assert (seen.status, tried(await seen.json())) == (200, [(CHEAPEST, "succeeded", "0.025")])
    assert (await ask(service))[0] == 200
    assert (submits(simulators), len(saved())) == ({CHEAPEST: 1}, 1)


async def test_what_is_not_answered_yet_is_told_so(service, simulators, monkeypatch):
    may_answer = threading.Event()
    monkeypatch.setattr(simulators[CHEAPEST].service, "new_id", lambda _: may_answer.wait(60) and "task_1")
    asked = asyncio.create_task(ask(service))
    while (seen := await service.get("/pictures/order-17")).status == 404:
        await asyncio.sleep(0)
    assert (seen.status, tried(await seen.json())) == (202, [(CHEAPEST, "sending", "0.025")])
    may_answer.set()
    assert (await asked)[0] == 200


async def test_the_service_tells_when_to_try_again(service, simulators, clock):
    for name in FOUR:
        simulators[name].fault("no_credit", times=None)
    assert (await service.get("/health")).status == 200
    status, answer, headers = await ask(service)
    assert (status, [how for _, how, _ in tried(answer)]) == (503, ["refused"] * 4)
    assert 3500 < int(headers["Retry-After"]) <= 3600
    status, answer, headers = await ask(service)
    assert (status, tried(answer), submits(simulators)) == (503, [], dict.fromkeys(FOUR, 1))
    health = await service.get("/health")
    assert (health.status, {each["cause"] for each in await health.json()}) == (503, {"no_credit"})
    for one in simulators:
        one.clear()
    clock.seconds += 3601
    assert (await service.get("/health")).status == 200
    assert (await ask(service))[0] == 200


async def test_prometheus_is_told_what_was_bought(service, simulators):
    simulators[CHEAPEST].fault("no_credit")
    assert (await ask(service))[0] == 200
    for name, fault in (("api_in_one", "reset_after"), (NEXT, "failed")):
        simulators[name].fault(fault)
    assert (await ask(service, key="order-18"))[0] == 502
    answer = await service.get("/metrics")
    text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {name: family.type for name, family in families.items()} == {
        "anymedia_attempts": "counter",
        "anymedia_spend_usd": "counter",
        "anymedia_returned_usd": "counter",
        "anymedia_task_seconds": "histogram",
        "anymedia_alerts": "counter",
        "anymedia_open_tasks": "gauge",
        "anymedia_account_is_asked": "gauge",
    }
    assert all(family.documentation for family in families.values())

    def of(name, **labels):
        samples = (sample for family in families.values() for sample in family.samples if sample.name == name)
        return [sample.value for sample in samples if labels.items() <= sample.labels.items()]

    assert of("anymedia_attempts_total", account="reapi", outcome="accepted") == [2]
    assert of("anymedia_attempts_total", account="api_in_one", outcome="uncertain") == [1]
    paid = {each: of("anymedia_spend_usd_total", billed=each, model="flux-2-pro") for each in ("yes", "possibly")}
    assert paid == {"yes": [0.056], "possibly": [0.05]}
    assert of("anymedia_returned_usd_total", account="reapi", model="flux-2-pro", billed="yes") == [0.028]
    took = {"account": "reapi", "state": "succeeded"}
    assert of("anymedia_task_seconds_bucket", **took, le="+Inf") == of("anymedia_task_seconds_count", **took) == [1]
    assert of("anymedia_task_seconds_sum", **took) > [0]
    assert [of("anymedia_account_is_asked", account=name) for name in (CHEAPEST, NEXT)] == [[0], [1]]
    assert of("anymedia_open_tasks", account=NEXT) == [0]
    assert of("anymedia_alerts_total") == [0]


async def test_without_any_good_key_the_service_is_not_well(service, simulators):
    for one in simulators:
        one.fault("unauthorised", on="submit", times=None)
    status, _, headers = await ask(service)
    assert (status, int(headers["Retry-After"]) <= 2) == (503, True)  # one refusal of each key may be the services' own
    assert (await service.get("/health")).status == 503


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"prompt": "A fox", "count": 9}', "more than the $0.10 allowed"),
        (b'{"prompt": "A fox", "extra": {"reapi": {"n": 9}}}', "the body must be a JSON object"),
        (b'{"prompt": "A fox", "aspect_ratio": "1.8"}', "aspect_ratio"),
        (json.dumps({"prompt": "A fox" * 20_000}).encode(), "prompt"),  # every offer has another bound
        (b'{"prompt": "A fox"', "the body must be a JSON object"),
        (b"[]", "the body must be a JSON object"),
        (b"{}", "required: prompt"),
    ],
)
async def test_what_does_not_fit_is_refused_by_the_service_and_not_sent(service, simulators, body, says):
    answer = await service.post("/pictures", data=body, headers={"Idempotency-Key": "order-17"})
    assert (answer.status, says in (await answer.json())["error"]) == (422, True)
    assert submits(simulators) == {}


async def test_any_key_leads_back(service):
    status, _, headers = await ask(service, key="a/b?c%2F")
    assert (status, (await service.get(headers["Location"])).status) == (200, 200)
    assert (await ask(service, key="k" * 257))[0] == 422
    assert (await service.post("/pictures", json={"prompt": "A fox"})).status == 400
    assert (await service.get("/pictures/none")).status == 404


async def test_what_a_caller_leaves_is_finished_before_the_service_ends(service, simulators, clock, monkeypatch):
    looks, may_go_on = asyncio.Event(), asyncio.Event()

    async def sleep(_, seconds):
        looks.set()
        await may_go_on.wait()
        clock.seconds += seconds

    monkeypatch.setattr("anymedia.clock.Clock.sleep", sleep)
    caller = asyncio.create_task(ask(service))
    await looks.wait()
    caller.cancel()  # and the connection is closed
    ending = asyncio.create_task(service.close())
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not ending.done()
    may_go_on.set()
    await ending
    ledger = Ledger(open_journal(default_journal()))
    (attempt,) = await ledger.attempts(idempotency_key="order-17")
    assert (attempt.status, billed(simulators)) == ("succeeded", {CHEAPEST: 1})


def test_the_service_runs_without_a_key_and_answers_before_it_ends(tmp_path):
    command = [sys.executable, "-u", "-c", FASTER, SERVICE, "--port", "0", "--out", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        where = re.search(r"http://\S+", process.stdout.readline())[0]

        def call(path, body=None):
            with urlopen(Request(f"{where}{path}", body, {"Idempotency-Key": "order-17"}), timeout=60) as answer:
                return json.load(answer)

        with ThreadPoolExecutor() as caller:
            asked = caller.submit(call, "/pictures", b'{"prompt": "A fox"}')
            while not any(each["active"] for each in call("/health")):
                assert not asked.done()
            process.send_signal(signal.SIGTERM)
            picture = Path(asked.result()["pictures"][0]).name
        said = process.stderr.read().splitlines()
        assert process.wait(60) == 0
        assert {line.split()[2] for line in said} == {"INFO"}
        assert any(" INFO anymedia.tasks: " in line for line in said)
    assert [file.name for file in tmp_path.iterdir()] == [picture]


# The service that is told

TOLD = EXAMPLES / "webhook_service.py"

SOONER = """
import runpy, sys
import anymedia.simulators

in_thread = anymedia.simulators.in_thread
anymedia.simulators.in_thread = lambda **_: in_thread(speed=100)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs the example as its users do, over simulators whose tasks are done at once."""


@pytest.fixture(params=["on_aiohttp", "on_asgi"])
def form(request):
    return request.param


@asynccontextmanager
async def told(form, hooks):
    """The service in one of its forms, as whoever calls it has it."""
    example = runpy.run_path(str(TOLD))
    app = example[form](example["Pictures"](load_config("anymedia.toml"), Path("out")))
    async with AsyncExitStack() as stack:
        if form == "on_asgi":
            await stack.enter_async_context(served(app, hooks.port))
        else:
            await stack.enter_async_context(TestServer(app, port=hooks.port))
        yield await stack.enter_async_context(ClientSession(f"http://127.0.0.1:{hooks.port}"))


async def picture(service, where, *, status=200):
    """Return what is answered once a picture has got so far."""
    async with asyncio.timeout(60):
        while (answer := await service.get(where)).status != status:
            await asyncio.sleep(0.01)
        return await answer.json()


@pytest.mark.usefixtures("looks")
async def test_a_picture_is_told_of(form, hooks, simulators, clock):
    async with told(form, hooks) as service:
        (status, said, _), again = [await ask(service) for _ in range(2)]
        ids = {json.loads(each["handle"])["id"] for each in (said, again[1])}
        assert (status, again[0], len(ids)) == (202, 202, 1)
        assert await picture(service, said["look"], status=202) == {"state": "queued", "pictures": []}
        clock.seconds += 60
        done = await picture(service, said["look"])
        (file,) = done["pictures"]
        assert (done["state"], (await (await service.get(file)).read())[:2]) == ("succeeded", b"\xff\xd8")
        assert (await ask(service))[0] == 202
        bills = simulators[CHEAPEST].bills()
        assert (bills["polls"], bills["webhooks"]["answered"], len(bills["entries"])) == (1, 1, 1)
        async with Client(load_config("anymedia.toml")) as elsewhere:
            assert (await elsewhere.wait(elsewhere.open(said["handle"]))).state == "succeeded"
    assert [file.name for file in saved()] == [Path(file).name]


@pytest.mark.usefixtures("looks")
async def test_what_is_left_is_taken_up(form, hooks, simulators, clock):
    async with told(form, hooks) as service:
        where = (await ask(service))[1]["look"]
    async with told(form, hooks) as service:  # and it is told of before it is done
        clock.seconds += 60
        assert (await picture(service, where))["state"] == "succeeded"
        where = (await ask(service, key="a/b?c%2F"))[1]["look"]
    clock.seconds += 60  # nobody hears it
    async with told(form, hooks) as service:
        assert (await picture(service, where))["state"] == "succeeded"
    assert (len(saved()), billed(simulators)) == (2, {CHEAPEST: 2})


@pytest.mark.usefixtures("looks")
async def test_what_a_webhook_names_is_saved_though_nobody_looks(form, hooks, simulators, clock):
    simulators[CHEAPEST].fault("reset_after")
    async with told(form, hooks) as service:
        assert (await ask(service))[0] == 502
        clock.seconds += 60
        async with asyncio.timeout(60):
            while not saved():
                await asyncio.sleep(0.01)
    assert billed(simulators) == {CHEAPEST: 1}


@pytest.mark.parametrize(
    ("faults", "body", "key", "status", "says"),
    [
        ({}, b"{}", "", 400, "give an Idempotency-Key"),
        ({}, b'{"prompt": "A fox"', "k", 422, "the body must be a JSON object"),
        ({}, b'{"prompt": "A fox", "extra": {}}', "k", 422, "the body must be a JSON object"),
        ({}, b'{"prompt": "A fox", "aspect_ratio": "1.8"}', "k", 422, "aspect_ratio"),
        ({CHEAPEST: {"kind": "reset_after"}}, b'{"prompt": "A fox"}', "k", 502, "may have been billed"),
        ({name: {"kind": "no_credit"} for name in FOUR}, b'{"prompt": "A fox"}', "k", 503, ""),
    ],
)
async def test_what_is_not_bought_is_told_so(form, hooks, simulators, faults, body, key, status, says):
    for name, fault in faults.items():
        simulators[name].fault(**fault)
    async with told(form, hooks) as service:
        answer = await service.post("/pictures", data=body, headers={"Idempotency-Key": key})
        assert (answer.status, says in (await answer.json())["error"]) == (status, True)
        assert (await service.get("/pictures/none")).status == 404


async def test_a_picture_that_fails_is_told_so(form, hooks, simulators):
    simulators[CHEAPEST].fault("failed")
    async with told(form, hooks) as service:
        where = (await ask(service))[1]["look"]
        assert await picture(service, where) == {"state": "failed", "pictures": []}


@pytest.mark.parametrize("words", [[], ["--asgi"]])
def test_the_service_that_is_told_runs_without_a_key(words, tmp_path):
    port = unused_port()
    command = [sys.executable, "-u", "-c", SOONER, TOLD, "--port", str(port), "--out", tmp_path, *words]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
        ExitStack() as ends,
    ):
        ends.callback(process.kill)
        while f"http://127.0.0.1:{port}" not in process.stdout.readline():
            assert process.poll() is None
        where = f"http://127.0.0.1:{port}"
        asked = Request(f"{where}/pictures", b'{"prompt": "A fox"}', {"Idempotency-Key": "order-17"})
        with urlopen(asked, timeout=60) as answer:
            look = json.load(answer)["look"]
        for _ in range(600):
            assert process.poll() is None
            with urlopen(f"{where}{look}", timeout=60) as answer:
                done = json.load(answer)
            if done["pictures"]:
                break
            time.sleep(0.1)
        assert done["pictures"]
        process.send_signal(signal.SIGTERM)
        assert (process.wait(60), "Traceback" in process.stdout.read()) == (0 if not words else -signal.SIGTERM, False)
    assert [f"/files/{file.name}" for file in tmp_path.iterdir()] == done["pictures"]
