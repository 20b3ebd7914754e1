"""`anymedia prices`, `compare` and `balance`: what is to be known before money is spent, and what it then came to."""

import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import anymedia
from anymedia import Attempt, Failure, ImageRequest, Money, Order, Outcome, PriceStatus, Quote, Refund, State, Task
from anymedia.cli.age import LIFE, Ages, oldest
from anymedia.cli.drift import drifts
from anymedia.cli.text import plain
from anymedia.registry import offers
from tests.journal.reading import sums_of

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from _generate import age

FOX = ("A fox in the snow", "--model", "flux-2-pro")
FLUX = ImageRequest(model="flux-2-pro", prompt="A fox in the snow")
KEYS = [
    "offer",
    "provider",
    "account",
    "model",
    "status",
    "money",
    "tasks",
    "works",
    "depends_on",
    "reasons",
    "notices",
]
SELLERS = {seller.name for seller, _ in offers("flux-2-pro")}
TODAY = date(2026, 12, 1)


# prices


@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        ((*FOX, "--count", "3"), {"model": "flux-2-pro", "count": 3}),
        ((*FOX, "--seed", "1", "--quality", "low"), {"model": "flux-2-pro", "seed": 1, "quality": "low"}),
        ((*FOX[:1], "--model", "flux-2-max"), {"model": "flux-2-max"}),
        ((*FOX[:1], "--model", "gpt-image-2", "--size", "1024x1024"), {"model": "gpt-image-2", "size": (1024, 1024)}),
    ],
)
def test_the_list_is_the_quotes_in_their_order(terminal, flags, fields):
    quotes = anymedia.quote(ImageRequest(prompt=FOX[0], **fields))
    listed = terminal.json("prices", *flags, code=2 if all(quote.status == "refused" for quote in quotes) else 0)
    assert [(each["offer"], each["status"], each["tasks"]) for each in listed] == [
        (quote.offer, quote.status, quote.tasks) for quote in quotes
    ]
    for each, quote in zip(listed, quotes, strict=True):
        assert list(each) == KEYS
        assert list(each["money"]) == ["usd", "list_usd", "credits", "got", "date", "source"]
        for amount in ("usd", "list_usd", "credits"):
            said = each["money"][amount]
            assert (None if said is None else Decimal(said)) == getattr(quote.money, amount)
        assert (each["depends_on"], each["reasons"]) == (dict(quote.depends_on), list(quote.reasons))


def test_every_reason_of_a_refusal_is_shown(terminal):
    refused = terminal("prices", *FOX, "--seed", "1", "--quality", "low", "--provider", "reapi").stdout
    assert "seed: not supported by this offer" in refused
    assert "quality: not supported by this offer" in refused


def test_who_is_asked(terminal, monkeypatch):
    def asked(*flags):
        return [each["account"] for each in terminal.json("prices", *FOX, *flags)]

    assert set(asked()) == SELLERS
    assert asked("--provider", "runapi", "--provider", "reapi") == ["reapi", "runapi"]
    monkeypatch.setenv("RUNAPI_KEY", "planted")
    assert asked() == ["runapi"]
    assert set(asked("--all")) == SELLERS
    (terminal.folder / "mine.toml").write_text('[providers.eu]\nadapter = "reapi"\n[providers.runapi]\n')
    config = ("--config", "mine.toml")
    assert asked(*config) == ["eu", "runapi"]
    assert set(asked(*config, "--all")) == SELLERS - {"reapi"} | {"eu"}
    assert asked(*config, "--all", "--provider", "revidapi") == ["revidapi"]
    assert terminal("prices", *FOX, *config, "--provider", "revidapi").exit_code == 3


def test_prices_of_the_config_come_first(terminal):
    (terminal.folder / "anymedia.toml").write_text(
        '[providers.runapi]\nprices = {flux-2-pro = {1K = "0.01", 2K = "0.02"}}'
    )
    (quote,) = terminal.json("prices", *FOX, "--resolution", "2K")
    assert (quote["money"]["usd"], quote["money"]["got"]) == ("0.02", "override")
    assert " yours " in terminal("prices", *FOX, "--resolution", "2K").stdout


@pytest.mark.parametrize("words", [["prices", *FOX], ["compare", *FOX, "reapi", "runapi"], ["prices", "--drift"]])
def test_without_refresh_the_network_is_not_imported(terminal, words):
    code = "import sys; from anymedia.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert not set(ran.stderr.split()) & {"aiohttp", "PIL"}


