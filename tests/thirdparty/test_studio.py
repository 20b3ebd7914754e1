"""The suite over the second provider of the page: a token, settings, two lifecycles, links to put to, a list."""

import json
import tomllib

import attrs
import pytest
from click.testing import CliRunner

from anymedia import MusicRequest, read_config
from anymedia.cli.app import app
from anymedia.cli.simulated import written
from anymedia.declare import Hook
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.simulators import in_thread, services
from anymedia.simulators.message import Request, json_response
from anymedia.testing.credentials import account_at, amiss, carried

from .conftest import snippets
from .test_suite import PLAYED, broken

ADAPTER, SIMULATOR = "anymedia_acme/adapter.py", "anymedia_acme/simulator.py"
TEXTS = {
    ADAPTER: snippets("anymedia_acme/studio.py"),
    SIMULATOR: snippets("anymedia_acme/studio_simulator.py"),
}
"""What the page has, in the files in which the other provider is."""


@pytest.fixture
def studio(plugged):
    """Return a function that installs the provider, with other texts in its adapter and its simulator."""
    return lambda *changes: plugged(*((ADAPTER, *change) for change in changes), name="studio", texts=TEXTS)


KEPT = "test_an_offer_keeps_its_promises"
STATED = "test_what_the_adapter_declares_the_simulator_states"
ARRIVES = "test_a_file_that_is_put_in_arrives_as_it_is"
MANY = "test_one_call_looks_at_several_tasks"
BELIEVED = "test_a_webhook_is_believed_as_far_as_it_is_signed"
TELLS = "test_what_is_told_of_a_task_is_read"
WRONG = [
    (KEPT, ('"X-Org": "{organization}"', '"X-Org": "{organization}x"'), "studio answered 401 who We do not know you"),
    (KEPT, ('sends={"client": "{client}"}', 'sends={"client": "{organization}"}'), "We do not know you"),
    (KEPT, ('path="/login", auth', 'path="/logins", auth'), "did not succeed: NotFound"),
    (KEPT, ('{"seconds": "0.002"}', '{"seconds": "0.02"}'), "in the end said to cost $0.80, that is 80 units of $0.01"),
    ("test_what_answers_tell_is_read", ('"machine.seconds"', '"seconds"'), "tells that 8"),
    (KEPT, ("    makes=2,  # two songs for the price of a job\n", ""), "1 asked for, and 2 found"),
    ("test_every_error_means_what_the_page_says", ('token="token"', 'token="pass"'), "studio gives no token: "),
    (STATED, ('"team": Setting()', '"crew": Setting(), "team": Setting()'), "settings.crew"),
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
    ("test_a_failure_is_read_as_the_page_tells_it", ('path + "/{id}/why"', 'path + "/{id}"'), "is read with the code"),
    (ARRIVES, (", keyed=False", ""), "the store answered 400"),
    (ARRIVES, (', headers="signed"', ""), "the store answered 403"),
    (ARRIVES, ('"bytes": "{size}"', '"bytes": "{type}"'), "name and bytes are required"),
    (ARRIVES, ('"url": "get"', '"url": "put"'), "could not be fetched"),
    ("test_a_file_is_uploaded_once_as_long_as_it_lasts", ("expires=1800", "expires=9000"), "its link has expired"),
    (MANY, ('joined="+"', 'joined=","'), "calls told together, and they were looked at"),
    (MANY, ('each="jobs[]"', 'each="works[]"'), "calls told together, and they were looked at"),
    (BELIEVED, ('asked_by="notify.url"', 'asked_by="notify.to"'), "look at `webhook.asked_by`"),
    (BELIEVED, ('over="{@studio-time}:{@}"', 'over="{@studio-time}.{@}"'), "what the simulator posts is answered 401"),
    (TELLS, ("made!percent", "made"), "progress is 0.45, and that is read as None"),
    (TELLS, ('url="art", role="cover"', 'url="art"'), "results are cover None, cover None, main 'Dawn' of 123 s"),
]
"""By promise: what is said wrongly, and what the suite says to it."""


@pytest.mark.parametrize(("promise", "change", "said"), WRONG)
def test_what_is_wrong_is_said(studio, promise, change, said, tmp_path):
    assert said in str(broken(promise, studio(change), tmp_path=tmp_path))


RIGHT = (
    *("test_a_token_that_has_ended_is_asked_for_anew", "test_without_its_secret_a_webhook_is_a_hint"),
    *(
        "test_every_error_means_what_the_page_says",
        "test_an_offer_is_declared_without_contradiction",
        ARRIVES,
        BELIEVED,
    ),
)
"""What is kept in ways of its own; that all of it is, is tried where the package is installed."""


@pytest.mark.parametrize("promise", RIGHT)
def test_what_is_right_is_not_found_fault_with(studio, promise, tmp_path):
    assert broken(promise, studio(), tmp_path=tmp_path) is None


# Who asks

PLAIN = ("\nAUTH = (TOKEN, ", '\nAUTH = (Header("X-Login"), ')


@pytest.fixture
def open_to_all(studio, monkeypatch):
    """Return a function that installs the provider with a simulator that lets everybody in."""

    def plug(*changes):
        adapter, service = studio(*changes), services()["studio"]
        monkeypatch.setattr(service, "admit", lambda *_: None)
        monkeypatch.setattr(service, "login", lambda self, *_: given(self))
        return adapter

    return plug


