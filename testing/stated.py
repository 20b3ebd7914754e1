"""What holds besides, as the simulator states it: what answers tell and in which forms, balance, lifetime, limits."""

from datetime import UTC, datetime

from anymedia import AnymediaError, Task
from anymedia.declare import Adapter, Lifecycle
from anymedia.simulators import Service, services
from anymedia.translate.links import leads

from .hints import hint
from .kept import LOOKS
from .suite import Case, Suite, at_simulator, cases, fail, has, in_a_loop, promise, read_as, unstated

NEAR = 1.0
"""Seconds that a time may be off: some are rounded."""


class Stated(Suite):
    """Facts of a provider beside the life of a task."""

    @in_a_loop
    async def test_every_form_of_an_answer_is_read(self, first: Case) -> None:
        """Where an answer comes in several forms, each leads to the result."""
        adapter, forms = first.adapter, first.service.forms
        if not forms:
            unstated(adapter, "second form of an answer")
        for form in forms:
            async with at_simulator(adapter) as scene:
                scene.simulator.service.form = form
                came = await scene.run(first)
                assets = came.assets if isinstance(came, Task) else ()
                why = hint(first.life, came) if isinstance(came, AnymediaError) else ""
                promise(
                    bool(assets),
                    f"{adapter.name}: answers in the form {form!r} come to {came!r}; look at `reply`'s places{why}",
                )

    @in_a_loop
    async def test_what_answers_tell_is_read(self, first: Case) -> None:
        """When a task was begun and over, by the provider's clock, and what it took."""
        async with at_simulator(first.adapter) as scene:
            service = scene.simulator.service
            if not service.tells:
                unstated(first.adapter, "times, and nothing that was taken")
            task = await scene.finished(first)
            (made,) = service.tasks.values()
            tells = service.tells_of(made)
            for what, read, true in (
                ("created", task.created_at, made.created),
                ("completed", task.completed_at, made.ends),
            ):
                near = read is not None and abs(read.timestamp() - true) <= NEAR
                promise(
                    near or (read is None and what not in tells),
                    f"{first}: {what} at {datetime.fromtimestamp(true, UTC)}, and that is read as {read}; look at "
                    f"`reply.{what}` and its unit",
                )
            if "charge" in tells:
                charged = scene.bills[0]["charged"]
                told = self.billed(task.money) if task.money.got == "settled" else None
                promise(
                    told == charged,
                    f"{first}: the answer tells that {charged} were taken, and that is read as {told}; look at "
                    "`reply.credits`, `reply.usd` and `credit`",
                )

    @in_a_loop
    async def test_what_is_told_of_a_task_is_read(self, first: Case) -> None:
        """How far it is, its place in a queue, a log, a seed, at each look and in units of the page; then results."""
        (declared, detailed), stated = _told_by(first.life), (first.service.told, first.service.works)
        if not (declared or detailed) and stated == (Service.told, Service.works):
            unstated(first.adapter, "progress, position, log, seed, title or seconds")
        usual, further = _of_its_life(first)
        seen, is_told = set[str](), not detailed
        for number, case in enumerate((*usual, *further)):
            if number >= len(usual) and is_told:
                break
            names, works = await _heard(case)
            seen, is_told = seen | names, is_told or bool(works)
        said = f"{first}: `assets` says what is told of each result, and the simulator tells none"
        promise(is_told, said)
        once = ", ".join(sorted(declared - seen))
        promise(not once, f"{first}: `tells` says where {once} stands, and the simulator tells none")

    @in_a_loop
    async def test_a_balance_is_what_the_account_has(self, adapter: Adapter) -> None:
        """After something was bought, so that it is no round figure."""
        if not has(adapter, "funds") and adapter.balance is None:
            unstated(adapter, "call for the balance")
        promise(adapter.balance is not None, f"{adapter.name} tells a balance, and `balance` is not declared")
        async with at_simulator(adapter) as scene:
            await scene.finished(next(cases(adapter)))
            try:
                money = await scene.client.balance(adapter.name)
            except AnymediaError as error:
                fail(f"{adapter.name}: no balance: {read_as(error)}; look at `balance`")
            service = scene.simulator.service
            left, in_credits = service.balance, service.credit is not None
            read = money.credits if in_credits else self.billed(money)
            has_left = f"{left} credits" if in_credits else str(left)
            differs = f"{adapter.name}: the account has {has_left}, and that is read as {self.counted(money)}"
            promise(read == left, f"{differs}; look at `balance`")

    def test_links_live_as_long_as_the_page_says(self, first: Case) -> None:
        """No file is fetched after that, and none is given up before; one that is in the answer has no link."""
        adapter, service, expires = first.adapter, first.service, first.life.expires
        if first.life.poll is None and not first.life.submit.reply.assets:
            held = f"{first}: the answer to the submit holds the result itself"
            promise(expires is None, f"{held}, which has no link to expire, and `expires` says {expires}")
            return
        if "lifetime" in service.ours:
            unstated(adapter, "lifetime of results")
        lives = service.lives(first.offer.kind.medium)
        promise((expires or 0) == lives, f"{first}: results live {lives:g} s, and `expires` says {expires}")

    def test_links_lead_to_every_host_of_the_provider(self, first: Case) -> None:
        """The API key goes there, and nowhere else."""
        adapter, hosts = first.adapter, first.service.hosts
        if not hosts:
            unstated(adapter, "other hosts")
        linked = [each for each in first.life.looks.values() if each.link is not None]
        promise(bool(linked), f"{adapter.name}: its links lead to {', '.join(hosts)}, and no call follows a `link`")
        for endpoint in linked:
            for host in hosts:
                led = leads(adapter, adapter.base_url, endpoint, f"https://{host}/x")
                promise(led, f"{adapter.name}: {endpoint.link} may lead to {host}, which `hosts` does not let it")

    def test_limits_are_those_of_the_page(self, adapter: Adapter) -> None:
        """Submits and looks in a time, and tasks at a time."""
        limits = services()[adapter.name].limits
        if not limits:
            unstated(adapter, "limits")
        for what, figure in limits.items():
            read = getattr(adapter.limits, what)
            promise(read == figure, f"{adapter.name}: the page limits {what} to {figure}, and `limits` says {read}")


