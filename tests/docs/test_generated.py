"""The generated pages are what the code says today, leave out no fact of an adapter, and promise what a client does."""

import contextlib
import re
import sys
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest

from anymedia import Account, AnymediaError, Client, Config, Outcome, RawRequest, Secret, State, Task, errors
from anymedia.declare import (
    ANY,
    UNKNOWN,
    Adapter,
    Cause,
    Choice,
    Endpoint,
    Err,
    Fault,
    File,
    Files,
    Flag,
    Header,
    Hook,
    Lifecycle,
    Limits,
    Match,
    Metered,
    Number,
    Offer,
    Pace,
    Param,
    Per,
    PerMegapixel,
    Pixels,
    Price,
    Printed,
    Reply,
    Rule,
    Said,
    Size,
    Table,
    Text,
    Whole,
    numbered,
    pick,
    when,
)
from anymedia.declare.files import FORMS
from anymedia.declare.when import cases
from anymedia.engine.purchase import TRIES
from anymedia.engine.rules import STEPS, Step, Then
from anymedia.model.money import dollars
from anymedia.model.options import Options
from anymedia.model.vocabulary import Billed, Kind
from anymedia.translate.messages import Answer, Lost
from anymedia.transport.http import Transport
from anymedia.transport.retry import Patience

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from _generate import built_in, figures, money_safety, pages, prices, provider, routing  # noqa: E402
from _generate.age import due, stale, words  # noqa: E402
from _generate.asking import KEYED, PLAIN, answer, draft, refused, submit_end  # noqa: E402
from _generate.markdown import page_of, prices_of, prices_page, ranges, variants  # noqa: E402

ADAPTERS = built_in()
of_each = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)


@cache
def written():
    """Return the pages as they are to be; they take longer than all that is collected beside them."""
    return pages(ADAPTERS, DOCS)


def section(page, title):
    """Return what stands below a heading, up to the next one of its rank or above."""
    _, heading, below = re.split(rf"^(##+) {re.escape(title)}$", written()[page], maxsplit=1, flags=re.MULTILINE)
    return re.split(rf"^#{{2,{len(heading)}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def tables(text):
    """Return each table as rows by column, with the paragraph that stands above it."""
    found, above = [], ""
    for block in text.split("\n\n"):
        if block.startswith("|"):
            head, _, *rows = (
                [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in block.splitlines()
            )
            found.append((above, [dict(zip(head, row, strict=True)) for row in rows]))
        above = block
    return found


# They are up to date, and lead somewhere


def test_each_page_is_what_the_code_says():
    for name, text in written().items():
        assert (DOCS / name).read_bytes() == text.encode(), f"docs/{name} is out of date: run `make docs`"


def test_each_page_says_in_its_first_line_where_it_comes_from():
    for text in written().values():
        assert "Generated" in text.splitlines()[0]
        assert "`make docs`" in text.splitlines()[0]


def test_every_table_is_whole():
    for _, rows in (table for text in written().values() for table in tables(text)):
        assert rows
        assert all(cell for row in rows for cell in row.values())


def test_what_makes_the_pages_names_no_provider():
    names = {word for each in ADAPTERS for word in (each.name, each.title, urlsplit(each.base_url).hostname)}
    pattern = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, sorted(names)))})(?![a-z])", re.IGNORECASE)
    for file in [DOCS / "generate.py", *(DOCS / "_generate").glob("*.py")]:
        assert pattern.findall(file.read_text("utf-8")) == [], file.name


# Nothing is left out


@of_each
def test_every_fact_of_a_provider_is_told(adapter):
    told = written()[page_of(adapter)]
    facts = [adapter.page, adapter.read, adapter.base_url, *(each.name for each in adapter.auth), *adapter.api_key_env]
    facts += [place for gap in adapter.gaps for place in (gap.what, gap.choice or "left open")]
    facts += [f"`{offer.name}`" for offer in adapter.offers]
    assert [fact for fact in facts if fact not in told] == []


