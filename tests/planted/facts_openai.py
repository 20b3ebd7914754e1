"""Wrong facts of OpenAI's adapter, by the promise that notices them."""

from .conftest import Wrong

FACTS = {
    "test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges": (
        Wrong("a rule between fields", '{"background": "transparent"}', '{"background": "no"}', "check passes what"),
        Wrong("a file that another needs", 'Rule(when={"mask": ANY}, needs="images"),', "", "check passes"),
    ),
    "test_a_file_that_is_put_in_arrives_as_it_is": (
        Wrong("the name of a part", 'Param("image[]", IMAGES)', 'Param("picture[]", IMAGES)', "is not supported"),
    ),
    "test_of_files_too_check_passes_what_the_simulator_takes": (
        Wrong("a type of files", '"image/webp", "image/jpeg"', '"image/webp"', "check refuses a file that"),
        Wrong("the size of a mask", "megabytes=4)", "megabytes=40)", "check passes a file that"),
    ),
    "test_an_offer_keeps_its_promises": (
        Wrong("the name of a setting", '"OpenAI-Project": "{project}"', '"OpenAI-Project": "{organization}"', "401"),
    ),
}
