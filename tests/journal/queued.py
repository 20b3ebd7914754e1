"""What test_kill_workers.py kills and freezes too: `anymedia worker`, where time goes as fast as at the simulators."""

from kill import Fast, log_to

from anymedia.cli.worker import command
from anymedia.worker import Worker, worker

SPEED = 100
HEARTBEAT, POLL = 0.3, 0.05


def main(job):
    log_to(job["log"])
    later = worker._in
    worker._in = lambda seconds: later(seconds / SPEED)
    Worker.__init__.__kwdefaults__ |= {"heartbeat": HEARTBEAT, "poll": POLL}
    command.main(["--out", job["directory"], "--json"], obj=Fast(), standalone_mode=False)