@pytest.mark.parametrize(
    "words",
    [
        ["prices"],
        ["prices", "A fox"],
        ["prices", "--model", "flux-2-pro"],
        ["prices", *FOX, "--drift"],
        ["prices", "--drift", "--all"],
        ["prices", "A fox", "--model", "flux-2-por"],
        ["compare", *FOX, "reapi"],
        ["compare", "--model", "tts-1", "reapi", "runapi"],
        ["compare", "A", "fox", "--model", "flux-2-pro", "reapi", "runapi"],
        ["compare", *FOX, "reapi", "runapi/z-image"],
        ["compare", *FOX, "reapi", "runapi", "--provider", "reapi"],
    ],
)
def test_a_wrong_command_line(terminal, words):
    assert terminal(*words).exit_code == 2


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_the_cheapest_is_marked_and_what_is_old(screen, columns):
    lines = screen(columns, "prices", *FOX)
    assert max(map(len, lines)) <= columns
    marked = [line.split() for line in lines if line.startswith(" * ")]
    assert [line[:3] for line in marked[:2]] == [
        ["*", "kie/flux-2-pro", "$0.025"],
        ["*", "revidapi/flux-2-pro", "~$0.025"],
    ]
    text = "\n".join(lines)
    for words in (
        "reapi/flux-2 ",
        "$0.028 (28 credits)",
        "printed as $0.0275",
        "* the cheapest, ~ not exact",
    ):
        assert words in text
    assert re.search(r"runapi/flux-2-pro +resolution is unknown: the page names no default", text)
    # How old prices are is told once, without a mark at each of them.
    assert text.count("older than 120 days") == 1
    assert "!" not in text
    # A refusal is told with its reason, and nothing is the cheapest of nothing.
    text = "\n".join(screen(columns, "prices", *FOX[:1], "--model", "flux-2-max", "--quality", "low", code=2))
    assert "refused" in text
    assert "quality: not supported by this offer" in text
    assert "*" not in "\n".join(screen(columns, "prices", *FOX[:1], "--model", "flux-2-max"))


@pytest.mark.parametrize(("model", "providers"), [("flux-2-pro", 8), ("kling-3.0", 6)])
def test_all_sellers_are_compared_with_the_day_of_each_price_on_a_narrow_terminal(screen, model, providers):
    lines = screen(80, "prices", "A fox", "--model", model, "--all")
    assert max(map(len, lines)) <= 80
    table = "\n".join(lines).partition("* the cheapest")[0]
    rows = dict(re.findall(r"^ [* ]  (\w+/\S+) +(.*(?:\n     .*)*)", table, re.MULTILINE))
    assert {*rows} == {f"{seller.name}/{offer.name}" for seller, offer in offers(model)}
    assert len({name.partition("/")[0] for name in rows}) == providers
    for row in rows.values():
        assert re.search(r"\b20\d\d(-\d\d){0,2} *$", row, re.MULTILINE) or row.startswith("unknown ")


# How old


def priced(**money):
    """Return the quote of a dollar, or of another price."""
    money = Money(**{"usd": Decimal(1), "got": "table", **money})
    names = {"offer": "acme/paint", "provider": "acme", "account": "eu", "model": "paint"}
    return Quote(**names, status="exact", money=money, tasks=1, depends_on={})


@pytest.mark.parametrize(
    ("printed", "first"),
    [
        ("2026-07-28", date(2026, 7, 28)),
        ("2026-02", date(2026, 2, 1)),
        ("2026", date(2026, 1, 1)),
        *((printed, None) for printed in ("2026-13", "soon", "", None)),
    ],
)
def test_prices_are_as_old_here_as_on_the_page_that_says_so(printed, first):
    last, quote = age.due(printed), priced(date=printed)
    assert oldest(printed) == first
    assert last == (first and first + LIFE)
    if last is None:
        assert Ages(TODAY, {})(quote) == "no date"
    else:
        assert Ages(last, {}).remark([quote]) == ""
        old = f"older than 120 days, so look at the provider's page too: eu ({printed})"
        assert Ages(last + timedelta(days=1), {}).remark([quote, quote]) == old


@pytest.mark.parametrize(
    ("money", "words"),
    [
        ({"date": "2026-12-01"}, "0 days"),
        ({"date": "2026-11-30"}, "1 day"),
        ({"date": "2026-08-03"}, "120 days"),
        ({"date": "2026-08-02"}, "121 days"),
        ({"date": "2026"}, "up to 334 days"),
        ({"date": "2027-01-01"}, "0 days"),
        ({"date": "soon"}, "no date"),
        ({"date": None, "got": "override"}, "yours"),
        ({"date": None, "usd": None}, ""),
        ({"date": "2026-07-23", "got": "live"}, "2 days"),  # since when it is true is not when it was told
    ],
)
def test_the_age_of_a_price(money, words):
    assert Ages(TODAY, {("eu", "acme/paint"): date(2026, 11, 29)})(priced(**money)) == words


# prices --refresh


