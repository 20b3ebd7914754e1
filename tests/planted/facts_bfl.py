"""Wrong facts of Black Forest Labs's adapter, by the promise that notices them."""

from .conftest import Wrong

FACTS = {
    "test_links_live_as_long_as_the_page_says": (
        Wrong("how long results live", "life(600, ", "life(6000, ", "`expires` says 6000"),
    ),
    "test_limits_are_those_of_the_page": (
        Wrong("tasks active at a time", "active=24", "active=2400", "`limits` says 2400"),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Wrong("the pattern of numbered fields", "input_image_{n}", "input_image{n}", "never reads: input_image2"),
    ),
    "test_every_word_of_a_state_means_what_the_page_says": (
        Wrong(
            "a state word that means moderation",
            '"Content Moderated": Err(Cause.BLOCKED)',
            '"Content Moderated": State.FAILED',
            "is read as failed",
        ),
        Wrong('a state word that means "no such task"', "Err(Cause.NOT_FOUND)", "State.FAILED", "is read as failed"),
    ),
    "test_links_lead_to_every_host_of_the_provider": (
        Wrong(
            "hosts that links may lead to",
            'hosts=("bfl.ai", "bfl.ml")',
            'hosts=("bfl.dev",)',
            "polling_url may lead to api.eu",
        ),
    ),
    "test_a_picture_that_is_put_in_costs_what_the_page_says": (
        Wrong(
            "the price of input megapixels",
            '"pro", 8, PerMegapixel("0.03", "0.015", "0.015")',
            '"pro", 8, PerMegapixel("0.03", "0.015", "0.03")',
            "by `put_in`",
        ),
    ),
    "test_a_credit_is_worth_what_the_page_says": (
        Wrong("what a credit is worth", 'Credit("0.01")', 'Credit("0.001")', "`credit` says $0.001"),
    ),
    "test_a_balance_is_what_the_account_has": (
        Wrong("the unit of the balance", 'credits="credits"', 'usd="credits!cents"', "`balance`"),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Wrong("the least side", "least=64, ", "", "check passes what the simulator refuses"),
        Wrong("the most megapixels", "step=16, megapixels=4)", "step=16, megapixels=5)", "check passes what"),
        Wrong("the bound of a knob", '"safety_tolerance", Whole(0, 5)', '"safety_tolerance", Whole(0, 6)', "refuses"),
        Wrong("the least of a decimal", "Number(1.5, 10)", "Number(1, 10)", "check passes what"),
    ),
    "test_an_offer_is_declared_without_contradiction": (
        Wrong("the pixels of a resolution", '"2K": 4}', '"2K": 5}', "makes of a resolution are always refused"),
    ),
    "test_a_file_that_is_put_in_arrives_as_it_is": (
        Wrong("the form of a file", '"url", "base64"', '"url", "data"', "must be a public http(s) URL"),
    ),
    "test_of_files_too_check_passes_what_the_simulator_takes": (
        Wrong("the size of a file", "megabytes=MOST", "megabytes=25", "check passes a file that"),
        Wrong("the pixels of a file", "megapixels=MOST", "megapixels=25", "check passes a file that"),
    ),
    "test_what_is_told_of_a_task_is_read": (
        Wrong(
            "the place of the seed",
            '"progress": "progress", "seed": "result.seed"',
            '"progress": "progress", "seed": "seed"',
            "seed is 42, and that is read as None",
        ),
        Wrong("the place of the progress", '"progress": "progress"', '"progress": "done"', "progress is"),
    ),
    "test_a_webhook_is_believed_as_far_as_it_is_signed": (
        Wrong(
            "the field that asks for a webhook",
            '"webhook_url"',
            '"webhook"',
            "submit: webhook; look at `webhook.asked_by`",
        ),
        Wrong(
            "the header of the signature",
            '"@x-bfl-signature"',
            '"@x-signature"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "what stands before the signature",
            'prefix="sha256="',
            'prefix="sha-256="',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "how the signature is written",
            'written="hex"',
            'written="base64"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "that the whole body is signed", 'over="{@}"', 'over="{sha256}"', "what the simulator posts is answered 401"
        ),
        Wrong(
            "the field of the secret",
            'sends={"webhook_secret"',
            'sends={"secret"',
            "what the simulator posts is answered 401",
        ),
    ),
}
