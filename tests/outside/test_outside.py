"""Adapters of others keep the promises that every adapter makes, against simulators written from the same pages."""

import pytest

from anymedia.testing import Contract

from .conftest import PROVIDERS, installed


@pytest.fixture(scope="module", autouse=True)
def _installed():
    with installed():
        yield


class TestOutside(Contract):
    providers = PROVIDERS

    def pytest_generate_tests(self, metafunc):
        with installed():  # and no longer: the tests of other modules go over the adapters there are
            super().pytest_generate_tests(metafunc)
