"""A handle on a task: it opens elsewhere, tells no key, and leads none astray."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import urlsplit

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Account,
    Adjustment,
    AnymediaError,
    Asset,
    Config,
    ConfigError,
    Money,
    OutOfBounds,
    PriceStatus,
    Secret,
    State,
    Task,
    read_config,
)
from anymedia.account import fingerprint, is_of
from anymedia.declare import Endpoint, Reply
from anymedia.declare.path import place
from anymedia.engine.handle import LONGEST, handle, opened
from anymedia.model.vocabulary import Kind
from anymedia.translate.encode import follow
from anymedia.translate.reading import id_of

from .acme import acme

KEY = "rk_live_5b3e0c1d9a7f"
NOW = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")),
    poll=Endpoint(method="GET", link="urls.get", hosts=("acme.example",)),
    result=Endpoint(method="GET", link="urls.result"),
    cancel=Endpoint(method="PUT", link="urls.get", hosts=("acme.other",)),
)
PLAIN = attrs.evolve(
    ACME,
    name="plain",
    title="Plain",
    lifecycle=attrs.evolve(ACME.lifecycle, poll=Endpoint(method="GET", path="{path}/{id}"), result=None),
)


def account(name="acme", adapter=ACME, api_key=KEY, **more):
    secret = None if api_key is None else Secret(api_key)
    return Account(
        name=name, adapter=adapter, origin=adapter.base_url, api_key=secret, api_key_env=adapter.api_key_env, **more
    )


ACCOUNT = account()
CONFIG = Config(accounts={"plain": account("plain", PLAIN, "other-key"), "acme": ACCOUNT})
TASK = Task(id="t-1", provider="acme", account="acme", submitted_at=NOW, path="/v1")
FULL = attrs.evolve(
    TASK,
    offer="acme-2",
    model="acme/2",
    wire_id="acme/2-text",
    kind="video",
    path="/v1/acme?hook=https%3A%2F%2Fme.example",
    links={"urls.get": "/v1/acme/t-1", "urls.result": "/v1/acme/t-1/result"},
    money=Money(usd=Decimal("0.028"), status=PriceStatus.EXACT, got="table"),
)


def said(task=FULL, **changes):
    """Return a handle as data, with other fields; None takes one out."""
    data = json.loads(handle(task, ACCOUNT)) | changes
    return {field: value for field, value in data.items() if value is not None}


def refused(data, config=CONFIG):
    with pytest.raises(OutOfBounds) as caught:
        opened(data if isinstance(data, str | bytes) else json.dumps(data), config)
    (problem,) = caught.value.problems
    assert str(problem) == str(caught.value)
    return problem.field, problem.message


# What it says


def test_a_handle_of_little_says_little():
    text = handle(TASK, ACCOUNT)
    assert " ".join(json.loads(text)) == "anymedia account provider id fingerprint submitted_at kind path"
    assert " " not in text


def test_a_handle_of_much():
    data = said()
    assert is_of(data.pop("fingerprint"), ACCOUNT.api_key)
    assert data == {
        "anymedia": 1,
        "account": "acme",
        "provider": "acme",
        "id": "t-1",
        "submitted_at": "2026-11-20T12:00:00.250000+00:00",
        "kind": "video",
        "offer": "acme-2",
        "model": "acme/2",
        "wire_id": "acme/2-text",
        "path": "/v1/acme",
        "links": {"urls.get": "/v1/acme/t-1", "urls.result": "/v1/acme/t-1/result"},
        "money": {"usd": "0.028", "status": "exact"},
    }
    assert "\n" not in handle(FULL, ACCOUNT)


def test_nothing_else_of_the_task_is_in_it():
    task = attrs.evolve(
        FULL,
        state=State.RUNNING,
        raw_state="in the oven",
        assets=(Asset(kind="image", url="https://cdn.example/secret.png"),),
        adjustments=(Adjustment(field="prompt", given="a fox", sent="a fox", reason="so"),),
        labels={"order": "secret"},
        raw={"prompt": "a fox", "key": KEY},
        idempotency_key="idem-1",
        request_id="req-1",
        links={**FULL.links, "elsewhere": "/secret"},
    )
    assert said(task).keys() == said().keys()
    text = handle(task, ACCOUNT)
    assert [word for word in ("oven", "secret", "fox", "idem", "req", "hook", KEY) if word in text] == []


def test_it_opens_to_the_task_as_it_was_submitted():
    text = handle(attrs.evolve(FULL, state=State.RUNNING, raw={"a": 1}), ACCOUNT)
    for read in (text, text.encode(), f" {text}\n", b"\xef\xbb\xbf" + text.encode()):
        task, found = opened(read, CONFIG)
        assert found is ACCOUNT
        assert task == attrs.evolve(FULL, path="/v1/acme", state=State.QUEUED, raw=None)
    task, _ = opened(handle(TASK, ACCOUNT), CONFIG)
    assert task == attrs.evolve(TASK, money=Money.unknown("opened from a handle"))


def test_the_order_of_the_accounts_does_not_matter():
    back = Config(accounts=dict(reversed(CONFIG.accounts.items())))
    alone = Config(accounts={"acme": ACCOUNT})
    assert opened(handle(FULL, ACCOUNT), CONFIG) == opened(handle(FULL, ACCOUNT), back)
    assert opened(handle(FULL, ACCOUNT), alone)[0].id == "t-1"


def test_a_real_account_in_another_config():
    table = {"reapi-eu": {"adapter": "reapi", "api_key_env": "K"}, "runapi": {"api_key_env": "K"}}
    here = read_config({"providers": table}, {"K": KEY})
    there = read_config(
        {"route": {"accounts": ["runapi", "reapi-eu"]}, "providers": dict(reversed(table.items()))}, {"K": KEY}
    )
    task = attrs.evolve(TASK, account="reapi-eu", provider="reapi", path="/api/v1/images/generations")
    again, found = opened(handle(task, here.account("reapi-eu")), there)
    assert (again.id, found) == (task.id, there.account("reapi-eu"))
    assert follow(found, found.adapter.lifecycle.poll, again).url == "https://reapi.ai/api/v1/tasks/t-1"


def test_times_are_written_in_utc():
    task = attrs.evolve(TASK, submitted_at=NOW.astimezone(timezone(timedelta(hours=-7))))
    assert said(task)["submitted_at"] == "2026-11-20T12:00:00.250000+00:00"
    again, _ = opened(json.dumps(said(submitted_at="2026-11-20T05:00:00.25-07:00")), CONFIG)
    assert again.submitted_at == NOW
    assert again.submitted_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("usd", "status", "written"),
    [
        ("0.05", "exact", "0.05"),
        ("1E+1", "estimate", "10"),
        ("5E-7", "approximate", "0.0000005"),
        ("0", "exact", "0"),
        # What no handle says is unknown where it is opened.
        ("0.05", "unknown", None),
        ("-1", "exact", None),
        ("NaN", "exact", None),
        ("1E+999999", "exact", None),
        ("0.0000000000001", "exact", None),
    ],
)
def test_money(usd, status, written):
    task = attrs.evolve(TASK, money=Money(usd=Decimal(usd), status=PriceStatus(status)))
    assert said(task).get("money") == (None if written is None else {"usd": written, "status": status})
    money = opened(handle(task, ACCOUNT), CONFIG)[0].money
    if written is None:
        assert money == Money.unknown("opened from a handle")
    else:
        assert money == Money(usd=Decimal(usd), status=PriceStatus(status), got="table")


def test_links_hold_at_another_origin_and_at_the_hosts_of_the_adapter():
    links = {
        "urls.get": "https://eu.acme.example/v1/t-1",
        "urls.result": "https://api.acme.example/v1/t-1?result=1",
    }
    text = handle(attrs.evolve(TASK, links=links), ACCOUNT)
    assert json.loads(text)["links"] == {"urls.get": links["urls.get"], "urls.result": "/v1/t-1?result=1"}
    task, found = opened(text, CONFIG)
    assert follow(found, ACME.lifecycle.poll, task).url == "https://eu.acme.example/v1/t-1"
    # The key of an account with an origin of its own never goes to the maker's hosts.
    own = Config(accounts={"acme": attrs.evolve(ACCOUNT, origin="http://127.0.0.1:8000")})
    with pytest.raises(OutOfBounds, match="leads where the key may not go"):
        opened(text, own)
    task, found = opened(handle(attrs.evolve(TASK, links={"urls.result": links["urls.result"]}), ACCOUNT), own)
    assert follow(found, ACME.lifecycle.result, task).url == "http://127.0.0.1:8000/v1/t-1?result=1"
    # A host of any endpoint that follows a link is one of it; each looks for itself whether it is its own.
    other = {"urls.get": "https://acme.other/t-1"}
    task, _ = opened(handle(attrs.evolve(TASK, links=other), ACCOUNT), CONFIG)
    assert follow(ACCOUNT, ACME.lifecycle.cancel, task).url == other["urls.get"]
    with pytest.raises(AnymediaError, match="named no usable"):
        follow(ACCOUNT, ACME.lifecycle.poll, task)


def test_a_link_with_two_slashes_is_not_taken_for_a_host():
    for link in ("//v1/t-1", "https://api.acme.example//v1/t-1"):
        text = handle(attrs.evolve(TASK, links={"urls.get": link}), ACCOUNT)
        task, found = opened(text, CONFIG)
        assert follow(found, ACME.lifecycle.poll, task).url == "https://api.acme.example//v1/t-1"
        assert json.loads(text)["links"] == {"urls.get": "https://api.acme.example//v1/t-1"}


# How long it is


def test_what_looking_does_not_need_is_left_out_when_it_would_be_too_long():
    size = len(handle(FULL, ACCOUNT).encode())

    def fitted(more):
        text = handle(attrs.evolve(FULL, path="/v1/acme" + "e" * more), ACCOUNT)
        assert len(text.encode()) <= 1000
        return [field for field in ("money", "offer", "model", "wire_id", "links") if field in json.loads(text)]

    left = 1000 - size
    assert fitted(left) == ["money", "offer", "model", "wire_id", "links"]
    assert fitted(left + 1) == ["offer", "model", "wire_id", "links"]
    assert fitted(left + len(',"money":{"usd":"0.028","status":"exact"}') + 1) == ["model", "wire_id", "links"]
    spare = ',"money":{"usd":"0.028","status":"exact"},"offer":"acme-2"'
    assert fitted(left + len(spare) + 1) == ["wire_id", "links"]


def test_what_looking_needs_is_never_left_out():
    with pytest.raises(OutOfBounds) as caught:
        handle(attrs.evolve(FULL, id="é" * 500), ACCOUNT)
    (problem,) = caught.value.problems
    assert problem.field == "handle"
    assert problem.message.endswith("and 1,000 is the most: the id or a link is too long")
    assert LONGEST == 1000


# Of which task it is


@pytest.mark.parametrize("change", [{"account": "plain"}, {"provider": "plain"}])
def test_a_task_of_another_account_gets_no_handle(change):
    with pytest.raises(ConfigError, match=r"task t-1 is of account .* at .*, not of 'acme' at acme") as caught:
        handle(attrs.evolve(TASK, **change), ACCOUNT)
    assert caught.value.task_id == "t-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "a\nb"),
        ("id", "\ud800"),
        ("wire_id", "\ud800"),
        ("kind", "text"),
        ("path", "v1"),
        ("submitted_at", datetime(2026, 11, 20)),
        ("submitted_at", datetime.min),
        ("submitted_at", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        ("links", {"urls.get": "https://evil.example/"}),
        ("links", {"urls.get": "@evil.example/"}),
    ],
)
def test_a_task_that_could_not_be_opened_gets_no_handle(field, value):
    with pytest.raises(OutOfBounds) as caught:
        handle(attrs.evolve(TASK, **{field: value}), ACCOUNT)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_an_account_without_a_key_gives_no_handle():
    with pytest.raises(ConfigError, match="no API key for acme: set ACME_API_KEY"):
        handle(TASK, account(api_key=None))


# What is no handle


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        (b"\xff", "is not JSON"),
        ("\ud800", "is not JSON"),
        ('{"anymedia": NaN}', "is not JSON"),
        ("[" * 4096, "is not JSON"),
        *((text, 'is not a handle: a JSON object with "anymedia": 1 is needed') for text in ("[]", "1", '"a"', "{}")),
        *(
            (f'{{"anymedia": {version}}}', 'is not a handle: a JSON object with "anymedia": 1 is needed')
            for version in ("true", "1.0", '"1"', "0", "-1", "null", "[1]")
        ),
        (" " * 4097, "no handle takes 4,097 bytes"),
        (b" " * 5000, "no handle takes 5,000 bytes"),
        ("é" * 2049, "no handle takes 4,098 bytes"),
        ("\ud800" * 2000, "no handle takes 6,000 bytes"),
    ],
)
def test_what_is_no_handle(text, message):
    assert refused(text) == ("handle", message)


def test_a_handle_of_a_newer_anymedia():
    message = "a newer anymedia wrote this handle, in version 2; this one reads version 1"
    assert refused({"anymedia": 2, "new": {}}) == ("anymedia", message)
    assert refused('{"anymedia": 1' + "0" * 4000 + "}")[1].startswith("a newer anymedia wrote this handle, in version")


@pytest.mark.parametrize("field", ["account", "provider", "id", "fingerprint", "submitted_at", "kind", "path"])
def test_what_is_missing_is_named(field):
    assert refused(said(**{field: None})) == (field, "is missing")


def test_a_field_that_no_handle_has():
    assert refused(said(prompt="a fox")) == ("handle", "has a field that no handle has: 'prompt'")
    assert refused(said(state="queued"))[1] == "has a field that no handle has: 'state'"
    told = "a task at Acme is looked at: its handle does not say how it ended"
    assert refused(said(ended="failed")) == ("ended", told)
    shown = refused(said(**{"\x1b[2J" + "x" * 100: 1}))[1]
    assert shown.startswith("has a field that no handle has: '\\x1b[2Jxxx")
    assert len(shown) < 100


NAMES = ("", 7, True, [], {}, "a\nb", "\x1b[2J", "\u202eabc", "a\x7f", "\ud800")
WRONG = {
    "account": NAMES,
    "provider": NAMES,
    "offer": NAMES,
    "model": NAMES,
    "wire_id": NAMES,
    "id": ("", ".", "..", ". .", "a\nb", "x" * 513, 7, [], {}, "\ud800", "\u202e"),
    "fingerprint": ("", "0:0", "g" * 16 + ":" + "0" * 16, "0" * 33, "٣" * 16 + ":" + "0" * 16, 7, [], KEY),
    "submitted_at": ("", "now", "2026-11-20T12:00:00", "2026-11-20", 0, 1.5, [], {}, "0001-01-01T00:00:00+14:00"),
    "kind": ("", "text", 7, [], {}),
    "path": (
        "",
        "v1",
        "//evil.example",
        "/a b",
        "/é",
        "/a?b=c",
        "/a#b",
        "/a\\b",
        "/a\n",
        "https://evil.example/",
        7,
        {},
    ),
    "links": ([], "", 7, {"urls.get": 7}, {"urls.get": None}, {"urls.get": ["/"]}),
    "money": (
        *([], "0.05", 7, {}, {"usd": "1"}, {"usd": "1", "status": "exact", "got": "live"}),
        *({"usd": usd, "status": "exact"} for usd in (1, 0.5, "", "-1", "1e9", "NaN", "1.", ".5", "٣", "1" * 13, [])),
        *({"usd": "1", "status": status} for status in ("", "unknown", "sure", 7, [], {})),
    ),
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_wrong_value_is_named(field, value):
    where, message = refused(said(**{field: value}))
    assert where == field
    assert ", not " in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "link",
    [
        "",
        "//evil.example/x",
        "/\\evil.example",
        "/a\nb",
        "/é",
        "@evil.example/",
        ".evil.example/",
        "https://evil.example/",
        "https://acme.example.evil.example/",
        "http://acme.example/",
        "https://acme.example:8443/",
        "https://user@acme.example/",
        "https://[x",
        "javascript:alert(1)",
        "v1/t-1",
    ],
)
def test_a_link_that_would_lead_the_key_astray(link):
    field, message = refused(said(links={"urls.get": link}))
    assert field == "links"
    assert message.startswith("urls.get leads where the key may not go: ")
    # Where one endpoint may go, a link of another may not.
    if link == "https://evil.example/":
        assert refused(said(links={"urls.result": "https://eu.acme.example/x"}))[0] == "links"


def test_a_link_that_nobody_follows():
    assert refused(said(links={"elsewhere": "/v1"})) == (
        "links",
        "Acme is not followed along a link named 'elsewhere'",
    )


@given(st.text())
def test_an_id_is_one_that_an_answer_can_give(text):
    read = id_of(place("id"), {"id": text})
    if read is None:
        assert refused(said(id=text))[0] == "id"
    else:
        assert opened(json.dumps(said(id=text)), CONFIG)[0].id == read


# Whose it is


def refuses(data, config, **how):
    with pytest.raises(ConfigError) as caught:
        opened(json.dumps(data), config, **how)
    assert caught.value.provider
    return str(caught.value)


def test_an_account_that_is_not_there():
    eu, us = account("acme-eu"), account("acme-us")
    config = Config(accounts={"acme-us": us, "plain": CONFIG.accounts["plain"], "acme-eu": eu})
    assert refuses(said(), config) == (
        "task t-1 is of account 'acme' at acme, which is not in the config; its accounts at acme: acme-us, acme-eu"
    )
    config = Config(accounts={"plain": CONFIG.accounts["plain"]})
    assert refuses(said(), config) == (
        "task t-1 is of account 'acme' at acme, which is not in the config; it has none at acme"
    )


def test_an_account_that_is_now_of_another_provider():
    config = Config(accounts={"acme": account("acme", PLAIN)})
    assert refuses(said(), config) == "task t-1 is of acme, and account 'acme' is now of plain"


def test_an_account_without_a_key_opens_nothing():
    config = Config(accounts={"acme": account(api_key=None)})
    for any_api_key in (False, True):
        assert refuses(said(), config, any_api_key=any_api_key) == "no API key for acme: set ACME_API_KEY"
    # A known provider is an account without any file, if only its key is missing.
    data = said(account="reapi", provider="reapi", links=None)
    assert refuses(data, Config(accounts={})) == "no API key for reapi: set REAPI_API_KEY or REAPI_KEY"


def test_another_key_opens_it_only_when_it_is_told_to():
    config = Config(accounts={"acme": account(api_key="rk_live_another")})
    text = refuses(said(), config)
    assert text == (
        "task t-1 was submitted with another API key of account 'acme', and only that one may see it; "
        "where this key has replaced it, any_api_key=True opens the handle all the same"
    )
    task, found = opened(handle(FULL, ACCOUNT), config, any_api_key=True)
    assert (task.id, found.api_key) == ("t-1", Secret("rk_live_another"))


# Fingerprints


def test_a_fingerprint_knows_its_key():
    key = Secret(KEY)
    assert fingerprint(key, "00" * 8) == fingerprint(key, "00" * 8) == "0000000000000000:843f5a39328224d5"
    assert fingerprint(key) != fingerprint(key)
    assert fingerprint(key, "01" * 8) != fingerprint(key, "00" * 8)
    assert is_of(fingerprint(key), key)
    assert not is_of(fingerprint(key), Secret(KEY + "x"))


@pytest.mark.parametrize("text", ["", ":", "0" * 16, "0" * 16 + ":", "x" * 16 + ":" + "0" * 16, "٣" * 16 + ":", KEY])
def test_what_is_no_fingerprint_is_of_no_key(text):
    assert not is_of(text, Secret(KEY))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), st.binary(min_size=8, max_size=8))
def test_any_key_has_one(key, salt):
    made = fingerprint(Secret(key), salt.hex())
    assert made.startswith(f"{salt.hex()}:")
    assert is_of(made, Secret(key))
    assert not is_of(made, Secret(key + key))
    assert key not in made or len(key) < 16


# Anything at all

PRINTED = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=40)
PATHS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#\\?/"), max_size=30)
MONEY = st.builds(
    lambda usd, status: Money(usd=usd, status=status, got="table"),
    st.decimals(0, 999, places=4),
    st.sampled_from([status for status in PriceStatus if status is not PriceStatus.UNKNOWN]),
) | st.just(Money.unknown("opened from a handle"))
MAYBE = st.none() | PRINTED.filter(lambda text: not set(text) & set(map(chr, range(0x2028, 0x202F))))
TASKS = st.builds(
    Task,
    id=PRINTED.filter(lambda text: text.strip(".") != "" and text.isprintable()),
    provider=st.just("acme"),
    account=st.just("acme"),
    offer=MAYBE,
    model=MAYBE,
    wire_id=MAYBE,
    kind=st.sampled_from(Kind),
    money=MONEY,
    submitted_at=st.datetimes(timezones=st.just(UTC)),
    path=PATHS.map("/{}".format),
    links=st.dictionaries(st.sampled_from(["urls.get", "urls.result"]), PATHS.map("/{}".format)),
)


@given(TASKS, st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16))
def test_a_key_is_not_in_the_handle(task, key):
    text = handle(task, account(api_key=key))
    assert key not in text or any(key in str(value) for value in attrs.asdict(task).values())
    assert is_of(json.loads(text)["fingerprint"], Secret(key))


@given(TASKS, st.permutations(list(CONFIG.accounts.values())))
def test_every_task_is_found_again(task, accounts):
    text = handle(task, ACCOUNT)
    assert len(text.encode()) <= 1000
    assert KEY not in text
    again, found = opened(text, Config(accounts={each.name: each for each in accounts}))
    assert found == ACCOUNT
    spared = {"money": again.money} | {field: getattr(again, field) for field in ("offer", "model")}
    assert again == (task if len(text.encode()) < 800 else attrs.evolve(task, **spared))
    assert handle(again, found).partition("fingerprint")[0] == text.partition("fingerprint")[0]


ODD = st.sampled_from(["", "acme", "plain", "/", "//", "a\nb", "\ud800", "https://[", 10**400, -1, 1e308, KEY])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9) | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9) | st.sampled_from(["urls.get", "usd", "status"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def open_or_refuse(text):
    """Open a text as a handle, or hear an error of ours; what is opened leads the key to its own hosts alone."""
    try:
        task, found = opened(text, CONFIG)
    except AnymediaError:
        return
    for endpoint in (ACME.lifecycle.poll, ACME.lifecycle.result, ACME.lifecycle.cancel):
        try:
            url = follow(found, endpoint, task).url
        except AnymediaError:
            continue
        host = urlsplit(url).hostname
        assert url.startswith(found.origin + "/") or host in endpoint.hosts or host.endswith("." + endpoint.hosts[0])


@given(st.dictionaries(st.sampled_from([*WRONG, "anymedia", "x"]), JSON, max_size=3), st.booleans())
def test_a_spoilt_handle_is_refused_or_leads_nowhere_else(spoilt, ascii_):
    text = json.dumps(said() | spoilt, ensure_ascii=ascii_)
    open_or_refuse(text)
    open_or_refuse(text.encode("utf-8", "surrogatepass"))


@given(st.binary() | st.text() | JSON.map(json.dumps))
def test_anything_is_a_handle_or_an_error_of_ours(text):
    open_or_refuse(text)


@pytest.mark.parametrize("depth", [10, 500, 900, 1300])
@pytest.mark.parametrize("field", ["id", "links", "money", "account", "x"])
def test_a_deep_handle_is_refused(field, depth):
    text = json.dumps(said(TASK) | {field: 0}).replace(f'"{field}": 0', f'"{field}": ' + "[" * depth + "]" * depth)
    open_or_refuse(text)
