"""What is asked for, of each provider in turn."""

import pytest

from anymedia.simulators import names

from .works import PICTURE


@pytest.fixture
def request_():
    return PICTURE


@pytest.fixture(params=names())
def provider(request):
    return request.param


@pytest.fixture
def sim(sims, provider):
    return sims[provider]