@of_each
def test_every_provider_stands_beside_the_others(adapter):
    rows = [row for _, rows in tables(written()["providers.md"]) for row in rows if "" in row]
    told = {row[""]: row[f"[{adapter.title}]({page_of(adapter)})"] for row in rows}
    sold = {kind: {offer.model for offer in adapter.offers if offer.kind is kind} for kind in Kind}
    assert {kind: told[kind] for kind in Kind} == {kind: str(len(models) or "–") for kind, models in sold.items()}
    priced = [told[status] for status in ("exact", "about", "estimate", "unknown")]
    assert sum(int(number) for number in priced if number != "–") == len(adapter.offers)
    assert (told["gaps"], told["read"]) == (str(len(adapter.gaps)), adapter.read)
    signs = {webhook.signed is not None for webhook in adapter.webhooks}
    assert (told["webhooks"] != "–", "not signed" in told["webhooks"]) == (bool(signs), signs == {False})
    assert {form: form in told["files"].lower() for form in FORMS} == {
        form: any(form in offer.forms for offer in adapter.offers) for form in FORMS
    }


def test_every_seller_of_a_model_is_told_with_its_price():
    rows = {row["model"]: row for _, rows in tables(section("providers.md", "Who sells what")) for row in rows}
    for adapter in ADAPTERS:
        for offer in adapter.offers:
            cell = rows[prices_of(offer.kind, offer.model, "")][adapter.name]
            assert cell == "unknown" or re.fullmatch(r"~?\$[0-9.]+", cell)
    assert rows[prices_of(Kind.IMAGE, "flux-2-pro", "")]["reapi"] == "$0.028"
    assert rows[prices_of(Kind.IMAGE, "flux-2-max", "")]["runapi"] == "unknown"


@of_each
def test_every_wire_id_is_told(adapter):
    rows = [row for _, rows in tables(section(page_of(adapter), "Names on the wire")) for row in rows]
    for offer in adapter.offers:
        (row,) = (row for row in rows if row["offer"] == f"`{offer.name}`")
        heads = variants(offer.kind)
        cells = {each: row.get(heads[each], "the same") for each in offer.variants}
        told = {each: row["name"] if cell == "the same" else cell for each, cell in cells.items()}
        assert row["model"].startswith(f"[{offer.model}]")
        assert {each for each, head in heads.items() if row.get(head, "–") != "–"} <= offer.variants.keys()
        for variant, cell in told.items():
            assert cell.startswith(f"`{pick(offer.wire_id, (variant,))}`")
            fixed = {place: pick(value, (variant,)) for place, value in offer.fixed.items()}
            assert all(f"`{place}: {value}`" in cell for place, value in fixed.items() if value is not None)


@of_each
def test_every_place_where_something_is_sold_is_simulated(adapter):
    ((_, rows),) = tables(section("simulated.md", adapter.title))
    told = {row["path"] for row in rows}
    paths = {(offer, pick(offer.path, (variant,))) for offer in adapter.offers for variant in offer.variants}
    assert told == {f"`{path or adapter.life(offer.lifecycle).submit.path}`" for offer, path in paths}


def fields_told(adapter, offer):
    """Return what an offer is told to take, by field, and the fields that it is told not to take."""
    told = section(page_of(adapter), "What it takes")
    for about in re.split(r"^#### ", told, flags=re.MULTILINE)[1:]:
        if f"`{offer.name}`" in about.partition("\n")[0].split():
            none = re.search("Not taken: (.*)", about)
            fields = {row["field"]: row["takes"] for row in tables(about)[0][1]}
            return fields, set() if none is None else set(re.findall(r"\w+", none[1]))
    raise AssertionError(f"{offer.name} is not told")


