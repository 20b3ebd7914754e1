"""The command line as a person runs it, and simulated providers that it is pointed at; no test waits."""

import asyncio
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result

from anymedia.cli.app import app
from anymedia.registry import adapters
from anymedia.simulators import Simulators, in_thread
from tests.postgres import needs_postgres
from tests.providers import FOUR

SPEED = 1000.0


class FastClock:
    """A clock on which waiting takes no time, but lets the others go on."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds
        await asyncio.sleep(0.01)

    def chance(self) -> float:
        return 0.5


@attrs.frozen
class Terminal:
    """Runs `anymedia` in this process, in a folder of its own."""

    folder: Path

    def __call__(self, *words: str, stdin: str | bytes = "") -> Result:
        result = CliRunner().invoke(app, words, input=stdin, obj=FastClock(), prog_name="anymedia")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *words: str, code: int = 0, stdin: str = ""):
        result = self(*words, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def terminal(tmp_path, monkeypatch) -> Terminal:
    for name in (*(name for seller in adapters().values() for name in seller.api_key_env), "ANYMEDIA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs_postgres)])
def place(request, terminal, monkeypatch) -> Path | str:
    """Where the journal of the commands is: a file in its usual place, and a database."""
    if request.param == "sqlite":
        return Path(os.environ["HOME"], ".local", "state", "anymedia", "journal.db")
    url = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("ANYMEDIA_JOURNAL", url)
    return url


@pytest.fixture(scope="session")
def _running():
    with in_thread(*FOUR, speed=SPEED) as running:
        yield running


@pytest.fixture
def simulators(_running, terminal, monkeypatch) -> Simulators:
    """The four simulators, with an anymedia.toml in the working directory that leads there."""
    tables = [
        f'[providers.{one.name}]\nbase_url = "{one.base_url}"\napi_key_env = "SIMULATED_{one.name.upper()}"\n'
        for one in _running
    ]
    (terminal.folder / "anymedia.toml").write_text("".join(tables))
    for one in _running:
        one.clear()
        monkeypatch.setenv(f"SIMULATED_{one.name.upper()}", one.api_key)
    return _running


@pytest.fixture
def screen(terminal, monkeypatch):
    """Run a command on a terminal of so many columns, and return its lines as they are seen."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    def lines(columns, *words, code=0):
        monkeypatch.setenv("COLUMNS", str(columns))
        seen = terminal(*words)
        assert seen.exit_code == code, seen.output
        return re.sub("\x1b\\[[0-9;]*m", "", seen.stdout).splitlines()

    return lines