def test_live_prices_are_asked_for_kept_and_shown(terminal, simulators, screen, monkeypatch):
    asked = ("prices", *FOX, "--provider", "runapi", "--resolution", "1K")
    assert terminal.json(*asked)[0]["money"]["got"] == "table"
    service = simulators["runapi"].service
    dearer = [attrs.evolve(model, cents={**model.cents, "1k": 6}) for model in service.models]
    monkeypatch.setattr(service, "models", dearer)
    for flags in (["--refresh"], []):
        (quote,) = terminal.json(*asked, *flags)
        assert (quote["money"]["got"], quote["money"]["usd"], quote["money"]["date"]) == ("live", "0.06", "2026-07-23")
    told = "\n".join(screen(80, *asked))
    assert re.search(r"runapi/flux-2-pro +\$0.06 +count 1, 1K +20\d\d-\d\d-\d\d", told)
    assert "live: RunAPI" in told
    assert "older than" not in told


def test_what_goes_wrong_while_asking_is_told_and_changes_nothing(terminal, simulators, monkeypatch):
    monkeypatch.delenv("SIMULATED_RUNAPI")  # no key is needed
    ended = terminal("prices", *FOX[:1], "--model", "flux-2-max", "--refresh")
    assert ended.exit_code == 0
    assert "no live price of flux-2-max: runapi reports no price" in ended.stderr
    assert "no page prints a price" in ended.stdout
    ended = terminal("prices", *FOX, "--provider", "reapi", "--refresh")
    assert (ended.exit_code, "none of these providers publishes any" in ended.stderr) == (0, True)
    # A file where the folder for it should be
    Path(terminal.folder, "state").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(terminal.folder / "state"))
    ended = terminal("prices", *FOX, "--refresh")
    assert (ended.exit_code, "cannot be kept" in ended.stderr) == (0, True)
    assert "runapi/flux-2-pro" in ended.stdout


# prices --drift

QUOTED = Money(usd=Decimal("0.05"), status=PriceStatus.EXACT, got="table")


def ended(
    usd, *, offer="acme/paint", quoted=QUOTED, state=State.SUCCEEDED, refund=None, got="settled", day="2026-11-02"
):
    now = datetime.fromisoformat(f"{day}T12:00:00Z")
    names = {"provider": "acme", "account": "acme", "offer": offer, "model": "paint", "wire_id": "paint", "path": "/v1"}
    money = Money(usd=Decimal(usd), status=PriceStatus.EXACT, got=got)
    failure = None if refund is None else Failure(cause="failed", refund=refund)
    task = Task(id="t", submitted_at=now, state=state, money=money, failure=failure, **names)
    order = Order(money=quoted, **names)
    return Attempt(id="1", order=order, started_at=now, outcome=Outcome.ACCEPTED, task=task)


def test_drift_is_a_bill_that_was_not_quoted():
    attempts = [
        ended("0.050"),
        ended("0.07", day="2026-11-05"),
        ended("0"),  # a first call
        ended("0", state=State.FAILED, refund=Refund.YES),
        ended("0", state=State.FAILED, refund=Refund.UNKNOWN),
        ended("0.05", state=State.FAILED, refund=Refund.YES),
        ended("0", state=State.RUNNING),
        ended("0.09", got="table"),
        ended("0.09", offer=None),
        attrs.evolve(ended("0.09"), task=None),
        ended("0.08", offer="acme/max", quoted=Money.unknown("no page prints a price")),
        ended("0", offer="acme/first"),
    ]
    paint, first, last = sorted(drifts(sums_of(attempts, "offer")), key=lambda drift: -drift.settled - drift.free)
    assert (paint.offer, paint.settled, paint.differing, paint.free, paint.last) == (
        "acme/paint",
        2,
        1,
        1,
        "2026-11-05",
    )
    assert (plain(paint.quoted.usd), plain(paint.billed.usd)) == ("0.1", "0.12")
    assert (first.offer, first.settled, first.free, plain(first.billed.usd), first.last) == (
        *("acme/first", 0, 1, "0", "2026-11-02"),
    )
    assert (last.offer, last.settled, last.differing, last.unquoted) == ("acme/max", 1, 0, 1)
    assert (last.quoted.usd, plain(last.billed.usd)) == (None, "0.08")