@of_each
def test_every_field_of_every_offer_is_told(adapter):
    for offer in adapter.offers:
        told, none = fields_told(adapter, offer)
        for field, param in offer.params.items():
            assert told[field] != "–"
            assert ("**required**" in told[field]) == param.required
            if isinstance(param.takes, Choice):
                assert set(param.takes.wire) <= set(re.findall(r"[\w:]+", told[field]))
                assert ("not honoured" in told[field]) == bool(param.takes.not_honoured)
            assert ("unknown" in told[field]) == (UNKNOWN in cases(param.default))
        for field in set(told) - set(offer.params):
            assert told[field] in ("left out", "1 a task") or "sent as" in told[field] or "extra." in field
        assert {*offer.roles.names} == {field for field in told if "extra." not in field} | none


PRICED = [
    pytest.param(adapter, offer, id=f"{adapter.name}/{offer.name}")
    for adapter in ADAPTERS
    for offer in adapter.offers
    if isinstance(offer.prices, Table | Price)
]


def prices_told(adapter, offer):
    """Yield each cell of an offer's prices: the values it is for, the figure, and of when that is."""
    name = f"`{adapter.name}/{offer.name}`"
    by = [field.replace("_", " ") for field in prices.axes(offer)[:-1]]
    for above, rows in tables(section(prices_page(offer.kind), offer.model)):
        for row in rows:
            if row.get("offer") == name or above.startswith(name):
                cells = {column: told for column, told in row.items() if column not in ("offer", "of", *by)}
                for axes in product(*(row.get(field, "").split() for field in by)):
                    for heads, told in cells.items():
                        yield from (((*axes, head), told, row.get("of", above)) for head in heads.split(", "))


@pytest.mark.parametrize(("adapter", "offer"), PRICED)
def test_every_price_is_told_in_its_cell(adapter, offer):
    is_table = isinstance(offer.prices, Table)
    cells = offer.prices.cells if is_table else {(figures.work(offer),): offer.prices}
    found = {cell: (told, of) for cell, told, of in prices_told(adapter, offer)}
    for cell, price in cells.items():
        told, of = found[prices.named(offer, cell)]
        printed = f"{price.credits} credit" if price.usd is None else dollars(price.usd)
        each = "(?= a | for )" if isinstance(price, Per) else "(?= · | = |, |$)"
        assert re.match(rf"~?{re.escape(printed)}s?{each}", told)
        assert told.startswith("~") == (price.usd is not None and (price.approximate or price.doubt is not None))
        assert price.doubt is None or price.doubt in section(prices_page(offer.kind), offer.model)
        assert (adapter.printed.date or "") in of


@of_each
def test_a_price_that_nobody_knows_is_called_unknown(adapter):
    for offer in (offer for offer in adapter.offers if offer.prices is None):
        assert f"| `{adapter.name}/{offer.name}` | *unknown* |" in section(prices_page(offer.kind), offer.model)


@of_each
def test_every_date_and_source_of_prices_is_told(adapter):
    (row,) = (row for row in tables(section("prices.md", "How old they are"))[0][1] if adapter.title in row["provider"])
    assert row["prices of"] == words(adapter.printed.date)
    assert row["look at the page again after"] == str(due(adapter.printed.date) or "now")
    assert row["where"] == (adapter.printed.source or adapter.page)


@of_each
def test_every_word_of_a_state_is_told(adapter):
    names = (adapter.title, f"[{adapter.title}]({page_of(adapter)})")
    rows = [row for _, rows in tables(written()["states.md"]) for row in rows if row.get("provider") in names]
    cells = [cell for row in rows for cell in row.items() if cell[0] != "what it says"]
    for word, meaning in adapter.lifecycle.states.items():
        columns = [column for column, told in cells if f"`{word}`" in told]
        assert columns == [f"`{meaning}`"] if isinstance(meaning, State) else "word" in columns


def spread(text):
    """Return the codes and texts of a cell one by one."""
    parts = text.split(", ")
    texts = {found[1] for part in parts if (found := re.match("[“`](.*)[”`]", part))}
    runs = [tuple(map(int, part.split("–"))) for part in parts if part[0].isdigit()]
    return texts | {str(code) for run in runs for code in range(run[0], run[-1] + 1)}


