"""Kinds 1 to 10: after a purchase."""

import json
import re

from anymedia import Billed, Blocked, DeadlineExceeded, Retry, State, TaskFailed, to_json

from .faults import FAULTS, PICTURE, Fault
from .files import HTML, KEPT, PNG, TELL_THEIR_END, UNKNOWN
from .raw_server import reply
from .table import each, row
from .world import REQUEST, WORDS, failing, paid, told

# 1. What an error says of money

LOOKS = (
    ("401", lambda p: p.refusal(401, "this key was revoked")),
    ("402", lambda p: p.refusal(402, "no credit left")),
    ("403", lambda p: p.refusal(403, "not from here")),
    ("404", lambda p: p.refusal(404, "no such task")),
    ("410", lambda p: p.refusal(410, "gone")),
    ("422", lambda p: p.refusal(422, "cannot be")),
    ("429", lambda p: p.refusal(429, "too many looks")),
    ("500", lambda p: p.refusal(500, "a fault")),
    ("a redirect", lambda p: reply(b"", 302, headers=[("Location", "/login")])),
    ("a page", lambda p: reply(HTML, kind="text/html")),
    ("nothing", lambda p: reply(b"")),
    ("no state", lambda p: reply({"id": p.bills[-1]})),
    ("no result", lambda p: reply(p.shape.done(p.bills[-1], []))),
    ("a result that is null", lambda p: reply(p.shape.done(p.bills[-1], None))),
    ("another task", lambda p: reply(p.shape.done("task_other", [p.url()]))),
)


@each(1, "one look that answers {}", *LOOKS)
async def _one_look(world, answer):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        world.reapi.always_look = lambda _: answer(world.reapi)
        error = await failing(client.get(task))
        paid(error)
        assert error.task.id == task.id


@each(1, "generate whose looks answer {}", *LOOKS)
async def _all_looks(world, answer):
    world.reapi.always_look = lambda _: answer(world.reapi)
    async with world.client("reapi", "runapi") as client:
        error = await failing(client.generate(REQUEST, timeout=60))
        paid(error)
        assert world.bills == 1


FILES = (
    ("404", reply(b"", 404)),
    ("403", reply(HTML, 403)),
    ("410", reply(b"", 410)),
    ("500", reply(b"", 500)),
    ("no byte", reply(b"")),
    ("a page", reply(HTML, kind="text/html")),
    ("a redirect to nowhere", reply(b"", 302)),
    ("a redirect to a file of this machine", reply(b"", 302, headers=[("Location", "file:///etc/passwd")])),
    ("a redirect to itself", reply(b"", 302, headers=[("Location", "/f/a.png")])),
    ("half of it", reply(PNG[:30], length=len(PNG), end="close")),
    ("an encoding nobody knows", reply(b"\x28\xb5\x2f\xfd123", headers=[("Content-Encoding", "zstd")])),
)


@each(1, "download of a file that answers {} for ever", *FILES)
async def _download(world, answer):
    world.reapi.always_file["/f/a.png"] = answer
    async with world.client() as client:
        result = await client.generate(REQUEST)
        error = await failing(client.download(result, world.out))
        paid(error)
        assert type(error).__name__ == "DownloadError"
        assert error.retry is Retry.SAME
        assert error.task.state is State.SUCCEEDED
    assert world.files() == {}


@each(1, "the command whose file answers {} for ever", *FILES[:6])
def _command(world, answer):
    world.reapi.always_file["/f/a.png"] = answer
    ended = world.cli(*WORDS, "--out", str(world.out), config=world.write(world.data("reapi", "runapi")))
    assert ended.exit_code == 1
    said = " ".join(ended.stderr.split())
    assert "; it is billed ($0.028)" in said
    assert "another provider" not in said
    assert "`anymedia collect` fetches it" in said
    assert world.bills == 1