def test_drift_is_read_from_the_journal(terminal, simulators, screen):
    assert terminal.json("prices", "--drift") == []
    assert "no provider has reported yet" in terminal("prices", "--drift").stderr
    config = terminal.folder / "anymedia.toml"
    plainly = config.read_text()
    for prices in ("", 'prices = {flux-2-pro = {1K = "0.031", 2K = "0.02"}}\n'):
        config.write_text(plainly.replace("[providers.runapi]\n", f"[providers.runapi]\n{prices}"))
        for provider in ("runapi", "reapi"):
            assert terminal("generate", *FOX, "--resolution", "1K", "--provider", provider).exit_code == 0
    simulators["reapi"].fault("failed")
    assert terminal("generate", *FOX, "--provider", "reapi").exit_code == 1
    reapi, runapi = terminal.json("prices", "--drift")
    assert (reapi["offer"], reapi["settled"], reapi["differing"]) == ("reapi/flux-2", 2, 0)
    assert reapi["quoted_usd"] == reapi["settled_usd"] == "0.056"
    assert runapi == {
        "offer": "runapi/flux-2-pro",
        "settled": 2,
        "differing": 1,
        "unquoted": 0,
        "free": 0,
        "last": "2026-12-01",
        "quoted_usd": "0.081",
        "settled_usd": "0.1",
    }
    lines = screen(80, "prices", "--drift")
    assert [line.split() for line in lines if "runapi" in line] == [
        ["runapi/flux-2-pro", "2", "1", "0", "$0.081", "$0.10", "2026-12-01"]
    ]


# balance


def test_balances(terminal, simulators, screen):
    listed = terminal.json("balance")
    told = {each["account"]: (each["tells"], each["usd"], each["credits"]) for each in listed}
    cents, credits = (simulators[name].bills()["balance"] for name in ("runapi", "reapi"))
    assert told == {
        "api_in_one": (False, None, None),
        "reapi": (True, plain(Decimal(credits) / 1000), str(credits)),
        "revidapi": (False, None, None),
        "runapi": (True, plain(Decimal(cents) / 100), None),
    }
    assert [each["account"] for each in terminal.json("balance", "runapi", "reapi")] == ["runapi", "reapi"]
    lines = screen(80, "balance")
    assert any("revidapi" in line and "does not report a balance" in line for line in lines)
    assert any("reapi" in line and f"${plain(Decimal(credits) / 1000)}" in line for line in lines)


def test_a_balance_that_cannot_be_had(terminal, simulators, monkeypatch):
    monkeypatch.delenv("SIMULATED_RUNAPI")
    (left,) = terminal.json("balance", "runapi", code=3)
    assert (left["tells"], left["usd"], "set SIMULATED_RUNAPI" in left["trouble"]) == (True, None, True)
    monkeypatch.setenv("SIMULATED_REAPI", "planted-key-4711")
    shown = terminal("balance")
    assert (shown.exit_code, "planted" in shown.output) == (1, False)
    assert terminal("balance", "nobody").exit_code == 3


def test_no_account_at_all(terminal):
    ended = terminal("balance")
    assert (ended.exit_code, "REAPI_API_KEY" in ended.stderr) == (3, True)


# compare


@pytest.mark.parametrize(("a", "b"), [("reapi", "runapi"), ("revidapi", "reapi/flux-2"), ("reapi", "reapi")])
def test_what_would_differ(terminal, a, b):
    listed = terminal.json("compare", *FOX, a, b)
    assert listed == [attrs.asdict(difference) for difference in anymedia.compare(FLUX, a, b)]
    assert all(list(each) == ["field", "a", "b", "text"] for each in listed)
    assert ("nothing would differ" in terminal("compare", *FOX, a, b).stderr) is (a == b)


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "tts-1", "reapi", "runapi", "--text", "hi"],
        ["--model", "suno-v5.5", "--style", "folk", "reapi", "runapi"],
        ["reapi", "--model", "kling-3.0", "runapi", "--first-frame", "https://a.example/1.png"],
    ],
)
def test_without_a_prompt_the_sellers_are_the_last_two_arguments(terminal, words):
    assert all("reapi" in each["text"] for each in terminal.json("compare", *words))
    assert " reapi " in terminal("compare", *words).stdout


def test_accounts_are_compared_at_their_own_prices(terminal):
    (terminal.folder / "anymedia.toml").write_text(
        '[providers.eu]\nadapter = "runapi"\nprices = {flux-2-pro = {1K = "0.01", 2K = "0.02"}}\n'
    )
    (money,) = terminal.json("compare", *FOX, "--resolution", "2K", "eu", "runapi/flux-2-pro")
    assert (money["field"], money["a"], money["b"]) == ("money", "$0.02", "$0.07")
    assert terminal("compare", *FOX, "eu/flux-2", "runapi").exit_code == 2
    assert terminal("compare", *FOX, "nobody", "runapi").exit_code == 3


@pytest.mark.parametrize("columns", [80, 120])
def test_two_columns_and_a_sentence(screen, columns):
    lines = screen(columns, "compare", *FOX, "--resolution", "1K", "reapi", "runapi")
    assert max(map(len, lines)) <= columns
    assert lines[1].split()[:2] == ["reapi", "runapi"]
    row = next(line for line in lines if line.startswith(" resolution"))
    assert row.split()[1:5] == ["resolution", '"1K"', "output_resolution", '"1k"']
    text = " ".join(" ".join(line.split()) for line in lines)
    assert ("what it means" in text) is (columns == 120)
    assert "aspect_ratio is not given: reapi takes 1:1;" in text
