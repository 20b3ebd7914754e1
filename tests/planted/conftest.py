"""How one wrong fact of a built-in adapter is planted until a block ends."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest

import anymedia.adapters
from anymedia import registry
from tests.planting import PACKAGE, Planted, files
from tests.verbs import forget

ADAPTERS = Path(anymedia.adapters.__file__).parent


@attrs.frozen
class Wrong:
    """A fact of an adapter, its text, the wrong one, and what the suite says to it; `of` is the offer that it is of."""

    fact: str
    right: str
    wrong: str
    said: str
    of: str | None = None

    def planted(self, provider: str, folder: Path) -> Planted:
        """Return what finds the adapter with the wrong fact, in whichever of its files it stands."""
        texts = {module: path.read_text("utf-8") for module, path in files(ADAPTERS, provider).items()}
        found = [module for module, text in texts.items() if self.right in text]
        assert len(found) == 1, f"{self.right} stands in {', '.join(found) or 'no file of ' + provider}"
        return Planted(ADAPTERS, found[0], texts[found[0]].replace(self.right, self.wrong), folder)


@pytest.fixture
def plant():
    """Return a function that plants a wrong fact into the adapter of a provider until a block ends."""
    return planting


@contextmanager
def planting(provider: str, wrong: Wrong) -> Iterator[None]:
    with TemporaryDirectory() as folder:
        finder = wrong.planted(provider, Path(folder))
        held = _taken_out(provider)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            _taken_out(provider)
            sys.modules.update(held)
            setattr(anymedia.adapters, provider, held[f"{PACKAGE}.{provider}"])


def _taken_out(provider: str) -> dict[str, object]:
    """Have an adapter looked for anew, and return the modules that it was."""
    name = f"{PACKAGE}.{provider}"
    importlib.import_module(name)
    importlib.invalidate_caches()
    forget(registry)
    return {each: sys.modules.pop(each) for each in [*sys.modules] if each == name or each.startswith(f"{name}.")}