@each(
    1,
    "download into {}",
    ("a folder that is a file", lambda world: world.out.write_text("")),
    ("a folder below a file", lambda world: world.out.parent.joinpath("out").write_text("")),
    ("a link to nowhere that is full", lambda world: world.out.symlink_to("/dev/full")),
)
async def _disk(world, spoil):
    spoil(world)
    async with world.client() as client:
        result = await client.generate(REQUEST)
        paid(await failing(client.download(result, world.out)))


@row(1, "a failure that is refunded says billed no and elsewhere")
async def _refunded(world):
    world.reapi.always_look = lambda task: reply(world.reapi.shape.failed(task, "the lamp broke"))
    async with world.client() as client:
        error = await failing(client.generate(REQUEST), TaskFailed)
        told(error, "the lamp broke")
        assert (error.billed, error.retry, error.task.state) == (Billed.NO, Retry.ELSEWHERE, State.FAILED)


@each(1, "a failure at {}, where nobody knows of refunds", "revidapi")
async def _not_refunded(world, name):
    provider = world.provider(name)
    provider.always_look = lambda task: reply(provider.shape.failed(task, "the lamp broke"))
    async with world.client(name, "reapi") as client:
        error = await failing(client.generate(REQUEST), TaskFailed)
        told(error, "the lamp broke")
        paid(error, Billed.UNKNOWN)
        assert world.bills == 1


@row(1, "a failure of which the provider says that it was billed")
async def _failed_and_billed(world):
    provider = world.provider("api_in_one")
    provider.always_look = lambda task: reply(
        {"code": 200, "data": {"task_id": task, "status": "FAILED", "error": "lamp", "credits_used": 5}}
    )
    async with world.client("api_in_one") as client:
        error = await failing(client.generate(REQUEST), TaskFailed)
        assert error.billed in (Billed.YES, Billed.UNKNOWN)
        assert error.retry is not Retry.ELSEWHERE


@row(1, "moderation after acceptance says what the failure row says")
async def _blocked(world):
    failed = {"status": "failed", "error": {"code": 80006, "message": "not this"}}
    world.reapi.always_look = lambda task: reply({"id": task, **failed})
    async with world.client() as client:
        error = await failing(client.generate(REQUEST), Blocked)
        assert (error.billed, error.task.state) == (Billed.NO, State.FAILED)


@row(1, "a wait that comes to its deadline")
async def _deadline(world):
    world.reapi.always_look = lambda task: reply(world.reapi.shape.state(task, "processing"))
    async with world.client() as client:
        error = await failing(client.generate(REQUEST, timeout=30), DeadlineExceeded)
        paid(error)
        assert error.retry is Retry.SAME


@row(1, "the error as json on the command line")
def _json(world):
    world.reapi.always_look = lambda _: world.reapi.refusal(401, "this key was revoked")
    ended = world.cli(*WORDS, "--json", "--timeout", "30", config=world.write())
    error = json.loads(ended.stdout)["error"]
    assert ended.exit_code == 5
    assert (error["billed"], error["retry"], error["task"]["id"]) == ("yes", "same", world.reapi.bills[0])


# 2, 3, 6, 8, 9, 10: every fault of the loop, on the command line


def _on_the_command_line(fault: Fault):
    def check(world):
        name = fault.only[0] if fault.only else "reapi"
        if fault.key is not None:
            world.keys[name] = fault.key
        provider = world.provider(name)
        fault.make(provider)
        config = world.write(world.data(name))
        ended = world.cli(*WORDS, "--out", str(world.out), "--timeout", "100", config=config)
        said = ended.output + ended.stderr
        if fault.file not in world.files().values():
            again = world.cli("resume", "--out", str(world.out), "--timeout", "100", config=config)
            said += again.output + again.stderr
        assert world.bills == 1
        if world.files():
            assert re.search(fault.ends, PICTURE)
            assert set(world.files().values()) == {fault.file}
            return
        assert fault.ends != PICTURE, said
        assert ended.exit_code in (1, 4, 5)
        listed = json.loads(world.cli("tasks", "--json", config=config).stdout)
        shown = world.cli("tasks", "show", listed[0]["id"], config=config).stdout
        assert re.search(fault.ends, said + shown, re.IGNORECASE), (said, shown)

    return check


