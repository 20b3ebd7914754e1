"""What a webhook is declared as, what a submit then carries, and what contradicts itself."""

import attrs
import pytest

from anymedia import Account, Client, ConfigError, ImageRequest, read_config
from anymedia.account import TOKEN, Secret
from anymedia.adapters.bfl import ADAPTER as BFL
from anymedia.adapters.fal import ADAPTER as FAL
from anymedia.adapters.replicate import ADAPTER as REPLICATE
from anymedia.declare import (
    Endpoint,
    Files,
    Header,
    Hook,
    Lifecycle,
    Offer,
    Pace,
    Param,
    Reply,
    Setting,
    Signed,
    Text,
    Url,
    Webhook,
)  # fmt: skip
from anymedia.model.strict_json import loads
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.settings import settings_of
from anymedia.translate import callback, encode
from anymedia.translate.check import check
from anymedia.transport.auth import NONE, body_of, headers_of

from .acme import acme

SUBMIT = Endpoint(method="POST", path="/v1", reply=Reply(id="id"))
LOOK = Endpoint(method="GET", path="/v1/{id}", reply=Reply(id="id", state="state"))
PARAMS = {"prompt": Param("prompt", Text(1), required=True)}
OFFER = Offer(name="still", params=PARAMS)
SECRET = Setting(env="ACME_HOOK", secret=True, rotated=True)
IN_A_FORM = "still: its submit may be a form, and the webhook fills a setting into a body of JSON"
SIGNED = Signed(by="hmac-sha256", over="{@}", signature="@x-s", key="hook")
WEBHOOK = Webhook(
    asked_by="hook.url", sends={"hook.secret": "{hook}", "hook.at": "{region}", "hook.for": ["done"]}, signed=SIGNED
)
SETTINGS = {"hook": SECRET, "region": Setting(env="ACME_REGION")}
OURS = f"https://app.example/hooks/acme/{TOKEN}"
REQUEST = ImageRequest(model="still", prompt="fox")


def told(webhook=WEBHOOK, **facts):
    facts = {"submit": SUBMIT, "poll": LOOK, "settings": SETTINGS, "offers": (OFFER,)} | facts
    return acme(webhook=webhook, **facts)


def account(adapter=None, environ=(), **more):
    adapter = told() if adapter is None else adapter
    given = settings_of(adapter, {}, dict(environ), "here").given
    return Account(
        name="acme", adapter=adapter, origin=adapter.base_url, api_key=Secret("key-1"), settings=given, **more
    )


# Words


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"poll": None}, "webhook: without a poll the answer to the submit is the result"),
        ({"poll": attrs.evolve(LOOK, reply=Reply(files="@"))}, "webhook: its body tells of a task, and is not"),
        ({"webhook": Webhook(reply=Reply(state="s"))}, "webhook: its reply finds no id"),
        (
            {
                "webhook": Webhook(
                    asked_by="h", reply=Reply(state="s"), signed=attrs.evolve(SIGNED, over="{id}", key="hook")
                )
            },
            "webhook: its reply finds no id",
        ),
        ({"webhook": Webhook(asked_by="h", reply=Reply(replayed="r"))}, "webhook: only the answer to a submit"),
        ({"submit": attrs.evolve(SUBMIT, body="form")}, IN_A_FORM),
        ({"settings": {}}, "webhook: no setting is named 'hook'"),
        ({"settings": {**SETTINGS, "hook": Setting(env="H")}}, "webhook: signed, key: hook is no secret setting"),
        ({"settings": {**SETTINGS, "hook_old": SECRET}}, "settings: hook_old means the secret before hook"),
        (
            {"offers": (attrs.evolve(OFFER, params={**PARAMS, "callback_url": Param("mine", Url())}),)},
            "still: the webhook says where its callback_url goes, and so the offer does not",
        ),
        (
            {"offers": (attrs.evolve(OFFER, knobs={"secret": Param("hook.secret", Text())}),)},
            "what the webhook sends as hook.secret goes to hook.secret and secret to hook.secret",
        ),
        (
            {"offers": (attrs.evolve(OFFER, knobs={"url": Param("hook.url", Text())}),)},
            "callback_url goes to hook.url and url to hook.url",
        ),
        (
            {"offers": (attrs.evolve(OFFER, params={**PARAMS, "images": Param("i", Files(forms=("part",)))}),)},
            IN_A_FORM,
        ),
        (
            {
                "webhook": attrs.evolve(
                    WEBHOOK,
                    signed=Signed(
                        by="ed25519",
                        over="{@}",
                        signature="@x-s",
                        keys=Endpoint(method="GET", path="/keys", auth=Header("x", of="gone")),
                    ),
                )
            },
            "webhook, keys: auth: gone is no secret setting",
        ),
    ],
)
def test_a_webhook_that_nothing_could_read_is_refused(facts, said):
    with pytest.raises(ValueError, match=r".") as raised:
        told(**facts)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"sends": {"a": 1}}, "nothing asks for it, so sends goes nowhere"),
        ({"asked_by": Param("h", Text())}, "asked_by takes a Url, and nothing else"),
        ({"asked_by": "h", "sends": {"a": "x {hook}"}}, "sends, a: a setting stands there alone"),
        ({"asked_by": "h", "sends": {"a": ["{hook}"]}}, "sends, a: a setting stands there alone"),
    ],
)
def test_words_of_a_webhook_that_contradict_each_other_are_refused(words, said):
    with pytest.raises(ValueError, match=r"^webhook: .") as raised:
        Webhook(**words)
    assert said in str(raised.value)


