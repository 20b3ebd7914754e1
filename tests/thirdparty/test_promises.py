"""Every promise of the shipped suite is kept by both providers of the page, in each case that pytest gives it."""

from types import SimpleNamespace

import attrs
import pytest

from anymedia import ImageRequest
from anymedia.declare import File
from anymedia.model.media import Media
from anymedia.testing import Contract
from anymedia.testing.files import tried
from anymedia.testing.requests import all_given
from anymedia.testing.suite import firsts
from tests.planted.test_planted import PASSED_OVER, PROMISES
from tests.planted.test_planted import broken as broken_at

from .test_studio import TEXTS
from .test_suite import ADAPTER, POSTS, SIMULATOR, PassedOver, adapter, asks, broken, simulator

PAGE = {"acme": {}, "studio": TEXTS}
"""The providers of the page, with their texts where they are not the usual ones."""

AT_BOTH = {
    "test_a_cancel_that_comes_too_late_is_refused",
    "test_a_cassette_is_played_to_its_end",
    "test_a_hook_is_a_pure_function",
    "test_a_look_that_comes_too_early_is_no_error",
    "test_a_picture_that_is_put_in_costs_what_the_page_says",
    "test_a_price_that_the_provider_tells_is_what_it_charges",
    "test_a_refusal_in_place_of_the_result_ends_the_task",
    "test_a_url_of_this_machine_is_taken_at_a_simulator",
    "test_every_form_of_an_answer_is_read",
    "test_links_lead_to_every_host_of_the_provider",
}
PASSED = {
    "acme": {
        *AT_BOTH,
        "test_a_failure_that_a_webhook_tells_is_looked_at",
        "test_a_forged_webhook_changes_nothing",
        "test_a_task_can_be_canceled",
        "test_a_token_that_has_ended_is_asked_for_anew",
        "test_a_webhook_is_believed_as_far_as_it_is_signed",
        "test_a_webhook_of_the_page_is_declared",
        "test_limits_are_those_of_the_page",
        "test_one_call_looks_at_several_tasks",
        "test_what_is_told_of_a_task_is_read",
        "test_without_its_secret_a_webhook_is_a_hint",
    },
    "studio": {
        *AT_BOTH,
        "test_a_call_is_named_as_the_provider_names_it",
        "test_a_credit_is_worth_what_the_page_says",
    },
}
"""What is passed over at each of them, as neither their page nor their simulator says anything of it."""


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("name", PAGE)
def test_a_promise_is_kept(plugged, tmp_path, name, promise):
    plugged(name=name, texts=PAGE[name])
    assert broken_at(name, promise, tmp_path) == (PASSED_OVER if promise in PASSED[name] else None)


def test_whose_promises_they_are_has_to_be_said():
    asked = SimpleNamespace(fixturenames=("adapter",))
    with pytest.raises(pytest.UsageError, match="TestNobody does not say whose promises"):
        type("TestNobody", (Contract,), {})().pytest_generate_tests(asked)


# What is right in rare ways

TABLE = '    prices=Table("resolution", {"1K": Price(credits=3), "2K": Price(credits=8)}),\n'
PRICED = [
    *simulator('        ("GET", r"/v1/acc', '        ("POST", r"/v1/prices", "prices"),\n        ("GET", r"/v1/acc'),
    *simulator(
        "    def refused(self",
        "    def prices(self, request, _):\n"
        '        asked = request.object["asked"]\n'
        "        problems(asked, EDIT)  # with which all of it is read\n"
        '        tokens = SIZES[asked.get("size", "hd")][1]\n'
        '        return json_response({"usd": str(tokens / 100)})\n\n    def refused(self',
    ),
]


def asks_prices(more=""):
    """Return the changes by which the adapter asks what a task would cost."""
    call = 'call=Endpoint(method="POST", path="/v1/prices"), sends={"asked": "{body}"}, usd="usd"'
    return adapter("    gaps=", f"    price_quote=PriceQuote({call}{more}),\n    gaps=", "PriceQuote")


UNPRICED = adapter(TABLE, "")
TOLD = "test_a_price_that_the_provider_tells_is_what_it_charges"
FAILS = "test_a_failure_is_read_as_the_page_tells_it"
HERE = "test_a_url_of_this_machine_is_taken_at_a_simulator"
FILES = "test_of_files_too_check_passes_what_the_simulator_takes"
LINKS = adapter('("url", "upload")', '("url",)') + adapter("    upload=UPLOAD,\n", "")
TO_HERE = adapter("https=True, ", "") + simulator('schemes=("https",)', 'schemes=("http", "https")')
OURS = simulator('("refusals.not_found",)', '("refusals.not_found", "failures.failed", "failures.codes", "refunds")')


