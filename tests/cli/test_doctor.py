"""`anymedia doctor`: one line an account, at no cost."""

import json
import sqlite3

import pytest
from click.testing import CliRunner

from anymedia.cli.app import app
from anymedia.journal.process_lock import ProcessLock
from anymedia.simulators import in_thread
from tests.providers import FOUR
from tests.tables import toml

from .conftest import SPEED, FastClock


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


def invoke(*words):
    return CliRunner().invoke(app, words, obj=FastClock())


def doctor(*arguments):
    return invoke("doctor", *arguments)


def test_accounts_that_are_well(at):
    done = doctor()
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "anymedia.toml" in lines[0]
    assert lines[1].startswith("journal: ")
    assert lines[1].endswith("journal.db: 0 attempts, 0 uncertain, 0 open")
    assert [line.split()[0].rstrip(",") for line in lines[3:] if line] == [*FOUR]
    assert done.output.count("ready") == 4
    assert "$100" in done.output
    assert "$1000" in done.output


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
    assert "webhooks: https://app.example/hooks\n" in said
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
    assert "no attempt and no task has this id" in asked.stdout


def test_without_any_account_the_keys_to_set_are_named():
    done = doctor()
    assert done.exit_code == 3
    assert "REAPI_API_KEY" in done.output
