"""The documented answers of each page, read to states, causes, money and results."""

import pytest

from .answers import files, read


@pytest.mark.parametrize(
    ("provider", "answered"),
    [*files()],
    ids=lambda each: each if isinstance(each, str) else f"{each.step} {each.status} {each.said.get('state', '')}",
)
def test_a_documented_answer_says_what_the_page_says(provider, answered):
    assert read(provider, answered) == answered.said
