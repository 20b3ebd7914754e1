"""The shipped suite against adapters with a wrong fact."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

import anymedia.adapters

PROVIDERS = ("bfl", "fal", "kie", "openai", "replicate")
HERE = Path(anymedia.adapters.__file__).parent


@attrs.frozen
class Planted:
    """A fact of a provider's adapter, its text, the wrong one, and what the suite says to it."""

    provider: str
    fact: str
    right: str
    wrong: str
    said: str

    def __str__(self) -> str:
        return f"{self.provider}: {self.fact}"


@contextmanager
def installed(planted: Mapping[str, str] | None = None) -> Iterator[None]:
    """Have the adapters found, some of them with other texts, until the block ends."""
    assert not planted
    yield
