"""One call that tells of several tasks, where a provider has one."""

import asyncio
from unittest.mock import patch

from anymedia import AnymediaError, State, Task

from .suite import LIMIT, Case, Suite, at_simulator, fail, has, in_a_loop, promise, read_as, unstated


class Several(Suite):
    """What is told of several tasks at once."""

    @in_a_loop
    async def test_one_call_looks_at_several_tasks(self, first: Case) -> None:
        """It tells of each of them what a look tells, so that no task is looked at alone."""
        if first.life.many is None:
            unread = f"{first.adapter.name} tells of several tasks in one call, and no `many` says how"
            is_read = any(life.many is not None for life in first.adapter.lives.values())
            promise(is_read or not has(first.adapter, "many"), unread)
            unstated(first.adapter, "call that tells of several tasks")
        async with at_simulator(first.adapter) as scene:
            service = scene.simulator.service
            tasks = [await scene.submitted(first) for _ in range(2)]
            with patch.object(service, "answer", wraps=service.answer) as heard:
                ends = await asyncio.gather(*map(scene.client.wait, tasks, [LIMIT] * 2), return_exceptions=True)
            for end in ends:
                if isinstance(end, AnymediaError):
                    fail(f"{first}: {read_as(end)}")
            places = [service.place(call.args[0]) for call in heard.call_args_list]
            alone, together = places.count("poll"), places.count("many")
            promise(
                together > 0 and alone == 0,
                f"{first}: of two tasks {together} calls told together, and they were looked at {alone} times alone; "
                "look at `many`",
            )
            for end in ends:
                is_done = isinstance(end, Task) and end.state is State.SUCCEEDED and bool(end.assets)
                promise(is_done, f"{first}: told of together, a task comes to no result; look at `many`")
