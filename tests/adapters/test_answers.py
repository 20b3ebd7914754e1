"""The documented answers of each page, read to states, causes, money and results."""

import pytest

from anymedia.registry import adapters

from .answers import files, read
from .rows import every_map


@pytest.mark.parametrize(
    ("provider", "answered"),
    [*files()],
    ids=lambda each: each if isinstance(each, str) else f"{each.step} {each.status} {each.said.get('state', '')}",
)
def test_a_documented_answer_says_what_the_page_says(provider, answered):
    assert read(provider, answered) == answered.said


def test_every_provider_with_rows_has_an_answer_to_each_of_its_calls():
    told = {provider: set() for provider in every_map("FACTS")}
    for provider, answered in files():
        told[provider].add(answered.step)
    for provider, steps in told.items():
        adapter = adapters()[provider]
        lives = [adapter.life(name) for name in (None, *adapter.lifecycles)]
        calls = {name for life in lives for name in life.looks if name != "cancel"}  # which only asks for an end
        assert steps == {"submit", *calls, *("webhook" for _ in adapter.webhooks)}