for _fault in FAULTS:
    if not _fault.billed_no:
        row(_fault.kind, f"{_fault.words}, on the command line")(_on_the_command_line(_fault))


# 2


@row(2, "links of several forms in one answer are all fetched, once each")
async def _several_links(world):
    links = ["/f/a.png", world.reapi.url("/f/b.png"), "//" + world.reapi.url("/f/c.png").split("//")[1]]
    world.reapi.always_look = lambda task: world.reapi.done(task, links)
    async with world.client() as client:
        result = await client.generate(REQUEST)
        assert len(await client.download(result, world.out)) == 3
    assert [len(world.reapi.asked_for(f"/f/{letter}.png")) for letter in "abc"] == [1, 1, 1]


@row(2, "a link that cannot be used is shown in tasks show and in the error")
async def _unusable_link(world):
    world.reapi.always_look = lambda task: world.reapi.done(task, ["gs://bucket/a.png"])
    async with world.client() as client:
        error = await failing(_made_and_saved(client, world))
        paid(error)
        assert "gs://bucket/a.png" in str(error) + json.dumps(to_json(error.task))


async def _made_and_saved(client, world):
    return await client.download(await client.generate(REQUEST, timeout=60), world.out)


@row(2, "a relative link with an id of the host's in it never leaves the origin")
async def _at_sign(world):
    world.reapi.always_look = lambda task: world.reapi.done(task, ["/f/@localhost/a.png"])
    async with world.client() as client:
        await client.download(await client.generate(REQUEST), world.out)
    assert len(world.reapi.asked_for("/f/@localhost/a.png")) == 1


# 3


@row(3, "the answer of an uncertain submit is in the attempt, the list and resume")
def _answer_kept(world):
    world.reapi.always_submit = lambda task: reply({"jobRef": "job-4711", "note": "see the console"})
    config = world.write()
    ended = world.cli(*WORDS, "--json", config=config)
    assert ended.exit_code == 4
    assert json.loads(ended.stdout)["error"]["body"] == {"jobRef": "job-4711", "note": "see the console"}
    (attempt,) = json.loads(world.cli("tasks", "--json", config=config).stdout)
    assert "job-4711" in json.dumps(attempt["answer"])
    assert "job-4711" in world.cli("tasks", "show", attempt["id"], config=config).stdout
    resumed = world.cli("resume", config=config)
    assert resumed.exit_code == 4
    assert "job-4711" in resumed.output + resumed.stderr


@row(3, "the answer that is kept holds no key and at most 64 KB")
async def _answer_bounded(world):
    key = "planted-key-of-reapi-5f0c1d"
    world.reapi.always_submit = lambda task: reply({"jobRef": "job-4711", "key": key, "echo": "x" * 500_000})
    async with world.client() as client:
        await failing(client.submit(REQUEST))
        (attempt,) = await client.attempts()
    kept = json.dumps(to_json(attempt))
    assert "job-4711" in kept
    assert key not in kept
    assert len(json.dumps(to_json(attempt.answer) if not isinstance(attempt.answer, str) else attempt.answer)) <= 70_000


@row(3, "the answer of a submit that was cut is kept as far as it came")
async def _cut(world):
    world.reapi.always_submit = lambda task: reply(b'{"jobRef": "job-4711", "no', length=900, end="close")
    async with world.client() as client:
        error = await failing(client.submit(REQUEST))
        (attempt,) = await client.attempts()
    assert error.billed in (Billed.UNKNOWN, Billed.LIKELY)
    assert "job-4711" in json.dumps(to_json(attempt))


