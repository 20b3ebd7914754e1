"""What an operator is told unasked: doubt of a process that lives, a day that is used up, a bill above its quote."""

import json

import pytest
from click.testing import CliRunner

from anymedia import ImageRequest, SubmitUncertain, SyncClient
from anymedia.cli.app import app
from anymedia.clock import Clock

FOX = ("generate", "A fox", "--model", "flux-2-pro")


def configured(terminal, text):
    """Add to the configuration."""
    path = terminal.folder / "anymedia.toml"
    path.write_text(f"{path.read_text()}\n{text}\n")


def limited(terminal, account, usd):
    path = terminal.folder / "anymedia.toml"
    path.write_text(path.read_text().replace(f"[providers.{account}]", f'[providers.{account}]\ndaily_limit = "{usd}"'))


# What is uncertain


@pytest.fixture
def service(terminal, simulators):
    """A client that lives, and that has lost an answer."""
    with SyncClient() as client:
        simulators["runapi"].fault("reset_after", times=None)
        with pytest.raises(SubmitUncertain):
            client.generate(ImageRequest(prompt="A fox", model="flux-2-pro"), "runapi")
        simulators["runapi"].clear()
        yield client


def test_doubt_of_a_process_that_lives_is_told_and_replayed(terminal, simulators, service):
    before = len(simulators["runapi"].bills()["entries"])
    (uncertain,) = terminal.json("tasks", "--open")
    assert [each["id"] for each in terminal.json("resume", code=4)["uncertain"]] == [uncertain["id"]]
    assert f"settle {uncertain['id'][:8]} --billed" in terminal("resume").stderr
    assert service.recover().uncertain[0].id == uncertain["id"]
    with SyncClient() as other:
        (task,) = other.recover(terminal.folder / "out", replay=True).tasks
    assert task.assets[0].path.parent == terminal.folder / "out"
    assert len(simulators["runapi"].bills()["entries"]) == before
    assert terminal("resume").exit_code == 0
    assert terminal.json("tasks", "--open") == []


def test_doctor_says_what_is_to_be_done_and_tells_it_by_its_exit_code(terminal, simulators):
    simulators["revidapi"].fault("reset_after")
    assert terminal(*FOX, "--provider", "revidapi").exit_code == 4
    ended = terminal("doctor")
    assert "to do: 1 submit is uncertain, and may have been billed: `anymedia resume` tells which" in ended.stdout
    assert (ended.exit_code, "\nwrong: clock" in ended.stdout) == (1, True)  # which is of the tests' own
    right = CliRunner().invoke(app, ["doctor"], obj=Clock(), prog_name="anymedia")
    assert (right.exit_code, "\nwrong: " in right.stdout) == (4, False)
    simulators["revidapi"].fault("reset_after")
    assert terminal(*FOX, "--provider", "revidapi").exit_code == 4
    assert "to do: 2 submits are uncertain" in terminal("doctor").stdout


# A day


def test_a_day_that_is_used_up_is_shown_everywhere(terminal, simulators):
    limited(terminal, "reapi", "0.03")
    limited(terminal, "runapi", "5")
    configured(terminal, '[alerts]\ndaily = "9"')
    assert terminal(*FOX, "--provider", "reapi").exit_code == 0  # $0.028 of $0.03
    found = {each["account"]: each for each in terminal.json("providers", "--health")}
    assert (found["reapi"]["spent_today"], found["reapi"]["daily_limit"]) == ("0.028", "0.03")
    assert (found["reapi"]["cause"], found["revidapi"]["daily_limit"]) == (None, None)
    limited_to = (terminal.folder / "anymedia.toml").read_text().replace('"0.03"', '"0.028"')
    (terminal.folder / "anymedia.toml").write_text(limited_to)
    found = {each["account"]: each for each in terminal.json("providers", "--health")}
    told = "reapi may spend $0.028 a day: $0.028 are spent or reserved since midnight UTC"
    assert (found["reapi"]["cause"], found["reapi"]["reason"]) == ("daily_limit", told)
    assert found["reapi"]["until"] == "2026-12-02T00:00:00+00:00"
    assert "$0.028 of $0.028 today" in terminal("providers", "--health").stdout
    doctor = terminal("doctor").stdout
    assert "today: reapi spent $0.028 of its daily_limit of $0.028, which is used up until midnight UTC\n" in doctor
    assert "today: runapi spent $0.00 of its daily_limit of $5.00\n" in doctor
    assert "today: $0.028 spent; [alerts] tells of $9.00\n" in doctor
    route = terminal.json("explain", *FOX[1:], "--route")
    (step,) = [step for step in route["steps"] if step["account"] == "reapi"]
    assert step["why"].endswith(f", but passed over: {told}")
    made = terminal.json(*FOX, "--provider", "reapi", "--provider", "runapi")["attempts"]
    assert made[-1]["order"]["why"].endswith("after reapi/flux-2: it would pass the account's daily_limit")


# A ceiling


def test_a_bill_above_the_ceiling_or_the_quote_is_told(terminal, simulators):
    configured(terminal, '[providers.reapi.prices]\nflux-2 = "0.002"')
    ended = terminal(*FOX, "--provider", "reapi", "--count", "3", "--max-price", "0.007")
    assert ended.exit_code == 0  # it is made, and paid for
    said = " ".join(ended.stderr.split())
    assert said.count("was billed $0.028, more than the $0.002 quoted by your own price in anymedia.toml") == 3
    assert "warning: the request has cost $0.084, more than its max_price of $0.007" in said
    assert "3 attempts $0.084 in all" in said


def test_what_costs_too_much_everywhere_is_not_called_refused(terminal, simulators, monkeypatch):
    monkeypatch.delenv("SIMULATED_RUNAPI")
    ended = terminal(*FOX, "--max-price", "0.01")
    assert ended.exit_code == 7
    lines = ended.stderr.splitlines()
    assert lines[0] == "error: every offer that takes this request costs more than is allowed; nothing was sent"
    assert "more than the $0.01 allowed" in lines[1]
    route = terminal("explain", *FOX[1:], "--max-price", "0.01", "--route").stdout
    assert "every offer that takes this request costs more than is allowed: nothing would be sent" in route


# What is settled


def test_two_statements_about_one_bill_are_refused(terminal):
    for flags in (("--billed", "--not-billed"), ("--not-billed", "--billed"), ("--billed", "--dismiss")):
        ended = terminal("tasks", "settle", "1", *flags)
        assert (ended.exit_code, "give one of --billed, --not-billed" in ended.stderr) == (2, True)


def test_what_a_replay_would_fetch_is_not_given_up_by_mistake(terminal, simulators):
    simulators["runapi"].fault("reset_after", times=None)
    assert terminal(*FOX, "--provider", "runapi").exit_code == 4
    simulators["runapi"].clear()
    (uncertain,) = terminal.json("tasks", "--state", "uncertain")
    ended = terminal("tasks", "settle", uncertain["id"], "--billed")
    assert ended.exit_code == 2
    said = " ".join(ended.stderr.split())
    assert "until 00:02:00 UTC `anymedia resume --replay` sends it again" in said
    assert "--force settles it all the same" in said
    assert json.loads(terminal("tasks", "settle", uncertain["id"], "--billed", "--force", "--json").stdout)["settled"]
