"""Wrong facts planted into adapters: a copy of one adapter's files, in which a text is another, is what is imported.

Used in a process of its own by mutants.py, which imports no anymedia but that of its copy, and within one by the tests
of tests/planted.
"""

import importlib.abc
import importlib.util
import shutil
from pathlib import Path

PACKAGE = "anymedia.adapters"


def files(adapters: Path, provider: str | None = None) -> dict[str, Path]:
    """Return the files of adapters by the names of their modules below the package: modules, and folders of some."""
    named = {_module(path.relative_to(adapters)): path for path in sorted(adapters.rglob("*.py"))}
    return {name: path for name, path in named.items() if name and provider in (None, name.partition(".")[0])}


def _module(path: Path) -> str:
    """Return the name of a module of the adapters; of their package itself it is empty."""
    return ".".join(part for part in path.with_suffix("").parts if part != "__init__")


class Planted(importlib.abc.MetaPathFinder):
    """Finds a provider's adapter in a folder, in which one of its files, `module`, has another text."""

    def __init__(self, adapters: Path, module: str, text: str, folder: Path) -> None:
        self.provider = module.partition(".")[0]
        for path in files(adapters, self.provider).values():
            copy = folder / path.relative_to(adapters)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        files(folder, self.provider)[module].write_text(text, "utf-8")
        self._folder = folder / self.provider

    def find_spec(self, name, path=None, target=None):
        """Find the adapter, and nothing else; the files of a folder are found as those of any package."""
        if name != f"{PACKAGE}.{self.provider}":
            return None
        if self._folder.is_dir():
            where = [str(self._folder)]
            return importlib.util.spec_from_file_location(
                name, self._folder / "__init__.py", submodule_search_locations=where
            )
        return importlib.util.spec_from_file_location(name, self._folder.with_suffix(".py"))
