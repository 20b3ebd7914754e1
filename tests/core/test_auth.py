"""Who asks: the API key, secrets and tokens where the page wants them, and settings; none of them is shown."""

import asyncio
import json
import logging
import traceback
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs

import attrs
import pytest
from aiohttp import web

from anymedia import (
    Account,
    AnymediaError,
    BadApiKey,
    Billed,
    Client,
    Config,
    ConfigError,
    ImageRequest,
    NoCredit,
    Outcome,
    State,
    Unavailable,
    read_config,
    to_json,
)
from anymedia.account import Secret
from anymedia.config import default_account
from anymedia.declare import (
    Endpoint,
    Fault,
    File,
    Header,
    Hook,
    Offer,
    Param,
    Query,
    Reply,
    Setting,
    Step,
    Text,
    Token,
    Upload,
)
from anymedia.journal import MemoryJournal
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.translate import encode
from anymedia.transport.auth import Credentials, body_of, headers_of

from .acme import acme

KEY, SECOND, FIRST_TOKEN = "rk+live/planted==8f2e71", "second-planted-4411", "tok-planted-1"
SUBMIT = Endpoint(method="POST", path="/v1/make", model="model", reply=Reply(id="id", state="s"))
POLL = Endpoint(method="GET", path="/v1/made/{id}", reply=Reply(state="s", assets="urls[]"))
OFFER = Offer(name="lamp", params={"prompt": Param("prompt", Text(1), required=True)}, prices=None)
SETTINGS = {
    "organization": Setting(env="ACME_ORG"),
    "region": Setting(default="eu"),
    "second": Setting(env="ACME_SECOND", secret=True),
}
TOKEN = Token(
    call=Endpoint(method="POST", path="/token"),
    sends={"id": "{api_key}", "deep": [{"second": "{second}", "of": "{region}", "n": 1}]},
    token="access",
    expires="in",
)
REQUEST = ImageRequest(model="lamp", prompt="a fox")


def maker(**facts):
    return acme(
        **{
            "submit": SUBMIT,
            "poll": POLL,
            "states": {"done": State.SUCCEEDED, "bad": State.FAILED},
            "fault": Fault(code="code", message="error"),
            "offers": (OFFER,),
        }
        | facts
    )


def mine(adapter, origin=None, **settings):
    given = {"second": Secret(SECOND), "region": "eu"} | settings
    known = {name: each for name, each in given.items() if name in adapter.settings}
    return Account(name="acme", adapter=adapter, origin=origin or adapter.base_url, api_key=Secret(KEY), settings=known)


class Site:
    """A provider: what was asked, and answers by method and path, each a list of which the last one stays."""

    def __init__(self, answers):
        self.asked, self.answers, self.bills = [], answers, 0

    async def answer(self, http):
        body = await http.read()
        self.asked.append((http.method, http.path, dict(http.query), dict(http.headers), body))
        answers = self.answers[f"{http.method} {http.path}"]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer = await answer(self, http) if callable(answer) else answer
        status, words = answer
        self.bills += http.path == "/v1/make" and status == 200
        return web.json_response(words, status=status)

    def calls(self, path):
        return [each for each in self.asked if each[1] == path]


@asynccontextmanager
async def at(adapter, answers, clock, **more):
    site = Site(
        {"POST /v1/make": [(200, {"id": "t-1", "s": "on"})], "GET /v1/made/t-1": [(200, {"s": "on"})]} | answers
    )
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    events = []
    try:
        config = Config(accounts={"acme": mine(adapter, origin)}, **{"journal": None} | more)
        async with Client(config, clock=clock, on_event=events.append, journal=MemoryJournal()) as client:
            client.events = events
            yield site, client
    finally:
        await runner.cleanup()


# Where they go


SEVERAL = maker(
    settings=SETTINGS,
    auth=(Header("X-Key", "Key "), Header("X-Second", of="second"), Query("key"), Query("s", of="second")),
    headers={"X-Org": "{organization}", "X-Region": "{region}-{region}", "X-Plain": "{}"},
    submit=attrs.evolve(SUBMIT, headers={"X-Beta": "{organization}/b"}, query={"org": "{organization}", "v": "2"}),
    poll=attrs.evolve(POLL, query={"id": "{id}", "where": "{region}"}),
)


