"""`anymedia tasks`: what was asked, as the journal has it; and what somebody found out of it by hand."""

from collections.abc import AsyncIterator, Container, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from anymedia import Asset, Attempt, Billed, Failure, Task, load_config, to_json
from anymedia.clock import Clock
from anymedia.engine.handle import handle
from anymedia.errors import OutOfBounds, Problem
from anymedia.journal import Ledger
from anymedia.model.names import no_such
from anymedia.model.process import this_process
from anymedia.model.task import STATUSES

from .attempts import cost, money_of, sold, stands
from .command import Command, Group, config_option, kind_option
from .complete import accounts, batches
from .doubt import replay_until, replayed, ways_out
from .expiry import dies, until
from .inline.option import looks_at, refuse_json, show_option
from .journal import (
    SHORT_ID,
    ahead,
    attempt_json,
    is_uncertain,
    label_option,
    read_journal,
    since_option,
    when,
    with_journal,
)
from .listed import show_list
from .text import dollars, price, print_json, print_json_list, say

if TYPE_CHECKING:
    from .screen import Screen

UNKNOWN = ("task", "told (UTC)", "state", "account", "cost")
"""The columns of unknown tasks."""

EXPIRING = ("attempt", "dies", "asked (UTC)", "offer", "cost")
"""The columns of attempts whose results are to be fetched."""

ANYWHERE = ("unknown", "config", "as_json")
"""What goes with --unknown."""

FOUND_OUT = {Billed.YES: "it was billed", Billed.NO: "it was not billed"}
"""What may be noted of an uncertain attempt."""

DOUBT = (
    "uncertain: may have been billed, and not sent again. Look in the provider's own list of tasks, and note what you "
    "find with `anymedia tasks settle`."
)


