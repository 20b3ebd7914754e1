"""Which providers the tests go to where it is no matter of one of them."""

FOUR = ("api_in_one", "reapi", "revidapi", "runapi")
"""Four that differ enough: in how they are asked, how they tell what goes wrong, and what they charge."""

NINE = ("api_in_one", "bfl", "fal", "kie", "openai", "reapi", "replicate", "revidapi", "runapi")
"""All that are built in."""
