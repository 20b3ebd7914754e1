"""Wrong facts of Replicate's adapter, by the promise that notices them."""

from .conftest import Wrong

FACTS = {
    "test_a_failure_is_read_as_the_page_tells_it": (
        Wrong(
            "the text that means moderation", 'Match("E005")', 'Match("E006")', "was moderated, and is read as failed"
        ),
    ),
    "test_a_task_can_be_canceled": (Wrong("the path of cancel", "{id}/cancel", "{id}/stop", "not canceled: NotFound"),),
    "test_every_word_of_a_state_means_what_the_page_says": (
        Wrong("the word for canceled", '"canceled": State', '"cancelled": State', "it is not listed"),
    ),
    "test_the_wait_that_is_asked_for_is_read": (
        Wrong(
            "the place of retry_after in the body",
            '="retry_after"',
            '="retry_in"',
            "11 s are asked for in its body, and read as None",
        ),
    ),
    "test_every_work_is_as_it_is_asked_for": (
        Wrong("the wire word of 2K", '"2K": "4 MP"', '"2K": "2 MP"', "2K is from 2.4 to 5.2 million pixels"),
    ),
    "test_a_file_that_is_put_in_arrives_as_it_is": (
        Wrong("the part that holds the file", '"content": "{file}"', '"file": "{file}"', "content is a file"),
        Wrong(
            "the place of an upload's expiry", '"expires_at!iso"', '"expiry!iso"', "replicate answered without until"
        ),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Wrong(
            "the name of a knob", '"input.output_quality"', '"input.outputQuality"', "never reads: input.outputQuality"
        ),
        Wrong("the field of the events", '"webhook_events_filter"', '"webhook_events"', "never reads: webhook_events"),
    ),
    "test_what_is_told_of_a_task_is_read": (
        Wrong("the place of the log", '"log": "logs"', '"log": "log"', "log is 'step 1 of 8"),
        Wrong(
            "what nobody tells",
            'tells={"log": "logs"}',
            'tells={"log": "logs", "seed": "input.seed"}',
            "`tells` says where seed stands, and the simulator tells none",
        ),
    ),
    "test_a_webhook_is_believed_as_far_as_it_is_signed": (
        Wrong(
            "the field that asks for a webhook",
            'Param("webhook", Url(https=True))',
            'Param("webhook_url", Url(https=True))',
            "webhook_url; look at `webhook.asked_by`",
        ),
        Wrong(
            "the header of the signature",
            '"@webhook-signature"',
            '"@signature"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "what is signed",
            "{@webhook-id}.{@webhook-timestamp}.{@}",
            "{@webhook-timestamp}.{@webhook-id}.{@}",
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "what stands before the signature",
            'prefix="v1,"',
            'prefix="v2,"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "how the secret is written",
            'key_written="whsec"',
            'key_written="text"',
            "what the simulator posts is answered 401",
        ),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Wrong("the word of an event", '["completed"]', '["done"]', "check passes what the simulator"),
    ),
}
