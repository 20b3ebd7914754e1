"""What an error says of money once a task was accepted."""

from anymedia.model.errors import AnymediaError
from anymedia.model.task import Task
from anymedia.model.vocabulary import Billed, Retry


class Accepted:
    """Let every error about an accepted task, within the block, carry it, and say that it was paid for.

    An error that has a task already says by itself what it cost: that of a failure that is given back, for one.
    """

    __slots__ = ("_task",)

    def __init__(self, task: Task) -> None:
        self._task = task

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, AnymediaError) and error.task is None:
            error.task, error.task_id, error.billed = self._task, self._task.id, Billed.YES
            if error.retry is Retry.ELSEWHERE:  # another offer would make it, and bill it, once more
                error.retry = Retry.SAME
