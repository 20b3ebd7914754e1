"""One look at a task: the calls that it takes, how the task stands by their answers, and what is written down of it."""

from collections.abc import Callable, Sequence
from typing import cast

import attrs

from anymedia.account import Account
from anymedia.declare.endpoint import Endpoint
from anymedia.declare.lifecycle import Lifecycle
from anymedia.declare.many import Many
from anymedia.model.errors import ProviderError
from anymedia.model.strict_json import Json
from anymedia.model.task import Task, Trouble
from anymedia.model.vocabulary import State
from anymedia.observe.events import Looked
from anymedia.translate import decode, encode

from .accepted import Accepted
from .pace import Took
from .session import Session


class Looks:
    """The single looks of one client at its tasks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def follow(
        self, account: Account, endpoint: Endpoint, task: Task, begins: Callable[[], None] | None = None
    ) -> Task:
        """Call one endpoint of a task, once, and return the task as the answer tells it. Errors: ProviderError."""
        call = encode.follow(account, endpoint, task)
        with Accepted(task):
            while True:
                answer = await self._session.read(account, call, task.model, task.id, begins)
                asked = self._session.asked(account, task.model)
                try:
                    return decode.looked(asked, endpoint, answer, task, alone=call.alone)
                except decode.Unnamed:
                    call = attrs.evolve(call, alone=True)

    async def again(self, account: Account, task: Task) -> Task:
        """Return a task that has succeeded with the links to its result that the provider names now.

        What is on disk stays; where the look tells no other links, the task is as it was.
        """
        if account.adapter.life(task.lifecycle).poll is None or all(asset.kept for asset in task.assets):
            return task
        try:
            seen = await self._asked(account, attrs.evolve(task, state=State.RUNNING))
        except ProviderError as error:
            return attrs.evolve(task, trouble=_trouble(task, str(error), error.body))
        if len(seen.assets) < len(task.assets):
            return task
        known = [*task.assets, *seen.assets[len(task.assets) :]]
        assets = (was if was.kept or was.url == now.url else now for was, now in zip(known, seen.assets, strict=True))
        return attrs.evolve(task, assets=tuple(assets), trouble=seen.trouble)

    async def at(
        self,
        account: Account,
        task: Task,
        begins: Callable[[], None] | None = None,
        took: Callable[[], Took | None] | None = None,
        *,
        told: Task | ProviderError | None = None,
        by_webhook: bool = False,
    ) -> Task:
        """Look at a task, once; write down what has changed of it. Errors: ProviderError, with the task.

        `begins` is called when the look has its permit, before anything is sent; what it raises ends the look. `took`
        tells of a task that has succeeded how long it took; `told` is how a call tells of it that tells of several, and
        `by_webhook` says that a webhook has led to the look.
        """
        try:
            seen = await self._asked(account, task, begins, told)
        except ProviderError as error:
            troubled = error.task = attrs.evolve(task, trouble=_trouble(task, str(error), error.body))
            if _error(troubled) != _error(task):
                await self._session.note(troubled)
            self._session.tell(Looked(troubled, type(error).__name__))
            raise
        self._session.tell(Looked(seen))
        return await self._saw(account, task, seen, took, by_webhook=by_webhook)

    async def listed(
        self, account: Account, tasks: Sequence[Task], begins: Callable[[], None]
    ) -> dict[str, Task | ProviderError]:
        """Return how one call tells of several tasks, by their ids; `begins` is as of `at`. Errors: ProviderError."""
        life = account.adapter.life(tasks[0].lifecycle)
        many = cast("Many", life.many)
        call = encode.listed(account, many, [task.id for task in tasks])
        answer = await self._session.read(account, call, begins=begins)
        return decode.listed(self._session.asked(account, None), life, many, answer, tasks)

    async def _asked(
        self,
        account: Account,
        task: Task,
        begins: Callable[[], None] | None = None,
        told: Task | ProviderError | None = None,
    ) -> Task:
        """Look at a task, and fetch its result, or why it failed, where that takes a further call."""
        life, seen = account.adapter.life(task.lifecycle), task
        if isinstance(told, ProviderError):
            raise told
        if told is not None:
            seen = told
        elif life.poll is not None:
            seen = await self.follow(account, life.poll, seen, begins)
        if seen.state is State.SUCCEEDED and life.result is not None:
            return await self.follow(account, life.result, seen)
        if seen.state is State.FAILED and life.why is not None:
            return await self._explained(account, life.why, task, seen)
        return seen

    async def _explained(self, account: Account, why: Endpoint, task: Task, failed: Task) -> Task:
        """Ask once why a task has failed; where no answer tells it, the failure stays as the look found it."""
        try:
            answer = await self._session.read(account, encode.follow(account, why, failed), failed.model)
        except ProviderError:
            return failed
        return decode.explained(self._session.asked(account, failed.model), why, answer, task, failed)

    async def _saw(
        self,
        account: Account,
        task: Task,
        seen: Task,
        took: Callable[[], Took | None] | None,
        *,
        by_webhook: bool,
    ) -> Task:
        """Record how a task stands where that has changed, put a result that came as bytes on disk, and return it."""
        self._session.permits.seen(seen)
        if any(asset.data is not None for asset in seen.assets):
            seen = await self._session.kept_if_can_be(seen)
        trouble = seen.trouble if seen.state.final else None
        if (word := _unknown_word(account.adapter.life(seen.lifecycle), seen)) is not None:
            trouble = _trouble(task, f"its state is {word!r}, a word that is not known", seen.raw)
        seen = seen if seen.trouble is trouble else attrs.evolve(seen, trouble=trouble)
        if seen.state is not task.state or seen.told != task.told:
            lasted = None if took is None or seen.state is not State.SUCCEEDED else took()
            await self._session.see(seen, task, took=lasted, by_webhook=by_webhook)
        elif _error(seen) != _error(task):
            await self._session.note(seen)
        return seen


def _trouble(task: Task, error: str, answer: Json) -> Trouble:
    """Return what a look at a task met, counted on from the looks before it."""
    return Trouble(error=error, looks=1 if task.trouble is None else task.trouble.looks + 1, answer=answer)


def _error(task: Task) -> str | None:
    return None if task.trouble is None else task.trouble.error


def _unknown_word(life: Lifecycle, task: Task) -> str | None:
    """Return the provider's word for a task's state where it is not known what it means."""
    if task.raw_state is None or task.state.final:
        return None
    return task.raw_state if life.meaning(task.raw_state) is None else None
