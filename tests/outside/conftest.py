"""Packages of others: an adapter and a simulator each, written as docs/adding-a-provider.md says."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from anymedia import registry, simulators

PROVIDERS = ("bfl", "fal", "kie", "openai", "replicate")
HERE = Path(__file__).parent


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

    @property
    def text(self) -> str:
        """The adapter with the wrong fact."""
        text = (HERE / f"anymedia_{self.provider}" / "adapter.py").read_text("utf-8")
        assert text.count(self.right) == 1, f"{self} stands {text.count(self.right)} times"
        return text.replace(self.right, self.wrong)


@contextmanager
def installed(planted: Mapping[str, str] | None = None) -> Iterator[None]:
    """Have the packages found as pip leaves them, until the block ends.

    `planted` holds the text of another adapter for some of the providers.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write_entry_points(folder, {each: f"planted_{each}" for each in planted or ()})
        for each, text in (planted or {}).items():
            (folder / f"planted_{each}.py").write_text(text, "utf-8")
        paths = [str(folder), str(HERE)]
        sys.path[:0] = paths
        _forget()
        try:
            yield
        finally:
            for path in paths:
                sys.path.remove(path)
            _forget()


def _write_entry_points(folder: Path, planted: Mapping[str, str]) -> None:
    about = folder / "anymedia_outside-1.dist-info"
    about.mkdir()
    adapters = (f"{each} = {planted.get(each, f'anymedia_{each}.adapter')}" for each in PROVIDERS)
    services = (f"{each} = anymedia_{each}.simulator" for each in PROVIDERS)
    points = ("[anymedia.adapters]", *adapters, "[anymedia.simulators]", *services)
    (about / "entry_points.txt").write_text("\n".join(points))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: anymedia-outside\nVersion: 1\n")


def _forget() -> None:
    """Have adapters and simulators looked for anew; what is imported stays, but for what was planted."""
    importlib.invalidate_caches()
    for cached in (*vars(registry).values(), *vars(simulators).values()):
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    for name in [name for name in sys.modules if name.startswith("planted_")]:
        del sys.modules[name]
