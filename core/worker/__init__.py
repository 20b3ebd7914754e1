"""Requests that wait in PostgreSQL until worker processes buy them: what puts them in, what takes them out, in batches.

It stands on procrastinate (the extra `worker`), which keeps jobs; the journal keeps what was bought. An application
puts requests in with `Queue`, and reads there what became of them; `Worker` buys, looks and saves, in any number of
processes; `Workers` has them do so for a batch. A job may be run more than once: the journal says what was bought.
"""

from importlib.util import find_spec

from anymedia.model.errors import ConfigError

if find_spec("procrastinate") is None:
    raise ConfigError("workers and their queue need procrastinate: install anymedia with its extra worker")

from .elsewhere import Workers
from .queue import Queue, Standing
from .worker import Worker

__all__ = ["Queue", "Standing", "Worker", "Workers"]
