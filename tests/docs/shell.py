"""A shell as a reader has it after `. .venv/bin/activate`, in which what waits for a task waits a tenth as long."""

import os
import subprocess
import sys
from pathlib import Path

import attrs

from anymedia.registry import adapters

FASTER = """
import asyncio
from anymedia.clock import Clock

Clock.sleep = lambda _, seconds: asyncio.sleep(seconds / 10)
"""
"""What every Python below the shell begins with."""


@attrs.frozen
class Shell:
    """Runs lines in a folder, without any API key, and with a place of its own for what anymedia keeps."""

    folder: Path

    @property
    def state(self) -> Path:
        """Where the journal would be."""
        return self.folder / "state"

    def __call__(self, lines: str, **environ: str) -> str:
        """Run lines, each of which has to end well, and return what they print."""
        done = subprocess.run(
            ["bash", "-euc", lines],
            cwd=self.folder,
            env=self._environ() | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _environ(self) -> dict[str, str]:
        keys = {name for seller in adapters().values() for name in seller.api_key_env}
        kept = {name: value for name, value in os.environ.items() if name not in keys and "ANYMEDIA" not in name}
        own = self.folder / "own"
        own.mkdir(exist_ok=True)
        (own / "sitecustomize.py").write_text(FASTER)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        config = str(self.folder / "config")
        here = {"PATH": path, "PYTHONPATH": str(own), "XDG_CONFIG_HOME": config, "XDG_STATE_HOME": str(self.state)}
        return kept | here
