"""The suite over a provider that wants a token, settings and a secret in the query, and has two lifecycles."""

import json

import pytest

from anymedia.simulators.message import json_response
from anymedia.testing import Contract

from .test_suite import PLAYED, broken

ADAPTER = """
from anymedia.declare import (
    Adapter, Balance, Cause, Endpoint, Fault, Gap, Header, Lifecycle, Offer, Pace, Param, Price, Printed, Query, Reply,
    Setting, State, Text, Token,
)

WHY = Fault(code="error.code", message="error.text")


def paint(name, **more):
    return Offer(
        name=name,
        params={"prompt": Param("prompt", Text(1, 500), required=True)},
        prices=Price("0.04"),
        **more,
    )


ADAPTER = Adapter(
    name="vault",
    title="Vault",
    page="a page",
    read="2026-11-20",
    base_url="https://api.vault.example",
    api_key_env=("VAULT_API_KEY",),
    settings={
        "organization": Setting(env="VAULT_ORG", required=True),
        "client": Setting(env="VAULT_CLIENT", secret=True),
        "team": Setting(),
    },
    auth=(
        Token(
            call=Endpoint(method="POST", path="/login", auth=Header("X-Login")),
            sends={"client": "{client}"},
            token="token",
            expires="seconds",
            prefix="Pass ",
        ),
        Query("client", of="client"),
    ),
    headers={"X-Org": "{organization}", "X-Team": "{team}"},
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/v1/pictures", model="model", reply=Reply(id="id")),
        poll=Endpoint(
            method="GET", path="/v1/pictures/{id}", reply=Reply(id="id", state="state", assets="urls[]", failure=WHY)
        ),
        states={"waiting": State.QUEUED, "dry": State.SUCCEEDED, "spoilt": State.FAILED},
        pace=Pace(first=1, then=1),
        expires=3600,
    ),
    lifecycles={
        "sketch": Lifecycle(
            submit=Endpoint(method="POST", path="/v1/sketches", model="model", reply=Reply(id="id")),
            poll=Endpoint(
                method="GET", path="/v1/sketches/{id}", reply=Reply(id="id", state="s", assets="urls[]", failure=WHY)
            ),
            states={"w": State.QUEUED, "d": State.SUCCEEDED, "s": State.FAILED},
            pace=Pace(first=1, then=1),
            expires=3600,
        )
    },
    fault=WHY,
    errors={"banned": Cause.BLOCKED},
    balance=Balance(path="/v1/funds", cents="cents"),
    refunds="yes",
    printed=Printed("2026-11-20"),
    offers=(paint("oil"), paint("ink", lifecycle="sketch")),
    gaps=(Gap("rates"),),
)
"""
SIMULATOR = """
from tests.simulators.vault import Vault

SERVICE = Vault
"""
TOLD = "test_a_price_that_the_provider_tells_is_what_it_charges"
PROMISES = [name for name in dir(Contract) if name.startswith("test_") and name not in (PLAYED, TOLD)]
KEPT = "test_an_offer_keeps_its_promises"


@pytest.fixture
def vault(plugged):
    """Return a function that installs the provider, with other texts in its adapter and its simulator."""

    def plug(*changes):
        text = ADAPTER
        for old, new in changes:
            assert text.count(old) >= 1
            text = text.replace(old, new)
        return plugged(name="vault", texts={"anymedia_acme/adapter.py": text, "anymedia_acme/simulator.py": SIMULATOR})

    return plug


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_is_kept(vault, promise, tmp_path):
    assert broken(promise, vault(), tmp_path=tmp_path) is None


@pytest.mark.parametrize(
    ("promise", "change", "said"),
    [
        (
            KEPT,
            ('"X-Org": "{organization}"', '"X-Org": "{organization}x"'),
            "BadApiKey: vault answered 401 who We do not know you",
        ),
        (KEPT, ('sends={"client": "{client}"}', 'sends={"client": "{organization}"}'), "We do not know you"),
        (KEPT, ('path="/login", auth', 'path="/logins", auth'), "did not succeed: NotFound"),
        ("test_every_error_means_what_the_page_says", ('token="token"', 'token="pass"'), "vault gives no token: "),
        (
            "test_what_the_adapter_declares_the_simulator_states",
            ('"team": Setting()', '"crew": Setting(), "team": Setting()'),
            "settings.crew",
        ),
        (
            "test_every_word_of_a_state_means_what_the_page_says",
            ('"d": State.SUCCEEDED', '"d": State.RUNNING'),
            "'d' means succeeded, and is read as nothing: it is not listed or running",
        ),
        (
            "test_every_word_for_a_state_is_known",
            ('"w": State.QUEUED, ', ""),
            "a task is queued, and its last state was",
        ),
    ],
)
def test_what_is_wrong_is_said(vault, promise, change, said, tmp_path):
    assert said in str(broken(promise, vault(change), tmp_path=tmp_path))