def given(service):
    return json_response({"token": service.new_token(9), "seconds": 9})


@pytest.mark.parametrize(
    ("changes", "masked", "shown", "said"),
    [
        ([PLAIN], "masked_headers", lambda _: {}, "explain does not mask what goes in X-Login"),
        ([PLAIN], "masked_url", lambda call: call.url, "explain does not mask what goes in ?client"),
        ([], "masked_headers", lambda _: {}, "explain does not mask what goes in Authorization"),
    ],
)
def test_what_is_not_masked_is_said(open_to_all, monkeypatch, tmp_path, changes, masked, shown, said):
    monkeypatch.setattr(f"anymedia.pricing.explain.{masked}", shown)
    assert said in str(broken(KEPT, open_to_all(*changes), tmp_path=tmp_path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([PLAIN], "the key was not in X-Login; the setting client was not in ?client"),
        ([], "the token was not in Authorization"),
    ],
)
def test_what_is_not_carried_is_said(open_to_all, monkeypatch, tmp_path, changes, said):
    adapter = open_to_all(*changes)
    monkeypatch.setattr("anymedia.transport.http.headers_of", lambda call, *_: call.headers)
    monkeypatch.setattr("anymedia.transport.http.url_of", lambda url, *_: url)
    assert said in str(broken(KEPT, adapter, tmp_path=tmp_path))


def test_a_setting_that_is_not_sent_is_said(open_to_all, monkeypatch, tmp_path):
    adapter = open_to_all()
    monkeypatch.setattr("anymedia.translate.encode.with_settings", lambda *_: None)
    assert "org-1 was not in X-Org" in str(broken(KEPT, adapter, tmp_path=tmp_path))


def conversation(login, key, client):
    """Return a cassette of two songs, as vcrpy writes one: the token, the submit, a look."""
    waiting = {"id": "job_1", "state": "waiting"}
    done = {"id": "job_1", "state": "done", "tracks": [{"audio": "https://f/1.mp3", "art": "https://f/1.png"}]}
    calls = (
        ("POST", "login", {"X-Login": [login]}, {"client": "***"}, {"token": "***", "seconds": 300}),
        ("POST", f"v1/songs?client={client}", {"Authorization": [key]}, {"model": "song-2", "idea": "a fox"}, waiting),
        ("GET", f"v1/songs/job_1?client={client}", {"Authorization": [key]}, None, done),
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
def test_a_cassette_is_played_and_a_secret_in_it_is_said(studio, tmp_path, login, key, client, said):
    file = tmp_path / "succeeded.yaml"
    file.write_text(conversation(login, key, client))
    assert broken(PLAYED, studio(), cassette=file) == said


def test_what_a_function_makes_of_a_call_is_nobody_s_to_know(studio):
    signed = Hook("tests.core.test_auth:signed", why="signs each call")
    adapter = attrs.evolve(studio(), auth=signed)
    account = account_at(adapter, services()["studio"]())
    sent, (shown,) = Request("POST", "/v1/songs", {}, {"x-org": "org-1"}), explained(account)
    assert list(amiss(account, adapter.lifecycle.submit, sent, shown)) == []
    assert list(carried(adapter, {}, "https://studio.acme.example/v1/songs")) == []


def explained(account):
    return [explain(each) for each in candidates(MusicRequest(model="song-2", prompt="a fox"), [account])]


# The command line


def ran(*words, **environ):
    done = CliRunner().invoke(app, [*words, "--json"], env={"STUDIO_API_KEY": "k", **environ})
    return json.loads(done.stdout), done.stdout


def test_settings_are_shown_and_secrets_masked(studio, monkeypatch, tmp_path):
    studio()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anymedia.toml").write_text('[providers.studio]\nsettings = { team = "red" }\n')
    secret = "client-planted-77"
    shown, text = ran("providers", STUDIO_ORG="org-7", STUDIO_CLIENT=secret)
    held = next(each for each in shown if each["account"] == "studio")
    assert held["settings"] == {"organization": "org-7", "client": "***", "hook_secret": None, "team": "red"}
    people = CliRunner().invoke(app, ["providers", "--provider", "studio"], env={"STUDIO_CLIENT": secret}).stdout
    assert "client: ***" in people
    assert "team: red" in people
    assert secret not in text + people


def test_the_doctor_says_which_settings_are_missing(studio, monkeypatch, tmp_path):
    studio()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anymedia.toml").write_text('[providers.studio]\nbase_url = "http://127.0.0.1:9"\napi_key_env = "K"\n')
    found, _ = ran("doctor", K="k", STUDIO_CLIENT="client-planted-77")
    (account,) = found["accounts"]
    assert account["settings"] == {"organization": None, "client": None, "hook_secret": None, "team": None}
    assert account["trouble"].startswith(
        'set STUDIO_ORG, or write organization = "…" in its settings; write client_env'
    )


def test_a_simulator_says_what_to_paste(studio):
    studio()
    with in_thread("studio") as simulators:
        table = tomllib.loads(written(simulators["studio"].table))
        account = read_config(simulators.config, simulators.environ).account("studio")
    secret = {f"{name}_env": f"ANYMEDIA_SIMULATED_STUDIO_{name.upper()}" for name in ("client", "hook_secret")}
    assert table["settings"] == {"organization": "org-1", **secret}
    assert account.lacks == {}