@of_each
@pytest.mark.parametrize("page", ["errors.md", "money-safety.md"])
def test_every_error_of_a_provider_is_told(adapter, page):
    if not adapter.errors:
        return
    rows = next(rows for _, rows in tables(section(page, adapter.title)) if "code or text" in rows[0])
    keys = {key.text if isinstance(key, Match) else key for key in adapter.errors}
    assert set().union(*(spread(row["code or text"]) for row in rows)) == keys


def test_numbers_in_a_row_are_drawn_together():
    assert ranges([5, 1, 2, 3, 9, 8]) == "1–3, 5, 8–9"
    assert ranges([]) == ""


# How old prices are


@pytest.mark.parametrize(
    ("printed", "last", "told"),
    [
        ("2026-07-23", date(2026, 11, 20), "2026-07-23"),
        ("2026-07", date(2026, 10, 29), "2026-07 (the day is not known)"),
        ("2026", date(2026, 5, 1), "2026 (the day is not known)"),
        ("July 2026", None, "July 2026 (no day is known)"),
        ("2026-13", None, "2026-13 (no day is known)"),
        (None, None, "an unknown day"),
    ],
)
def test_prices_are_to_be_read_anew_120_days_after_the_first_day_they_can_be_of(printed, last, told):
    assert (due(printed), words(printed)) == (last, told)


@pytest.mark.parametrize(
    ("day", "named"),
    [
        (date(2026, 5, 1), "none (no date)"),
        (date(2026, 5, 2), "year (2026), none (no date)"),
        (date(2026, 11, 20), "year (2026), none (no date)"),
        (date(2026, 11, 21), "day (2026-07-23), year (2026), none (no date)"),
    ],
)
def test_old_prices_are_told_in_one_calm_sentence(day, named):
    dates = {"day": "2026-07-23", "year": "2026", "none": None}
    sellers = [attrs.evolve(PLAIN, name=name, printed=Printed(date)) for name, date in dates.items()]
    assert stale(sellers, day) == f"older than 120 days, so look at the provider's page too: {named}"
    assert stale(sellers[:1], date(2026, 11, 20)) == ""


# What is said to follow does follow

STATUSES = (200, 302, 400, 401, 402, 404, 408, 409, 410, 425, 429, 499, 500, 503, 520, 521, 522, 523, 524, 525, 526)
GOOD = [Answer(200, {}, body) for body in money_safety.GOOD.values()]
CAME = [*money_safety.CONNECTIONS.values(), *GOOD, *map(answer, STATUSES)]
CASES = [(adapter, came) for adapter in (PLAIN, KEYED) for came in CAME]
CASES += [(each, refused(each, key)) for each in ADAPTERS for key in each.errors]
GOING_ON = {"on_uncertain": "continue", "on_blocked": "continue", "max_price": "1", "allow_unknown_price": True}


@pytest.mark.parametrize("verb", ["submit", "generate"])
@pytest.mark.parametrize("options", [{}, GOING_ON], ids=["by default", "going on"])
async def test_both_verbs_go_where_the_page_says(verb, options, clock, monkeypatch):
    sent, came_, keys = [], [], set()

    async def send(self, account, call, progress, credentials):
        if not call.url.endswith("/tasks"):
            raise Lost("no look comes through", sent=True)
        sent.append(account.name)
        keys.add(call.headers.get("Idempotency-Key"))
        progress.connected = account.name == "a" and (not isinstance(came_[0], Lost) or came_[0].sent)
        if account.name == "b":  # that it was asked is enough
            return answer(401)
        if isinstance(came_[0], Lost):
            raise came_[0]
        return came_[0]

    monkeypatch.setattr(Transport, "send", send)
    for adapter, came in CASES:
        sent.clear()
        keys.clear()
        came_[:] = [came]
        attempts = {}
        accounts = [Account(name=name, adapter=adapter, origin=adapter.base_url, api_key=Secret("k")) for name in "ab"]
        config = Config(accounts={each.name: each for each in accounts}, journal=None)
        see = lambda event: attempts.update({event.id: event} if not isinstance(event, Task) else {})  # noqa: B023, E731
        async with Client(config, clock=clock, on_event=see) as client:
            with contextlib.suppress(AnymediaError):
                await getattr(client, verb)(RawRequest(adapter.name, "/tasks", {}), timeout=60, **options)
        end = submit_end(adapter, came)
        assert next(iter(attempts.values())).outcome == end.outcome, came
        usual, *otherwise = money_safety.generates(end).split("; ")
        goes_on = usual.startswith("on to the next") or bool(options and otherwise)
        assert usual.startswith("on to the next") or usual in ("stop", "looked at until it is done")
        first = ["a"] * (Patience().tries if end.replayed else 1) + ["b"] * goes_on
        assert sent[: len(first)] == first, (adapter.name, came)
        assert not end.replayed or len(keys) == 1 + goes_on, "a replay carries the key of what it repeats"
        if "or wait for it" not in usual:
            assert sent == first
        elif end.raised == "Unavailable":
            assert sent.count("a") == TRIES


