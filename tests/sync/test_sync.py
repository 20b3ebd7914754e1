"""The client without await: in a plain script, in a running loop, from many threads, and under Ctrl-C."""

import asyncio
import inspect
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from anymedia import (
    BadApiKey,
    Client,
    ConfigError,
    ImageRequest,
    MalformedAnswer,
    NoCredit,
    State,
    SubmitUncertain,
    SyncClient,
    Unsupported,
    WebhookRefused,
    read_config,
)
from anymedia.simulators import in_thread
from tests.verbs import run

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K")


@pytest.fixture
def sims(clock):
    with in_thread(clock=clock.time) as simulators:
        yield simulators


@pytest.fixture
def client(sims, clock):
    with SyncClient(read_config(sims.config, sims.environ), clock=clock) as client:
        yield client


def test_it_has_the_methods_of_the_client():
    public = {name for name in vars(Client) if not name.startswith("_")}
    assert {name for name in vars(SyncClient) if not name.startswith("_")} >= public
    for name in ("submit", "get", "wait", "generate", "cancel", "download", "collect", "balance", "reach", "explain"):
        ours, theirs = inspect.signature(getattr(SyncClient, name)), inspect.signature(getattr(Client, name))
        assert list(ours.parameters) == list(theirs.parameters), name
        assert getattr(SyncClient, name).__doc__


def test_the_life_of_a_task(client, tmp_path):
    (shown,) = client.explain(REQUEST, "reapi")
    assert shown.money.credits == 28
    assert [quote.account for quote in client.route(REQUEST, "reapi").steps] == ["reapi"]
    assert [health.account for health in client.health("reapi")] == ["reapi"]
    task = client.submit(REQUEST, "reapi")
    assert not client.get(task).state.final
    done = client.wait(task)
    assert done.state is State.SUCCEEDED
    (file,) = client.download(done, tmp_path)
    assert b"".join(client.read(file)) == file.path.read_bytes()
    client.check_storage(tmp_path)
    assert run(client, REQUEST, "runapi").state is State.SUCCEEDED
    assert len(client.generate(REQUEST, "revidapi").assets) == 1
    assert client.advance(task, tmp_path).after is None
    with pytest.raises(Unsupported):
        client.cancel(task)
    assert (client.submitting, client.detached, list(client.config.accounts)) == (0, (), [*client.config.accounts])


def test_a_batch_is_run_or_iterated_over_and_ends_on_the_callers_thread(client, tmp_path):
    wanted = [attrs.evolve(REQUEST, prompt=f"lighthouse {number}") for number in range(4)]
    batch = client.batch(wanted, "reapi", name="shots", where=tmp_path)
    assert (batch.name, len(batch.rows), batch.plan().rows, batch.progress.waiting) == ("shots", 4, 4, 4)
    for end in batch:
        assert (end.state, threading.current_thread()) == ("done", threading.main_thread())
        break
    assert (batch.end.done + batch.end.unfinished, batch.progress.under_way) == (4, 0)
    threads = []
    end = batch.run(lambda _: threads.append(threading.current_thread()))
    assert (end.done, batch.end, batch.progress.done) == (4, end, 4)
    assert set(threads) == {threading.main_thread()}
    assert len(list(tmp_path.iterdir())) == 4
    assert batch.run().bought_before == 4
    other = client.batch(wanted[:1], "reapi", name="others")
    other.stop()
    assert (other.run().why, other.run().why) == ("stopped", "done")


def test_results_are_saved_by_themselves_and_collected(client, tmp_path):
    result = client.generate(REQUEST, "reapi", where=tmp_path)
    assert [file.path.parent for file in result.assets] == [tmp_path]
    done = run(client, REQUEST, "reapi")
    collected = client.collect(tmp_path, accounts=["reapi"])
    assert ([task.id for task in collected.tasks], collected.errors) == ([done.id], ())
    left, saved = run(client, REQUEST, "reapi"), queue.Queue()
    client.collect_in_background(tmp_path, on_saved=saved.put)
    assert saved.get(timeout=60).id == left.id
    assert len(list(tmp_path.iterdir())) == 3


def test_it_says_how_long_the_answer_of_a_submit_is_waited_for(sims, clock):
    sims["reapi"].fault("no_answer", created=True, seconds=0.8)
    with SyncClient(read_config(sims.config, sims.environ), clock=clock) as client:
        assert client.longest_wait == 0
        with pytest.raises(SubmitUncertain, match="the deadline passed"):
            client.submit(REQUEST, "reapi", timeout=0.4)
        assert client.submitting == 1
        assert 0 < client.longest_wait <= client.config.account("reapi").timeout


def test_errors_come_as_they_are(client, sims):
    sims["reapi"].fault("no_credit")
    with pytest.raises(NoCredit):
        run(client, REQUEST, "reapi")


