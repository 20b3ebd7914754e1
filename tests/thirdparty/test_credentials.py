"""The suite over a provider that wants a token, settings and a secret in the query, and has two lifecycles."""

import json
import tomllib

import attrs
import pytest
from click.testing import CliRunner

from anymedia import ImageRequest, read_config
from anymedia.cli.app import app
from anymedia.cli.simulate import _written
from anymedia.declare import Hook
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.simulators import in_thread, services
from anymedia.simulators.message import Request, json_response
from anymedia.testing import Contract
from anymedia.testing.credentials import account_at, amiss, carried

from .conftest import snippets
from .test_suite import PLAYED, broken

ADAPTER = snippets("anymedia_vault/adapter.py")
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


PLAIN = ("    auth=AUTH,\n", '    auth=(Header("X-Login"), Query("c", of="client")),\n')


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


def test_what_a_function_makes_of_a_call_is_nobody_s_to_know(vault):
    signed = Hook("tests.core.test_auth:signed", why="signs each call")
    adapter = attrs.evolve(vault(), auth=signed)
    account = account_at(adapter, services()["vault"]())
    sent, (shown,) = Request("POST", "/v1/pictures", {}, {"x-org": "org-1"}), explained(account)
    assert list(amiss(account, adapter.lifecycle.submit, sent, shown)) == []
    assert list(carried(adapter, {}, "https://api.vault.example/v1/pictures")) == []


def explained(account):
    return [explain(each) for each in candidates(ImageRequest(model="oil", prompt="a fox"), [account])]


# The command line


def ran(*words, **environ):
    done = CliRunner().invoke(app, [*words, "--json"], env={"VAULT_API_KEY": "k", **environ})
    return json.loads(done.stdout), done.stdout


def test_settings_are_shown_and_secrets_masked(vault, monkeypatch, tmp_path):
    vault()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anymedia.toml").write_text('[providers.vault]\nsettings = { team = "red" }\n')
    secret = "client-planted-77"
    shown, text = ran("providers", VAULT_ORG="org-7", VAULT_CLIENT=secret)
    held = next(each for each in shown if each["account"] == "vault")
    assert held["settings"] == {"organization": "org-7", "client": "***", "team": "red"}
    people = CliRunner().invoke(app, ["providers"], env={"VAULT_ORG": "org-7", "VAULT_CLIENT": secret}).stdout
    assert "organization: org-7" in people
    assert "client: ***" in people
    assert secret not in text + people


def test_the_doctor_says_which_settings_are_missing(vault, monkeypatch, tmp_path):
    vault()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anymedia.toml").write_text('[providers.vault]\nbase_url = "http://127.0.0.1:9"\napi_key_env = "K"\n')
    found, _ = ran("doctor", K="k", VAULT_CLIENT="client-planted-77")
    (account,) = found["accounts"]
    assert account["settings"] == {"organization": None, "client": None, "team": None}
    assert account["trouble"].startswith('set VAULT_ORG, or write organization = "…" in its settings; write client_env')


def test_a_simulator_says_what_to_paste(vault):
    vault()
    with in_thread("vault") as simulators:
        table = tomllib.loads(_written(simulators["vault"].table))
        account = read_config(simulators.config, simulators.environ).account("vault")
    assert table["settings"] == {"organization": "org-1", "client_env": "ANYMEDIA_SIMULATED_VAULT_CLIENT"}
    assert account.lacks == {}