ON_UNCERTAIN = 'on to the next offer with `on_uncertain="continue"`, within what is left of `max_price`'
ON_BLOCKED = 'on to the next offer with `on_blocked="continue"`'
TASK = attrs.evolve(draft(PLAIN), state=State.FAILED)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.BadApiKey(), "on to the next account"),
        (errors.Rejected(), "on to the next offer"),
        (errors.RateLimited(), "on to the next, or wait for it: whichever is sooner"),
        (errors.SubmitUncertain(), f"stop; {ON_UNCERTAIN}"),
        (errors.Blocked(), f"stop; {ON_BLOCKED}"),
        (errors.Blocked(task=TASK, billed=Billed.YES), f"stop; {ON_BLOCKED}, within what is left of `max_price`"),
        (errors.TaskFailed(task=TASK, billed=Billed.NO), "on to the next offer"),
        (errors.TaskFailed(task=TASK), "stop; on to the next offer within what is left of `max_price`"),
        (errors.DeadlineExceeded(task=draft(PLAIN)), "stop"),
    ],
    ids=lambda each: "" if isinstance(each, str) else f"{type(each).__name__} {each.billed}",
)
def test_what_follows_is_told_with_the_fewest_options_that_change_it(error, told):
    assert routing.follows(error) == told


def rows(page, title):
    return tables(section(page, title))[0][1]


def test_every_step_is_told():
    told = {row["what happened"]: row for row in rows("routing.md", "What follows from what happened")}
    assert [*told] == [step.what for step in STEPS]
    for step in STEPS:
        row = told[step.what]
        assert row["what follows"] == ("stop" if step.then is Then.CEILING else step.then)
        assert (row["unless"] != "–") == (step.unless is not None or step.then is Then.CEILING)
        assert row["the account is left alone until"] == ("–" if step.cools == "none" else step.cools)


def test_for_how_long_an_account_is_left_alone():
    told = {row["after"]: [*row.values()][1:3] for row in rows("routing.md", "How long an account is left alone")}
    assert told == {
        "a rate limit": ["1 s", "2 s, 4 s, 8 s … 5 min"],
        "a rate limit, with `Retry-After: 90`": ["90 s", "90 s each"],
        "no credit": ["1 hour", "1 hour each"],
        "an API key that is refused": ["1 s", "2 s, 4 s, 8 s … 5 min"],
        "it could not be reached, or was unavailable": ["1 s", "2 s, 4 s, 8 s … 5 min"],
        "a submit that may have been billed": ["30 s", "1 min, 2 min, 4 min, 5 min"],
        "a submit that was refused for what it asked": ["not at all", "–"],
    }


def test_what_counts_against_a_ceiling():
    told = {row["an attempt that"]: row["counts"] for row in rows("routing.md", "What it may cost")}
    nothing = {what for what, counts in told.items() if counts == "nothing"}
    assert nothing == {
        "was not sent",
        "was refused",
        "is uncertain, and was settled by hand as not billed",
        "failed, and was given back",
    }
    assert "–" not in told.values()


