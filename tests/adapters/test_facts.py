"""The facts of each provider that no body and no price shows: when to look, what its words mean, where things stand."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import attrs
import pytest

from anymedia import AnymediaError, Billed, Cause, ImageRequest, Outcome, Refund, State, SubmitUncertain, Task
from anymedia.declare import Err, File, Files, Limits, Match, Setting
from anymedia.declare.when import cases
from anymedia.engine.pace import first_wait, next_wait
from anymedia.registry import adapters, offers
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer

from .rows import UNNAMED as UNKNOWN
from .rows import every_map

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ID = "task_018f5a3a"
URL = "https://cdn.example/media/1.png"

TOLD = every_map("FACTS")
"""The facts of the providers that have a file of rows."""


def every(fact):
    """Return a fact by provider, where it is told."""
    return {provider: facts[fact] for provider, facts in TOLD.items() if fact in facts}


# From an age on (seconds), the wait before the next look; under "first" the wait before the first one.
PACES = {
    "reapi": ({"first": 5}, {0: 4, 179: 4, 180: 10, 599: 10, 600: 30, 9999: 30}),
    "api_in_one": ({"first": 3}, {0: 3, 59: 3, 60: 5, 179: 5, 180: 10, 9999: 10}),
    "revidapi": ({"first": 5}, {0: 3, 29: 3, 30: 5, 119: 5, 120: 15, 9999: 15}),
    "runapi": ({"first": 2}, {0: 2, 59: 2, 60: 4, 179: 4, 180: 10, 9999: 10}),
    **every("pace"),
}
KEYS = {
    "reapi": ("REAPI_API_KEY", "REAPI_KEY"),
    "api_in_one": ("API_IN_ONE_API_KEY",),
    "revidapi": ("REVIDAPI_API_KEY",),
    "runapi": ("RUNAPI_API_KEY", "RUNAPI_KEY"),
    **every("keys"),
}
STATES = {
    "reapi": "processing running, completed succeeded, failed failed, queued queued, pending queued",
    "api_in_one": "pending queued, in_progress running, completed succeeded, success succeeded, "
    "failed failed, error failed",
    "revidapi": "waiting queued, queuing queued, generating running, success succeeded, fail failed",
    "runapi": "pending queued, processing running, completed succeeded, failed failed",
    **every("states"),
}
PRINTED = {
    "reapi": ("2026-07-28", "reAPI price table"),
    "api_in_one": ("2026", None),
    "revidapi": ("2026-11-20", "docs.revidapi.com"),
    "runapi": ("2026-07-23", "RunAPI price schedules"),
    **every("printed"),
}
LIVES = {"reapi": 7 * 86_400, "api_in_one": None, "revidapi": None, "runapi": 7 * 86_400, **every("lives")}
REFUNDS = {**dict.fromkeys(("reapi", "api_in_one", "runapi"), "yes"), "revidapi": "unknown", **every("refunds")}
PROVIDERS = sorted(PACES)
# The lifecycles beside the usual one, and what differs in each.
BESIDE = {
    "api_in_one": {"music": {}},
    "revidapi": {
        "speech": {"states": "processing running, completed succeeded, failed failed, not_found not_found"},
        "v1": {
            "states": "queued queued, pending queued, processing running, running running, in_progress running, "
            "completed succeeded, failed failed, error failed"
        },
    },
    "runapi": {"at_once": {}},
    **every("beside"),
}


def asked(provider):
    adapter = adapters()[provider]
    return Asked(adapter=adapter, account=provider, origin=adapter.base_url, model="flux-2-pro", now=NOW)


def task(provider, age=300.0):
    path = "/api/v1/flux_2/text_to_image"
    return Task(id=ID, provider=provider, account=provider, path=path, submitted_at=NOW - timedelta(seconds=age))


def look(provider, body, status=200):
    answer = Answer(status, {}, json.dumps(body).encode())
    return looked(asked(provider), asked(provider).adapter.lifecycle.poll, answer, task(provider))


def refused(read, *arguments):
    with pytest.raises(AnymediaError) as caught:
        read(*arguments)
    return caught.value


def test_the_tables_above_speak_of_every_provider():
    for table in (PACES, KEYS, STATES, PRINTED, LIVES, REFUNDS):
        assert set(table) == set(adapters())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_told_of_a_provider(provider):
    adapter = adapters()[provider]
    assert adapter.api_key_env == KEYS[provider]
    assert (adapter.printed.date, adapter.printed.source) == PRINTED[provider]
    assert adapter.refunds == REFUNDS[provider]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_how_a_task_goes(provider):
    """When to look, what the words of a state mean, and how long results live: of each lifecycle."""
    adapter, beside = adapters()[provider], BESIDE.get(provider, {})
    usual = {"pace": PACES[provider], "states": STATES[provider], "lives": LIVES[provider]}
    assert set(adapter.lifecycles) == set(beside)
    for name, differs in ((None, {}), *beside.items()):
        life, facts = adapter.life(name), usual | differs
        first, waits = facts["pace"]
        assert first_wait(life.pace, 0) == first["first"]
        assert {age: next_wait(life.pace, age) for age in waits} == waits
        states = {word: getattr(means, "cause", means) for word, means in life.states.items()}
        assert ", ".join(f"{word} {means}" for word, means in states.items()) == facts["states"]
        assert life.expires == facts["lives"]


def test_how_many_calls_are_made_at_most():
    told = {name: adapter.limits for name, adapter in adapters().items() if adapter.limits != Limits()}
    assert told == {name: Limits(**limits) for name, limits in every("limits").items()}


def test_until_when_an_offer_is_sold():
    ends = {name: {offer.name: str(offer.ends) for offer in adapter.offers} for name, adapter in adapters().items()}
    told = {name: {offer: day for offer, day in days.items() if day != "None"} for name, days in ends.items()}
    assert {name: days for name, days in told.items() if days} == every("ends")


def test_what_a_credit_is_worth():
    worth = {name: adapter.credit for name, adapter in adapters().items() if adapter.credit is not None}
    assert {name: (str(credit.usd), credit.whole) for name, credit in worth.items()} == {
        "reapi": ("0.001", True),
        "api_in_one": ("0.01", False),
        **every("credit"),
    }


def test_every_file_goes_to_runapi_by_its_upload_too():
    files = [
        (offer.name, name, takes.forms, getattr(takes, "least", 1))
        for offer in adapters()["runapi"].offers
        for name, param in offer.params.items()
        for takes in cases(param.takes)
        if isinstance(takes, File | Files)
    ]
    assert len(files) > 30
    assert [each for each in files if each[2:] != (("url", "upload"), 1)] == []


def test_only_runapi_honours_a_key_and_for_two_minutes():
    told = {name: adapter.idempotency for name, adapter in adapters().items() if adapter.idempotency is not None}
    assert {name: (each.header, each.window) for name, each in told.items()} == {"runapi": ("Idempotency-Key", 120)}


def test_what_every_code_of_reapi_means():
    rows = {code: (row.cause, row.submit, row.refund) for code, row in adapters()["reapi"].errors.items()}
    assert rows == {
        **dict.fromkeys(("10001", "10002", "10003", "10004", "10005"), (Cause.BAD_API_KEY, None, None)),
        "10006": (Cause.REJECTED, None, None),
        **dict.fromkeys([f"2000{digit}" for digit in range(1, 8)], (Cause.REJECTED, None, None)),
        "30001": (Cause.NO_CREDIT, None, None),
        "30002": (Cause.REJECTED, None, None),
        "40001": (Cause.NOT_FOUND, None, None),
        "50001": (Cause.RATE_LIMITED, None, None),
        **dict.fromkeys(("60001", "60002", "70001", "70002"), (Cause.UNAVAILABLE, Outcome.REFUSED, None)),
        "60099": (Cause.UNAVAILABLE, Outcome.UNCERTAIN, None),
        **dict.fromkeys(("80001", "80002", "80003"), (Cause.FAILED, None, Refund.YES)),
        "80006": (Cause.BLOCKED, None, None),
    }


def test_the_codes_and_texts_that_the_other_providers_tell():
    told = {name: dict(adapter.errors) for name, adapter in adapters().items() if name != "reapi" and adapter.errors}
    none_left = Match("No active channel", status=503)
    assert told == {"runapi": {none_left: Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED)}, **every("errors")}


# Where things stand


def nested(path, value):
    """Return the body that holds a value at a place: "a.b[].c"."""
    for key in reversed(path.split(".")):
        value = {key.removesuffix("[]"): [value] if key.endswith("[]") else value}
    return value


def merged(one, other):
    """Return both bodies in one."""
    return {
        key: merged(one[key], other[key]) if isinstance(one.get(key), dict) and key in other else {**one, **other}[key]
        for key in {**one, **other}
    }


DONE = {
    "reapi": {"id": ID, "status": "completed"},
    "api_in_one": {"code": 200, "data": {"status": "COMPLETED"}},
    "revidapi": {"code": 200, "data": {"taskId": ID, "state": "success"}},
    "runapi": {"id": ID, "status": "completed"},
}
RESULTS = {
    "reapi": {"output.image_urls[]": "image", "output.video_urls[]": "video", "output.audio_urls[]": "audio"},
    "runapi": {"images[].url": "image", "videos[].url": "video", "audios[].url": "audio"},
    # In this order: the first place that holds anything counts.
    "api_in_one": dict.fromkeys(
        [
            *("data.output.image_urls[]", "data.output.video_url", "data.image_urls[]", "data.image_url"),
            *("data.video_urls[]", "data.video_url", "data.audio_urls[]", "data.audio_url", "output.image_urls[]"),
            *("output.video_url", "data.response_data[].audio_url", "data.results[].url", "data.result[].url"),
        ],
        "image",
    ),
}


@pytest.mark.parametrize(("provider", "place"), [(name, place) for name, places in RESULTS.items() for place in places])
def test_where_a_result_stands(provider, place):
    found = look(provider, merged(DONE[provider], nested(place, URL))).assets
    assert [(asset.url, asset.kind) for asset in found] == [(URL, RESULTS[provider][place])]


def test_the_results_of_revidapi_are_json_in_a_text():
    body = merged(DONE["revidapi"], nested("data.resultJson", json.dumps({"resultUrls": [URL, URL + "2"]})))
    assert [asset.url for asset in look("revidapi", body).assets] == [URL, URL + "2"]


def test_of_the_places_at_api_in_one_the_first_counts():
    places = list(RESULTS["api_in_one"])
    for first, second in pairwise(places):
        body = merged(merged(DONE["api_in_one"], nested(first, URL)), nested(second, "https://second.example/"))
        assert [asset.url for asset in look("api_in_one", body).assets] == [URL], (first, second)


@pytest.mark.parametrize(
    ("provider", "body", "usd", "credits"),
    [
        ("reapi", nested("usage.credits", 28), "0.028", 28),
        ("api_in_one", nested("data.credits_used", 5), "0.05", 5),
        ("api_in_one", nested("data.credits_consumed", 5), "0.05", 5),
        ("api_in_one", {"credits_consumed": 5}, "0.05", 5),
        ("api_in_one", {"credits_consumed": 9, "data": {"credits_used": 5, "credits_consumed": 7}}, "0.05", 5),
        ("api_in_one", {"credits_consumed": 9, "data": {"credits_consumed": 7}}, "0.07", 7),
        ("runapi", nested("usage.cost", 0.07), "0.07", None),
    ],
)
def test_where_it_stands_what_a_task_took(provider, body, usd, credits):
    result = nested(next(iter(RESULTS[provider])), URL)
    money = look(provider, merged(merged(DONE[provider], result), body)).money
    assert (money.usd, money.credits) == (Decimal(usd), credits)


@pytest.mark.parametrize(
    ("provider", "body", "code", "message"),
    [
        ("reapi", {"error": {"code": 80003, "message": "no"}}, "80003", "no"),
        ("api_in_one", {"data": {"error": {"code": 7, "message": "no"}}}, "7", "no"),
        ("api_in_one", {"data": {"error": "no"}}, None, "no"),
        ("revidapi", {"data": {"failCode": "501", "failMsg": "no"}}, "501", "no"),
        ("runapi", {"error": "no"}, None, "no"),
    ],
)
def test_where_it_stands_why_a_task_failed(provider, body, code, message):
    word = {"reapi": "failed", "api_in_one": "ERROR", "revidapi": "fail", "runapi": "failed"}[provider]
    place = {"reapi": "status", "api_in_one": "data.status", "revidapi": "data.state", "runapi": "status"}[provider]
    failure = look(provider, merged(merged(DONE[provider], nested(place, word)), body)).failure
    assert (failure.code, failure.message) == (code, message)


@pytest.mark.parametrize(
    ("provider", "body", "code", "said"),
    [
        ("reapi", {"error": {"code": 20002, "message": "no way"}}, "20002", "no way"),
        ("api_in_one", {"error": {"code": 7, "message": "no way"}, "code": 8, "message": "not this"}, "7", "no way"),
        ("api_in_one", {"code": 8, "message": "no way"}, "8", "no way"),
        ("api_in_one", {"error": "no way", "message": "not this"}, None, "no way"),
        ("revidapi", {"code": 501, "msg": "no way", "message": "not this", "detail": "nor this"}, "501", "no way"),
        ("revidapi", {"code": 501, "message": "no way", "detail": "nor this"}, "501", "no way"),
        ("revidapi", {"code": 501, "detail": "no way"}, "501", "no way"),
        ("runapi", {"error": {"code": "bad", "message": "no way"}}, "bad", "no way"),
        ("runapi", {"error": "no way"}, None, "no way"),
        ("runapi", {"error": "no", "errors": {"prompt": ["is required"]}}, None, "no; prompt is required"),
    ],
)
def test_where_it_stands_why_a_call_was_refused(provider, body, code, said):
    error = refused(look, provider, body, 400)
    assert error.code == code
    assert str(error).endswith(said)


def test_the_id_of_a_request_is_kept():
    error = refused(look, "reapi", {"error": {"code": 20002, "message": "no", "request_id": "req_1"}}, 400)
    assert error.request_id == "req_1"
    answer = Answer(200, {"x-request-id": "r-9"}, json.dumps({"id": ID, "status": "processing"}).encode())
    assert looked(asked("runapi"), adapters()["runapi"].lifecycle.poll, answer, task("runapi")).request_id == "r-9"


@pytest.mark.parametrize(
    ("provider", "body", "times"),
    [
        ("reapi", {"id": ID, "status": "processing", "created_at": 1735000000}, (1735000000, None)),
        (
            "revidapi",
            {"code": 200, "data": {"state": "generating", "createTime": 1735000000000, "completeTime": 1735000012000}},
            (1735000000, 1735000012),
        ),
    ],
)
def test_when_a_task_was_created_and_completed(provider, body, times):
    seen = look(provider, body)
    assert [moment and moment.timestamp() for moment in (seen.created_at, seen.completed_at)] == list(times)


# Two forms of one answer


def accept(provider, body, status=200, headers=None):
    draft = attrs.evolve(task(provider, 0), id="draft")
    return submitted(asked(provider), Answer(status, headers or {}, json.dumps(body).encode()), draft)


def test_the_forms_of_an_answer_of_api_in_one():
    now = {
        "code": 200,
        "data": {"task_id": ID, "status": "In_Progress"},
        "task_id": "older",
        "id": "oldest",
        "status": "x",
    }
    newest = accept("api_in_one", now)
    assert (newest.id, newest.state, newest.raw_state) == (ID, State.RUNNING, "In_Progress")
    assert accept("api_in_one", {"task_id": ID, "id": "oldest", "status": "pending"}).id == ID
    oldest = accept("api_in_one", {"id": ID, "status": "pending", "created_at": "2026-02-24T12:00:00Z"})
    assert (oldest.id, oldest.raw_state, oldest.created_at.hour) == (ID, "pending", 12)
    both = {"code": 200, "data": {"status": "in_progress"}, "status": "failed"}
    assert look("api_in_one", both).state is State.RUNNING
    assert look("api_in_one", {"status": "pending"}).state is State.QUEUED


def test_the_id_of_a_film_of_veo_at_reapi_may_stand_in_a_list():
    assert accept("reapi", {"data": [{"task_id": ID}], "status": "processing"}).id == ID
    assert accept("reapi", {"id": ID, "data": [{"task_id": "other"}], "status": "processing"}).id == ID


def test_the_songs_of_reapi_are_told_by_their_tracks_or_else_by_their_links():
    links = {"audio_urls": ["https://a.example/1.mp3", "https://a.example/2.mp3"]}
    tracks = [{"url": url, "id": "x", "title": "Dusk", "duration": 61.5} for url in links["audio_urls"]]
    for output, title, seconds in ((links, None, None), ({**links, "tracks": tracks}, "Dusk", 61.5)):
        found = look("reapi", {"id": ID, "status": "completed", "output": output}).assets
        assert [(each.kind, each.url) for each in found] == [("audio", url) for url in links["audio_urls"]]
        assert [(each.title, each.seconds) for each in found] == [(title, seconds)] * 2


@pytest.mark.parametrize("provider", ["api_in_one", "revidapi"])
def test_a_code_beside_the_good_one_is_a_no_at_a_submit_and_at_a_look(provider):
    body = {"code": 402, "msg": "no", "message": "no", "data": {"task_id": ID, "taskId": ID, "status": "pending"}}
    body["data"]["state"] = "waiting"
    assert refused(accept, provider, body).outcome is Outcome.REFUSED
    assert refused(look, provider, body).code == "402"
    assert accept(provider, {**body, "code": 200}).id == ID


@pytest.mark.parametrize("status", [301, 400, 402, 404, 409, 422, 429, 451, 511, 530])
@pytest.mark.parametrize("word", ["processing", "queued", "completed"])
def test_a_status_is_no_refusal_beside_a_body_that_tells_of_a_task_alone(status, word):
    body = {"id": ID, "status": word}
    there = {"location": "/elsewhere"}
    error = refused(accept, "reapi", body, status, there)
    assert isinstance(error, SubmitUncertain)
    assert f"task {ID}" in str(error)
    for no in ({"id": ID, "status": "failed"}, {**body, "error": {"code": 40001}}):
        assert refused(accept, "reapi", no, status, there).billed is Billed.NO


@pytest.mark.parametrize(
    "amount", ["28", 28, " 28", "28 credits", "2.8e1", [28], {"used": 28}, 2_000_000, -28, "$0.05"]
)
def test_a_failure_beside_an_amount_is_not_known_to_be_given_back(amount):
    failed = {"id": ID, "status": "failed", "error": {"code": 80003, "message": "no"}}
    assert look("reapi", {**failed, "usage": {"credits": amount}}).failure.refund is Refund.UNKNOWN
    for nothing in (0, "0", None, ""):
        assert look("reapi", {**failed, "usage": {"credits": nothing}}).failure.refund is Refund.YES
    done = {
        "id": ID,
        "status": "completed",
        "output": {"image_urls": ["https://a.example/1.png"]},
        "usage": {"credits": 1e-300},
    }
    assert look("reapi", done).money.got != "settled"


def test_a_link_that_cannot_be_fetched_is_told_beside_one_that_can():
    urls = ["https://a.example/1.png", "gs://bucket/2.png"]
    done = look("reapi", {"id": ID, "status": "completed", "output": {"image_urls": urls}})
    assert [asset.url for asset in done.assets] == urls[:1]
    assert done.trouble.error == "1 of its results cannot be fetched: 'gs://bucket/2.png'"
    assert look("reapi", {"id": ID, "status": "completed", "output": {"image_urls": urls[:1]}}).trouble is None


def test_a_young_task_of_revidapi_may_not_be_found_yet():
    body = {"code": 422, "msg": "recordInfo is null", "data": None}
    for age, found in ((0, True), (89.9, True), (90, False)):
        answer = Answer(200, {}, json.dumps(body).encode())
        read = (looked, asked("revidapi"), adapters()["revidapi"].lifecycle.poll, answer, task("revidapi", age))
        if found:
            assert read[0](*read[1:]).id == ID
        else:
            refused(*read)


def test_a_replay_of_runapi_is_told():
    assert accept("runapi", {"id": ID, "status": "pending", "task_replayed": True}).replayed
    assert not accept("runapi", {"id": ID, "status": "pending", "replayed": True}).replayed


# What is taken for what is not given

FLUX = {"aspect_ratio": "1:1", "resolution": "1K"}
GPT = {"aspect_ratio": "1:1", "resolution": "1K"}
OFFICIAL = GPT | {"quality": "auto", "count": 1, "background": "auto", "moderation": "standard"}
UNNAMED = {"aspect_ratio": UNKNOWN, "resolution": UNKNOWN}
DEFAULTS = {
    "reapi/flux-2": FLUX | {"moderation": "off"},
    "reapi/flux-2-flex": FLUX | {"moderation": "off"},
    "reapi/gpt-image-2": GPT,
    "reapi/gpt-image-2-official": OFFICIAL,
    "reapi/z-image": {"aspect_ratio": UNKNOWN, "moderation": UNKNOWN},
    "api_in_one/flux-2-pro": FLUX,
    "api_in_one/flux-2-flex": FLUX,
    "revidapi/flux-2-pro": FLUX,
    "revidapi/flux-2-flex": FLUX,
    "runapi/flux-2-pro": UNNAMED | {"moderation": UNKNOWN},
    "runapi/flux-2-flex": UNNAMED | {"moderation": UNKNOWN},
    "runapi/flux-2-max": FLUX,
    "runapi/gpt-image-2": UNNAMED,
    "runapi/z-image": {"aspect_ratio": "1:1", "moderation": UNKNOWN},
}
OFFERS = {f"{adapter.name}/{offer.name}": (adapter, offer) for adapter, offer in offers()}
ALWAYS_SENT = {
    "revidapi/flux-2-pro": {"aspect_ratio", "resolution"},
    "revidapi/flux-2-flex": {"aspect_ratio", "resolution"},
    "runapi/flux-2-max": {"aspect_ratio"},
    "runapi/z-image": {"aspect_ratio"},
}


@pytest.mark.parametrize("name", DEFAULTS)  # the others' are in test_spellings
def test_what_is_taken_for_what_is_not_given(name):
    adapter, offer = OFFERS[name]
    taken = check(ImageRequest(model=offer.model, prompt="a fox"), adapter, offer).defaults
    assert {field: value if isinstance(value, int) else str(value) for field, value in taken.items()} == DEFAULTS[name]
    assert {field for field, param in offer.params.items() if param.always_sent} == ALWAYS_SENT.get(name, set())


def test_an_edit_with_gpt_image_2_at_reapi_takes_the_first_images_ratio():
    for name in ("reapi/gpt-image-2", "reapi/gpt-image-2-official"):
        adapter, offer = OFFERS[name]
        request = ImageRequest(model=offer.model, prompt="a fox", images=(URL,))
        assert str(check(request, adapter, offer).defaults["aspect_ratio"]) == "the first image's"


def test_who_reports_the_end():
    reporting = {name for name, (_, offer) in OFFERS.items() if "callback_url" in offer.params}
    silent = {"runapi/tts-1", "revidapi/gpt-image-2"}  # synchronous, and of an author who saw none
    never = ("reapi", *(provider for provider, told in TOLD.items() if told.get("silent")))
    assert reporting == {name for name in OFFERS if name.partition("/")[0] not in never} - silent


def test_where_an_account_tells_what_it_still_has():
    told = {name: adapter.balance for name, adapter in adapters().items() if adapter.balance is not None}
    assert {
        name: (each.path, *(None if place is None else str(place) for place in (each.usd, each.credits)))
        for name, each in told.items()
    } == {
        "reapi": ("/api/v1/balance", None, "balance"),
        "runapi": ("/api/v1/me/balance", "balance_cents!cents", None),
        **every("balance"),
    }


def test_what_signs_webhooks_is_in_a_variable_and_can_be_rotated():
    signed = {
        name: adapter.settings[webhook.signed.key]
        for name, adapter in adapters().items()
        for webhook in adapter.webhooks
        if webhook.signed is not None and webhook.signed.key is not None
    }
    variables = {"runapi": "RUNAPI_WEBHOOK_SECRET", **every("signed_with")}
    assert signed == {name: Setting(env=each, secret=True, rotated=True) for name, each in variables.items()}


def test_what_else_can_be_set_goes_with_every_call():
    told = {name: dict(adapter.headers) for name, adapter in adapters().items() if adapter.headers}
    assert told == every("headers")
    signing = {webhook.signed.key for each in adapters().values() for webhook in each.webhooks if webhook.signed}
    others = {
        name: {key: setting.env for key, setting in adapter.settings.items() if key not in signing}
        for name, adapter in adapters().items()
    }
    assert {name: settings for name, settings in others.items() if settings} == every("settings")