async def test_each_goes_where_the_page_wants_it_and_settings_are_filled_in(clock):
    async with at(SEVERAL, {}, clock) as (site, client):
        (shown,) = client.explain(REQUEST)
        await client.get(await client.submit(REQUEST))
    (made, looked) = site.asked
    assert made[2] == {"v": "2", "key": KEY, "s": SECOND}
    assert looked[2] == {"id": "t-1", "where": "eu", "key": KEY, "s": SECOND}
    for call in site.asked:
        assert {
            name: call[3].get(name) for name in ("X-Key", "X-Second", "X-Org", "X-Region", "X-Plain", "X-Beta")
        } == {
            "X-Key": f"Key {KEY}",
            "X-Second": SECOND,
            "X-Org": None,  # no organization is given
            "X-Region": "eu-eu",
            "X-Plain": "{}",
            "X-Beta": None,
        }
    assert shown.url.endswith("/v1/make?v=2&key=***&s=***")
    assert (shown.headers["X-Key"], shown.headers["X-Second"]) == ("Key ***", "***")


def test_a_setting_that_is_given_is_sent_but_not_with_a_call_without_the_key():
    account = mine(SEVERAL, organization="org 1")
    call = encode.submit(account, None, "/v1/make?v=2", {}, None)
    assert (call.headers["X-Org"], call.headers["X-Beta"]) == ("org 1", "org 1/b")
    assert call.url == "https://api.acme.example/v1/make?v=2&org=org+1"
    assert "X-Org" not in encode.call(account, attrs.evolve(SUBMIT, keyed=False), "/v1/make").headers


def test_a_call_may_have_an_auth_of_its_own():
    adapter = maker(poll=attrs.evolve(POLL, auth=Header("X-Look")))
    account = mine(adapter)
    made, looked = (encode.call(account, each, "/x") for each in (SUBMIT, adapter.lifecycle.poll))
    assert headers_of(made, account, Credentials())["x-key"] == KEY
    assert headers_of(looked, account, Credentials()) == {"Accept": "application/json", "X-Look": KEY}


@pytest.mark.parametrize(
    ("url", "carries"),
    [
        ("https://store.example/put?sig=1", False),
        ("https://api.acme.example/put", True),
        ("https://eu.acme.example/put", True),
        ("https://files.acme.example/put", True),
    ],
)
def test_where_an_answer_leads_only_the_provider_s_own_hosts_hear_who_asks(url, carries):
    endpoint = Endpoint(method="PUT", link="to", hosts=("eu.acme.example",), origin="https://files.acme.example")
    assert encode.call(mine(SEVERAL), endpoint, url, public=True).keyed is carries


# Hidden


def held_by(error):
    """Return everything that an error, and what led to it, could show."""
    said = []
    while error is not None:
        said += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return said


ECHOES = {
    "an echo": (400, {"error": f"no {KEY} {SECOND} {FIRST_TOKEN}", "code": KEY}),
    "an escaped echo": (400, {"error": json.dumps([KEY, SECOND, FIRST_TOKEN]).replace("/", "%2F").replace("+", "%2B")}),
    "a yes": (200, {"id": "t-1", "s": "on", "said": [KEY, SECOND, FIRST_TOKEN]}),
}
GIVEN = (200, {"access": FIRST_TOKEN, "in": 3600})