def test_every_option_is_told_with_its_default():
    told = {row["option"].strip("`"): row for row in rows("routing.md", "Options")}
    fields = {field.name: field.default for field in attrs.fields(Options) if field.name != "batch"}  # no caller's
    assert {*told} == {*fields, "timeout"}
    for name, default in fields.items():
        assert told[name]["default"] == f"`{routing._python(default)}`"
    assert [name for name, row in told.items() if row["in `[route]`"] == "yes"] == [
        *("policy", "fallback", "max_price", "allow_unknown_price", "on_uncertain", "on_blocked", "mix")
    ]


def test_a_step_that_nothing_comes_to_stops_the_pages(monkeypatch):
    never = Step(what="nothing of the kind", then=Then.STOP)
    monkeypatch.setattr(routing, "STEPS", (*STEPS, never))
    with pytest.raises(TypeError, match="no error comes to the step 'nothing of the kind'"):
        routing.page(ADAPTERS)


@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b"[]", b'{"id": "t-1"}'])
def test_the_body_of_an_error_changes_nothing(body):
    for status in range(300, 600):
        assert submit_end(PLAIN, Answer(status, {}, body)) == submit_end(PLAIN, answer(status))


def test_all_five_outcomes_are_there():
    told = [row["outcome"].strip("*") for row in tables(section("money-safety.md", "The five outcomes"))[0][1]]
    assert told == list(Outcome)


def test_what_was_measured_is_kept():
    begin, end = money_safety.MARKS
    table = "| fault | paid |\n| --- | --- |\n| reset | 1 |"
    page = money_safety.page([], table)
    assert page.endswith(f"## Measured\n\n{begin}\n\n{table}\n\n{end}")
    assert money_safety.measured(page) == table
    assert money_safety.measured("") == money_safety.measured(f"{begin} {end}") == money_safety.NOT_YET
    assert money_safety.measured(written()["money-safety.md"]) in written()["money-safety.md"]


# An adapter that uses the words which the built-in ones do not

