"""What test_kill_workers.py kills and freezes too: `anymedia worker`, where time goes by faster than it does."""

from kill import Fast, log_to

from anymedia.cli.worker import command
from anymedia.worker import Worker, worker

HEARTBEAT, POLL = 0.3, 0.05


class Brisk(Fast):
    """Slow enough for a server on a busy machine to answer within a job's time."""

    SPEED = 20


def main(job):
    log_to(job["log"])
    later = worker._in
    worker._in = lambda seconds: later(seconds / Brisk.SPEED)
    Worker.__init__.__kwdefaults__ |= {"heartbeat": HEARTBEAT, "poll": POLL}
    command.main(["--out", job["directory"], "--json"], obj=Brisk(), standalone_mode=False)
