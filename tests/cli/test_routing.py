"""The user's side of routing: the flags, what is shown of each attempt, the route beforehand, and how accounts do."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner

from anymedia.cli.app import app
from anymedia.config import default_journal
from anymedia.registry import offers
from anymedia.testing import FakeClock
from tests.providers import FOUR

REQUEST = ("A fox in the snow", "--model", "flux-2-pro", "--resolution", "1K")
FOX = ("generate", *REQUEST)
ROUTE = ("explain", *REQUEST)
ORDER = [*FOUR]  # as anymedia.toml has them: $0.05, $0.028, ~$0.025, $0.05
IN_ORDER = f"accounts = {json.dumps(ORDER)}"


@pytest.fixture
def submits(simulators):
    """Tell how many submits each provider has seen in this test, if it has seen any."""

    def count():
        return {one.name: one.bills()["submits"] for one in simulators}

    before = count()
    return lambda: {name: now - before[name] for name, now in count().items() if now > before[name]}


@pytest.fixture
def configured(terminal, simulators):
    """Write [route] into anymedia.toml."""

    def write(text):
        file = terminal.folder / "anymedia.toml"
        file.write_text(f"[route]\n{text}\n{file.read_text()}")

    return write


def faulty(simulators, faults):
    for name, fault in faults.items():
        simulators[name].fault(fault, **({"on": "poll"} if fault == "moderated" else {}))


def tried(found):
    return [(each["order"]["account"], each["status"]) for each in found["attempts"]]


# generate: the flags


@pytest.mark.parametrize(
    ("route", "flags", "account"),
    [
        ("", [], "revidapi"),
        ("", ["--policy", "ordered"], "api_in_one"),
        ("", ["--provider", "runapi", "--provider", "reapi"], "runapi"),
        ("", ["--provider", "runapi", "--provider", "reapi", "--policy", "cheapest"], "reapi"),
        (IN_ORDER, [], "api_in_one"),
        (IN_ORDER, ["--policy", "cheapest"], "revidapi"),
        (IN_ORDER, ["--provider", "runapi", "--provider", "reapi"], "runapi"),
        (IN_ORDER, ["--max-price", "0.028"], "reapi"),
        (IN_ORDER, ["--max-price", "0.0279999999999999999999"], "revidapi"),  # as a float it would be 0.028
        (IN_ORDER + '\npolicy = "cheapest"', [], "revidapi"),
        (IN_ORDER + '\npolicy = "cheapest"', ["--policy", "ordered"], "api_in_one"),
        ('policy = "ordered"', [], "api_in_one"),
        (IN_ORDER + '\nmax_price = "0.03"', [], "reapi"),
        (IN_ORDER + '\nmax_price = "0.03"', ["--max-price", "0.05"], "api_in_one"),
    ],
)
def test_the_first_offer_is_chosen_by_the_flags_else_by_the_config(
    terminal, configured, submits, route, flags, account
):
    configured(route)
    made = terminal.json(*FOX, *flags)
    assert tried(made) == [(account, "succeeded")]
    assert submits() == {account: 1}


@pytest.mark.parametrize(
    ("faults", "route", "flags", "code", "accounts", "reserved"),
    [
        ({"api_in_one": "no_credit"}, "", [], 0, ["api_in_one", "reapi"], "0.028"),
        ({"api_in_one": "no_credit"}, "", ["--no-fallback"], 1, ["api_in_one"], None),
        ({"api_in_one": "no_credit"}, "fallback = false", [], 1, ["api_in_one"], None),
        ({"api_in_one": "no_credit"}, "fallback = false", ["--fallback"], 0, ["api_in_one", "reapi"], "0.028"),
        ({"api_in_one": "reset_after"}, "", ["--max-price", "0.10"], 4, ["api_in_one"], None),
        (
            {"api_in_one": "reset_after"},
            "",
            ["--max-price", "0.10", "--on-uncertain", "continue"],
            0,
            ["api_in_one", "reapi"],
            "0.078",
        ),
        (
            {"api_in_one": "reset_after"},
            "",
            ["--max-price", "0.07", "--on-uncertain", "continue"],  # reapi would pass it
            4,
            ["api_in_one"],
            None,
        ),
        ({"reapi": "moderated"}, "", ["--policy", "cheapest"], 1, ["reapi"], None),
        (
            {"reapi": "moderated"},
            "",
            ["--policy", "cheapest", "--on-blocked", "continue"],
            0,
            ["reapi", "api_in_one"],
            "0.05",
        ),
    ],
)
def test_it_goes_on_where_the_flags_let_it(
    terminal, simulators, configured, submits, faults, route, flags, code, accounts, reserved
):
    configured(route)
    faulty(simulators, faults)
    ended = terminal.json(*FOX, *flags, "--provider", "api_in_one", "--provider", "reapi", code=code)
    found = ended if code == 0 else ended["error"]
    assert [each["order"]["account"] for each in found["attempts"]] == accounts
    assert submits() == dict.fromkeys(accounts, 1)
    assert found.get("reserved") == reserved


def test_an_unknown_price_passes_no_ceiling_unless_it_is_allowed(terminal, submits):
    words = ("generate", "A fox", "--model", "flux-2-max", "--max-price", "0.10")
    assert terminal.json(*words, code=7)["error"]["type"] == "OverCeiling"
    assert submits() == {}
    made = terminal.json(*words, "--allow-unknown-price")
    assert (tried(made), made["reserved"]) == ([("runapi", "succeeded")], "0.1")  # as it was charged


@pytest.mark.parametrize(("flags", "missing"), [([], 1), (["--mix"], 0)])
def test_several_pictures_come_from_one_offer_unless_they_are_mixed(terminal, simulators, flags, missing):
    simulators["reapi"].fault("failed")
    two = ("--provider", "reapi", "--provider", "runapi", "--count", "2")
    made = terminal.json(*FOX, *two, *flags, code=min(missing, 1))
    assert (made["missing"], len(made["files"])) == (missing, 2 - missing)
    assert sorted(tried(made))[:2] == [("reapi", "failed"), ("reapi", "succeeded")]
    assert sorted(tried(made))[2:] == [("runapi", "succeeded")] * (1 - missing)


@pytest.mark.parametrize("amount", ["0,10", "$0.10", "nan", "inf", "-1", "much", ""])
def test_a_wrong_amount_is_one_clear_line(terminal, submits, amount):
    for command in (FOX, ROUTE):
        ended = terminal(*command, "--max-price", amount)
        assert ended.exit_code == 2
        told = ended.stderr.splitlines()[-1]
        assert f"'--max-price': must be an amount in USD, like 0.10, not '{amount}'" in told
        assert told.endswith("; did you mean 0.10?") == (amount == "0,10")
    assert submits() == {}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--on-uncertain", "continue"], "--on-uncertain"),
        (["--on-uncertain", "wait"], "--on-uncertain"),
        (["--on-blocked", "maybe"], "--on-blocked"),
        (["--policy", "dear"], "ordered"),
    ],
)
def test_a_wrong_flag_is_refused_before_anything_is_sent(terminal, submits, flags, says):
    for command in (FOX, ROUTE):
        ended = terminal(*command, *flags)
        assert (ended.exit_code, says in ended.stderr) == (2, True)
    assert submits() == {}


# generate: what is shown


def test_each_attempt_is_told_as_it_happens(terminal, configured, simulators):
    configured(IN_ORDER)
    simulators["api_in_one"].fault("no_credit")
    shown = terminal(*FOX, "--max-price", "0.10")
    lines = shown.stderr.splitlines()
    assert lines[0] == "api_in_one/flux-2-pro sending: $0.05, first in order"
    assert lines[1].startswith("api_in_one/flux-2-pro refused: no credit after 0 s: api_in_one answered 402")
    assert lines[2].startswith("reapi/flux-2 sending: $0.028, ")
    assert lines[2].endswith("; after api_in_one/flux-2-pro: no credit")
    task = lines[3].split()[1]
    assert lines[3] == f"reapi/flux-2 {task} running"
    assert lines[4].startswith(f"reapi/flux-2 {task} succeeded after ")
    assert lines[5] == "2 attempts  $0.028 in all"  # each bill is known
    assert [line.split()[0].rstrip(",") for line in lines[7:]] == ["api_in_one/flux-2-pro", "reapi/flux-2"]
    for line, words in zip(
        lines[7:], (("$0.05", "refused: no credit", "nothing"), ("$0.028", "succeeded", "$0.028")), strict=True
    ):
        assert all(word in line for word in words)
    assert "attempts" not in shown.stdout
    assert "price $0.028" in shown.stdout


def test_a_task_that_fails_is_told_so(terminal, simulators):
    simulators["reapi"].fault("failed")
    ended = terminal(*FOX, "--provider", "reapi")
    assert re.search(r"^reapi/flux-2 task_\w+ failed after \d+ s$", ended.stderr, re.MULTILINE)


def test_what_a_handle_leads_to_is_no_attempt_of_this_command(terminal, simulators):
    (task,) = terminal.json(*FOX)["tasks"]
    handle = terminal("tasks", "handle", task["id"]).stdout
    taken_up = terminal.json("resume", "--handle", "-", "--out", "again", stdin=handle)
    assert (taken_up["attempts"], taken_up["reserved"], len(taken_up["files"])) == ([], None, 1)


def test_one_attempt_needs_no_list(terminal, simulators):
    assert "attempt" not in terminal(*FOX).stderr


def test_on_a_terminal_each_attempt_has_a_row_and_then_the_list_stays(terminal, configured, simulators, monkeypatch):
    configured(IN_ORDER)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    simulators["api_in_one"].fault("no_credit")
    rows, end = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal(*FOX).stderr).rsplit("2 attempts", 1)
    last = rows[rows.rindex("api_in_one/flux-2-pro  ") :]
    assert re.match(r"api_in_one/flux-2-pro +refused: no credit +0 s\n +\$0.05, first in order *\n", last)
    assert re.search(r"\n +reapi/flux-2 task_\w+ +succeeded +\d+ s\n +\$0.028, .*after api_in_one/flux-2-pro: no", last)
    assert re.search(r"api_in_one/flux-2-pro +\$0.05 +refused: no credit +0 s +nothing", end)
    assert re.search(r"reapi/flux-2 +\$0.028 +succeeded +\d+ s +\$0.028", end)


def test_an_error_lists_its_attempts(terminal, configured, simulators):
    configured(IN_ORDER)
    simulators["api_in_one"].fault("no_credit")
    simulators["reapi"].fault("reset_after")
    ended = terminal(*FOX, "--max-price", "0.10", "--json")
    assert ended.exit_code == 4
    error = json.loads(ended.stdout)["error"]
    assert tried(error) == [("api_in_one", "refused"), ("reapi", "uncertain")]
    assert [each["reserved"] for each in error["attempts"]] == ["0", "0.028"]
    assert error["attempts"][1]["charged"] is None
    said = ended.stderr[ended.stderr.index("error: reapi gave no readable answer") :]
    assert "With --on-uncertain continue and --max-price, `generate` would have gone on at another offer." in said
    assert "2 attempts  at most $0.028 in all" in said
    assert re.search(r"reapi/flux-2, .* \$0.028 +uncertain +0 s +\$0.028\?", said)


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({"api_in_one": "no_credit", "reapi": "unauthorised"}, 1),
        ({"api_in_one": "reset_after", "reapi": "no_credit"}, 4),  # doubt about money comes first
    ],
)
def test_when_no_offer_serves_the_worst_of_them_counts(terminal, simulators, faults, code):
    faulty(simulators, faults)
    two = ("--provider", "api_in_one", "--provider", "reapi")
    ended = terminal(*FOX, *two, "--max-price", "0.10", "--on-uncertain", "continue")
    assert ended.exit_code == code
    assert "no offer served this request" in ended.stderr
    assert ("Look for it in api_in_one's own list" in ended.stderr) is (code == 4)
    assert ("2 attempts" in ended.stderr) is (code == 4)  # where nothing was billed, a line each says it


def test_without_any_key_it_is_the_configuration(terminal, simulators, monkeypatch):
    for one in simulators:
        monkeypatch.delenv(f"SIMULATED_{one.name.upper()}")
    ended = terminal(*FOX)
    assert ended.exit_code == 3
    assert "no offer takes this request; nothing was sent" in ended.stderr


# tasks show


def test_why_and_how_long_are_shown_of_an_attempt(terminal, simulators):
    simulators["api_in_one"].fault("no_credit")
    refused, made = terminal.json(*FOX, "--policy", "ordered")["attempts"]
    shown = [" ".join(line.split()) for line in terminal("tasks", "show", refused["id"]).stdout.splitlines()]
    assert {"cause no credit", "reserved $0.00", f"why {refused['order']['why']}", "waited 0.0 s"} <= {*shown}
    assert not any(line.startswith("running") for line in shown)
    shown = [" ".join(line.split()) for line in terminal("tasks", "show", made["id"]).stdout.splitlines()]
    assert {"reserved $0.028", f"why {made['order']['why']}"} <= {*shown}
    assert f"queued {made['queued']:.1f} s" in shown
    assert f"running {made['running']:.1f} s" in shown
    assert not any(line.startswith("cause") for line in shown)


# explain --route


def steps(found):
    return [each["account"] for each in found["steps"]]


@pytest.mark.parametrize(
    "flags",
    [
        ["--route"],
        ["--policy", "ordered"],
        ["--policy", "cheapest"],
        ["--policy", "spread"],
        ["--max-price", "0.03"],
        ["--provider", "runapi", "--provider", "reapi", "--max-price", "0.10"],
    ],
)
def test_the_route_is_the_way_that_generate_goes(terminal, simulators, submits, flags):
    found = terminal.json(*ROUTE, *flags)
    assert submits() == {}
    assert not default_journal().exists()
    for one in simulators:
        one.fault("no_credit")
    flags = [] if flags == ["--route"] else flags
    error = terminal.json(*FOX, *flags, code=1)["error"]
    assert [each["order"]["account"] for each in error["attempts"]] == steps(found)
    assert [each["order"]["offer"] for each in error["attempts"]] == [each["offer"] for each in found["steps"]]


def test_the_worst_case_is_what_it_costs_when_everything_goes_wrong(terminal, simulators):
    three = [word for name in ORDER[:3] for word in ("--provider", name)]  # the fourth honours a key
    flags = (*three, "--on-uncertain", "continue", "--max-price")
    found = terminal.json(*ROUTE, *flags, "0.20")
    for name in ORDER[:3]:
        simulators[name].fault("reset_after", times=2)
    attempts = terminal.json(*FOX, *flags, "0.20", code=4)["error"]["attempts"]
    assert found["worst"] == "0.103"
    assert sum(Decimal(each["reserved"]) for each in attempts) == Decimal(found["worst"])
    within = terminal.json(*ROUTE, *flags, "0.08")
    attempts = terminal.json(*FOX, *flags, "0.08", code=4)["error"]["attempts"]
    assert sum(Decimal(each["reserved"]) for each in attempts) == Decimal(within["worst"]) == Decimal("0.078")


def test_people_see_the_order_the_prices_the_refusals_and_the_worst_case(terminal, simulators):
    lines = terminal(*ROUTE, "--policy", "ordered").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "1 api_in_one/flux-2-pro $0.05 1 first in order",
        "2 reapi/flux-2 $0.028 1 next in order",
        "3 revidapi/flux-2-pro ~$0.025 1 next in order",
        "4 runapi/flux-2-pro $0.05 1 next in order",
        "at most ~$0.05 in all; without --max-price a second offer is asked only if the first was certainly not billed",
    ]
    lines = terminal(*ROUTE, "--policy", "cheapest", "--max-price", "0.040", "--seed", "1").stdout.splitlines()
    assert "no offer takes this request: nothing would be sent" in lines
    lines = terminal(*ROUTE, "--max-price", "0.040").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "1 revidapi/flux-2-pro ~$0.025 1 the cheapest",
        "2 reapi/flux-2 $0.028 1 the next cheapest",
        "not asked",
        "api_in_one/flux-2-pro --max-price: it costs $0.05, more than the $0.04 allowed",
        "runapi/flux-2-pro --max-price: it costs $0.05, more than the $0.04 allowed",
        "ceiling: $0.04 over every attempt and part",
        "at most ~$0.028 in all",
    ]
    alone = terminal(*ROUTE, "--policy", "ordered", "--no-fallback").stdout.splitlines()
    assert alone[-1] == "at most $0.05 in all"
    assert sum("without fallback the first offer is the only one" in line for line in alone) == 3


def test_an_unknown_price_makes_the_worst_case_unknown(terminal, simulators):
    words = ("explain", "A fox", "--model", "gpt-image-2", "--provider", "runapi", "--route")
    found = terminal.json(*words)
    unknown = [each["offer"] for each in found["steps"] if each["money"]["usd"] is None]
    assert (found["worst"] is None) is bool(unknown)
    words = ("explain", "A fox", "--model", "flux-2-max", "--policy", "cheapest")
    assert terminal.json(*words)["worst"] is None
    assert "nobody knows the worst case: the price of runapi/flux-2-max is unknown" in terminal(*words).stdout
    assert "nothing would be sent" in terminal(*words, "--max-price", "1").stdout
    assert "its price is unknown" in terminal(*words, "--max-price", "1", "--allow-unknown-price").stdout


def test_several_offers_of_an_account_stand_together_unless_the_price_says_otherwise(terminal, simulators):
    words = ("explain", "A fox", "--model", "gpt-image-2", "--aspect-ratio", "1:1", "--route")
    found = terminal.json(*words, "--policy", "ordered")
    whys, accounts = {each["offer"]: each["why"] for each in found["steps"]}, steps(found)
    assert accounts == sorted(accounts)
    assert "the next cheapest of reapi" in [why for offer, why in whys.items() if offer.startswith("reapi/")]
    usd = [each["money"]["usd"] for each in terminal.json(*words)["steps"]]
    known = [Decimal(each) for each in usd if each is not None]
    assert (known, usd[len(known) :]) == (sorted(known), [None])


def test_the_route_leaves_out_what_has_no_key_unless_nothing_has(terminal, simulators, monkeypatch):
    monkeypatch.delenv("SIMULATED_API_IN_ONE")
    found = terminal.json(*ROUTE, "--policy", "ordered")
    assert steps(found) == ORDER[1:]
    assert [(each["account"], each["reasons"]) for each in found["refused"]] == [
        ("api_in_one", ["no API key for api_in_one: set SIMULATED_API_IN_ONE"])
    ]
    for name in ORDER[1:]:
        monkeypatch.delenv(f"SIMULATED_{name.upper()}")
    shown = terminal(*ROUTE, "--policy", "ordered", "--json")
    assert (steps(json.loads(shown.stdout)), "no API key is set" in shown.stderr) == (ORDER, True)


def test_without_a_config_every_known_provider_is_on_the_route(terminal, monkeypatch):
    shown = terminal(*ROUTE, "--route", "--json")
    sellers = {seller.name for seller, _ in offers("flux-2-pro")}
    assert ({*steps(json.loads(shown.stdout))}, "no API key is set" in shown.stderr) == (sellers, True)
    monkeypatch.setenv("RUNAPI_API_KEY", "planted")
    shown = terminal(*ROUTE, "--route", "--json")
    assert (steps(json.loads(shown.stdout)), shown.stderr) == (["runapi"], "")


# providers --health


@pytest.fixture
def at(terminal, simulators):
    """Run a command at so many seconds after the first, and return its JSON."""

    def run(seconds, *words):
        clock = FakeClock(1_796_083_200.0 + seconds)  # 2026-12-01
        ended = CliRunner().invoke(app, [*words, "--json"], obj=clock)
        return json.loads(ended.stdout)

    return run


def health(found):
    return {each["account"]: each for each in found}


def test_health_is_read_from_the_last_hour(at, simulators, monkeypatch):
    simulators["api_in_one"].fault("no_credit")
    simulators["reapi"].fault("reset_after")
    simulators["revidapi"].fault("throttled", on="submit", retry_after=90)
    simulators["runapi"].fault("unauthorised")
    for name in ORDER:
        assert "error" in at(0, *FOX, "--provider", name, "--timeout", "60")
    assert at(10, *FOX, "--provider", "revidapi", "--offer", "revidapi/flux-2-pro")["missing"] == 0
    found = health(at(20, "providers", "--health"))
    assert list(found) == ORDER
    begin = datetime.fromtimestamp(1_796_083_200, UTC)
    facts = {
        name: (each["cause"], each["until"] and (datetime.fromisoformat(each["until"]) - begin).total_seconds())
        for name, each in found.items()
    }
    assert facts["api_in_one"] == ("no_credit", 3600)
    assert facts["reapi"][0] == "uncertain"
    assert 30 <= facts["reapi"][1] <= 33
    assert facts["revidapi"] == (None, None)  # it has taken a submit since
    assert facts["runapi"][0] == "bad_api_key"
    assert 1 <= facts["runapi"][1] <= 20  # one refusal is not for ever
    assert found["reapi"]["last_hour"] == {"submits": 1, "refused": 0, "uncertain": 1, "not_sent": 0}
    assert found["revidapi"]["last_hour"] == {"submits": 2, "refused": 1, "uncertain": 0, "not_sent": 0}
    assert "402" in found["api_in_one"]["last_error"]
    assert found["runapi"]["ends"].startswith("a time that doubles")

    monkeypatch.setenv("SIMULATED_RUNAPI", "another")
    monkeypatch.setenv("SIMULATED_REAPI", "another")
    found = health(at(20, "providers", "--health"))
    assert (found["runapi"]["cause"], found["reapi"]["cause"]) == (None, "uncertain")  # a key does not end an outage

    found = health(at(3700, "providers", "--health"))
    assert {each["cause"] for each in found.values()} == {None}
    assert {each["last_hour"]["submits"] for each in found.values()} == {0}


def test_people_see_how_accounts_do(terminal, simulators, monkeypatch):
    simulators["api_in_one"].fault("no_credit")
    simulators["reapi"].fault("reset_after")
    simulators["revidapi"].fault("unauthorised")
    for name in ORDER[:3]:
        assert terminal(*FOX, "--provider", name).exit_code > 0
    monkeypatch.delenv("SIMULATED_RUNAPI")
    lines = terminal("providers", "--health").stdout.splitlines()
    rows = [" ".join(line.split()) for line in lines[1:]]
    assert rows[0].startswith("api_in_one no credit 00:00:00 01:00:00")
    assert "1 submit, 1 refused api_in_one answered 402" in rows[0]
    assert re.match(r"reapi uncertain 00:00:00 00:00:3\d, one request first 1 submit, 1 uncertain reapi gave", rows[1])
    assert re.match(r"revidapi bad api key 00:00:00 00:00:01, one request first, or once the API key is ch", rows[2])
    assert rows[3] == "runapi no API key nothing"


def test_what_was_not_sent_is_no_submit(terminal, simulators):
    dead = '[providers.dead]\nadapter = "reapi"\nbase_url = "http://127.0.0.1:1"\napi_key_env = "SIMULATED_REAPI"\n'
    with (terminal.folder / "anymedia.toml").open("a") as file:
        file.write(dead)
    tries = len(terminal.json(*FOX, "--provider", "dead", code=1)["error"]["attempts"])
    found = health(terminal.json("providers", "--health"))["dead"]
    assert found["last_hour"] == {"submits": 0, "refused": 0, "uncertain": 0, "not_sent": tries}
    assert (found["cause"], found["provider"]) == ("unavailable", "reapi")
    (row,) = [line for line in terminal("providers", "--health").stdout.splitlines() if line.startswith("dead")]
    assert f"one request first {tries} not sent" in " ".join(row.split())


def test_without_a_journal_health_says_so(terminal, simulators, monkeypatch):
    assert all(each["cause"] is None for each in terminal.json("providers", "--health"))
    monkeypatch.setenv("ANYMEDIA_JOURNAL", "off")
    ended = terminal("providers", "--health")
    assert (ended.exit_code, "the journal is switched off" in ended.stderr) == (3, True)