RARE = Adapter(
    name="rare",
    title="Rare",
    page="a page",
    read="2026-01-02",
    base_url="https://rare.example",
    api_key_env=("RARE_KEY",),
    auth=Header("x-key"),
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            path="/v1/{wire_id}",
            writes=Hook("tests.thirdparty.hooks:glossy", why="says of each picture whether it is varnished"),
            reply=Reply(ok=("status", "ok"), id="id", credits="cost"),
        ),
        poll=Endpoint(
            method="GET",
            link="status_url",
            hosts=("cdn.example",),
            reply=Reply(
                state="state", assets="data!json.urls[]", failure=Fault(code="errors[].type", message="errors[].msg")
            ),
        ),
        cancel=Endpoint(method="PUT", link="cancel_url"),
        states={
            "ready": State.SUCCEEDED,
            "error": State.FAILED,
            "mod": Err(Cause.BLOCKED),
            "lost": Err(Cause.NOT_FOUND),
        },
        pace=Pace(first=2, then=1.5),
        expires=86_400,
    ),
    lifecycles={
        "sketch": Lifecycle(
            submit=Endpoint(method="POST", path="/v1/sketches", reply=Reply(id="id")),
            poll=Endpoint(method="GET", path="/v1/sketches/{id}", reply=Reply(state="s", assets="urls[]")),
            states={"drawn": State.SUCCEEDED},
            pace=Pace(first=1, then=1),
        )
    },
    fault=Fault(code="detail[].type", message="detail[].msg"),
    errors={"policy": Err(Cause.BLOCKED, refund="no"), Match("locked", 403): Cause.NO_CREDIT},
    refunds="yes",
    limits=Limits(submits=(20, 10), polls=(10, 1), active=24),
    offers=(
        Offer(
            name="paint",
            params={
                "prompt": Param("prompt", Text(), required=True),
                "images": Param(numbered("image", "image_{n}"), when(images=Files(2, 2))),
                "mask": Param("mask", File(https=True)),
                "size": Param("", Size(least=64, step=16, megapixels=4)),
                "seed": Param("seed", Whole(1), default=Said("drawn by lot")),
            },
            shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="4:3", resolution="1K"),
            prices=PerMegapixel("0.03", "0.015", "0.02"),
        ),
        Offer(name="draw", params={"prompt": Param("prompt", Text(most=9), required=True)}, prices=Price(credits=1)),
        Offer(
            name="etch",
            lifecycle="sketch",
            params={"prompt": Param("prompt", Text())},
            knobs={
                "depth": Param("depth", Number(0.5, 2), default=1),
                "acid": Param("acid", Flag(on="yes", off="no"), default=False, bills_as={True: False}),
                "plates": Param("plates", Whole(1, 9, form=str), default=2),
            },
            rules=(Rule(when={"acid": True}, allows={"plates": (1, 2)}),),
            prices=Table("depth acid plates", {(1, False, 2): "0.01", (0.5, False, 3): "0.02"}),
        ),
        Offer(
            name="film",
            kind="video",
            wire_id=when(first_frame="film-from", otherwise="film"),
            fixed={"roles[0].role": when(first_frame="first")},
            params={
                "prompt": Param("prompt", Text(), required=True),
                "first_frame": Param("roles[0].url", File()),
                "duration": Param("seconds", Whole(4, 8, step=2, auto=-1), default=4),
                "audio": Param("sound", Flag(), default=False),
            },
            knobs={"shots": Param("shots", Choice({"one": 1}), default="one")},
            rules=(Rule(when={"first_frame": ANY}, excludes="audio"),),
            prices=Table("audio shots", {(False, "one"): Per("0.10"), (True, "one"): Per("0.20", more=2, doubt="odd")}),
        ),
        Offer(
            name="tune",
            kind="music",
            makes=2,
            params={
                "prompt": Param("prompt", when(lyrics=None, otherwise=Text()), required=True),
                "lyrics": Param("lyrics", Text()),
            },
            prices=Price("0.05"),
        ),
        Offer(
            name="voice",
            kind="speech",
            params={"text": Param("text", Text(1, 99)), "voice": Param("voice", Choice("nova", "onyx"), required=True)},
            prices=Per("0.03", "text", each=1000, begun=True, least=500),
        ),
        Offer(
            name="reader",
            kind="speech",
            params={"text": Param("text", Text(1, 99))},
            prices=Metered({"tokens": "0.00002"}, most={"tokens": 20_000}),
        ),
    ),
)
SILENT = attrs.evolve(
    RARE,
    name="silent",
    title="Silent",
    lifecycles={},
    lifecycle=attrs.evolve(
        RARE.lifecycle,
        submit=Endpoint(method="POST", path="/draw", reply=Reply(files="data[].b64!base64")),
        poll=None,
        result=None,
        states={},
    ),
    errors={},
    refunds="unknown",
    offers=RARE.offers[1:2],
)