@pytest.mark.parametrize("way", ECHOES)
async def test_none_is_shown_or_kept_whatever_comes_back(clock, way, caplog):
    caplog.set_level(logging.DEBUG)
    adapter = attrs.evolve(SEVERAL, auth=(TOKEN, Query("key"), Header("X-Second", of="second")))
    journal = MemoryJournal()
    answers = {"POST /v1/make": [ECHOES[way]], "POST /token": [GIVEN]}
    async with at(adapter, answers, clock) as (site, client):
        shown = [repr(client.config), repr(client.explain(REQUEST)), repr(client.journal)]
        try:
            shown.append(repr(await client.submit(REQUEST)))
        except AnymediaError as error:
            shown += held_by(error) + traceback.format_exception(error)
        attempts = await client.attempts()
        shown += [json.dumps(to_json(each)) for each in (*client.events, *attempts)]
        shown += [repr(vars(each)) if hasattr(each, "__dict__") else repr(each) for each in client.events]
    assert len(site.calls("/v1/make")) == 1
    told = "\n".join([*shown, caplog.text])
    for secret in (KEY, SECOND, FIRST_TOKEN):
        assert secret not in told
        assert secret.replace("/", "%2F").replace("+", "%2B") not in told
    assert journal is not client.journal


async def test_a_key_in_a_query_is_in_no_fault_of_the_connection(clock):
    adapter = maker(auth=Query("key"))
    account = mine(adapter, "http://127.0.0.1:9")
    async with Client(Config(accounts={"acme": account}, journal=None), clock=clock) as client:
        with pytest.raises(Unavailable) as caught:
            await client.submit(REQUEST, timeout=5)
    said = "\n".join(held_by(caught.value))
    assert KEY not in said
    assert "?key=" not in said


# Tokens


def token_maker(token=TOKEN, **facts):
    return maker(settings=SETTINGS, auth=token, **facts)


async def test_a_token_is_asked_for_once_and_goes_in_place_of_the_key(clock):
    async with at(token_maker(), {"POST /token": [GIVEN]}, clock) as (site, client):
        tasks = await asyncio.gather(*(client.submit(REQUEST) for _ in range(5)), return_exceptions=True)
        await client.get(next(each for each in tasks if not isinstance(each, Exception)))
    (asked,) = site.calls("/token")
    assert asked[3]["Authorization"] == f"Bearer {KEY}"
    assert json.loads(asked[4]) == {"id": KEY, "deep": [{"second": SECOND, "of": "eu", "n": 1}]}
    rest = [call for call in site.asked if call[1] != "/token"]
    assert {call[3]["Authorization"] for call in rest} == {f"Bearer {FIRST_TOKEN}"}
    assert KEY not in str(rest)


@pytest.mark.parametrize(
    ("told", "expires", "kept"),
    [
        ({"in": 100}, "in", 90.0),  # a tenth of its life is left
        ({"in": "3600"}, "in", 3540.0),  # and no more than a minute
        ({"until": "2026-11-21T12:00:00Z"}, "until!iso", None),
        ({}, 100.0, 90.0),
        ({}, "in", 0.0),  # nobody says, so each call asks
        ({"in": 10**8}, "in", 86_340.0),
    ],
)
async def test_a_token_is_kept_until_shortly_before_it_expires(clock, told, expires, kept):
    adapter = token_maker(attrs.evolve(TOKEN, expires=expires))
    async with at(adapter, {"POST /token": [(200, {"access": FIRST_TOKEN} | told)]}, clock) as (site, client):
        task = await client.submit(REQUEST)
        if kept is None:
            until = datetime(2026, 11, 21, 12, tzinfo=UTC)
            kept = max((until - clock.now()).total_seconds() - 60, 0)
        if kept:
            clock.seconds += kept - 0.5
            await client.get(task)
            assert len(site.calls("/token")) == 1
        clock.seconds += 1
        await client.get(task)
        assert len(site.calls("/token")) == 2


async def test_a_submit_whose_token_has_ended_is_sent_once_more_with_another(clock):
    answers = {
        "POST /token": [GIVEN, (200, {"access": "tok-2", "in": 3600})],
        "POST /v1/make": [(401, {"error": "expired"}), (200, {"id": "t-1", "s": "on"})],
    }
    async with at(token_maker(), answers, clock) as (site, client):
        task = await client.submit(REQUEST)
        (attempt,) = await client.attempts()
    assert [call[3]["Authorization"] for call in site.calls("/v1/make")] == [f"Bearer {FIRST_TOKEN}", "Bearer tok-2"]
    assert (task.id, task.replayed, attempt.sends, attempt.outcome) == ("t-1", False, 2, Outcome.ACCEPTED)
    assert site.bills == 1