def test_what_an_account_still_has(client, sims):
    client.submit(REQUEST, "reapi")
    client.submit(REQUEST, "runapi")
    reapi, runapi = client.balance("reapi"), client.balance("runapi")
    assert (reapi.credits, str(reapi.usd)) == (100_000 - 28, "99.972")
    assert str(runapi.usd) == "999.95"
    with pytest.raises(Unsupported, match="does not report a balance"):
        client.balance("revidapi")
    assert client.reach("api_in_one").status == 404
    assert client.private_address("api_in_one") == "127.0.0.1"
    assert client.check_proxies() == {}
    with pytest.raises(ConfigError):
        client.reach_webhooks()


async def test_it_works_inside_a_running_loop(client):
    assert run(client, REQUEST, "reapi").state is State.SUCCEEDED
    await asyncio.sleep(0)


def test_it_serves_64_threads(client, sims):
    with ThreadPoolExecutor(64) as threads:
        tasks = list(threads.map(lambda _: run(client, REQUEST, "runapi"), range(64)))
    assert len({task.id for task in tasks}) == 64
    assert len(sims["runapi"].bills()["entries"]) == 64


def test_a_closed_client_says_so_and_closes_once(sims, clock):
    client = SyncClient(read_config(sims.config, sims.environ), clock=clock)
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        run(client, REQUEST, "reapi")
    assert not [thread for thread in threading.enumerate() if thread.name == "anymedia"]


SCRIPT = """
    import asyncio
    from anymedia import ImageRequest, SyncClient, Task, from_json, read_config, to_json
    from anymedia.clock import Clock
    from anymedia.simulators import in_thread

    class Fast(Clock):
        async def sleep(self, seconds):
            await asyncio.sleep(seconds / 100)

    with in_thread("runapi", speed=100) as simulators:
        simulators["runapi"].fault("stuck")
        def listening(event):
            if isinstance(event, Task):
                print("running", flush=True)  # now the parent sends Ctrl-C
        config = read_config(simulators.config, simulators.environ)
        with SyncClient(config, on_event=listening, clock=Fast()) as client:
            try:
                request = ImageRequest(model="flux-2-pro", prompt="a lighthouse")
                BUYING
            except KeyboardInterrupt:
                (task,) = client.detached
                simulators["runapi"].clear()
                seen = client.get(from_json(Task, to_json(task)))
                print("kept", seen.state, len(simulators["runapi"].bills()["entries"]), flush=True)
"""


@pytest.mark.parametrize("buying", ["client.generate(request, timeout=60)", "client.batch([request], name='b').run()"])
def test_ctrl_c_ends_a_wait_and_keeps_the_task(buying):
    script = [sys.executable, "-c", textwrap.dedent(SCRIPT).replace("BUYING", buying)]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "running\n", child.stderr.read()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert (out.splitlines()[-1], child.returncode) == ("kept running 1", 0), err
    assert err.count("nobody waits for it any more, and it is billed; `anymedia resume` takes it up") == 1


def test_what_the_caller_has_to_mend_has_a_short_traceback(client):
    def fails():
        client.generate(ImageRequest(model="flux-2-por", prompt="a fox"))

    with pytest.raises(Unsupported) as caught:
        fails()
    assert len(traceback.format_exception(caught.value)) <= 6
    assert caught.value.__suppress_context__


async def test_it_is_short_where_it_is_awaited_too(sims, clock):
    async with Client(read_config(sims.config, sims.environ), clock=clock) as client:
        with pytest.raises(Unsupported) as caught:
            await client.generate(ImageRequest(model="flux-2-por", prompt="a fox"))
    assert len(traceback.format_exception(caught.value)) <= 4


def test_a_webhook_is_taken(client, sims):
    with pytest.raises(WebhookRefused, match="nothing proves"):
        client.receive("revidapi", {}, b"{}")
    assert client.unknown() == []


def test_what_was_interrupted_leaves_the_client_as_it_was(client):
    patch = pytest.MonkeyPatch()
    begin = asyncio.run_coroutine_threadsafe

    def interrupted(work, loop):
        future = begin(work, loop)
        patch.undo()  # once is enough
        future.result = interrupt
        return future

    def interrupt():
        raise KeyboardInterrupt

    patch.setattr(asyncio, "run_coroutine_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(client, REQUEST, "reapi")
    assert run(client, REQUEST, "reapi").state is State.SUCCEEDED


def test_a_balance_that_cannot_be_read_is_said_to(client, sims):
    sims["reapi"].fault("raw", on="any", body="{}")
    with pytest.raises(MalformedAnswer, match="no balance"):
        client.balance("reapi")
    sims["reapi"].fault("status", on="any", status=401)
    with pytest.raises(BadApiKey):
        client.balance("reapi")


def test_a_task_is_handed_on_and_taken_up(client, sims, clock, tmp_path):
    task = client.submit(REQUEST, "reapi", idempotency_key="order-7")
    assert client.open(client.handle(task)).id == task.id
    assert [attempt.order.idempotency_key for attempt in client.attempts()] == ["order-7"]
    assert [*client.each_attempt()] == client.attempts()
    assert client.unknown() == []
    (taken_up,) = client.recover(tmp_path).tasks
    assert (taken_up.id, taken_up.assets[0].path.parent) == (task.id, tmp_path)
