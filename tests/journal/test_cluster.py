"""The PostgreSQL server that the tests start: it comes back, and is gone when they are, however they end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.postgres import needs_postgres

pytestmark = [pytest.mark.slow, needs_postgres]

STUCK = 60.0

DIES = """
import os, signal
from tests.postgres import Cluster
print(Cluster()._folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_is_killed_leaves_no_server_and_no_file():
    done = subprocess.run(
        [sys.executable, "-c", DIES], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    folder, deadline = Path(done.stdout.strip()), time.monotonic() + STUCK
    while folder.exists():
        assert time.monotonic() < deadline, f"{folder} is left"
        time.sleep(0.05)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_was_written_is_there_when_the_server_is_back(postgres, postgres_url, end):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        connection.commit()
        getattr(postgres, end)()
        assert not postgres.runs
        postgres.start()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT")
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]


def test_a_database_is_of_one_test(postgres):
    one, other = postgres.create(), postgres.create()
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE ours ()")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT to_regclass('ours')").fetchone() == (None,)
        postgres.cut(other)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT")
    for url in (one, other):
        postgres.drop(url)