TOLD = {
    "providers/rare.md": [
        "| poll | `GET` the link at `status_url` of the submit's answer, on `cdn.example` too |",
        "| limits | 20 submits in 10 s; 10 looks in 1 s; 24 tasks at a time |",
        "| looks | first after 2 s, then each 1.5 s |",
        "| results | can be fetched for 1 day |",
        "| its own code | `tests.thirdparty.hooks:glossy` says of each picture whether it is varnished (`lifecycle.s",
        "| submit (sketch) | `POST /v1/sketches` |",
        "| poll (sketch) | `GET /v1/sketches/{id}` |",
        "| results (sketch) | can be fetched for an unknown time |",
        "| images | without images –, with images 2 files (URL) |",
        "| mask | a file (https URL) |",
        "| aspect_ratio | any ratio: sent as pixels, in steps of 16; 4:3 where only the other is given |",
        "| size | pixels, 64 a side or more, in steps of 16, 4 megapixels at most |",
        "| seed | 1 or more; default drawn by lot |",
        "| prompt | any text; **required** |",
        "| prompt | 0–9 characters; **required** |",
        "| `extra.depth` | 0.5–2; default 1 |",
        "| `extra.acid` | true false; default false; `true` bills as `false` |",
        "| `extra.plates` | 1–9; default 2 |",
        "#### `etch`",
        "- acid `true` needs plates 1 2",
        "### Clips\n\n| model |",
        "| model | offer | name | with first_frame |",
        "| [film](../prices/video.md#film) | `film` | `film` | `film-from` `roles[0].role: first` |",
        "| [tune](../prices/music.md#tune) | `tune` | `tune` |",
        "Not taken: style, title, instrumental, duration, vocal, negative_prompt, seed.",
        "| duration | 4 6 8 or auto; default 4 |",
        "- first_frame goes without audio",
        "| voice | nova onyx; **required** |",
        "Nothing that is known of.",
    ],
    "providers/silent.md": [
        "| looks | none: the submit is answered with the result |",
        "| results | are in the answer itself |",
    ],
    "providers.md": [
        "[Rare](providers/rare.md) | [Silent](providers/silent.md) |",
        "| [film](prices/video.md#film) |",
        "| $0.40 |",
    ],
    "prices/image.md": [
        "$0.03 for the first megapixel, $0.015 for each further one, $0.02 for each that is put in",
        "| `rare/draw` | 1 credit, in USD *unknown* |",
        "printed in credits alone",
        "| 0.5 | false | – | $0.02 |",
    ],
    "prices/video.md": [
        "| offer | audio false | audio true | of |",
        "| `rare/film` | $0.10 a second | ~$0.20 a second, as for 2 more | – |",
        "- `rare/film` (audio true): odd",
    ],
    "prices/music.md": [
        "| offer | 2 songs | of |",
    ],
    "prices/speech.md": [
        "| `rare/voice` | $0.03 for each begun 1,000 characters, 500 at least | – |",
        "| `rare/reader` | $20.00 for a million tokens; at most 20,000 tokens | – |",
    ],
    "states.md": [
        "| Rare | `mod` | the task failed: `blocked` |",
        "| [Rare, sketch](providers/rare.md) | – | – | `drawn` | – | – | `s` |",
        "| Rare | `lost` | as it was: the look ends in `NotFound`, looking goes on |",
        "The answer to the submit is the result at OpenAI, Silent: there is no state.",
    ],
    "errors.md": [
        "| `policy` | `Blocked` | `blocked` | `blocked` | not refunded |",
        "| “locked” at 403 | `NoCredit` | `no_credit` | – | – |",
    ],
    "money-safety.md": [
        "at `status`: only ok, or none, is a yes",
        "| Rare | a task that failed | refunded | nothing |",
        "| Rare | one that failed with `policy` | not refunded | the full price | stop; on to the next offer with",
    ],
    "routing.md": [
        "| Rare | 20 in 10 s | 10 in 1 s | 24 |",
    ],
}


@pytest.fixture(scope="module")
def with_rare_ones():
    return pages((*ADAPTERS, RARE, SILENT), DOCS)


@pytest.mark.parametrize("name", TOLD)
def test_a_rare_word_is_told_too(name, with_rare_ones):
    assert [line for line in TOLD[name] if line not in with_rare_ones[name]] == []


def test_what_has_no_words_yet_stops_the_pages():
    odd = attrs.evolve(RARE.offers[1], params={"seed": Param("seed", when(otherwise=object()))})
    with pytest.raises(TypeError, match="no words yet"):
        provider.page(attrs.evolve(RARE, offers=(odd,)))


def test_a_price_for_what_is_not_taken_stops_the_pages():
    params = RARE.offers[1].params | {"resolution": Param("resolution", Choice("2K"))}
    odd = attrs.evolve(RARE.offers[1], params=params, prices=Table("resolution", {"1K": "0.01"}))
    with pytest.raises(ValueError, match="has a price for what it does not take"):
        prices.of_kind([attrs.evolve(RARE, offers=(odd,))], Kind.IMAGE)