def _of_its_life(first: Case) -> tuple[list[Case], list[Case]]:
    """Return the first case of each kind of work that is made in the way of a case; then all that ask for every field.

    What is told of a result is of one kind alone, or told where a field asks for it.
    """
    same = [case for case in cases(first.adapter) if case.offer.lifecycle == first.offer.lifecycle]
    usual = {case.offer.kind: case for case in reversed(same)}
    return list(usual.values()), [case for case in same if case.fields == "every"]


async def _heard(case: Case) -> tuple[set[str], list[str]]:
    """Hold what is read of a task against what the simulator tells; return the names of it, and what it makes."""
    async with at_simulator(case.adapter) as scene:
        service, seen = scene.simulator.service, set[str]()
        task = await scene.submitted(case)
        while True:
            made = service.tasks[task.id]
            for name, value in service.told(made, made.stage(service.now)).items():
                seen.add(name)
                read = task.told.get(name)
                differs = f"{case}: {name} is {value!r}, and that is read as {read!r}; look at `tells` and its unit"
                promise(read == value, differs)
            if task.state.final:
                break
            scene.clock.seconds += (service.queued + service.running) / LOOKS
            try:
                task = await scene.client.get(task)
            except AnymediaError as error:
                fail(f"{case}: a look at a task comes to {read_as(error)}{hint(case.life, error)}")
        works = sorted(_work(**each) for each in service.works(made))
        held = sorted(_work(each.role, each.title, each.seconds) for each in task.assets)
        differs = f"{case}: results are {', '.join(works)}, and that is read as {', '.join(held)}"
        promise(works in ([], held), f"{differs}; look at `assets`")
        return seen, works


def _told_by(life: Lifecycle) -> tuple[set[str], bool]:
    """Return the names of what answers are declared to tell of a task, and whether they tell something of results."""
    replies = [call.reply for call in (life.submit, *life.looks.values())]
    assets = [each for reply in replies for each in reply.assets]
    detailed = any(each.role != "main" or each.title or each.seconds for each in assets)
    return {name for reply in replies for name in reply.tells}, detailed


def _work(role: str = "main", title: str | None = None, seconds: float | None = None) -> str:
    """Return in words what is told of a result."""
    return " ".join((role, repr(title), *([] if seconds is None else [f"of {seconds:g} s"])))