AUTH = ADAPTER[ADAPTER.index("    auth=(") : ADAPTER.index("    headers=")]
PLAIN = (AUTH, '    auth=(Header("X-Login"), Query("c", of="client")),\n')


@pytest.fixture
def open_to_all(monkeypatch):
    """Have the simulator let everybody in, so that the suite alone sees what is missing."""
    monkeypatch.setattr("tests.simulators.vault.Vault.admit", lambda *_: None)


@pytest.mark.parametrize(
    ("changes", "masked", "shown", "said"),
    [
        ([PLAIN], "masked_headers", lambda _: {}, "explain does not mask what goes in X-Login"),
        ([PLAIN], "masked_url", lambda call: call.url, "explain does not mask what goes in ?c"),
        ([], "masked_headers", lambda _: {}, "explain does not mask what goes in Authorization"),
    ],
)
def test_what_is_not_masked_is_said(vault, open_to_all, monkeypatch, tmp_path, changes, masked, shown, said):
    monkeypatch.setattr(f"anymedia.pricing.explain.{masked}", shown)
    assert said in str(broken(KEPT, vault(*changes), tmp_path=tmp_path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([PLAIN], "the key was not in X-Login; the setting client was not in ?c"),
        ([], "the token was not in Authorization"),
    ],
)
def test_what_is_not_carried_is_said(vault, open_to_all, monkeypatch, tmp_path, changes, said):
    monkeypatch.setattr("tests.simulators.vault.Vault.login", lambda self, *_: given(self))
    monkeypatch.setattr("anymedia.transport.http.headers_of", lambda call, *_: call.headers)
    monkeypatch.setattr("anymedia.transport.http.url_of", lambda url, *_: url)
    assert said in str(broken(KEPT, vault(*changes), tmp_path=tmp_path))


def given(service):
    return json_response({"token": service.new_token(9), "seconds": 9})


def test_a_setting_that_is_not_sent_is_said(vault, open_to_all, monkeypatch, tmp_path):
    adapter = vault()
    monkeypatch.setattr("anymedia.translate.encode.with_settings", lambda *_: None)
    assert "org-1 was not in X-Org" in str(broken(KEPT, adapter, tmp_path=tmp_path))


def conversation(login, key, client):
    """Return a cassette of a picture, as vcrpy writes one: the token, the submit, a look."""
    job = {"id": "oil-1", "state": "dry", "urls": ["https://f/1.png"]}
    calls = (
        ("POST", "login", {"X-Login": [login]}, {"client": "***"}, {"token": "***", "seconds": 300}),
        ("POST", f"v1/pictures?client={client}", {"Authorization": [key]}, {"model": "oil", "prompt": "a fox"}, job),
        ("GET", f"v1/pictures/oil-1?client={client}", {"Authorization": [key]}, None, job),
    )
    interactions = [
        {
            "request": {
                "method": method,
                "uri": f"https://a.example/{path}",
                "body": None if body is None else json.dumps(body),
                "headers": {**headers, "Content-Type": ["application/json"]},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/json"]},
                "body": {"string": json.dumps(said)},
            },
        }
        for method, path, headers, body, said in calls
    ]
    return json.dumps({"version": 1, "interactions": interactions})


@pytest.mark.parametrize(
    ("login", "key", "client", "said"),
    [
        ("***", "Pass ***", "***", None),
        ("k", "Pass ***", "***", "succeeded.yaml holds what may be a key, in X-Login"),
        ("***", "Pass t", "***", "succeeded.yaml holds what may be a key, in Authorization"),
        ("***", "Pass ***", "s", "succeeded.yaml holds what may be a key, in ?client"),
    ],
)
def test_a_cassette_is_played_and_a_secret_in_it_is_said(vault, tmp_path, login, key, client, said):
    file = tmp_path / "succeeded.yaml"
    file.write_text(conversation(login, key, client))
    assert broken(PLAYED, vault(), cassette=file) == said
