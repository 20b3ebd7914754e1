"""What is asked for, of each provider in turn."""

import pytest

from anymedia import ImageRequest
from anymedia.simulators import names

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")


@pytest.fixture
def request_():
    return REQUEST


@pytest.fixture(params=names())
def provider(request):
    return request.param


@pytest.fixture
def sim(sims, provider):
    return sims[provider]