@pytest.mark.parametrize(
    ("promise", "changes"),
    [
        (TOLD, [*PRICED, *asks_prices()]),
        (TOLD, [*PRICED, *asks_prices(', doubt="it may cost less"')]),
        (TOLD, [*PRICED, *asks_prices(', doubt="it may cost less"'), *UNPRICED]),
        (TOLD, [*asks_prices(), *UNPRICED]),
        (FAILS, OURS),
        (HERE, [*TO_HERE]),
        (FILES, [*LINKS, *TO_HERE]),
    ],
)
def test_what_is_right_in_a_rare_way_is_not_found_fault_with(plugged, promise, changes):
    assert broken(promise, plugged(*changes)) is None


@pytest.mark.parametrize(
    ("promise", "changes", "why"),
    [
        ("test_a_file_that_is_put_in_arrives_as_it_is", LINKS, "takes files by their URLs alone"),
        ("test_without_its_secret_a_webhook_is_a_hint", [*POSTS, *asks()], "signs no webhook with a secret"),
    ],
)
def test_where_there_is_nothing_to_hold_that_is_said(plugged, promise, changes, why):
    with pytest.raises(PassedOver, match=why):
        broken(promise, plugged(*changes))


def test_a_look_that_comes_too_early_is_told_of_some_tasks_alone(plugged):
    early = 'path=path + "/{id}", reply=reply, not_yet=(404, 30) if path == "/v1/songs" else None)'
    changes = [
        (ADAPTER, 'path=path + "/{id}", reply=reply)', early),
        (
            SIMULATOR,
            '"not_found": (404, "gone"',
            '"not_yet": (404, "soon", "Not yet"),\n        "not_found": (404, "gone"',
        ),
        (SIMULATOR, "    upload_life", "    not_yet_for = 30.0\n    upload_life"),
    ]
    studio = plugged(*changes, name="studio", texts=TEXTS)
    songs, clips = firsts(studio).values()
    promise = "test_a_look_that_comes_too_early_is_no_error"
    assert broken(promise, studio, first=songs) is None
    with pytest.raises(PassedOver, match="studio tells that of other tasks than these"):
        broken(promise, studio, first=clips)


def test_what_is_wrong_together_is_told_with_as_few_fields_as_that_needs(plugged):
    refused = (
        'if body.get("size") == "uhd" and body.get("varnish"):\n            raise Refusal(422, "bad_field", "too thin")'
    )
    changes = simulator("        resolution, price = SIZES", f"        {refused}\n        resolution, price = SIZES")
    said = broken("test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges", plugged(*changes))
    fields = "model='flux-2-pro', prompt='a lighthouse at dusk', resolution='2K', extra.varnish=True"
    assert said.startswith(f"acme/flux2p: check passes what the simulator refuses: {fields}; the simulator says 422 ")


def test_a_request_is_without_the_fields_that_it_cannot_have():
    asked = ImageRequest(model="flux-2-pro", prompt="a fox")
    assert all_given(asked, {"seed": -1, "count": 2, "extra.acme.tone": 3}) == attrs.evolve(
        asked, count=2, extra={"acme": {"tone": 3}}
    )


@pytest.mark.parametrize(
    ("what", "takes", "types"),
    [
        ("video", File(forms=("url",)), ["video/mp4"]),
        (
            "audio",
            File(forms=("url",), megabytes=1),
            ["audio/mpeg", "audio/wav", "video/mp4", "audio/mpeg", "audio/mpeg"],
        ),
    ],
)
def test_files_of_each_medium_are_tried(what, takes, types):
    assert [Media(content).media_type for content in tried(takes, what)] == types


def test_the_cassettes_of_a_folder_are_played(tmp_path):
    for name in ("revidapi/one", "revidapi/two"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").touch()
    one, axes = type("TestOne", (Contract,), {"providers": ("revidapi", "reapi"), "cassettes": tmp_path}), []
    asked = SimpleNamespace(fixturenames=("cassette",), parametrize=lambda _, cases: axes.extend(cases))
    one().pytest_generate_tests(asked)
    assert [(case.id, bool(case.marks)) for case in axes] == [
        ("revidapi/one", False),
        ("revidapi/two", False),
        ("reapi", True),
    ]
