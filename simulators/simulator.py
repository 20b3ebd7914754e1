"""What a test or an app holds of the running simulators: addresses, keys, bills, faults, and a config for a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from .message import Body
from .service import Service

KEY = "key"
"""What the variable of an API key ends with."""


@frozen
class Simulator:
    """One running provider; its methods may be called from any thread."""

    service: Service

    @property
    def name(self) -> str:
        """The provider."""
        return self.service.name

    @property
    def base_url(self) -> str:
        """The origin, without a slash at the end."""
        return self.service.base_url

    @property
    def api_key(self) -> str:
        """The only key that is let in: another in each run, unless the run was given one."""
        return self.service.api_key

    @property
    def table(self) -> Body:
        """Where it is, as the table of an account in anymedia.toml."""
        secrets = {f"{name}_env": _variable(self.name, name) for name in self.service.secrets}
        settings = {"settings": {**self.service.says, **secrets}} if self.service.settings else {}
        return {"base_url": self.base_url, "api_key_env": _variable(self.name), **settings}

    @property
    def environ(self) -> dict[str, str]:
        """Its API key and its secret settings, under the environment variables that its table names."""
        secrets = {_variable(self.name, name): self.service.settings[name] for name in self.service.secrets}
        return {_variable(self.name): self.api_key, **secrets}

    def take_keys(self, environ: Mapping[str, str]) -> None:
        """Takes the API key and the secret settings of an earlier run from its `environ`, as far as they are there."""
        service = self.service
        service.api_key = environ.get(_variable(self.name), service.api_key)
        for name in service.secrets:
            service.settings[name] = environ.get(_variable(self.name, name), service.settings[name])

    def bills(self) -> Body:
        """Requests counted, the balance and every task's charge, as GET /__bills answers."""
        return self.service.bills()

    def fault(self, kind: str, *, on: str | None = None, times: int | None = 1, **options: object) -> None:
        """Adds a fault, as POST /__faults does. Raises ValueError when it is described wrongly."""
        self.service.add_fault({"kind": kind, "on": on, "times": times, **options})

    def clear(self) -> None:
        """Drops the faults that are pending."""
        self.service.clear()


class Simulators:
    """The running simulators, by name and in order."""

    def __init__(self, running: Sequence[Simulator], folder: str) -> None:
        self._running = {one.name: one for one in running}
        self._folder = folder

    def __getitem__(self, name: str) -> Simulator:
        return self._running[name]

    def __iter__(self) -> Iterator[Simulator]:
        return iter(self._running.values())

    def __len__(self) -> int:
        return len(self._running)

    @property
    def config(self) -> Body:
        """Where the simulators are, as plain data in the form of anymedia.toml, with a journal that ends with them."""
        return {"providers": {one.name: one.table for one in self}, "journal": {"path": f"{self._folder}/journal.db"}}

    @property
    def environ(self) -> dict[str, str]:
        """The keys, under the environment variables that the config names."""
        return {variable: secret for one in self for variable, secret in one.environ.items()}


def _variable(name: str, secret: str = KEY) -> str:
    return f"ANYMEDIA_SIMULATED_{name.upper()}_{secret.upper()}"