def test_only_a_secret_is_rotated():
    with pytest.raises(ValueError, match=r"^rotated: only a secret is replaced"):
        Setting(rotated=True)


def test_the_offers_of_a_lifecycle_take_a_callback_url_as_its_webhook_is_asked_for():
    song = Lifecycle(submit=SUBMIT, poll=LOOK, webhook=Webhook(asked_by="?hook"), pace=Pace(first=1, then=1))
    plain = Lifecycle(submit=SUBMIT, poll=LOOK, pace=Pace(first=1, then=1))
    by_hand = attrs.evolve(plain, webhook=Webhook(signed=SIGNED))
    offers = [attrs.evolve(OFFER, name=name, lifecycle=name) for name in ("song", "plain", "by_hand")]
    lives = {"song": song, "plain": plain, "by_hand": by_hand, "again": song}
    adapter = told(lifecycles=lives, offers=(OFFER, *offers))
    taken = {offer.name: offer.params.get("callback_url") for offer in adapter.offers}
    assert taken == {
        "still": Param("hook.url", Url()), "song": Param("?hook", Url()), "plain": None, "by_hand": None,
    }  # fmt: skip
    assert list(adapter.webhooks) == [WEBHOOK, song.webhook, by_hand.webhook]
    assert attrs.evolve(adapter, name="other").offers == adapter.offers
    assert (adapter.lifecycle.webhook_reply, adapter.life("plain").webhook_reply) == (LOOK.reply, LOOK.reply)
    assert adapter.needed == ()


# What a submit carries


def sent(account_, request=REQUEST):
    """Return what a submit sends, and the order that it sends."""
    (candidate,) = candidates(request, [account_])
    assert candidate.checked.problems == ()
    (order,) = candidate.orders()
    call = encode.submit(account_, None, order.path, order.body, None)
    shown = explain(candidate)
    assert "hook-secret" not in f"{call!r} {shown!r} {order!r}"
    assert shown.json == call.json
    return loads(body_of(call, account_)), order


HELD = {"ACME_HOOK": "hook-secret", "ACME_REGION": "eu"}


