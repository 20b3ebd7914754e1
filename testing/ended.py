"""How a task ends other than well, as the simulator states it: failed, canceled, or not to be found yet."""

import pytest

from anymedia import AnymediaError, Blocked, Refund, State, Task, TaskFailed
from anymedia.declare import Adapter, Cause, Err, Lifecycle
from anymedia.simulators import services

from .hints import hint
from .suite import Case, Scene, Suite, at_simulator, fail, has, in_a_loop, look, promise, read_as, unstated

WORDS = {
    "queued": State.QUEUED,
    "running": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "canceled": State.CANCELED,
}
"""What words for states mean that tell nothing of a cause."""

CAUSES = {"moderated": Cause.BLOCKED, "not_found": Cause.NOT_FOUND}
"""The causes that words for states tell."""


class Ended(Suite):
    """Failures, cancels, and the words for them."""

    @in_a_loop
    async def test_a_failure_is_read_as_the_page_tells_it(self, first: Case) -> None:
        """Why a task failed, with the provider's own code, and whether it is given back."""
        look(first)
        if not first.service.failures:
            unstated(first.adapter, "failure")
        for name in first.service.failures:
            async with at_simulator(first.adapter) as scene:
                await _fails(scene, first, name, "submit")

    @in_a_loop
    async def test_a_refusal_in_place_of_the_result_ends_the_task(self, first: Case) -> None:
        """Where only the call for the result tells that a task failed, that is the end of it."""
        look(first)
        if not has(first.adapter, "output"):
            unstated(first.adapter, "call for the result alone")
        for name in first.service.failures:
            async with at_simulator(first.adapter) as scene:
                await _fails(scene, first, name, "output")

    def test_every_word_of_a_state_means_what_the_page_says(self, adapter: Adapter) -> None:
        """Spelled as the page spells it, the rare ones too, in one lifecycle or another."""
        states = services()[adapter.name].states
        if not states:
            unstated(adapter, "words for states")
        read = {word: [life.meaning(word) for life in adapter.lives.values()] for word in states}
        wrong = "; ".join(
            f"{word!r} means {means}, and is read as {' or '.join(dict.fromkeys(map(_shown, read[word])))}"
            for word, means in states.items()
            if not any(_means(each, means) for each in read[word])
        )
        promise(not wrong, f"{adapter.name}: {wrong}; look at `states`")

    @in_a_loop
    async def test_a_task_can_be_canceled(self, first: Case) -> None:
        """By the method and the path of the page; the word for it is known then."""
        if not has(first.adapter, "cancel") and first.life.cancel is None:
            unstated(first.adapter, "cancel")
        declared = first.life.cancel is not None
        promise(declared, f"{first.adapter.name} can cancel, and `cancel` is not declared")
        async with at_simulator(first.adapter) as scene:
            service = scene.simulator.service
            task = await scene.submitted(first)
            try:
                seen = await scene.client.cancel(task)
            except AnymediaError as error:
                fail(f"{first}: not canceled: {read_as(error)}; look at `cancel`")
            stopped = service.tasks[task.id].canceled is not None
            promise(stopped, f"{first}: the provider goes on with what was canceled; look at `cancel`")
            known = seen.state is State.CANCELED or "canceled" not in service.states.values()
            promise(known, f"{first}: canceled, and then seen as {seen.state} ({seen.raw_state}); look at `states`")

    @in_a_loop
    async def test_a_look_that_comes_too_early_is_no_error(self, first: Case) -> None:
        """For as long as the page says, and no longer."""
        service = first.service
        if "not_yet" not in service.refusals:
            unstated(first.adapter, "look that comes too early")
        if look(first).not_yet is None and any(_may_be_early(life) for life in first.adapter.lives.values()):
            pytest.skip(f"{first.adapter.name} tells that of other tasks than these")
        said = " ".join(map(str, service.refusals["not_yet"]))
        async with at_simulator(first.adapter) as scene:
            scene.simulator.fault("stuck")
            task = await scene.submitted(first)
            scene.simulator.fault("not_yet", times=None)
            for age, early in ((service.not_yet_for / 2, True), (service.not_yet_for + 1, False)):
                scene.clock.seconds = task.submitted_at.timestamp() + age
                came: Task | AnymediaError
                try:
                    came = await scene.client.get(task)
                except AnymediaError as error:
                    came = error
                meaning = "no more than 'not yet'" if early else "an error"
                promise(
                    isinstance(came, Task) is early,
                    f"{first}: a look that is answered {said} after {age:g} s means {meaning}, and is read as "
                    f"{read_as(came)}; look at `not_yet`",
                )


async def _fails(scene: Scene, case: Case, name: str, place: str) -> None:
    """Let a task fail, and compare what is read with what the simulator knows."""
    service = scene.simulator.service
    failure = service.failures[name]
    ended = f"{case}: a task that ended with the code {failure.code!r} and the text {failure.message!r}"
    scene.simulator.fault("failed", like=name, on=place)
    came = await scene.run(case)
    task = came.task if isinstance(came, TaskFailed | Blocked) else None
    if task is None or task.failure is None:
        why = hint(case.life, came) if isinstance(came, AnymediaError) else ""
        fail(f"{ended} comes to {came!r}; look at `states`, `failed_if` and `verdict`{why}")
    read = task.failure
    blocked = (failure.means or name) == "moderated"
    if f"failures.{name}" not in service.ours:
        told = f"{ended} {'was moderated' if blocked else 'was not moderated'}, and is read as {read.cause}"
        promise((read.cause is Cause.BLOCKED) is blocked, f"{told}; look at `errors` and `states`")
    if failure.code != "" and "failures.codes" not in service.ours:
        told = f"{ended} is read with the code {read.code!r} in {task.raw}"
        promise(read.code == str(failure.code), f"{told}; look at `failure`, `fault` and `why`")
    (entry,) = scene.bills
    if "refunds" not in service.ours or failure.refunds is not None:
        given_back = Refund.YES if entry["refunded"] else Refund.NO
        told = f"{ended} gave {entry['refunded']} of {entry['charged']} back, and that is read as refund {read.refund}"
        promise(
            read.refund is given_back,
            f"{told}; look at `refunds`, `errors` and `states`, and at what the simulator calls `ours`",
        )


def _may_be_early(life: Lifecycle) -> bool:
    return life.poll is not None and life.poll.not_yet is not None


def _means(meaning: State | Err | None, means: str) -> bool:
    """Return whether an adapter's meaning of a word is the page's."""
    if isinstance(meaning, Err):
        cause = meaning.cause if meaning.cause in CAUSES.values() else None
        return cause is CAUSES.get(means) and means in (*CAUSES, "failed")
    return means in WORDS and meaning is WORDS[means]


def _shown(meaning: State | Err | None) -> str:
    if meaning is None:
        return "nothing: it is not listed"
    return str(meaning if isinstance(meaning, State) else meaning.cause)
