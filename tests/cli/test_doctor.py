"""`anymedia doctor`: one line an account, at no cost."""

import json
import re
import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from anymedia.cli.app import app
from anymedia.clock import Clock
from anymedia.journal import Ledger, open_journal
from anymedia.journal.postgres.server import Server
from anymedia.journal.process_lock import ProcessLock
from anymedia.simulators import in_thread
from tests.journal.test_ledger import accepted, tried
from tests.providers import FOUR
from tests.tables import toml

from .conftest import SPEED, FastClock


class Slow(Clock):
    """A clock that is an hour behind."""

    def now(self):
        return super().now() - timedelta(hours=1)


@contextmanager
def answering(status):
    """Serve this status on a port of this machine, to whatever is asked; None never answers. Yield the URL."""
    over = Event()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            if status is None:
                over.wait()
                return
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def simulators():
    """Simulators of which nothing was bought before."""
    with in_thread(*FOUR, speed=SPEED) as simulators:
        yield simulators


@pytest.fixture
def at(simulators, tmp_path, monkeypatch):
    """A directory whose anymedia.toml leads to simulators, and to one provider that is not there."""
    monkeypatch.chdir(tmp_path)
    for variable, key in simulators.environ.items():
        monkeypatch.setenv(variable, key)
    (tmp_path / "anymedia.toml").write_text(toml({"providers": simulators.config["providers"]}))
    return tmp_path


def refused(*_):
    raise PermissionError(13, "Permission denied")


def invoke(*words, clock=None):
    return CliRunner().invoke(app, words, obj=clock or FastClock())


def doctor(*arguments, clock=None):
    """Look from a machine whose clock goes as the providers' do, unless another is given."""
    return invoke("doctor", *arguments, clock=clock or Clock())


def test_accounts_that_are_well(at):
    done = doctor()
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "anymedia.toml" in lines[0]
    assert lines[1].startswith("journal: ")
    assert "journal.db: 0 attempts, 0 uncertain, 0 open, " in lines[1]
    assert lines[2] == "results: . can be written to"
    assert re.fullmatch(r"clock: [0-2] s off the providers'", lines[3])
    assert [line.split()[0].rstrip(",") for line in lines[5:-2] if line] == [*FOUR]
    verdicts = ("key not checked", "ready", "key not checked", "ready")  # two have no free call
    assert [line.endswith(f" {verdict}") for line, verdict in zip(lines[5:-2], verdicts, strict=True)] == [True] * 4
    assert lines[-2:] == [
        "key not checked: api_in_one and revidapi have no free call that would prove a key",
        "nothing is wrong; 2 of 4 accounts ready",
    ]
    assert "$100" in done.output
    assert "$1000" in done.output


def test_without_an_account_the_machine_is_looked_at_and_the_keys_are_named(at):
    (at / "anymedia.toml").unlink()
    done = doctor()
    assert done.exit_code == 3
    assert "config: no file; API keys are read from the environment\njournal: " in done.output
    assert "results: . can be written to\nclock: not checked" in done.output
    assert "error: no API key is set: set one of " in done.output
    assert "REAPI_API_KEY (reapi)" in done.output
    found = doctor("--json")
    assert (found.exit_code, json.loads(found.stdout)["accounts"]) == (3, [])


