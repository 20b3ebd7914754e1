"""The shipped suite finds what is wrong with a webhook, at a provider that posts, and one that does not."""

import pytest

from anymedia.testing import told

from .test_suite import ONCE, adapter, broken, simulator, stated

POSTS = [
    *simulator('    "varnish": Flag(),', '    "varnish": Flag(),\n    "hook": Link(),'),
    *simulator("Flag, Links,", "Flag, Link, Links,"),
    *simulator('"png", price)', '"png", price, callback=str(body.get("hook", "")))'),
    *simulator("import pixels\n", "import pixels\nfrom anymedia.simulators.webhooks import Webhook\n"),
    *stated("webhook = Webhook()"),
]
"""A provider that posts what becomes of a task."""

SIGNS = simulator(
    "    def refused(self",
    '    signed = lambda self, delivery, body, key: {"X-Who": "acme"}\n\n    def refused(self',
)


def asks(more=""):
    """Return the changes by which the adapter asks for it."""
    return adapter("    pace=", f'    webhook=Webhook(asked_by="hook"{more}),\n    pace=', "Webhook")


DECLARED = "test_a_webhook_of_the_page_is_declared"
BELIEVED = "test_a_webhook_is_believed_as_far_as_it_is_signed"
FORGED = "test_a_forged_webhook_changes_nothing"
PLANTED = [
    (DECLARED, POSTS, "acme posts what becomes of a task, and no `webhook` says what asks for it"),
    (DECLARED, POSTS + SIGNS + asks(), "acme signs what it posts, and no `webhook.signed` says how"),
    ("test_what_the_adapter_declares_the_simulator_states", asks(), f"{ONCE}: webhook;"),
    (BELIEVED, POSTS + asks() + simulator('body.get("hook", "")', '""'), "the simulator reads ''; look at `webhook."),
    (
        BELIEVED,
        POSTS + asks() + simulator("    def refused(self", "    moments = lambda *_: ()\n\n    def refused(self"),
        "acme/flux2p-text-fewest: the simulator posted nothing",
    ),
    (
        BELIEVED,
        POSTS + asks(', reply=Reply(id="job.state", state="job.state")'),
        "what the simulator posts is taken for that of no task; look at `webhook.reply`",
    ),
]


@pytest.mark.parametrize(("promise", "changes", "said"), PLANTED)
def test_what_is_wrong_is_said(plugged, monkeypatch, promise, changes, said):
    if "posted nothing" in said:
        monkeypatch.setattr(told, "PATIENCE", 0)
    assert said in str(broken(promise, plugged(*changes)))


@pytest.mark.parametrize("promise", [DECLARED, BELIEVED, FORGED, "test_a_failure_that_a_webhook_tells_is_looked_at"])
def test_what_is_right_is_kept(plugged, promise):
    assert broken(promise, plugged(*POSTS, *asks())) is None