@pytest.mark.parametrize(
    ("tokens", "submits"),
    [
        ([GIVEN, (200, {"access": "tok-2", "in": 9})], 2),  # the new one is no better
        ([GIVEN, (403, {"error": "no more"})], 1),  # there is no new one
    ],
)
async def test_a_no_to_every_token_is_the_end(clock, tokens, submits):
    answers = {"POST /token": tokens, "POST /v1/make": [(401, {"error": "who are you"})]}
    async with at(token_maker(), answers, clock) as (site, client):
        with pytest.raises(BadApiKey) as caught:
            await client.submit(REQUEST)
        (attempt,) = await client.attempts()
    assert (caught.value.outcome, attempt.sends, len(site.calls("/v1/make"))) == (Outcome.REFUSED, submits, submits)


async def test_a_look_whose_token_has_ended_is_made_once_more(clock):
    answers = {
        "POST /token": [GIVEN, (200, {"access": "tok-2", "in": 3600})],
        "GET /v1/made/t-1": [(401, {"error": "expired"}), (200, {"s": "done", "urls": ["https://cdn.example/1.png"]})],
    }
    async with at(token_maker(), answers, clock) as (site, client):
        task = await client.get(await client.submit(REQUEST))
    assert task.state is State.SUCCEEDED
    assert [call[3]["Authorization"] for call in site.calls("/v1/made/t-1")] == [
        f"Bearer {FIRST_TOKEN}",
        "Bearer tok-2",
    ]


async def test_two_calls_that_meet_the_end_of_a_token_ask_for_one(clock):
    renewed = asyncio.Event()

    async def ended(site, http):
        if http.headers["Authorization"] != f"Bearer {FIRST_TOKEN}":
            renewed.set()
            return 200, {"s": "on"}
        if len(site.calls("/v1/made/t-1")) == 2:
            await renewed.wait()  # the second hears that it has ended when there is another one already
        return 401, {"error": "expired"}

    answers = {"POST /token": [GIVEN, (200, {"access": "tok-2", "in": 3600})], "GET /v1/made/t-1": [ended]}
    async with at(token_maker(), answers, clock) as (site, client):
        task = await client.submit(REQUEST)
        await asyncio.gather(client.get(task), client.get(task))
    assert len(site.calls("/token")) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((401, {"error": f"no {KEY}"}), BadApiKey, "acme answered 401 no ***"),
        ((401, {"error": f"no {FIRST_TOKEN}", "access": FIRST_TOKEN}), BadApiKey, "acme answered 401 no ***"),
        ((402, {"error": "empty"}), NoCredit, "empty"),
        ((503, {"error": "busy"}), Unavailable, "busy"),
        ((200, {"other": FIRST_TOKEN}), Unavailable, "acme answered 200 without a token that can be used"),
        ((200, {"access": 7}), Unavailable, "without a token that can be used"),
        ((200, {"access": f"{FIRST_TOKEN} \n"}), Unavailable, "without a token that can be used"),
        ((200, {"access": "x" * 9000}), Unavailable, "without a token that can be used"),
    ],
)
async def test_without_a_token_nothing_is_bought(clock, answer, kind, said):
    async with at(token_maker(), {"POST /token": [answer]}, clock) as (site, client):
        with pytest.raises(kind, match=said.replace("*", r"\*")) as caught:
            await client.submit(REQUEST)
        attempts = await client.attempts()
    assert (caught.value.outcome, caught.value.billed) == (Outcome.NOT_SENT, Billed.NO)
    assert (site.bills, attempts) == (0, [])
    assert FIRST_TOKEN not in "\n".join(held_by(caught.value))


async def test_an_answer_with_a_token_that_breaks_off_is_not_kept(clock):
    async def cut(site, http):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(http)
        await response.write(json.dumps({"access": FIRST_TOKEN}).encode())
        http.transport.close()
        return 200, {}

    async with at(token_maker(), {"POST /token": [cut]}, clock) as (site, client):
        with pytest.raises(Unavailable) as caught:
            await client.submit(REQUEST)
    assert caught.value.body is None
    assert (site.bills, FIRST_TOKEN in "\n".join(held_by(caught.value))) == (0, False)


