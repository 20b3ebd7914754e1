"""What test_kill_workers.py kills and freezes too: `anymedia worker`, where time goes as fast as at the simulators."""

import logging

from kill import Fast

from anymedia.cli.worker import command
from anymedia.worker import Worker, worker

SPEED = 100
HEARTBEAT, POLL = 0.3, 0.05


def main(job):
    logging.basicConfig(
        filename=job["log"], level="INFO", format="%(asctime)s %(message)s", encoding="utf-8", force=True
    )
    later = worker._in
    worker._in = lambda seconds: later(seconds / SPEED)
    Worker.__init__.__kwdefaults__ |= {"heartbeat": HEARTBEAT, "poll": POLL}
    command.main(["--out", job["directory"], "--json"], obj=Fast(), standalone_mode=False)
