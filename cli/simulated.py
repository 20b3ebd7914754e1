"""What `anymedia simulate` leaves in a folder: an anymedia.toml that leads to the simulators, and their keys."""

import shlex
import socket
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from errno import EACCES, EADDRINUSE
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from anymedia import ConfigError
from anymedia.config import FILE
from anymedia.environment import CONFIG, JOURNAL

if TYPE_CHECKING:
    from anymedia.simulators import Simulators

KEYS = "simulated.env"
"""The file of the keys, for a shell: API keys stand in no anymedia.toml."""

BILLS = "simulated.db"
"""The journal of what simulators are asked, beside the anymedia.toml that leads to them."""

MARK = "# Written by `anymedia simulate`"
"""How both files begin: a file that begins otherwise is somebody else's."""

FIRST_PORT = 8701
"""The first port of the simulators of a folder: below those that systems give out to anybody."""


@attrs.frozen
class Folder:
    """A folder as it was found: `tables` are those of its anymedia.toml, `environ` what its keys are kept in."""

    path: Path
    tables: Mapping[str, Any]
    environ: Mapping[str, str]

    @property
    def config(self) -> Path:
        """The anymedia.toml."""
        return self.path / FILE

    @property
    def keys(self) -> Path:
        """The file of the keys."""
        return self.path / KEYS

    def ports(self, names: Sequence[str], host: str, port: int) -> dict[str, int]:
        """Return a port for each simulator: the one that its address has here, else the next one that is free.

        Errors: ConfigError for an address that no simulator can have, OSError.
        """
        found = {name: self._port(name, host) for name in names if name in self.tables}
        if found and port:
            raise ConfigError(f"{self.config} has the ports already: change them there, or leave out --port")
        free = _free_ports(host, port or FIRST_PORT, {*found.values()})
        return {name: found[name] if name in found else next(free) for name in names}

    def _port(self, name: str, host: str) -> int:
        url = self.tables[name].get("base_url", "") if isinstance(self.tables[name], Mapping) else ""
        try:
            parts = urlsplit(str(url))
            if (parts.scheme, parts.hostname) == ("http", host) and parts.port:
                return parts.port
        except ValueError:  # the port, or the host
            pass
        raise ConfigError(f"{self.config}: providers.{name}: base_url: must be http://{host}:PORT, not {url!r}")

    def write(self, simulators: "Simulators") -> None:
        """Write where the simulators are, and their keys; what else stands in the anymedia.toml stays there."""
        self.path.mkdir(parents=True, exist_ok=True)
        tables = tables_of(simulators, [one.name for one in simulators if one.name not in self.tables])
        if not self.tables:
            journal = f'[journal]\npath = "{BILLS}"\n'
            text = f"{MARK}: this leads to simulated providers. What is added stays.\n\n{journal}\n{tables}"
            with self.config.open("x", encoding="utf-8") as file:
                file.write(text)
        elif tables:
            with self.config.open("a", encoding="utf-8") as file:
                file.write(f"\n{tables}")
        self.keys.write_text(self._shell(simulators), "utf-8")

    def variables(self, simulators: "Simulators") -> dict[str, str]:
        """Return the environment variables by which a program asks the simulators."""
        return {CONFIG.name: str(self.config.absolute()), **self.environ, **simulators.environ}

    def _shell(self, simulators: "Simulators") -> str:
        """Return lines for a shell after which all that it starts asks the simulators."""
        lines = (f"export {name}={shlex.quote(value)}" for name, value in self.variables(simulators).items())
        about = f"{MARK}, for a shell: . {shlex.quote(str(self.keys))}"
        return "\n".join((about, f"unset {JOURNAL}", *lines, ""))


def folder_at(path: Path) -> Folder:
    """Return a folder as it is now, or as a new one. Errors: ConfigError when a file there is not one of these."""
    file, keys = path / FILE, path / KEYS
    text, lines = _ours(file), _ours(keys)
    try:
        tables = tomllib.loads(text).get("providers", {})
    except ValueError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    try:
        pairs = [line.partition("=") for each in lines.splitlines() for line in shlex.split(each, comments=True)]
    except ValueError as error:
        raise ConfigError(f"{keys}: not for a shell: {error}") from None
    environ = {name: value for name, _, value in pairs if name.startswith("ANYMEDIA_SIMULATED_")}
    return Folder(path, tables, environ)


def _ours(file: Path) -> str:
    """Return the text of a file; of one that is not there, none."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from None
    except ValueError:
        text = ""
    if not text.startswith(MARK):
        raise ConfigError(f"{file} is there already, and not from `anymedia simulate`: name another folder")
    return text


def _free_ports(host: str, first: int, taken: Collection[int]) -> Iterator[int]:
    """Yield ports that nobody listens at. Errors: OSError when there is none left."""
    for port in range(first, 65_536):
        if port not in taken and _is_free(host, port):
            yield port
    raise OSError(EADDRINUSE, f"no port from {first} on is free")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error.errno not in (EADDRINUSE, EACCES)  # what else is wrong is said by whoever wants to listen there
    return True


def tables_of(simulators: "Simulators", names: Sequence[str]) -> str:
    """Return where simulators are, as the tables of an anymedia.toml."""
    return "\n".join(f"[providers.{name}]\n{written(simulators[name].table)}\n" for name in names)


def written(table: Mapping[str, Any]) -> str:
    """Return a table's lines, as TOML has them."""
    held = {name: _inline(each) if isinstance(each, Mapping) else f'"{each}"' for name, each in table.items()}
    return "\n".join(f"{name} = {each}" for name, each in held.items())


def _inline(table: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f'{name} = "{each}"' for name, each in table.items()) + " }"
