"""Every kind of odd answer, with examples, and what a user sees of it: an error, a file, a line, the journal."""

import asyncio
import inspect

import pytest

from . import rows_accounts, rows_adapters, rows_attacks, rows_processes, rows_purchases
from .table import ROWS

KINDS = range(1, 27)
MODULES = (rows_accounts, rows_adapters, rows_attacks, rows_processes, rows_purchases)


def marks(row):
    return [pytest.mark.slow] if row.slow else []


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id, marks=marks(row)) for row in ROWS])
def test_row(row, world):
    done = row.check(world)
    if inspect.isawaitable(done):
        asyncio.run(done)


def test_every_kind_has_a_row():
    assert {row.kind for row in ROWS} == set(KINDS)
    assert len({row.id for row in ROWS}) == len(ROWS)