def test_what_is_wrong_is_said_and_told_by_the_exit_code(at, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("ANYMEDIA_SIMULATED_REAPI_KEY", "a-wrong-key")
    monkeypatch.delenv("ANYMEDIA_SIMULATED_RUNAPI_KEY")
    gone = (
        f'\n[providers.gone]\nadapter = "runapi"\nbase_url = "http://127.0.0.1:{unused_tcp_port}"\napi_key_env = "GONE"'
    )
    with (at / "anymedia.toml").open("a") as file:
        file.write(gone)
    done = doctor("--json")
    assert done.exit_code == 1
    found = {finding["account"]: finding for finding in json.loads(done.stdout)["accounts"]}
    assert "401" in found["reapi"]["trouble"]
    assert found["runapi"]["trouble"] == "set ANYMEDIA_SIMULATED_RUNAPI_KEY"
    assert "set GONE; gone was not reached" in found["gone"]["trouble"]
    assert found["revidapi"]["trouble"] is None
    assert [found[name]["verdict"] for name in ("reapi", "revidapi", "api_in_one")] == [
        "not ready",
        "key not checked",
        "key not checked",
    ]
    assert json.loads(done.stdout)["wrong"] == ["reapi", "runapi", "gone"]
    shown = doctor()
    assert (shown.exit_code, shown.output.splitlines()[-1]) == (1, "wrong: reapi, runapi, gone")
    assert "(its API key is read from ANYMEDIA_SIMULATED_REAPI_KEY)\n" in shown.output
    assert "a-wrong-key" not in done.output


def test_a_name_server_of_fake_addresses_is_said_beforehand(at, monkeypatch):
    """Answer every name with 198.18.0.7, as some VPNs do, at which nobody listens."""
    (at / "anymedia.toml").write_text("[providers.reapi]\n")

    async def fake(*_, **__):
        return [(2, 1, 6, "", ("198.18.0.7", 443))]

    async def refused(*_, **__):
        raise OSError("unreachable")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", fake)
    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", refused)
    allowed = ('[download]\nnetworks = ["198.18.0.0/15"]', '[download]\nhosts = ["reapi.ai"]')
    for table, told in (("", True), *((each, False) for each in allowed)):
        (at / "anymedia.toml").write_text(f"[providers.reapi]\n{table}\n")
        (finding,) = json.loads(doctor("--json").stdout)["accounts"]
        assert ("its host is at 198.18.0.7 here, which is not a public address" in finding["trouble"]) is told


def test_the_journal_is_looked_at(at, simulators, monkeypatch):
    simulators["reapi"].fault("stuck")
    invoke("generate", "A fox", "--model", "flux-2-pro", "--provider", "reapi", "--timeout", "1")
    assert ": 1 attempt, 0 uncertain, 1 open" in doctor().output
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "off")
    assert "journal: off\n" in doctor().output
    assert json.loads(doctor("--json").stdout)["journal"] is None
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "anymedia.toml")
    done = doctor("--json")
    assert done.exit_code == 1
    assert "no journal" in json.loads(done.stdout)["journal"]["trouble"]
    assert "no journal" in doctor().output


def query_only(connect):
    def connected(*args, **options):
        connection = connect(*args, **options)
        connection.execute("PRAGMA query_only = 1")
        return connection

    return connected


def test_it_says_how_far_webhooks_are_believed(at):
    file = at / "anymedia.toml"
    file.write_text(f'{file.read_text()}\n[webhooks]\nurl = "https://app.example/hooks"\n')
    said = doctor("--config", str(file)).output
    assert "webhooks: https://app.example/hooks was not reached: " in said
    assert "; whether providers reach it cannot be known from here\n" in said
    assert "runapi: webhooks are signed: they count as an answer\n" in said
    assert "revidapi: webhooks are not signed: the task is looked at\n" in said


def test_of_the_journal_it_says_what_a_submit_would_say(at, monkeypatch):
    fox = ("generate", "A fox", "--model", "flux-2-pro", "--provider", "reapi", "--json")
    assert invoke(*fox).exit_code == 0  # there is a journal
    (at / "file").write_text("")
    (at / "folder").mkdir()

    def agreed(sentence):
        asked, done = invoke(*fox), doctor("--json")
        assert (asked.exit_code, done.exit_code) == (6, 1)
        said = json.loads(asked.stdout)["error"]["message"]
        assert json.loads(done.stdout)["journal"]["trouble"] == said
        assert sentence in said

    with monkeypatch.context() as patch:
        patch.setattr("sqlite3.connect", query_only(sqlite3.connect))
        agreed("it cannot be written to")
    with monkeypatch.context() as patch:
        patch.setattr(ProcessLock, "hold", refused)
        agreed("Permission denied")
    for name, sentence in (("file/j.db", "file is no folder"), ("folder", "it is a folder; name a file in it")):
        monkeypatch.setenv("ANYMEDIA_JOURNAL", name)
        agreed(sentence)
        tasks = invoke("tasks", "--json")
        assert tasks.exit_code == 6
        assert sentence in json.loads(tasks.stdout)["error"]["message"]


def test_a_name_that_is_no_text_is_no_attempt_s(at):
    fox = ["generate", "A fox", "--model", "flux-2-pro", "--provider", "reapi"]
    assert invoke(*fox).exit_code == 0
    asked = invoke("tasks", "show", "\udcff", "--json")
    assert asked.exit_code == 2
    assert "no attempt and no task has the id" in asked.stdout


def test_without_any_account_the_keys_to_set_are_named():
    done = doctor()
    assert done.exit_code == 3
    assert "REAPI_API_KEY" in done.output