@row(3, "the answer of the latest look is in the journal")
async def _look_kept(world):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        world.reapi.always_look = lambda _: reply({"oops": "job-4711 moved"}, 409)
        await failing(client.wait(task, timeout=30), DeadlineExceeded)
        (attempt,) = await client.attempts()
    assert "job-4711 moved" in json.dumps(to_json(attempt))


@each(
    3,
    "an error text inside a 200: {}",
    ("error.message", {"error": {"message": "the queue is full"}}),
    ("error", {"error": "the queue is full"}),
    ("message", {"success": False, "message": "the queue is full"}),
    ("detail", {"detail": "the queue is full"}),
    ("errors", {"errors": ["the queue is full"]}),
)
async def _error_text(world, body):
    world.reapi.always_submit = lambda _: reply(body)
    async with world.client() as client:
        error = await failing(client.submit(REQUEST))
        (attempt,) = await client.attempts()
    assert error.billed is not Billed.NO
    assert "the queue is full" in str(error) + json.dumps(error.body)
    assert "the queue is full" in json.dumps(to_json(attempt))


# 4

TROUBLES = (
    ("key revoked", lambda p, t: p.refusal(401, "this key was revoked"), "this key was revoked"),
    ("a page", lambda p, t: reply(HTML, 200, kind="text/html"), ""),
    ("a page at 503", lambda p, t: reply(HTML, 503, kind="text/html"), "503"),
    ("cut json", lambda p, t: reply(b'{"id": "task_'), ""),
    ("the unknown word expired", lambda p, t: reply(p.shape.state(t, "expired")), "expired"),
    ("the unknown word on_hold", lambda p, t: reply(p.shape.state(t, "on_hold")), "on_hold"),
    ("another id", lambda p, t: reply(p.shape.done("task_other", [p.url()])), "task_other"),
    ("not found", lambda p, t: p.refusal(404, "no such task here"), "no such task here"),
    ("a reset", lambda p, t: reply(b"", end="reset", length=10), ""),
)


@each(4, "looks that all answer {}", *TROUBLES)
async def _why(world, answer, text):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        world.reapi.always_look = lambda task: answer(world.reapi, task)
        error = await failing(client.wait(task, timeout=40), DeadlineExceeded)
        paid(error)
        looks = len(world.reapi.did_look())
        told(error, text)
        trouble = error.task.trouble
        assert trouble is not None
        assert text in trouble.error
        if "word" not in text and text not in ("expired", "on_hold"):
            told(error, str(looks))
            assert trouble.looks == looks
        (attempt,) = await client.attempts()
        assert text in attempt.task.trouble.error


@each(4, "tasks and resume tell of looks that answer {}", *TROUBLES)
def _why_told(world, answer, text):
    config = world.write()
    world.reapi.always_look = lambda task: answer(world.reapi, task)
    assert world.cli(*WORDS, "--timeout", "40", config=config).exit_code == 5
    (attempt,) = json.loads(world.cli("tasks", "--json", config=config).stdout)
    shown = world.cli("tasks", "show", attempt["id"], config=config).stdout
    resumed = world.cli("resume", "--timeout", "40", config=config)
    assert resumed.exit_code == 5
    assert attempt["task"]["trouble"]["error"]
    for said in (shown, resumed.stderr):
        assert text.lower() in " ".join(said.lower().split())


@row(4, "a trouble that is over is told no more")
async def _over(world):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        world.reapi.always_look = lambda _: world.reapi.refusal(500, "a fault")
        error = await failing(client.wait(task, timeout=30), DeadlineExceeded)
        world.reapi.always_look = None
        done = await client.wait(error.task)
        assert done.trouble is None
        (attempt,) = await client.attempts()
        assert attempt.task.trouble is None


# 5

KNOWN = ("COMPLETED", "Completed", " completed ", "completed\n", "cOmPlEtEd", "\tCOMPLETED")
UNKNOWN_WORDS = (
    *("expired", "cancelled", "canceled", "timeout", "timed_out", "error", "done", "succeeded", "success", "ok"),
    *("finished", "aborted", "rejected", "complete", "completed_with_errors", "fail", "失敗", "0"),
)


