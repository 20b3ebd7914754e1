"""The built-in adapters keep the promises that every adapter makes: the suite is the one that others are shipped."""

from pathlib import Path

from anymedia.registry import adapters
from anymedia.testing import Contract


class TestBuiltIn(Contract):
    providers = tuple(adapters())
    cassettes = Path(__file__).parents[2] / "cassettes"
