"""What is asked for, of each provider in turn."""

import pytest

from tests.providers import FOUR

from .works import PICTURE


@pytest.fixture
def request_():
    return PICTURE


@pytest.fixture(params=FOUR)
def provider(request):
    """Each of four; what holds of every provider, the shipped suite, agreement and the fault matrix say of all nine."""
    return request.param


@pytest.fixture
def sim(sims, provider):
    return sims[provider]