@each(5, "the known word as {!r}", *KNOWN)
async def _known(world, word):
    links = [world.reapi.url()]
    world.reapi.always_look = lambda task: reply({**world.reapi.shape.done(task, links), "status": word})
    async with world.client() as client:
        task = await client.wait(await client.submit(REQUEST), timeout=30)
        assert task.state is State.SUCCEEDED


@each(5, "the known word of {} in other letters", "api_in_one", "revidapi", "runapi")
async def _known_elsewhere(world, name):
    provider = world.provider(name)

    def look(task):
        body = json.dumps(provider.shape.done(task, provider.shape.native([provider.url()])))
        word = provider.shape.states[1]
        return reply(
            body.replace(f'"{word}"', f'" {word.swapcase()} "').replace('"msg": " SUCCESS "', '"msg": "success"')
        )

    provider.always_look = look
    async with world.client(name) as client:
        task = await client.wait(await client.submit(REQUEST), timeout=60)
        assert task.state is State.SUCCEEDED


@each(5, "the failed word as FAILED at {}", "reapi", "runapi")
async def _failed_word(world, name):
    provider = world.provider(name)
    provider.always_look = lambda task: reply({**provider.shape.failed(task, "the lamp broke"), "status": "FAILED"})
    async with world.client(name) as client:
        told(await failing(client.generate(REQUEST, timeout=30), TaskFailed), "the lamp broke")


@each(5, "the word {} stays unknown and is told", *UNKNOWN_WORDS)
async def _unknown_word(world, word):
    links = [world.reapi.url()]
    world.reapi.always_look = lambda task: reply({**world.reapi.shape.done(task, links), "status": word})
    async with world.client() as client:
        error = await failing(client.generate(REQUEST, timeout=30), DeadlineExceeded)
        paid(error)
        told(error, word)
        assert error.task.raw_state == word
        assert not error.task.state.final


# 6


@each(6, "{} is kept as what it is", *((name, *of) for name, of in KEPT.items()))
async def _kept(world, data, ending):
    world.reapi.always_file["/f/a.png"] = reply(data, kind="application/octet-stream")
    async with world.client() as client:
        (asset,) = await client.download(await client.generate(REQUEST), world.out)
    assert asset.path.suffix == f".{ending}"
    assert asset.path.read_bytes() == data
    assert len(world.reapi.asked_for("/f/a.png")) == 1


@row(6, "what nobody knows is kept as a .bin with a warning")
def _bin(world):
    world.reapi.always_file["/f/a.png"] = reply(UNKNOWN, kind="application/x-odd")
    ended = world.cli(*WORDS, "--out", str(world.out), config=world.write())
    assert ended.exit_code == 0
    ((name, data),) = world.files().items()
    assert (name.rpartition(".")[2], data) == ("bin", UNKNOWN)
    assert re.search(r"\.bin|not known|unknown|no known", ended.stderr)


@each(6, "{} cut off without a length is no whole file", *TELL_THEIR_END.items())
async def _cut_file(world, data):
    world.reapi.always_file["/f/a.png"] = reply(data[:-7], length=None)
    async with world.client() as client:
        result = await client.generate(REQUEST)
        paid(await failing(client.download(result, world.out)))
        assert world.files() == {}
        world.reapi.always_file["/f/a.png"] = reply(data, length=None)
        recovery = await client.recover(world.out)
    assert recovery.errors == ()
    assert list(world.files().values()) == [data]


@each(6, "{} with bytes behind its end is kept whole", *TELL_THEIR_END.items())
async def _longer_file(world, data):
    world.reapi.always_file["/f/a.png"] = reply(data + b"behind the end", length=None)
    async with world.client() as client:
        await client.download(await client.generate(REQUEST), world.out)
    assert list(world.files().values()) == [data + b"behind the end"]