async def test_each_caller_has_an_error_of_its_own_where_there_is_no_token(clock):
    answers = {"POST /token": [GIVEN, (401, {"error": "gone"})]}
    async with at(token_maker(attrs.evolve(TOKEN, expires=100)), answers, clock) as (_, client):
        task = await client.submit(REQUEST)
        other = attrs.evolve(task, id="t-2")
        clock.seconds += 100
        ends = await asyncio.gather(client.get(task), client.get(other), return_exceptions=True)
    assert [(type(end), end.task_id, end.billed) for end in ends] == [
        (BadApiKey, "t-1", Billed.YES),
        (BadApiKey, "t-2", Billed.YES),
    ]


async def test_a_client_that_is_closed_waits_for_no_token(clock):
    begun, never = asyncio.Event(), asyncio.Event()

    async def slow(site, http):
        begun.set()
        await never.wait()
        return GIVEN

    async with at(token_maker(), {"POST /token": [slow]}, clock) as (_, client):
        submit = asyncio.ensure_future(client.submit(REQUEST))
        await begun.wait()
        submit.cancel()
        await asyncio.gather(submit, return_exceptions=True)
        await asyncio.wait_for(client.close(), 60)
        never.set()


def test_a_form_for_a_token_is_url_encoded_and_a_call_may_go_without_the_key():
    token = attrs.evolve(
        TOKEN,
        call=Endpoint(
            method="POST",
            path="/oauth",
            query={"scope": "all"},
            body="form",
            keyed=False,
            origin="https://login.acme.example",
        ),
        sends={"client_id": "{region}", "client_secret": "{api_key}"},
    )
    account = mine(token_maker(token))
    call = encode.ask_token(account, token)
    assert (call.url, call.auth, KEY in repr(call)) == ("https://login.acme.example/oauth?scope=all", (), False)
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body_of(call, account).decode()) == {"client_id": ["eu"], "client_secret": [KEY]}
    got = attrs.evolve(token, call=Endpoint(method="GET", path="/token"))
    assert body_of(encode.ask_token(account, got), account) is None


async def test_the_latest_tokens_are_hidden_and_those_long_before_forgotten(clock):
    tokens = [(200, {"access": f"tok-planted-{number:02}"}) for number in range(20)]
    async with at(token_maker(), {"POST /token": tokens}, clock) as (_, client):
        task = await client.submit(REQUEST)
        for _ in range(19):
            await client.get(task)
        held = client._session.tokens.of("acme")
    assert [each.reveal() for each in held] == [f"tok-planted-{number:02}" for number in range(4, 20)]


# What a function makes of a call


def signed(method, url, headers, body, secret, moment):
    return {"X-Signed": f"{method} {url.rpartition('/')[2]} {len(body)} {secret[:2]} {moment:%Y}", "Accept": "a"}


def refusing(*given):
    raise ValueError(f"no {given}")


def strange(*given):
    return {"X-Signed": 7}


def hook(function):
    return Hook(f"{function.__module__}:{function.__name__}", why="signs each call")


async def test_a_function_may_sign_a_call(clock):
    async with at(maker(auth=hook(signed)), {}, clock) as (site, client):
        await client.submit(REQUEST)
        (shown,) = client.explain(REQUEST)
    (made,) = site.asked
    assert made[3]["X-Signed"] == f"POST make {len(made[4])} {KEY[:2]} {clock.now():%Y}"
    assert "X-Signed" not in shown.headers


@pytest.mark.parametrize(
    ("function", "said"),
    [(refusing, "raised ValueError in line"), (strange, "returned headers that are no texts")],
)
async def test_a_function_that_fails_is_told_before_anything_is_sent(clock, function, said):
    async with at(maker(auth=hook(function)), {}, clock) as (site, client):
        with pytest.raises(Unavailable, match=said) as caught:
            await client.submit(REQUEST)
    assert (site.asked, caught.value.outcome) == ([], Outcome.NOT_SENT)
    assert KEY not in str(caught.value)


