"""Wrong facts of fal's adapter, by the promise that notices them."""

from .conftest import Wrong

FACTS = {
    "test_every_error_means_what_the_page_says": (
        Wrong(
            "the status at which a text means no credit",
            "status=403",
            "status=402",
            "means no_credit, NoCredit, and is not billed; it is read as Rejected",
        ),
    ),
    "test_a_failure_is_read_as_the_page_tells_it": (
        Wrong(
            "the code of moderation",
            '"content_policy_violation"',
            '"content_violation"',
            "was moderated, and is read as failed",
        ),
        Wrong(
            "where a failure tells why",
            '        why=Endpoint(method="GET", link="response_url"),\n',
            "",
            "was moderated, and is read as failed",
        ),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Wrong("the name of the webhook query", '"?fal_webhook"', '"?webhook"', "never reads: ?webhook"),
        Wrong(
            "the name of the seed field",
            'SEED = Param("seed"',
            'SEED = Param("random_seed"',
            "never reads: random_seed",
        ),
    ),
    "test_a_task_can_be_canceled": (
        Wrong(
            "method and link of cancel",
            '"PUT", link="cancel_url"',
            '"GET", link="status_url"',
            "the provider goes on with what was canceled",
        ),
    ),
    "test_a_refusal_in_place_of_the_result_ends_the_task": (
        Wrong("a refusal at the result is a verdict", "            verdict=True,\n", "", "comes to DeadlineExceeded"),
    ),
    "test_a_call_is_named_as_the_provider_names_it": (
        Wrong("the header of the request id", '"x-fal-request-id"', '"x-request-id"', "look at `request_id`"),
    ),
    "test_an_offer_keeps_its_promises": (
        Wrong(
            "the place of the results",
            "{under}images[].url",
            "{under}images[].href",
            "`result` (GET response_url), its `reply.ok` (not declared), its `reply.state` (not declared), its "
            "`reply.assets` (`images[].href`",
        ),
    ),
    "test_a_cancel_that_comes_too_late_is_refused": (
        Wrong(
            "a refused cancel",
            'Match("Exhausted',
            'Match("ALREADY"): Cause.RATE_LIMITED,\n        Match("Exhausted',
            "which is Rejected, and is read as RateLimited",
        ),
    ),
    "test_what_the_adapter_declares_the_simulator_states": (
        Wrong("a state that no page has", '"COMPLETED": State', '"DONE": State.FAILED, "COMPLETED": State', "DONE"),
    ),
    "test_a_file_that_is_put_in_arrives_as_it_is": (
        Wrong("what a token is asked for with", '"Key "),\n    ),\n    token', '"Bearer "),\n    ),\n    token', "401"),
        Wrong("the query of a token", '"fal-cdn-v3"', '"gcs"', "must be fal-cdn-v3"),
        Wrong("the place of the token", 'token="token"', 'token="auth_token"', "without a token that can be used"),
        Wrong("the path of the upload", '"/files/upload"', '"/files"', "no such endpoint"),
        Wrong("what an upload goes with", "                auth=TOKEN,\n", "", "Cannot access"),
    ),
    "test_a_file_is_uploaded_once_as_long_as_it_lasts": (
        Wrong("how long an upload is to lie there", "expires=LIFE", "expires=LIFE * 10", "its link has expired"),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Wrong("a number that is a text", "Whole(1, most, form=str)", "Whole(1, most)", "check passes what"),
    ),
    "test_what_is_told_of_a_task_is_read": (
        Wrong("the place in the queue", '"queue_position"', '"position"', "position is 10, and that is read as"),
        Wrong("the query for the log", '            query={"logs": "1"},\n', "", "log is 'step 1 of 8', and that"),
    ),
    "test_a_webhook_is_believed_as_far_as_it_is_signed": (
        Wrong(
            "the query that asks for a webhook", '"?fal_webhook"', '"?webhook"', "?webhook; look at `webhook.asked_by`"
        ),
        Wrong(
            "the header of the signature",
            '"@x-fal-webhook-signature"',
            '"@x-fal-signature"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "what is signed",
            "{@x-fal-webhook-request-id}\\n{@x-fal-webhook-user-id}",
            "{@x-fal-webhook-user-id}\\n{@x-fal-webhook-request-id}",
            "what the simulator posts is answered 401",
        ),
        Wrong("that the body's digest is signed", "{sha256}", "{@}", "what the simulator posts is answered 401"),
        Wrong(
            "how the signature is written",
            'written="hex"',
            'written="base64"',
            "what the simulator posts is answered 401",
        ),
        Wrong("the path of the public keys", "/jwks.json", "/keys.json", "posts is answered 503"),
        Wrong("the place of a webhook's results", 'results("payload.")', 'results("")', "there were 1; look"),
        Wrong("the place of a webhook's seed", '"payload.seed"', '"seed"', "tells None as seed, and a look 7"),
    ),
}