@pytest.mark.parametrize(("status", "wrong"), [(405, []), (502, ["webhooks"])])
def test_whether_the_url_of_the_webhooks_answers_from_here(at, status, wrong):
    with answering(status) as url:
        file = at / "anymedia.toml"
        file.write_text(f'{file.read_text()}\n[webhooks]\nurl = "{url}/hooks"\n')
        found = json.loads(doctor("--json").stdout)
        assert (found["wrong"], found["webhooks"]["status"]) == (wrong, status)
        told = "nothing behind it takes webhooks" if wrong else f"it answers from here (HTTP {status})"
        assert told in doctor().output


def test_proxies_are_looked_at_once_each_and_shown_without_their_password(at, simulators, unused_tcp_port):
    with answering(200) as url:
        gone = f"http://user:word@127.0.0.1:{unused_tcp_port}"
        proxies = [url.replace("//", "//user:word@")] * 2 + [gone, ""]
        tables = simulators.config["providers"]
        config = {
            "providers": {name: {**tables[name], "proxy": proxy} for name, proxy in zip(FOUR, proxies, strict=True)}
        }
        (at / "proxies.toml").write_text(toml(config))
        done = doctor("--config", "proxies.toml")
        found = json.loads(doctor("--config", "proxies.toml", "--json").stdout)["proxies"]
    assert f"proxy: {url} is reached\n" in done.output
    assert f"proxy: http://127.0.0.1:{unused_tcp_port} is not reached: " in done.output
    assert ("word" in done.output, [each["trouble"] is None for each in found]) == (False, [True, False])


def test_a_wrong_proxy_of_the_environment_is_named_by_its_account(at, monkeypatch):
    (at / "anymedia.toml").write_text("[providers.reapi]\n")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")  # through which nothing leaves
    assert "proxy: that of reapi is not reached: HTTPS_PROXY must be a proxy like" in doctor().output


def test_a_clock_that_goes_wrong_is_told(at):
    for clock, told in ((FastClock(), "ahead of"), (Slow(), "behind")):
        done = doctor("--json", clock=clock)
        assert done.exit_code == 1
        assert f" s {told} the providers': signatures and the life of links go by it" in done.stdout
    assert doctor(clock=FastClock()).output.splitlines()[-1] == "wrong: clock"


def test_a_full_disk_and_an_empty_account_are_told(at, simulators, monkeypatch):
    simulators["runapi"].service.balance = Decimal(0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=3_000_000))
    found = json.loads(doctor("--json").stdout)
    assert found["wrong"] == ["journal", "runapi"]
    assert found["journal"]["trouble"].endswith("journal.db: only 3.0 MB are free there")
    assert [each["trouble"] for each in found["accounts"] if each["trouble"]] == ["nothing is left on it"]


def test_who_gives_no_answer_holds_up_nobody(at, monkeypatch):
    with answering(None) as url:
        (at / "anymedia.toml").write_text(f'[providers.reapi]\nbase_url = "{url}"\napi_key_env = "NONE"\n')
        monkeypatch.setattr("anymedia.cli.checks.PATIENCE", 0.05)
        found = json.loads(doctor("--json").stdout)
    assert found["accounts"][0]["trouble"] == "set NONE; reapi gave no answer within 0.05 s"
    assert found["clock"] == {"ahead": None, "trouble": None}


def test_without_a_clock_to_compare_it_says_so(at):
    (at / "anymedia.toml").write_text('[providers.reapi]\nbase_url = "http://127.0.0.1:1"\napi_key_env = "NONE"\n')
    assert "clock: not checked, as no provider said its time\n" in doctor().output


def test_the_storage_is_written_to(at):
    file = at / "anymedia.toml"
    (at / "file").write_text("")
    file.write_text(f'{file.read_text()}\n[storage]\nurl = "{at}/kept"\n')
    assert f"storage: {at}/kept can be written to\n" in doctor("--config", str(file)).output
    file.write_text(file.read_text().replace("/kept", "/file/kept"))
    done = doctor("--config", str(file))
    assert (done.exit_code, done.output.splitlines()[-1]) == (1, "wrong: storage")


def test_a_database_that_does_not_answer_is_asked_once(at, monkeypatch, unused_tcp_port):
    monkeypatch.setattr(Server.__init__, "__defaults__", (0.0,))
    place = f"postgresql://u@127.0.0.1:{unused_tcp_port}/media"
    Ledger(open_journal(place)).end_later(accepted(tried(1)))  # which waits here, and is tried by every client
    monkeypatch.setenv("ANYMEDIA_JOURNAL", place)
    done = doctor()
    assert (done.exit_code, done.output.count("nothing is bought until it does")) == (1, 1)
    assert "wrong: journal" in done.output