@each(6, "a file that answers {} is tried for about a minute", ("404", 404), ("403", 403), ("503", 503))
async def _a_minute(world, status):
    world.reapi.always_file["/f/a.png"] = reply(b"", status)
    async with world.client() as client:
        result = await client.generate(REQUEST)
        began = world.clock.seconds
        await failing(client.download(result, world.out))
    assert 30 <= world.clock.seconds - began <= 180
    assert 3 <= len(world.reapi.asked_for("/f/a.png")) <= 60


@row(6, "a file that comes after half a minute is there")
async def _half_a_minute(world):
    async with world.client() as client:
        result = await client.generate(REQUEST)
        came = world.clock.seconds + 30
        answering = world.reapi.site.answering
        world.reapi.site.answering = lambda asked: (
            reply(b"", 404) if asked.bare == "/f/a.png" and world.clock.seconds < came else answering(asked)
        )
        await client.download(result, world.out)
    assert list(world.files().values()) == [PNG]


@row(6, "a link that died is dead: told at once, and resume asks for a fresh one")
async def _dead(world):
    world.reapi.always_file["/f/old.png"] = reply(b"", 403)
    world.reapi.looks = [lambda task: world.reapi.done(task, [world.reapi.url("/f/old.png")])]
    async with world.client() as client:
        result = await client.generate(REQUEST)
        paid(await failing(client.download(result, world.out)))
    async with world.client() as later:
        recovery = await later.recover(world.out)
        assert recovery.errors == ()
        assert len(recovery.tasks) == 1
    assert list(world.files().values()) == [PNG]


@row(6, "one bad file of three: the others are kept, and resume fetches that one alone")
async def _one_of_three(world):
    links = [world.reapi.url(f"/f/{letter}.png") for letter in "abc"]
    world.reapi.always_look = lambda task: world.reapi.done(task, links)
    world.reapi.always_file["/f/b.png"] = reply(HTML, 403)
    async with world.client() as client:
        paid(await failing(client.download(await client.generate(REQUEST), world.out)))
        assert len(world.files()) == 2
        del world.reapi.always_file["/f/b.png"]
        assert (await client.recover(world.out)).errors == ()
    assert len(world.files()) == 3
    assert len(world.reapi.asked_for("/f/a.png")) == len(world.reapi.asked_for("/f/c.png")) == 1


# 7


def _elsewhere(world, host="127.0.0.1"):
    site = world.site(host)
    site.answering = lambda _: reply(PNG, kind="image/png")
    world.reapi.always_look = lambda task: world.reapi.done(task, [f"{site.origin}/a.png"])
    return site


@row(7, "a result on the account's own origin is fetched whatever its address")
async def _own_origin(world):
    async with world.client() as client:
        await client.download(await client.generate(REQUEST), world.out)
    assert list(world.files().values()) == [PNG]


@each(7, "a result on another host with {}", ("an address", "127.0.0.1"), ("a name", "localhost"))
async def _other_host(world, host):
    site = _elsewhere(world, host)
    async with world.client() as client:
        error = await failing(client.download(await client.generate(REQUEST), world.out))
        paid(error)
        told(error, "[download]")
        assert site.asked == []
        recovery = await client.recover(world.out)
        assert len(recovery.errors) == 1
    async with world.client("reapi", download={"hosts": [host]}) as allowed:
        assert (await allowed.recover(world.out)).errors == ()
    assert list(world.files().values()) == [PNG]
    assert "authorization" not in site.asked[0].headers


@each(
    7,
    "[download] networks = {}",
    ("127.0.0.0/8", ["127.0.0.0/8"], True),
    ("127.0.0.1", ["127.0.0.1/32"], True),
    ("10.0.0.0/8 alone", ["10.0.0.0/8"], False),
)
async def _networks(world, networks, fetched):
    site = _elsewhere(world, "localhost")
    async with world.client("reapi", download={"networks": networks}) as client:
        result = await client.generate(REQUEST)
        if fetched:
            await client.download(result, world.out)
        else:
            paid(await failing(client.download(result, world.out)))
    assert (len(site.asked) == 1) is fetched


