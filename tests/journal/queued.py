"""What test_kill_workers.py kills and freezes too: `anymedia worker`, where time goes as fast as at the simulators."""

from kill import SPEED, Fast, by_their_clock, log_to

from anymedia.cli.worker import command
from anymedia.worker import Worker, jobs, worker

HEARTBEAT, POLL = 0.5, 0.05


def main(job):
    log_to(job["log"])
    later = worker._in
    worker._in = lambda seconds: later(seconds / SPEED)
    by_their_clock()
    jobs.TURN *= SPEED / 2  # the server is as fast as ever
    Worker.__init__.__kwdefaults__ |= {"heartbeat": HEARTBEAT, "poll": POLL}
    command.main(["--out", job["directory"], "--json"], obj=Fast(), standalone_mode=False)
