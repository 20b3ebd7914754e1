"""What a test has: four providers on raw sites, a clock that nobody waits for, clients, and the command line."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner, Result

from anymedia import AnymediaError, Billed, Client, ImageRequest, read_config
from anymedia.cli.app import app
from anymedia.testing import FakeClock
from tests.tables import toml

from .raw_server import Site, Thread
from .shapes import SHAPES, Provider

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
WORDS = ("generate", "a lighthouse at dusk", "--model", "flux-2-pro", "--aspect-ratio", "16:9", "--resolution", "1K")


class Clock(FakeClock):
    """Time that passes by sleeping alone; a sleeper lets the network go on."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        await asyncio.sleep(0.001 if seconds > 0 else 0)
        self.seconds += seconds


@attrs.define(eq=False)
class World:
    """One test's providers, folder, clock and configuration."""

    folder: Path
    thread: Thread
    environ: dict[str, str] = attrs.field(factory=dict)
    keys: dict[str, str] = attrs.field(factory=dict)
    clock: Clock = attrs.field(factory=Clock)
    events: list[Any] = attrs.field(factory=list)
    _providers: dict[str, Provider] = attrs.field(factory=dict)

    @property
    def out(self) -> Path:
        """The folder for results."""
        return self.folder / "out"

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "state" / "journal.db"

    def files(self) -> dict[str, bytes]:
        """Return the finished files in the folder for results."""
        found = sorted(self.out.rglob("*")) if self.out.exists() else []
        return {file.name: file.read_bytes() for file in found if file.is_file()}

    def site(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Site:
        """Open one more port."""
        return self.thread.site(host, tls)

    def provider(self, name: str) -> Provider:
        """Return a provider, which is opened when it is first asked for."""
        if name not in self._providers:
            self._providers[name] = Provider(SHAPES[name], self.site())
        return self._providers[name]

    def add(self, provider: Provider) -> Provider:
        """Take in a provider that runs somewhere else than in the thread."""
        self._providers[provider.name] = provider
        return provider

    @property
    def reapi(self) -> Provider:
        """The provider of most tests."""
        return self.provider("reapi")

    @property
    def bills(self) -> int:
        """How much was bought, at all providers together."""
        return sum(len(provider.bills) for provider in self._providers.values())

    def data(self, *names: str, account: Mapping[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
        """Return a configuration of providers, in this order; `account` is added to each account's table."""
        providers: dict[str, Any] = {}
        for name in names or ("reapi",):
            self.environ[f"KEY_OF_{name.upper()}"] = self.keys.setdefault(name, f"planted-key-of-{name}-5f0c1d")
            table = {"base_url": self.provider(name).origin, "api_key_env": f"KEY_OF_{name.upper()}"}
            providers[name] = {**table, **(account or {})}
        return {"providers": providers, "journal": {"path": str(self.journal)}, **tables}

    def client(self, *names: str, **tables: Any) -> Client:
        """Return a client of providers."""
        return self.client_of(self.data(*names, **tables))

    def client_of(self, data: Mapping[str, Any], **options: Any) -> Client:
        """Return a client of a configuration."""
        options = {"clock": self.clock, "on_event": self.events.append, **options}
        return Client(read_config(data, self.environ), **options)

    # The command line

    def write(self, data: Mapping[str, Any] | None = None, path: Path | None = None) -> Path:
        """Write a configuration as a file, and return its path."""
        path = path or self.folder / "named.toml"
        path.write_text(toml(data if data is not None else self.data()), "utf-8")
        return path

    def cli(self, *words: str, stdin: str | bytes = "", config: Path | None = None) -> Result:
        """Run a command in this process, on this world's clock."""
        environ = {**self.environ}
        if config is not None:
            environ["ANYMEDIA_CONFIG"] = str(config)
        runner = CliRunner(env=environ)
        result = runner.invoke(app, words, input=stdin, obj=self.clock, prog_name="anymedia")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def process(
        self, *words: str, config: Path | None = None, environ: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        given = {**os.environ, **self.environ, **({} if config is None else {"ANYMEDIA_CONFIG": str(config)})}
        given |= environ or {}
        command = [sys.executable, "-m", "anymedia", *words]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, env=given, text=True, cwd=self.folder, **pipes)


# What many checks say


async def failing(awaitable: Any, kind: type[BaseException] = AnymediaError) -> Any:
    """Return the error that a call ends in."""
    try:
        await awaitable
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


async def ending(awaitable: Any) -> AnymediaError | None:
    """Return the error that a call ends in, if it does."""
    try:
        await awaitable
    except AnymediaError as error:
        return error
    return None


def paid(error: AnymediaError, billed: Billed = Billed.YES) -> None:
    """Check what an error after an accepted task says of money."""
    assert error.billed is billed, f"{type(error).__name__} says billed={error.billed}: {error}"
    assert error.task is not None, f"{type(error).__name__} carries no task: {error}"
    if billed is not Billed.NO:
        assert str(error.retry) != "elsewhere"


def told(error: BaseException, *texts: str) -> None:
    """Check that an error's text tells something."""
    for text in texts:
        assert text.lower() in str(error).lower(), f"{text!r} is not in {str(error)!r}"
