"""Wrong facts of kie.ai's adapter, by the promise that notices them."""

from .conftest import Wrong

FACTS = {
    "test_every_error_means_what_the_page_says": (
        Wrong("a code that means no credit", "402: Cause.NO_CREDIT", "402: Cause.BLOCKED", "it is read as Blocked"),
        Wrong(
            "a refused outcome of an error row",
            "=Outcome.REFUSED",
            "=Outcome.UNCERTAIN",
            "it is read as SubmitUncertain",
        ),
    ),
    "test_what_answers_tell_is_read": (
        Wrong(
            "the place of the credits taken", '"data.creditsConsumed"', '"data.creditsTaken"', "look at `reply.credits`"
        ),
        Wrong(
            "the unit of the completion time",
            "completeTime!ms",
            "completeTime!s",
            "look at `reply.completed` and its unit",
        ),
    ),
    "test_a_balance_is_what_the_account_has": (
        Wrong("the balance's path", "/api/v1/chat/credit", "/api/v1/user/credit", "kie: no balance: NotFound"),
    ),
    "test_links_live_as_long_as_the_page_says": (
        Wrong("how long results live", "expires=DAY,", "expires=10 * DAY,", "`expires` says 864000"),
    ),
    "test_a_look_that_comes_too_early_is_no_error": (
        Wrong('the code that means "not yet"', "NOT_YET = (422, 90)", "NOT_YET = (423, 90)", "is read as Rejected"),
    ),
    "test_a_failure_is_read_as_the_page_tells_it": (
        Wrong("failed tasks are refunded", 'refunds="yes"', 'refunds="no"', "that is read as refund no"),
        Wrong("the place of the failure's code", '"data.failCode"', '"data.failureCode"', "is read with the code None"),
    ),
    "test_limits_are_those_of_the_page": (
        Wrong("submits allowed in a window", "submits=(20, 10)", "submits=(2000, 10)", "`limits` says (2000, 10)"),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Wrong("the name of the callback field", '"callBackUrl"', '"callbackUrl"', "never reads: callbackUrl"),
        Wrong(
            "the name of an optional field",
            'Param("input.negative_prompt", Text(0, 5000)',
            'Param("input.negativePrompt", Text(0, 5000)',
            "never reads: input.negativePrompt",
        ),
    ),
    "test_an_offer_keeps_its_promises": (
        Wrong(
            "the place of the state",
            'state="data.state",\n',
            'state="data.status",\n',
            "its `reply.ok` (`code`, 200), its",
        ),
    ),
    "test_calls_go_to_the_origin_of_the_page": (
        Wrong("the origin", '"https://api.kie.ai"', '"https://api.kie.com"', "the page's origin is"),
    ),
    "test_a_credit_is_worth_what_the_page_says": (
        Wrong("what a credit is worth", 'Credit("0.005")', 'Credit("0.05")', "`credit` says $0.05"),
    ),
    "test_a_refusal_of_a_cancel_and_of_a_balance_is_heard": (
        Wrong(
            "errors of the balance at HTTP 200",
            'ok=("code", 200), credits="data"',
            'credits="data"',
            "look at the `ok` of `balance`",
        ),
    ),
    "test_every_word_of_a_state_means_what_the_page_says": (
        Wrong("a word for queued", '"queuing": State.QUEUED', '"queuing": State.RUNNING', "means queued"),
    ),
    "test_every_work_is_as_it_is_asked_for": (
        Wrong("a default", 'Choice(*FIVE)), default="16:9"', 'Choice(*FIVE)), default="9:16"', "its ratio is not 9:16"),
        Wrong("the words of formats", '"jpeg": "jpg"}', '"jpeg": "png"}', "jpeg was asked for"),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Wrong("a price", '"1K": "0.04", "2K": "0.06"', '"1K": "0.04", "2K": "0.07"', "$0.07", of="nano-banana-2"),
    ),
    "test_what_the_adapter_declares_the_simulator_states": (
        Wrong("a code that no page has", "433: Cause", "434: Cause", "errors.434"),
        Wrong(
            "the setting of the key",
            'settings={"webhook_key": Setting(',
            'settings={"hook_key": Setting(env="KIE"), "webhook_key": Setting(',
            "settings.hook_key",
        ),
    ),
    "test_a_file_that_is_put_in_arrives_as_it_is": (
        Wrong("the part that holds the file", '"file": "{file}"', '"content": "{file}"', "file is required"),
        Wrong("a field that an upload needs", '"uploadPath": "anymedia", ', "", "uploadPath is required"),
        Wrong(
            "the place of an upload's URL",
            'first("data.downloadUrl", "data.fileUrl")',
            'first("data.url", "data.fileUrl")',
            "kie answered without url",
        ),
        Wrong("the path of the upload", "/api/file-stream-upload", "/api/file-upload", "no such endpoint"),
        Wrong(
            "the code of an upload that went well",
            'reply=Reply(ok=("code", 200)),\n            ),\n            sends',
            'reply=Reply(ok=("code", 201)),\n            ),\n            sends',
            "was not uploaded",
        ),
    ),
    "test_a_file_is_uploaded_once_as_long_as_it_lasts": (
        Wrong("how long an upload lies there", "expires=3 * DAY", "expires=30 * DAY", "its link has expired"),
    ),
    "test_what_is_told_of_a_task_is_read": (
        Wrong("the unit of the progress", "data.progress!percent", "data.progress", "progress is 0."),
    ),
    "test_a_webhook_is_believed_as_far_as_it_is_signed": (
        Wrong(
            "the field that asks for a webhook",
            '"callBackUrl"',
            '"callbackUrl"',
            "callbackUrl; look at `webhook.asked_by`",
        ),
        Wrong(
            "the header of the signature",
            '"@x-webhook-signature"',
            '"@x-kie-signature"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "what is signed",
            '"{id}.{@x-webhook-timestamp}"',
            '"{@x-webhook-timestamp}.{id}"',
            "what the simulator posts is answered 401",
        ),
        Wrong(
            "the place of the id that is signed",
            'first("data.taskId", "data.task_id")',
            '"data.id"',
            "what the simulator posts is answered 401",
        ),
    ),
}