def _state(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    state = None if text is None else text.lower().replace("-", " ")
    if state is not None and state not in STATUSES:
        raise click.BadParameter(no_such("state", str(text), [word.replace(" ", "-") for word in STATUSES]))
    return state


@click.group(
    "tasks",
    cls=Group,
    example="tasks --state uncertain --since 7d",
    invoke_without_command=True,
    subcommand_metavar="[show|settle|handle ID]",
)
@click.option(
    "--state", callback=_state, metavar="S", help="Attempts in this state, like running, uncertain, not-sent."
)
@click.option("--provider", metavar="P", shell_complete=accounts, help="Attempts at this provider.")
@click.option("--account", metavar="A", shell_complete=accounts, help="Attempts at this account.")
@kind_option("Attempts at works of this kind.")
@since_option
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    metavar="N",
    help="The newest N; with --expiring the first.",
)
@label_option
@click.option("--batch", metavar="NAME", shell_complete=batches, help="Attempts of this batch.")
@click.option(
    "--expiring",
    callback=ahead,
    metavar="T",
    help="Results that are paid for, nowhere on your disks, and die before: an age like 24h, or a time.",
)
@click.option("--open", "open_", is_flag=True, help="Attempts of which something may still come: tasks, and doubt.")
@click.option("--unknown", is_flag=True, help="Tasks that webhooks told of, and that were not bought here.")
@config_option
@click.pass_context
def command(
    ctx: click.Context,
    state: str | None,
    provider: str | None,
    account: str | None,
    kind: str | None,
    since: datetime | None,
    limit: int,
    labels: dict[str, str],
    batch: str | None,
    expiring: datetime | None,
    open_: bool,
    unknown: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """List what was asked, where it stands and what it cost.

    The newest stands last.

    An attempt is named by its id, the first letters of it, or the id of its task. A cost with ? behind it, like
    $0.028?, is the price of a submit of which nobody knows whether it was billed; `refunded` is a price that was given
    back. (!) marks those that ended as uncertain. Once `settle` has noted what was found out, such an attempt is
    `settled: billed` or `settled: not billed`; --state settled lists both.

    --expiring 24h lists instead the results that are paid for, finished, and nowhere on your disks or in your storage,
    the one that dies first on top: of which nobody knows when, then in how long, and last those that should be gone
    already. `anymedia collect` fetches them.

    --unknown lists instead the tasks that signed webhooks told of and that no attempt has: another program bought them
    with the same account.

    --json prints a list of attempts, each with its status, what was sent, and its task; of unknown tasks, the tasks.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_flags(ctx, f"stands behind {ctx.invoked_subcommand}, if it takes one")
        return
    if unknown:
        _refuse_flags(ctx, "is for attempts, and --unknown lists tasks that have none", besides=ANYWHERE)
        _list_unknown(read_journal(config, lambda ledger: ledger.unknown()), as_json=as_json)
        return
    filters: dict[str, Any] = {"status": state, "provider": provider, "account": account, "kind": kind, "since": since}
    filters |= {"open": True if open_ else None, "labels": labels, "batch": batch}
    if expiring is not None:
        _list_expiring(config, ctx.obj.now(), expiring, filters | {"limit": limit}, as_json=as_json)
        return
    if as_json:
        read_journal(config, lambda ledger: print_json_list(_json(ledger.each(limit=limit, **filters))))
    elif attempts := read_journal(config, lambda ledger: ledger.attempts(limit=limit, **filters)):
        _list(attempts)
    else:
        say("no attempts match")


async def _json(attempts: AsyncIterator[Attempt]) -> AsyncIterator[dict[str, Any]]:
    async for attempt in attempts:
        yield attempt_json(attempt)


def _refuse_flags(ctx: click.Context, why: str, besides: Container[str] = ()) -> None:
    """Refuse a flag where it would be overlooked."""
    for param in ctx.command.params:
        given = param.name is not None and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
        if given and param.name not in besides:
            raise click.UsageError(f"{param.opts[0]} {why}")


@command.command("show", cls=Command, example="tasks show 3f2a")
@click.argument("name", metavar="ID")
@show_option
@config_option
@click.pass_obj
def show(clock: Clock, name: str, show: bool, config: Path | None, as_json: bool) -> None:
    """Show all that is known of an attempt.

    What was sent and why there, what came of it, what it cost, and where the result is. --json prints the attempt.
    """
    refuse_json(show=show, as_json=as_json)
    attempt = read_journal(config, lambda ledger: ledger.find(name))
    if as_json:
        print_json(attempt_json(attempt))
    else:
        _show(attempt, clock.now(), show=show)


@command.command("settle", cls=Command, example="tasks settle 3f2a --not-billed")
@click.argument("name", metavar="ID")
@click.option("--billed", is_flag=True, help="It was billed, and its task is not known.")
@click.option("--not-billed", is_flag=True, help="It was not billed.")
@click.option("--task", "task_id", metavar="TASK_ID", help="It was billed, and this is its task.")
@click.option("--dismiss", is_flag=True, help="Its task, or the task's files, are waited for no more.")
@click.option("--force", is_flag=True, help="Settle otherwise than before, or while a replay would still fetch it.")
@config_option
def settle(
    name: str,
    billed: bool,
    not_billed: bool,
    task_id: str | None,
    dismiss: bool,
    force: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Note what became of an uncertain attempt, or that a task's result is not waited for any more.

    Nothing is sent. Give what you found in the provider's own list of tasks. `anymedia resume` waits for the task
    given with --task, and leaves alone what was dismissed. While `anymedia resume --replay` would still fetch the
    result, --billed and --not-billed need --force: what is settled is not replayed.
    """
    if [billed, not_billed, task_id is not None, dismiss].count(True) != 1:
        raise click.UsageError("give one of --billed, --not-billed, --task and --dismiss")
    if dismiss:
        attempt = read_journal(config, lambda ledger: ledger.dismiss(name), writes=True)
    else:

        async def settled(ledger: Ledger) -> Attempt:
            if task_id is None and not force:
                _refuse_while_replayed(await ledger.find(name))
            return await ledger.settle(name, not not_billed, task_id, force=force)

        attempt = read_journal(config, settled, writes=True)
    if as_json:
        print_json(attempt_json(attempt))
    else:
        _screen().print(f"{attempt.id[:SHORT_ID]} {_settled(attempt)}")


def _refuse_while_replayed(attempt: Attempt) -> None:
    """Refuse to give up a result that can still be had. Errors: OutOfBounds."""
    if is_uncertain(attempt) and (until := replay_until(attempt)) is not None:
        message = (
            f"until {until:%H:%M:%S} UTC {replayed()}, and its result is fetched; what is settled is not replayed. "
            "--force settles it all the same"
        )
        raise OutOfBounds(problems=[Problem(field="id", message=f"{attempt.id[:SHORT_ID]}: {message}")])


def _settled(attempt: Attempt) -> str:
    if attempt.dismissed:
        return "is dismissed: `anymedia resume` leaves it alone"
    if attempt.task is not None:
        return f"is task {attempt.task.id}, which nobody has looked at yet: `anymedia resume` does, and waits for it"
    return f"is {stands(attempt)}"


@command.command("handle", cls=Command, example="tasks handle 3f2a")
@click.argument("name", metavar="ID")
@config_option
def print_handle(name: str, config: Path | None, as_json: bool) -> None:
    """Print the handle on a task.

    It is one line of JSON, with or without --json, and holds no API key. `anymedia resume --handle` takes it on any
    machine that has the account's API key.
    """
    found = load_config(config)
    attempt = with_journal(found, lambda ledger: ledger.find(name))
    if attempt.task is None:
        message = f"{attempt.id[:SHORT_ID]} is {attempt.status}: only a task has a handle"
        raise OutOfBounds(problems=[Problem(field="id", message=message)])
    click.echo(handle(attempt.task, found.account(attempt.order.account)))


# The lists


def _list_unknown(tasks: Sequence[Task], *, as_json: bool) -> None:
    """Print the tasks that webhooks told of, and that no attempt has."""
    if as_json:
        print_json([to_json(task) for task in tasks])
    elif tasks:
        rows = ([task.id, when(task.submitted_at), str(task.state), task.account, str(task.money)] for task in tasks)
        _screen().table(UNKNOWN, rows)
        for task in tasks:
            if task.trouble is not None:
                say(f"{task.id}: {task.trouble.error}")
    else:
        say("no webhook told of a task that was not bought here")


def _list_expiring(
    config: Path | None, now: datetime, before: datetime, filters: dict[str, Any], *, as_json: bool
) -> None:
    """Print the attempts whose results are to be fetched, those first of which nobody knows when they die."""
    if as_json:
        read_journal(config, lambda ledger: print_json_list(_json(ledger.uncollected(now, before, **filters))))
        return

    async def found(ledger: Ledger) -> list[Attempt]:
        return [attempt async for attempt in ledger.uncollected(now, before, **filters)]

    if not (attempts := read_journal(config, found)):
        say("no result is to be fetched that dies before then")
        return
    rows = ([each.id[:SHORT_ID], dies(each, now), when(each.started_at), sold(each), cost(each)] for each in attempts)
    _screen().table(EXPIRING, rows, whole=EXPIRING)
    say("`anymedia collect` fetches them")


def _list(attempts: list[Attempt]) -> None:
    show_list(_screen(), attempts)
    for attempt in attempts:
        if attempt.task is not None and attempt.task.trouble is not None and not attempt.dismissed:
            say(f"{attempt.id[:SHORT_ID]}: {attempt.task.trouble}")
    doubtful = [attempt for attempt in attempts if is_uncertain(attempt)]
    untils = {attempt.id[:SHORT_ID]: until for attempt in doubtful if (until := replay_until(attempt)) is not None}
    for name, until in untils.items():
        say(f"{name} may have been billed: until {until:%H:%M:%S} UTC {replayed()}.")
    if lost := len(doubtful) - len(untils):
        say(f"{lost} {DOUBT}")


# One


def _drift(attempt: Attempt) -> str | None:
    drift = attempt.drift
    return None if drift is None else f"{dollars(abs(drift))} {'above' if drift > 0 else 'below'} the quote"


def _show(attempt: Attempt, now: datetime, *, show: bool) -> None:
    from .attempts import last_answer
    from .screen import json_text, pairs

    screen = _screen()
    screen.headline(attempt.id[:SHORT_ID], "yellow" if is_uncertain(attempt) else "cyan", stands(attempt))
    screen.block(pairs(_facts(attempt)))
    if is_uncertain(attempt):
        screen.block("", "It may have been billed.", *ways_out(attempt, replay_until(attempt)))
    if attempt.task is not None:
        screen.headline("task", "cyan", attempt.task.id)
        screen.block(pairs([*_task_facts(attempt.task), *_given(("to be fetched", until(attempt, now)))]))
        look = looks_at(screen, show=show)
        for asset in attempt.task.assets:
            look(asset)
    screen.headline("sent", "cyan", attempt.order.path)
    screen.block(
        "not kept (prompts = false, or it was pruned)" if attempt.order.body is None else json_text(attempt.order.body)
    )
    if (answer := last_answer(attempt)) is not None:
        screen.headline("answered last", "cyan")
        screen.block(json_text(answer))


def _facts(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """Yield what is known of an attempt, what it came to first."""
    yield "attempt", attempt.id
    yield from _given(
        ("outcome", attempt.outcome),
        ("cause", attempt.cause and attempt.cause.replace("_", " ")),
        ("error", attempt.error),
        ("drift", _drift(attempt)),
        ("dismissed", "its result is not waited for" if attempt.dismissed else None),
        ("found out", attempt.settled and FOUND_OUT[attempt.settled]),
        ("price", _price(attempt)),
        ("reserved", None if attempt.reserved is None else dollars(attempt.reserved)),
        ("why", attempt.order.why),
        ("asked", _time(attempt.started_at)),
        ("answered", _time(attempt.ended_at)),
        ("waited" if attempt.task is None else "queued", _seconds(attempt.queued)),
        ("running", _seconds(attempt.running)),
        ("sent", f"{attempt.sends} times" if attempt.sends > 1 else None),
        (
            "account",
            attempt.order.account
            + ("" if attempt.order.account == attempt.order.provider else f" at {attempt.order.provider}"),
        ),
        ("offer", attempt.order.offer),
        ("model", attempt.order.model),
        ("kind", attempt.order.kind),
        ("wire id", attempt.order.wire_id),
        ("to", f"{attempt.origin or ''}{attempt.order.path}"),
        ("batch", attempt.order.batch),
        ("labels", ", ".join(f"{name}={value}" for name, value in attempt.order.labels.items())),
        (
            "idempotency key",
            attempt.order.idempotency_key and f"{attempt.order.idempotency_key}, part {attempt.order.part + 1}",
        ),
        ("replay key", attempt.replay_key),
        *_elsewhere(attempt),
    )
    for adjustment in attempt.order.adjustments:
        yield "adjusted", f"{adjustment.field}: {adjustment.reason}"


def _elsewhere(attempt: Attempt) -> Iterator[tuple[str, object]]:
    """Yield which processes bought and settled an attempt, where one of them was not of this machine, or not one."""
    bought, settled = attempt.bought_by, attempt.settled_by
    if bought is not None and bought.host != this_process().host:
        yield "bought by", bought
    if settled is not None and settled != bought:
        yield "settled by", settled


def _task_facts(task: Task) -> Iterator[tuple[str, str]]:
    yield from _given(
        ("state", task.state if task.raw_state is None else f"{task.state} ({task.raw_state})"),
        ("looks", task.trouble),
        ("failure", task.failure and _failure(task.failure)),
        ("price given back", task.failure and task.failure.refund),
        ("seen running", _time(task.running_at)),
        ("created", _time(task.created_at)),
        ("completed", _time(task.completed_at)),
        ("request id", task.request_id),
        ("replayed", "yes" if task.replayed else None),
        *(_told(name, value) for name, value in task.told.items()),
    )
    for asset in task.assets:
        yield from _given(*_asset(asset))


def _told(name: str, value: Any) -> tuple[str, object]:
    """Return what the provider tells of a task, in words."""
    if name == "position":
        return "place in the queue", value
    return name, f"{value:.0%}" if name == "progress" else f"{value:g} s" if name == "seconds" else value


def _asset(asset: Asset) -> Iterator[tuple[str, object]]:
    name = "file" if asset.role == "main" else asset.role.replace("_", " ")
    if asset.path is not None:
        yield name, asset.path if asset.path.exists() else f"{asset.path} (not there any more)"
    elif asset.stored is None:
        yield name, "not saved here"
    yield "stored", asset.stored
    yield "title", asset.title
    yield "length", None if asset.seconds is None else f"{asset.seconds:g} s"
    until = "" if asset.expires_at is None else f", there until {_time(asset.expires_at)}"
    yield "link", asset.url and f"{asset.url}{until}"


def _failure(failure: Failure) -> str:
    return ": ".join(word for word in (failure.cause, failure.code, failure.message) if word)


def _price(attempt: Attempt) -> str:
    money = money_of(attempt)
    how = (
        "billed" if money.got == "settled" else money.got,
        money.date,
        money.source,
        None if money.usd is None else money.reason,
    )
    return ", ".join([price(money), *(word for word in how if word)])


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.1f} s"


def _given(*rows: tuple[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what there is."""
    yield from ((name, str(value)) for name, value in rows if value not in (None, ""))


def _screen() -> "Screen":
    from .screen import Screen

    return Screen()