@pytest.mark.parametrize(
    ("environ", "wire"),
    [
        (HELD, {"secret": "hook-secret", "at": "eu", "for": ["done"]}),
        ({"ACME_REGION": "eu"}, {"at": "eu", "for": ["done"]}),
        ({}, {"for": ["done"]}),
    ],
)
def test_our_url_goes_with_what_the_webhook_sends_and_secrets_are_filled_in_last(environ, wire):
    body, order = sent(account(environ=environ, callback=OURS))
    assert body == {"prompt": "fox", "hook": {"url": OURS, **wire}}
    assert order.body["hook"] == {"url": OURS, "secret": "{hook}", "at": "{region}", "for": ["done"]}
    assert (order.adjustments, order.webhook) == ((), False)
    # The attempt's own token comes last, and touches neither the order that others share nor anything else in it.
    token = "ab" * 32
    ours = callback.told(order, OURS, token)
    assert callback.asks(order, OURS)
    assert ours.body["hook"]["url"] == f"https://app.example/hooks/acme/{token}"
    assert (ours.webhook, ours.body["hook"]["for"], order.body["hook"]["url"]) == (True, ["done"], OURS)
    assert not callback.asks(ours, OURS)


@pytest.mark.parametrize(
    ("changes", "callback_url", "hook"),
    [
        ({}, None, {}),  # nobody asks
        ({"callback_url": "https://mine.example/"}, OURS, {"url": "https://mine.example/"}),
        ({"extra": {"acme": {"hook": {"url": "https://mine.example/"}}}}, OURS, {"url": "https://mine.example/"}),
        ({"extra": {"acme": {"hook": {"for": ["all"]}}}}, OURS, {"url": OURS, "for": ["all"]}),
    ],
)
def test_a_callers_own_callback_stays_the_callers(changes, callback_url, hook):
    body, order = sent(account(callback=callback_url), attrs.evolve(REQUEST, **changes))
    wanted = {"for": ["done"], **hook} if hook else None
    assert body.get("hook") == wanted
    assert callback.asks(order, OURS) == ((wanted or {}).get("url") == OURS)


def test_our_url_refuses_no_offer_and_is_left_out_where_it_does_not_fit():
    here = OURS.replace("https://app.example", "http://127.0.0.1:8080")
    for adapter in (BFL, REPLICATE):
        request = ImageRequest(model="flux-2-pro", prompt="fox")
        checked = check(request, adapter, adapter.offers[0], callback=here)
        assert (checked.problems, checked.adjustments, checked.sends) == ((), (), {})
        assert checked.value("callback_url") is None
    none = Offer(name="still", params=PARAMS)
    body, _ = sent(account(acme(submit=SUBMIT, poll=LOOK, offers=(none,)), callback=OURS))
    assert body == {"prompt": "fox"}


def test_our_url_in_a_query_is_found_there():
    request = ImageRequest(model="flux-2-pro", prompt="fox")
    fal = Account(name="fal", adapter=FAL, origin=FAL.base_url, callback=OURS)
    (candidate, *_) = candidates(request, [fal])
    (order,) = candidate.orders()
    assert (callback.asks(order, OURS), order.body.get("webhook")) == (True, None)
    path = callback.told(order, OURS, "ab" * 32).path
    assert path == f"/fal-ai/flux-2-pro?fal_webhook=https%3A%2F%2Fapp.example%2Fhooks%2Facme%2F{'ab' * 32}"


def signed(method, url, headers, body, secret, moment):
    return {"X-Length": str(len(body))}


def test_a_hook_that_signs_sees_the_secret_that_is_sent():
    adapter = told(auth=Hook(f"{__name__}:signed", why="it signs"))
    mine = account(adapter, HELD, callback=OURS)
    (order,) = candidates(REQUEST, [mine])[0].orders()
    call = encode.submit(mine, None, order.path, order.body, None)
    length = len(body_of(call, mine))
    assert (headers_of(call, mine, NONE)["X-Length"], len(call.body) != length) == (str(length), True)


# Accounts


