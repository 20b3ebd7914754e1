"""What an error says of money once a task was accepted."""

from collections.abc import Iterator
from contextlib import contextmanager

from anymedia.model.errors import AnymediaError
from anymedia.model.task import Task
from anymedia.model.vocabulary import Billed, Retry


@contextmanager
def accepted(task: Task) -> Iterator[None]:
    """Let every error about an accepted task carry it, and say that it was paid for.

    An error that has a task already says by itself what it cost: that of a failure that is given back, for one.
    """
    try:
        yield
    except AnymediaError as error:
        if error.task is None:
            error.task, error.task_id, error.billed = task, task.id, Billed.YES
            if error.retry is Retry.ELSEWHERE:  # another offer would make it, and bill it, once more
                error.retry = Retry.SAME
        raise
