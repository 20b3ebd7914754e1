"""Every simulator without a socket, and how the cases are made."""

import os
import random
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia import Account
from anymedia.declare.path import Path
from anymedia.simulators import services
from anymedia.simulators.message import Request
from anymedia.translate.encode import submit

TIMES = float(os.environ.get("ANYMEDIA_CASES", "1"))
"""How many times the usual number of cases is tried; the usual ones are the same in every run."""


BYTES = 48
"""How many choices there are at most."""


@attrs.frozen
class Dice:
    """Throws a byte for each choice: many times faster than a strategy a field, and it shrinks as well."""

    _bytes: Iterator[int] = attrs.field(converter=iter)

    def of(self, values):
        """Return one of some values, the first for a byte of 0."""
        return values[next(self._bytes) % len(values)]

    def chance(self, percent):
        """Return whether it is so, as often as told; not for a byte of 0."""
        return 256 - next(self._bytes) <= percent * 2.56


SHARED, LEAST = 15_000, 100
"""How many throws all offers of a test share, usually, and how many each has at least."""


@pytest.fixture(scope="session")
def thrown():
    """Return a function that tries what holds for any dice at one of so many offers, and returns how often it did.

    With few cases, whether it fails is all that is asked: they are thrown here, which costs less than half.
    """

    def tried(hold, offers):
        number = int(max(SHARED / offers * TIMES, LEAST))
        if TIMES < 1:
            for each in range(number):
                hold(Dice(random.Random(each).randbytes(BYTES)))
        else:
            many = settings(max_examples=number, deadline=None, database=None, derandomize=TIMES == 1)
            many(given(st.binary(min_size=BYTES, max_size=BYTES).map(Dice))(hold))()
        return number

    return tried


class Ask:
    """What simulators answer to a body at a path."""

    def __init__(self):
        self.running = {name: each(clock=lambda: 1_800_000_000.0, balance=10**12) for name, each in services().items()}

    def __call__(self, adapter, path, body):
        """Return the answer."""
        service = self.running[adapter.name]
        service.tasks.clear()
        service.unread.clear()
        account = Account(name=adapter.name, adapter=adapter, origin=adapter.base_url)
        call = submit(account, None, path, body, None)
        (auth,) = adapter.auth
        headers = {**call.headers, auth.name: auth.prefix + service.api_key}
        where = urlsplit(call.url)
        return service.answer(Request(call.method, where.path, dict(parse_qsl(where.query)), headers, call.body))

    def takes(self, adapter, path, body):
        """Return whether it says yes to all of a body.

        A "no" may come at HTTP 200, so that it is a task which says it; what a simulator ignores, like a tenth image in
        a field of its own, it does not take, unless it is null.
        """
        self(adapter, path, body)
        service = self.running[adapter.name]
        ignored = [Path(name.partition(": ")[2]).one(body) for name in service.unread]
        return bool(service.tasks) and all(value is None for value in ignored)


@pytest.fixture(scope="session")
def ask():
    return Ask()
