"""Wrong facts about what a provider posts: who asks for it and how, what signs it, and what it says."""

from .conftest import Planted

UNREAD = "look at `webhook.asked_by`"
REFUSED = "what the simulator posts is answered 401"

WEBHOOKS = {
    "test_a_webhook_is_believed_as_far_as_it_is_signed": (
        Planted("kie", "the field that asks for a webhook", '"callBackUrl"', '"callbackUrl"', f"callbackUrl; {UNREAD}"),
        Planted("fal", "the query that asks for a webhook", '"?fal_webhook"', '"?webhook"', f"?webhook; {UNREAD}"),
        Planted("bfl", "the field that asks for a webhook", '"webhook_url"', '"webhook"', f"submit: webhook; {UNREAD}"),
        Planted(
            "replicate",
            "the field that asks for a webhook",
            'Param("webhook", Url(https=True))',
            'Param("webhook_url", Url(https=True))',
            f"webhook_url; {UNREAD}",
        ),
        Planted("kie", "the header of the signature", '"@x-webhook-signature"', '"@x-kie-signature"', REFUSED),
        Planted("kie", "what is signed", '"{id}.{@x-webhook-timestamp}"', '"{@x-webhook-timestamp}.{id}"', REFUSED),
        Planted(
            "kie", "the place of the id that is signed", 'first("data.taskId", "data.task_id")', '"data.id"', REFUSED
        ),
        Planted("fal", "the header of the signature", '"@x-fal-webhook-signature"', '"@x-fal-signature"', REFUSED),
        Planted(
            "fal",
            "what is signed",
            "{@x-fal-webhook-request-id}\\n{@x-fal-webhook-user-id}",
            "{@x-fal-webhook-user-id}\\n{@x-fal-webhook-request-id}",
            REFUSED,
        ),
        Planted("fal", "that the body's digest is signed", "{sha256}", "{@}", REFUSED),
        Planted("fal", "how the signature is written", 'written="hex"', 'written="base64"', REFUSED),
        Planted("fal", "the path of the public keys", "/jwks.json", "/keys.json", "posts is answered 503"),
        Planted(
            "fal", "the place of a webhook's results", '"payload.images[].url"', '"images[].url"', "there were 1; look"
        ),
        Planted("fal", "the place of a webhook's seed", '"payload.seed"', '"seed"', "tells None as seed, and a look 7"),
        Planted("bfl", "the header of the signature", '"@x-bfl-signature"', '"@x-signature"', REFUSED),
        Planted("bfl", "what stands before the signature", 'prefix="sha256="', 'prefix="sha-256="', REFUSED),
        Planted("bfl", "how the signature is written", 'written="hex"', 'written="base64"', REFUSED),
        Planted("bfl", "that the whole body is signed", 'over="{@}"', 'over="{sha256}"', REFUSED),
        Planted(
            "bfl",
            "the field of the secret",
            'sends={"webhook_secret"',
            'sends={"secret"',
            REFUSED,
        ),
        Planted("replicate", "the header of the signature", '"@webhook-signature"', '"@signature"', REFUSED),
        Planted(
            "replicate",
            "what is signed",
            "{@webhook-id}.{@webhook-timestamp}.{@}",
            "{@webhook-timestamp}.{@webhook-id}.{@}",
            REFUSED,
        ),
        Planted("replicate", "what stands before the signature", 'prefix="v1,"', 'prefix="v2,"', REFUSED),
        Planted("replicate", "how the secret is written", 'key_written="whsec"', 'key_written="text"', REFUSED),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Planted(
            "replicate",
            "the field of the events",
            '"webhook_events_filter"',
            '"webhook_events"',
            "never reads: webhook_events",
        ),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Planted("replicate", "the word of an event", '["completed"]', '["done"]', "check passes what the simulator"),
    ),
    "test_what_the_adapter_declares_the_simulator_states": (
        Planted(
            "kie",
            "the setting of the key",
            'settings={"webhook_key": Setting(',
            'settings={"hook_key": Setting(env="KIE"), "webhook_key": Setting(',
            "settings.hook_key",
        ),
    ),
}
"""By the promise that notices them."""