# What is declared wrongly

PUTS = Offer(name="lamp", params={"prompt": Param("prompt", Text(1)), "mask": Param("mask", File(forms=("upload",)))})


def put(**facts):
    """Return an upload of one step, whose call says these facts."""
    return Upload(Step(call=Endpoint(method="POST", path="/files", body="file", **facts), finds={"url": "url"}))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"auth": "x-key"}, "auth: str is no Header, Query, Token or Hook"),
        ({"auth": (Header("x"), 7)}, "auth: int is no Header, Query, Token or Hook"),
        ({"auth": Header("x", of="gone")}, "submit: auth: gone is no secret setting"),
        ({"auth": Query("x", of="region")}, "submit: auth: region is no secret setting"),
        ({"offers": (PUTS,), "upload": put(auth=Query("k", of="gone"))}, "upload, step 1: auth: gone is no secret"),
        ({"auth": attrs.evolve(TOKEN, sends={"a": "{gone}"})}, "submit: no setting is named 'gone'"),
        ({"headers": {"X": "{gone}"}}, "headers, X: no setting is named 'gone'"),
        ({"headers": {"X": "{second}"}}, "headers, X: second is secret, and goes by Header"),
        ({"submit": attrs.evolve(SUBMIT, headers={"X": "{id}"})}, "submit, headers, X: no setting is named 'id'"),
        ({"poll": attrs.evolve(POLL, query={"x": "{gone}"})}, "poll, query, x: no setting is named 'gone'"),
        ({"settings": {"a-b": Setting()}}, "settings: 'a-b' is no name of letters"),
        ({"settings": {"x_env": Setting()}}, "settings: 'x_env' is no name of letters"),
        ({"settings": {"id": Setting()}}, "settings: id means something else"),
        ({"settings": {"api_key": Setting()}}, "settings: api_key means something else"),
        ({"auth": Query("v"), "submit": attrs.evolve(SUBMIT, query={"v": "2"})}, "lamp: the query's v goes to"),
    ],
)
def test_what_contradicts_itself_is_refused(facts, why):
    with pytest.raises(ValueError, match=why):
        maker(**{"settings": SETTINGS} | facts)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Setting(secret=True, default="x"), "default: a secret has none"),
        (lambda: Setting(required=True, default="x"), "required: what has a default is never missing"),
        (lambda: attrs.evolve(TOKEN, call=Endpoint(method="POST", path="/", auth=TOKEN)), "call: a token is not asked"),
        (lambda: attrs.evolve(TOKEN, call=Endpoint(method="POST")), "call: it has a path"),
        (lambda: attrs.evolve(TOKEN, call=Endpoint(method="POST", path="/", body="file")), "call: it has a path"),
    ],
)
def test_a_word_that_contradicts_itself_is_refused(make, why):
    with pytest.raises(ValueError, match=why):
        make()


# What has to be given


def test_what_is_missing_is_said_before_anything_is_sent(plugged_acme):
    needs = {"organization": Setting(env="ACME_ORG", required=True), "other": Setting(secret=True), "x": Setting()}
    plugged_acme(settings=needs, auth=(Header("x-key"), Header("X-Other", of="other")))
    account = read_config({"providers": {"acme": {}}}, {"ACME_API_KEY": "k"}).account("acme")
    assert account.lacks == {
        "organization": 'set ACME_ORG, or write organization = "…" in its settings',
        "other": 'write other_env = "…" in its settings',
    }
    with pytest.raises(ConfigError, match=r"^no organization for acme: set ACME_ORG, or write organization = "):
        account.check()
    whole = {"settings": {"organization": "o", "other_env": "OTHER"}}
    account = read_config({"providers": {"acme": whole}}, {"ACME_API_KEY": "k", "OTHER": "s"}).account("acme")
    assert account.check() is None
    assert account.shown_settings == {"organization": "o", "other": "***", "x": None}
    assert default_account(account.adapter, {}).lacks["api_key"] == "set ACME_API_KEY"