@row(7, "[download] hosts allows no other host")
async def _not_that_host(world):
    site = _elsewhere(world)
    async with world.client("reapi", download={"hosts": ["localhost", "files.example"]}) as client:
        paid(await failing(client.download(await client.generate(REQUEST), world.out)))
    assert site.asked == []


@row(7, "a redirect from an allowed host to one that is not")
async def _redirected(world):
    site, target = _elsewhere(world, "localhost"), world.site()
    target.answering = lambda _: reply(PNG)
    site.answering = lambda _: reply(b"", 302, headers=[("Location", f"{target.origin}/a.png")])
    async with world.client("reapi", download={"hosts": ["localhost"]}) as client:
        paid(await failing(client.download(await client.generate(REQUEST), world.out)))
    assert target.asked == []


@each(
    7,
    "[download] {} is told",
    ("hosts = 5", {"hosts": 5}),
    ("networks = x", {"networks": ["x"]}),
    ("no word", {"x": 1}),
)
def _bad_download(world, table):
    ended = world.cli("doctor", config=world.write(world.data("reapi", download=table)))
    assert ended.exit_code == 3
    assert "download" in ended.stderr


# 9


@row(9, "a resume in another process finds the task whose id holds the key")
async def _found_later(world):
    world.keys["reapi"] = "test"
    world.reapi.ids = ["task_test_1"]
    world.reapi.link = "/f/test.png"
    async with world.client() as client:
        task = await client.submit(REQUEST)
        assert task.id == "task_test_1"
    async with world.client() as later:
        (attempt,) = await later.attempts()
        assert attempt.task.id == "task_test_1"
        recovery = await later.recover(world.out)
        assert [task.id for task in recovery.tasks] == ["task_test_1"]
    assert set(world.reapi.did_look()) == {"task_test_1"}
    assert list(world.files().values()) == [PNG]


@row(9, "a handle of a task whose id holds the key")
async def _handle(world):
    world.keys["reapi"] = "test"
    world.reapi.ids = ["task_test_1"]
    async with world.client() as client:
        text = client.handle(await client.submit(REQUEST))
    async with world.client() as later:
        assert (await later.wait(later.open(text))).id == "task_test_1"


@row(9, "the key is hidden in texts that are shown and kept")
async def _hidden(world):
    key = "planted-key-of-reapi-5f0c1d"
    world.reapi.always_look = lambda _: world.reapi.refusal(401, f"the key {key} was revoked")
    async with world.client() as client:
        error = await failing(client.generate(REQUEST, timeout=30))
        (attempt,) = await client.attempts()
    told(error, "was revoked")
    assert key not in str(error) + repr(error.body) + json.dumps(to_json(attempt)) + json.dumps(to_json(error.task))
    assert key.encode() not in b"".join(file.read_bytes() for file in world.journal.parent.rglob("*") if file.is_file())


# 10


@row(10, "the failed record beside 501 is final and not asked for again")
async def _final_beside_501(world):
    provider = world.provider("revidapi")
    provider.always_look = lambda task: reply({**provider.shape.failed(task, "the film broke"), "code": 501})
    async with world.client("revidapi") as client:
        error = await failing(client.generate(REQUEST), TaskFailed)
        told(error, "the film broke")
        assert error.task.state is State.FAILED
    assert len(provider.did_look()) == 1


@row(10, "the failed record of another task beside 501 is not believed")
async def _other_beside_501(world):
    provider = world.provider("revidapi")
    provider.looks = [lambda _: reply({**provider.shape.failed("f" * 32, "the film broke"), "code": 501})]
    async with world.client("revidapi") as client:
        assert len((await client.generate(REQUEST)).assets) == 1
