"""Which folders may hold an anymedia.toml that sends keys or files to hosts of its own choice.

A file that is found only because it lies in the working directory may have come with somebody else's repository.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .declare.adapter import Adapter
from .journal.one_file import take_from_others
from .model.errors import ConfigError, JournalError
from .model.strict_json import loads
from .model.urls import is_loopback, origin_of

SETTINGS = frozenset(("proxy", "ca_file", "allow_http"))
"""Settings, wherever they stand, by which others could read what is sent."""

TABLES = frozenset(("storage", "webhooks"))
"""Tables that lead keys, files of the user's, or what becomes of tasks, to other hosts."""


def check_trust(file: Path, data: Mapping[str, Any], adapters: Mapping[str, Adapter], trusted: Path) -> None:
    """Check a configuration that was found in the working directory; `trusted` is the list of trusted folders.

    Errors: ConfigError when it would send an API key, or a file of the user's, to a host that neither an adapter names
    nor this machine is, and its folder is not trusted.
    """
    places = list(_elsewhere(data, adapters))
    if not places or str(folder_of(file)) in read_trusted(trusted):
        return
    raise ConfigError(
        f"{file}: {', '.join(places)} could lead an API key, a file of yours or a result to another host, and this "
        "file is read only because it lies in the working directory: if it is yours, name it with config= or "
        "ANYMEDIA_CONFIG, or run `anymedia trust` here once"
    )


def folder_of(file: Path) -> Path:
    """Return the folder of a file, by the one name that it has."""
    return Path(os.path.realpath(file.parent))


def read_trusted(path: Path) -> list[str]:
    """Return the folders that are trusted. Errors: ConfigError when the list cannot be read."""
    try:
        take_from_others(path, 0o600)
        folders = loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except JournalError as error:
        raise ConfigError(str(error)) from None
    except ValueError as error:
        raise ConfigError(f"{path}: not a list of folders: {error}") from None
    if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
        raise ConfigError(f"{path}: not a list of folders")
    return folders


def write_trusted(path: Path, folders: Iterable[str]) -> None:
    """Write the list of trusted folders, for its user alone. Errors: ConfigError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".trusted-")  # which nobody else may read
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(sorted(set(folders)), file, indent=1)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None


def _elsewhere(data: Mapping[str, Any], adapters: Mapping[str, Adapter]) -> Iterator[str]:
    """Yield the place of each setting that could lead a key, a file or a result to another host."""
    yield from (
        f"[{name}]"
        for name, table in data.items()
        if name in TABLES and not (name == "webhooks" and _leads_here(table))
    )
    yield from _settings(data, "")
    providers = data.get("providers")
    for name, table in providers.items() if isinstance(providers, Mapping) else ():
        if isinstance(table, Mapping):
            yield from _of_account(name, table, adapters.get(str(table.get("adapter", name))))


def _of_account(name: str, table: Mapping[str, Any], adapter: Adapter | None) -> Iterator[str]:
    origin = str(table["base_url"]) if "base_url" in table else None
    if origin is not None and not _is_known(origin, adapter):
        yield f"providers.{name}.base_url"
    # An offer says which model of the provider's gets what is asked for, and that may be anybody's.
    if table.get("offers") and not (origin is not None and _is_here(origin)):
        yield f"providers.{name}.offers"


def _settings(table: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, value in table.items():
        if name in SETTINGS and value:
            yield where + name
        if isinstance(value, Mapping):
            yield from _settings(value, f"{where}{name}.")


def _is_known(url: str, adapter: Adapter | None) -> bool:
    """Return whether an origin is this machine, or the adapter's own."""
    return _is_here(url) or (adapter is not None and origin_of(url) == origin_of(adapter.base_url))


def _leads_here(table: Any) -> bool:
    """Return whether a table names an address of this machine: whoever can be reached there needs no file for it."""
    return isinstance(table, Mapping) and _is_here(str(table.get("url", "")))


def _is_here(url: str) -> bool:
    origin = origin_of(url)
    return origin is not None and is_loopback(origin[1])
