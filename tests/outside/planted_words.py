"""Wrong facts about files that are put in, a provider's own fields, and what is told of a task."""

from .conftest import Planted

WORDS = {
    "test_a_file_that_is_put_in_arrives_as_it_is": (
        Planted("kie", "the part that holds the file", '"file": "{file}"', '"content": "{file}"', "file is required"),
        Planted("kie", "a field that an upload needs", '"uploadPath": "anymedia", ', "", "uploadPath is required"),
        Planted(
            "kie",
            "the place of an upload's URL",
            'first("data.downloadUrl", "data.fileUrl")',
            'first("data.url", "data.fileUrl")',
            "kie answered without url",
        ),
        Planted("kie", "the path of the upload", "/api/file-stream-upload", "/api/file-upload", "no such endpoint"),
        Planted(
            "kie",
            "the code of an upload that went well",
            'reply=Reply(ok=("code", 200)),\n            ),\n            sends',
            'reply=Reply(ok=("code", 201)),\n            ),\n            sends',
            "was not uploaded",
        ),
        Planted(
            "fal",
            "what a token is asked for with",
            '"Key "),\n    ),\n    token',
            '"Bearer "),\n    ),\n    token',
            "401",
        ),
        Planted("fal", "the query of a token", '"fal-cdn-v3"', '"gcs"', "must be fal-cdn-v3"),
        Planted(
            "fal", "the place of the token", 'token="token"', 'token="auth_token"', "without a token that can be used"
        ),
        Planted("fal", "the path of the upload", '"/files/upload"', '"/files"', "no such endpoint"),
        Planted("fal", "what an upload goes with", "                auth=TOKEN,\n", "", "Cannot access"),
        Planted(
            "replicate",
            "the part that holds the file",
            '"content": "{file}"',
            '"file": "{file}"',
            "content is a file",
        ),
        Planted(
            "replicate",
            "the place of an upload's expiry",
            '"expires_at!iso"',
            '"expiry!iso"',
            "replicate answered without until",
        ),
        Planted("bfl", "the form of a file", '"url", "base64"', '"url", "data"', "must be a public http(s) URL"),
        Planted(
            "openai", "the name of a part", 'Param("image[]", IMAGES)', 'Param("picture[]", IMAGES)', "is not supported"
        ),
    ),
    "test_a_file_is_uploaded_once_as_long_as_it_lasts": (
        Planted(
            "kie", "how long an upload lies there", "expires=3 * 86_400", "expires=30 * 86_400", "its link has expired"
        ),
        Planted(
            "fal", "how long an upload is to lie there", "expires=LIFE", "expires=LIFE * 10", "its link has expired"
        ),
    ),
    "test_of_files_too_check_passes_what_the_simulator_takes": (
        Planted("openai", "a type of files", '"image/webp", "image/jpeg"', '"image/webp"', "check refuses a file that"),
        Planted("openai", "the size of a mask", "megabytes=4)", "megabytes=40)", "check passes a file that"),
        Planted("bfl", "the size of a file", "megabytes=20", "megabytes=25", "check passes a file that"),
        Planted("bfl", "the pixels of a file", "megapixels=20", "megapixels=25", "check passes a file that"),
    ),
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Planted(
            "bfl",
            "the bound of a knob",
            '"safety_tolerance", Whole(0, 5)',
            '"safety_tolerance", Whole(0, 6)',
            "refuses",
        ),
        Planted("bfl", "the least of a decimal", "Number(1.5, 10)", "Number(1, 10)", "check passes what"),
        Planted("fal", "a number that is a text", "Whole(1, 5, form=str)", "Whole(1, 5)", "check passes what"),
        Planted("openai", "a file that another needs", 'Rule(when={"mask": ANY}, needs="images"),', "", "check passes"),
    ),
    "test_every_field_that_is_sent_is_one_that_the_simulator_knows": (
        Planted(
            "replicate",
            "the name of a knob",
            '"input.output_quality"',
            '"input.outputQuality"',
            "never reads: input.outputQuality",
        ),
    ),
    "test_a_failure_is_read_as_the_page_tells_it": (
        Planted(
            "fal",
            "where a failure tells why",
            '        why=Endpoint(method="GET", link="response_url"),\n',
            "",
            "was moderated, and is read as failed",
        ),
    ),
    "test_an_offer_keeps_its_promises": (
        Planted(
            "openai",
            "the name of a setting",
            '"OpenAI-Project": "{project}"',
            '"OpenAI-Project": "{organization}"',
            "401",
        ),
    ),
    "test_what_is_told_of_a_task_is_read": (
        Planted("kie", "the unit of the progress", "data.progress!percent", "data.progress", "progress is 0."),
        Planted(
            "bfl",
            "the place of the seed",
            '"progress": "progress", "seed": "result.seed"',
            '"progress": "progress", "seed": "seed"',
            "seed is 42, and that is read as None",
        ),
        Planted("bfl", "the place of the progress", '"progress": "progress"', '"progress": "done"', "progress is"),
        Planted(
            "fal", "the place in the queue", '"queue_position"', '"position"', "position is 10, and that is read as"
        ),
        Planted(
            "fal", "the query for the log", '            query={"logs": "1"},\n', "", "log is 'step 1 of 8', and that"
        ),
        Planted("replicate", "the place of the log", '"log": "logs"', '"log": "log"', "log is 'step 1 of 8"),
        Planted(
            "replicate",
            "what nobody tells",
            'tells={"log": "logs"}',
            'tells={"log": "logs", "seed": "input.seed"}',
            "`tells` says where seed stands, and the simulator tells none",
        ),
    ),
}
"""By the promise that notices them."""
