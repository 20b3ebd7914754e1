"""Says which texts of a submit are the user's own words, so that they can be kept out of what is written down."""

import re
from collections.abc import Iterable, Mapping

from anymedia.model.kinds import text_names
from anymedia.model.redact import inside
from anymedia.model.strict_json import Json
from anymedia.model.urls import is_url

LONG = 40
"""Characters; any longer text of a submit counts as the user's own words."""

COMMON = ("text", "message")
"""Keys of bodies under which the user's own words stand, beside the text fields of the kinds of requests."""


def secrets_of(body: Json, texts: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the texts of a submit's body that may be the user's own words, each once.

    They are `texts` (the values of the request's text fields), the texts at any depth under a key that holds the name
    of a text field of any kind or a word of COMMON, and all texts of more than 40 characters that are not URLs.
    """
    keys = re.compile("|".join((*text_names(), *COMMON)), re.IGNORECASE)
    found: dict[str, None] = dict.fromkeys(filter(str.strip, texts))
    left: list[tuple[Json, bool]] = [(body, False)]
    while left:
        value, own = left.pop()
        if isinstance(value, Mapping):
            left += [(inner, own or keys.search(str(key)) is not None) for key, inner in reversed([*value.items()])]
        elif isinstance(value, list | tuple):
            left += [(inner, own) for inner in reversed(value)]
        elif isinstance(value, str):
            if value.strip() and (own or (len(value) > LONG and not is_url(value))):
                found[value] = None
            left.append((inside(value), own))  # a provider may return the data that is in it
    return tuple(found)