@pytest.fixture
def plugged_acme(monkeypatch):
    """Return a function that has a provider of these facts found by its name."""
    from anymedia import config, registry

    def plug(**facts):
        adapter = maker(**facts)
        known = {**registry.adapters(), "acme": adapter}
        monkeypatch.setattr(config, "adapters", lambda: known)
        monkeypatch.setattr(config, "find_adapter", lambda name, **_: known[name])
        return adapter

    return plug


@pytest.mark.parametrize(
    ("table", "environ", "given"),
    [
        ({}, {}, {"region": "eu"}),
        ({}, {"ACME_ORG": " o-1 ", "ACME_SECOND": SECOND}, {"organization": "o-1", "region": "eu", "second": "***"}),
        ({"organization": "o-2"}, {"ACME_ORG": "o-1"}, {"organization": "o-2", "region": "eu"}),
        ({"organization_env": "ORG"}, {"ACME_ORG": "o-1", "ORG": "o-3"}, {"organization": "o-3", "region": "eu"}),
        ({"second_env": "OTHER"}, {"ACME_SECOND": "no", "OTHER": SECOND}, {"region": "eu", "second": "***"}),
        ({"region": "us"}, {}, {"region": "us"}),
    ],
)
def test_settings_come_from_the_table_and_else_from_the_environment(plugged_acme, table, environ, given):
    plugged_acme(settings=SETTINGS)
    account = read_config({"providers": {"acme": {"settings": table}}}, environ).account("acme")
    assert {name: held for name, held in account.shown_settings.items() if held is not None} == given
    assert SECOND not in repr(account)
    assert [each.reveal() for each in account.secrets] == ([SECOND] if "second" in given else [])


@pytest.mark.parametrize(
    ("table", "environ", "said"),
    [
        (
            {"second": SECOND},
            {},
            "settings: second: is secret, and belongs in an environment variable",
        ),
        ({"gone": SECOND}, {}, "settings: no setting is named 'gone'"),
        ({"region": 7}, {}, "settings: region: must be a text, not 7"),
        ({"region": "a\nb"}, {}, "settings: region: must be at most 1000 characters that an HTTP header can carry"),
        ({"region": "a", "region_env": "R"}, {}, "settings: region and region_env both say what it is"),
        ({"second_env": SECOND}, {}, "settings: second_env: must be the name of an environment variable"),
        ({}, {"ACME_SECOND": f"'{SECOND}'"}, "settings: the secret in ACME_SECOND stands in quotes"),
        ({}, {"ACME_SECOND": f"{SECOND} x"}, "settings: the secret in ACME_SECOND holds a blank"),
        ({}, {"ACME_ORG": "é"}, "settings: organization: must be at most 1000"),
    ],
)
def test_a_setting_that_can_be_none_is_refused_and_no_secret_is_told(plugged_acme, table, environ, said):
    plugged_acme(settings=SETTINGS)
    with pytest.raises(ConfigError, match=said) as caught:
        read_config({"providers": {"acme": {"settings": table}}}, environ)
    assert SECOND not in str(caught.value)


def test_a_secret_that_an_upload_alone_carries_is_needed_too():
    adapter = maker(settings=SETTINGS, offers=(PUTS,), upload=put(auth=Header("X-Second", of="second")))
    assert adapter.needed == ("second",)


def test_a_secret_goes_to_another_origin_only_where_its_variable_is_named(plugged_acme):
    plugged_acme(settings=SETTINGS)
    table = {"base_url": "https://proxy.example", "api_key_env": "K"}
    environ = {"K": "k", "ACME_SECOND": SECOND, "ACME_ORG": "o"}

    def given(**settings):
        config = read_config({"providers": {"acme": table | {"settings": settings}}}, environ)
        return config.account("acme").shown_settings

    assert given() == {"organization": "o", "region": "eu", "second": None}
    assert given(second_env="ACME_SECOND")["second"] == "***"


def test_what_a_preview_shows_needs_no_setting():
    (candidate,) = candidates(REQUEST, [default_account(SEVERAL, {})])
    assert explain(candidate).headers["X-Second"] == "***"