def test_a_secret_that_is_rotated_stands_twice():
    environ = {
        "RUNAPI_API_KEY": "k",
        "RUNAPI_WEBHOOK_SECRET": "bmV3",
        "RUNAPI_WEBHOOK_SECRET_OLD": "b2xk",
        "W": "dzE=",
    }
    held = read_config({"providers": {"runapi": {}}}, environ).account("runapi")
    assert held.secrets_of("webhook_secret") == (Secret("bmV3"), Secret("b2xk"))
    assert set(held.secrets) == {Secret("k"), Secret("bmV3"), Secret("b2xk")}
    assert held.shown_settings == {"webhook_secret": "***"}
    named = {"providers": {"runapi": {"settings": {"webhook_secret_env": "W"}}}}
    assert read_config(named, environ).account("runapi").secrets_of("webhook_secret") == (Secret("dzE="),)
    assert read_config(named, environ | {"W_OLD": "dzA="}).account("runapi").secrets_of("webhook_secret")[1:] == (
        Secret("dzA="),
    )
    none = read_config({"providers": {"runapi": {}}}, {"RUNAPI_API_KEY": "k"}).account("runapi")
    assert (none.secrets_of("webhook_secret"), none.lacks) == ((), {})
    with pytest.raises(ConfigError, match="the secret in RUNAPI_WEBHOOK_SECRET_OLD stands in quotes"):
        read_config({"providers": {"runapi": {}}}, environ | {"RUNAPI_WEBHOOK_SECRET_OLD": "'b2xk'"})
    hooked = {"providers": {"runapi": {}}, "webhooks": {"url": "https://app.example/hooks"}}
    for variable in ("RUNAPI_WEBHOOK_SECRET", "RUNAPI_WEBHOOK_SECRET_OLD"):
        with pytest.raises(ConfigError, match=rf"the secret in {variable}: webhook_secret is not base64$"):
            read_config(hooked, environ | {variable: "no-base64"})


@pytest.mark.parametrize("url", ["https://app.example/hooks", "https://app.example/hooks//", "http://127.0.0.1:8080"])
def test_each_account_is_called_at_a_url_of_its_own(url):
    tables = {"webhooks": {"url": url}, "providers": {"a b/c": {"adapter": "runapi"}, "reapi": {}}}
    config = read_config(tables, {})
    base = url.rstrip("/")
    assert config.webhooks == base
    assert config.account("a b/c").callback == f"{base}/a%20b%2Fc/{TOKEN}"
    assert config.account("reapi").callback == f"{base}/reapi/{TOKEN}"
    assert read_config({"webhooks": {"url": url}}, {"REAPI_API_KEY": "k"}).account("reapi").callback is not None
    assert read_config({"providers": {"reapi": {}}}, {}).account("reapi").callback is None
    with pytest.raises(ConfigError, match=r"^\[webhooks\] needs the journal, which is switched off"):
        Client(attrs.evolve(config, journal=None))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "webhooks: url: is missing"),
        ({"url": "app.example"}, "webhooks: url: must be like"),
        ({"url": "https://me:pw-1@app.example/hooks"}, "webhooks: url: must be like"),
        ({"url": "https://app.example/hooks?a=1"}, "webhooks: url: must be like"),
        ({"url": "https://app.example/hooks#a"}, "webhooks: url: must be like"),
        ({"url": "https://"}, "webhooks: url: must be like"),
        ({"url": "https://[::1/h"}, "webhooks: url: must be like"),
        ({"url": "https://app.example:99999/h"}, "webhooks: url: must be like"),
        ({"url": "http://localhost:80:80/h"}, "webhooks: url: must be like"),
        ({"url": "https://app.example:0/h"}, "webhooks: url: must be like"),
        ({"url": "https://.example/h"}, "webhooks: url: must be like"),
        ({"url": "https://a..b/h"}, "webhooks: url: must be like"),
        ({"url": "https://app.example/../h"}, "webhooks: url: must be like"),
        ({"url": "https://app.example/h\u00f6oks"}, "webhooks: url: must be like"),
        ({"url": "https://app.example/" + "h" * 500}, "webhooks: url: must be like"),
        ({"url": "https://10.0.0.7/hooks"}, "webhooks: url: must be https:// and public"),
        ({"url": "http://app.example/hooks"}, "webhooks: url: must be https://"),
        ({"url": 7}, "webhooks: url: must be a text"),
        ({"uri": "https://app.example"}, "no setting is named 'uri'"),
    ],
)
def test_a_url_that_providers_cannot_call_is_refused(table, said):
    with pytest.raises(ConfigError) as raised:
        read_config({"webhooks": table, "providers": {"reapi": {}}}, {})
    assert said in str(raised.value)
    assert "pw-1" not in str(raised.value)
