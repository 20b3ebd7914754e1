"""docs/architecture.md: the life of one request as the code goes, and the rooms as their imports make them."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import anymedia

from .markdown import code, codes, table

ROOMS = (
    *("engine", "pricing", "transport", "limits", "journal", "translate"),
    *("observe", "account", "clock", "shared_limits", "declare", "model"),
)
"""From the top to the bottom; above them all is the face."""

FACE = "the face"
PARTS = ("adapters", "simulators", "cli", "testing")
CORE = Path(anymedia.__file__).parent

LIFE = """\
One page: the life of one request, as the code goes. The rooms of `core/` are folders, and each module says in its
first line what lives there.

```text
core/         import anymedia             the canonical model and the steps, in rooms; names no provider
adapters/     import anymedia.adapters    a file or a folder a provider: facts, almost no code
simulators/   import anymedia.simulators  one local server a provider; shares nothing with adapters/
testing/      import anymedia.testing     the suite that every adapter passes
cli/          import anymedia.cli         the command line
```

## The life of a request

```text
 ImageRequest                        what the caller wants, in words of no provider
      |
      v
 plan          engine/plan.py        every offer of the model at every account:
   check       translate/check.py      does it take the request? resolve each field, once
   encode      translate/encode.py     the bodies of its tasks
   price       pricing/price.py        what each task costs
      |                                then the offers in the order of the policy
      v
 buy           engine/buy.py         one offer after another:
   choose      engine/purchase.py      the first offer that can be asked now
   reserve     limits/ceiling.py       its price, under the caller's ceiling
   permit      limits/permits.py       a turn, a task slot, a rate slot, a connection
   place       engine/uploads.py       its files, where the provider finds them
   record      journal/                the intent: on disk before the first byte
   send        transport/http.py       one POST, on the account's own origin
   classify    translate/classify.py   accepted, refused, not sent, or uncertain
   record      journal/                the outcome
      |
      +---- accepted ------------> submit returns the task
      |                                 |
      +---- next offer ---> choose      v
      |                            watch        engine/watch.py
      +---- stop ---> error          look       engine/schedule.py: when it is likely to be done
                                     decode     translate/decode.py
        (engine/rules.py is the          |
         table of what follows)          v
                                   generate returns the result, once its files are saved
```

1. A call comes in at the face: [`Client.submit`](../core/client.py) or [`Client.generate`](../core/client.py). Both
   claim the caller's idempotency key, if there is one, with [`IdempotencyKeys.held`](../core/engine/idempotency.py),
   and build a plan.
2. [`plan`](../core/engine/plan.py) asks [`candidates`](../core/pricing/offers.py) for every offer of the model at the
   accounts. [`check`](../core/translate/check.py) holds the request against each offer and resolves every field once:
   the value as it will be sent, and where it comes from. [`parts`](../core/translate/encode.py) writes the bodies,
   [`priced_part`](../core/pricing/price.py) prices them. Nothing later asks the request again.
   [`in_order`](../core/engine/plan.py) puts the offers in the order of the policy.
3. [`buy`](../core/engine/buy.py) is the one way to buy. In fewer than thirty lines it shows the whole life of a
   submit. `submit`, `generate` and the replay of an uncertain attempt all go through it; they differ in who buys: a
   [`Purchase`](../core/engine/purchase.py) or a [`Replay`](../core/engine/recover.py).
4. [`Purchase.choose`](../core/engine/purchase.py) returns the first offer whose account is well and has room in
   its [`Line`](../core/limits/line.py), or waits for the soonest: of all that may go to the same accounts, the first in
   their [`Queue`](../core/limits/queue.py) chooses. [`Purchase.reserve`](../core/engine/purchase.py) reserves the price
   of each task under the [`Ceiling`](../core/limits/ceiling.py).
5. A [`Submission`](../core/engine/submission.py) is one order on its way. It waits for a
   [`Permit`](../core/limits/permits.py), within the limits of this client first, and then within those of all who share
   the journal ([`Share`](../core/limits/shared.py)). It has its files put where the provider finds them
   ([`Uploads.filled`](../core/engine/uploads.py)), is admitted by the account's [`Health`](../core/limits/health.py),
   writes the intent down, sends one POST through [`Transport.send`](../core/transport/http.py), reads the answer with
   [`submitted`](../core/translate/decode.py), and writes the outcome down. It runs in a task of its own:
   [`Submits.shielded`](../core/engine/submits.py) ends a caller's wait at a deadline or a cancel, never the POST.
6. What follows from an error is one table, [`STEPS`](../core/engine/rules.py): the next offer, the same one again, or
   a stop. [Routing](routing.md) prints it; [Money safety](money-safety.md) says what each outcome means for money.
7. `submit` returns the accepted task. [`Generation`](../core/engine/generate.py) waits for every task of the request
   with [`Watch.until_done`](../core/engine/watch.py); [`looked`](../core/translate/decode.py) reads what each look
   says. What failed and was not billed is open again, and goes back to `buy`. [When a task is looked
   at](#when-a-task-is-looked-at) has a part of its own.
8. Each step is told as one event ([events.py](../core/observe/events.py)), and what reads it is no matter of the
   engine: log lines, OpenTelemetry, `on_event` ([`Readers.tell`](../core/observe/readers.py)). [Seeing what it
   does](observability.md) lists them.
9. [`Custody.kept`](../core/engine/custody.py) saves the files of what `generate` has made, where a place for them is
   named or configured, and [`Client.download`](../core/client.py) saves them on demand. [How results are
   kept](#how-results-are-kept) has a part of its own. What a process leaves behind,
   [`Recoverer.recover`](../core/engine/recover.py) takes up.

## When a task is looked at

Each account has a [`Schedule`](../core/engine/schedule.py). A task is looked at once for all who wait for it; one of
them, its keeper, sleeps until the look and makes it, so that nothing goes on for which nobody waits. Looks get their
permits in the order in which they were due, and where the provider has a call that tells of several tasks
(`Lifecycle.many`), one call looks at all that are due. An answer that asks for no more calls (429 with Retry-After)
holds up every look of the account. Each wait has its own deadline, with a last look two seconds before it.

When the next look is due is a pure function, in [pace.py](../core/engine/pace.py):

- What the server asks for (Retry-After) is never undercut; after errors in a row the waits double up to a minute.
- As long as fewer than three tasks of an offer and variant are known, the adapter's `Pace` says it.
- Then the last 32 of them say it. Of each the journal keeps between which two looks it was done, unless there was a gap
  between them. As if each moment of these spans were as likely as another, and later tasks counted for more, a task is
  looked at when a part of tasks like it are done (up to four looks, the last when 95 % are), and then at short pauses
  that double up to the declared one. Where there were more looks than one for each `Pace.then` seconds since the
  submit, the pause is the declared one; once the task may be done, none is longer. Before that it is looked at now and
  then, at twice the age of the look before. Where the first of the looks finds a task done, it counts as done up to
  half its age sooner: so what becomes faster is found out.
- While a webhook is expected, and webhooks of the account have arrived in the last ten minutes, a task is looked at
  after twice its usual time (a minute, where nobody knows that), and then at the slowest declared pace. Such a look
  that finds a task over ends that for all of the account until a webhook arrives: they do not come, it seems.
- No pause takes more than a third of the time for which a result can be fetched.

A look is due at once when [`Watch.wake`](../core/engine/watch.py) is called, or a webhook hints that the task has
moved: hints that come before the look begins share it. What a signed webhook tells is had without a look
([`Watch.told`](../core/engine/watch.py)). While a webhook is expected, the journal is asked twice a second what any
process has written down ([`Moves`](../core/engine/moves.py)), and so it is while a submit waits for a task slot of an
account whose webhooks come in to us. All of this is asked beside the waits: an answer that is late is used when it
comes, and no look and no deadline waits for it.

Who does not wait takes steps ([`Advances`](../core/engine/advance.py)): a job of an engine, which is run at least once,
in any process, and comes again. A step goes by what is written down of the task then. It makes one look
([`Watch.step`](../core/engine/watch.py)), shared with all who wait for the task here, and says when the next one is
due; none before the first one is due by the task's age, nor while the provider asks for none. It makes one try to save
the files ([`Custody.step`](../core/engine/custody.py)), in the turn that every fetch takes. How a task was looked at is
remembered while nobody waits for it, so that pauses after errors grow and its time teaches; another process that goes
on with it knows less, and looks at the declared pace.

`make bench` shows in simulated time how many looks that takes for tasks of 3, 10 and 60 s, and how much later than they
are done that is known, beside fixed paces: of a task that takes about 10 s, less than three looks and half a
second.

## Many requests: a batch

[`Client.batch`](../core/client.py) returns a [`Batch`](../core/engine/batch.py): many requests, its rows, under one
name. It is no other way to buy. Each row is made as `generate` makes a request, and what a batch adds is this:

- **A key for each row.** [`Rows.name`](../core/engine/batch_rows.py) gives a row the idempotency key that was given
  with it, or one of the batch's name, the digest of what the row asks for, and how many rows above ask for the same.
  The key does not depend on where the row stands, so a row that is put in, taken out or moved changes no other. Under
  the same keys, the next run finds in the journal what each row has bought
  ([`Earlier.of`](../core/engine/batch_rows.py)), whatever ended the run before.
- **A check of all rows before anything is sent.** [`Rows.checked`](../core/engine/batch_rows.py) plans and prices each
  row that was not bought before, and raises one error with all bad rows.
- **Lanes.** [`Lanes`](../core/engine/lanes.py) hold the rows that wait, one lane for all rows that may go to the same
  accounts. The next row is taken from the lane that has the fewest rows under way, so a slow account does not hold up
  rows that go elsewhere. What was bought before needs no account; it has a lane of its own.
- **A budget.** A [`Budget`](../core/limits/ceiling.py) is the ceiling above the ceilings of all rows. The price of each
  attempt is reserved under both before anything is sent, and what earlier runs have cost, or may have cost, is reserved
  there from the beginning. A row whose price does not fit waits until other rows give back what they did not cost.
  While one waits, no row is begun for which something would be sent. Once every row that is still buying waits, the
  budget is reached, and the rows that are left are not begun.

One run of a name goes on at a time, over all processes: [`Ledger.alone`](../core/journal/ledger.py) claims the name in
the journal, under a key that no idempotency key of a caller can be. What a killed process held is free.

[`read_rows`](../core/rows.py) reads rows from a file, and [`Manifest`](../core/manifest.py) writes down how each has
ended.

## How results are kept

The link to a result dies. [`results`](../core/translate/results.py) notes when it reads the answer that names the link:
the earliest time that the declared retention allows, by the provider's clock. [`Custody`](../core/engine/custody.py)
saves results while their links live, those that die first before the others, and before all those of which nobody knows
when they die. `generate` and a batch go through it with what they have made, `recover` with what a process has left,
`collect` with what the journal knows to be paid, finished and not saved.

```text
 collect       Ledger.uncollected    from an index of the journal, few of them in memory
      |
      v
 effort        engine/custody.py     tries until the link dies; asks once for newer links where they may help
   turn        engine/turns.py       one at a time for the files of a task, over all processes
   save        transport/download.py into an unfinished file: hashed as it comes, its size and its type checked
   name        transport/part.py     flushed to the disk, and named in one step (a bucket: sent up in one object)
   note        Ledger.see            where it is and its sha256, in the journal
```

- Whoever wants to fetch the files of a task takes its turn first ([`Turns.of`](../core/engine/turns.py)): a lock in
  this process, and a column of the journal against others ([`Ledger.begin_fetch`](../core/journal/ledger.py)). With the
  turn comes what others have written down until then, so nothing is fetched twice. A collection lets it go after each
  try, and what a killed process held is free.
- What fails costs nothing but time: the task stays paid and finished, and `collect` finds it again. An error that says
  that the place takes nothing (`place_is_full`) keeps a batch or a collection from beginning more.
- [`Background`](../core/engine/background.py) does the same for a process that receives webhooks, with what they tell
  of and what was left before. No webhook waits for a file.

## When the journal is away, or a lease runs out

A journal on a database server may not answer for a while, and a process may sleep for longer than its lease. Neither
loses what was paid for, and neither buys twice.

- Just before the first byte of a POST that buys, on the connection that will carry it, the journal is asked whether the
  owner under which the intent was written still stands ([`Progress`](../core/translate/messages.py),
  [`Ledger.lease`](../core/journal/ledger.py)): by this machine's clock alone, without a question to the database. Where
  it does not, nothing is sent. So it is before each resend under a replay key, and before the replay of an uncertain
  attempt.
- How a submit has ended, and that a task is over, goes to a file of this machine while the journal does not answer
  ([`Outbox`](../core/journal/outbox.py), [`Spool`](../core/journal/spool.py)), and counts as written then: waits,
  looks and downloads go on. It is written down, under the same rules, before anything else is bought: by this
  process, in the background too ([`CatchUp`](../core/engine/catch_up.py)), or by the next one of this machine. What
  cannot be read there is put aside, and told once.

## The journal on PostgreSQL

What a journal decides in a transaction, and what it asks, stands once for every database: in
[changes.py](../core/journal/changes.py), [queries.py](../core/journal/queries.py) and
[pruning.py](../core/journal/pruning.py), in the words of a [`Dialect`](../core/journal/dialect.py). A thread of its
own writes, and commits together what waits ([group_commit.py](../core/journal/group_commit.py)). What PostgreSQL adds
is in `journal/postgres/`:

- **One round trip begins a transaction** ([`Store`](../core/journal/postgres/store.py)): its locks, then its leases.
  What is decided about (a key, a task, the day of an account) is an advisory lock, and a transaction takes its own in
  one order, so that none waits for another in a circle. A deadlock, a lock that is held for long and a lost
  connection have it made again as a whole. Whether a commit whose answer was lost has been made is read from the
  owner's row, which each of them numbers. Where the database stays away, so that nobody knows, the owner is over: what
  it may have claimed or intended is of nobody alive once its lease has run out.
- **A lease is that row** ([`Owner`](../core/journal/postgres/owner.py)). A transaction that finds it run out refuses
  what claims or moves anything, and writes the ends of submits all the same; the journal is another owner then.
  Who acts on another's death waits for a renewal of its lease that is under way.
- **Sums and days are in rows of each owner's own**, so that none waits for another's; those of owners that have ended
  are added together ([schema.py](../core/journal/postgres/schema.py)).
- **A move is numbered under a lock**, so that none is seen before an earlier one, and a trigger tells of it
  ([`Listener`](../core/journal/postgres/listener.py)).

## How the journal grows old

[`prune`](../core/journal/prune.py) decides once, for every store of attempts, what becomes of an old one. What began
and was over before a day goes, and what it cost stays in the sums, which are kept beside the attempts. What was bought
under an idempotency key only loses its texts (what was asked for, and the provider's words), so that the key buys
nothing a second time. What is open, uncertain or being fetched stays, and so does what is paid for and not saved,
unless its links should be dead by now.

A few hundred attempts are pruned in one transaction ([pruning.py](../core/journal/pruning.py)), and others
write in between. Each is held there against what was read of it: one that has changed meanwhile stays. A backup is a
copy of one moment, and a compaction gives the disk back what is free
([sqlite_care.py](../core/journal/sqlite_care.py)).

## The rooms

Imports run one way, from the top of this table to its bottom; a test holds every file to it."""

WHERE = """\
Adapters are facts, in `adapters/`: frozen values in the words of `anymedia.declare`, without control flow. Core is
the machinery and names no provider. Simulators, in `simulators/`, share nothing with adapters: both are written from
a provider's page, and their agreement tests both.

## Where a change goes

- A provider's fact: its adapter, and nowhere else. [Adding a provider](adding-a-provider.md) shows how.
- A word that adapters need: `declare/`, and the step of `translate/` or `pricing/` that reads it.
- A rule about money: a row of `STEPS` in [rules.py](../core/engine/rules.py), and the fault matrix in the tests.
- A field of a request: its kind in [request.py](../core/model/request.py), where the fields of a kind are listed
  once.
- Another store of attempts: an implementation of the protocol in `journal/`; the policy above it stays as it is."""


def page() -> str:
    """Return the page."""
    return "\n\n".join((LIFE, table(["room", "what lives there", "imports"], _rows()), WHERE))


def _rows() -> Iterator[Sequence[str]]:
    used = _imports()
    names = ("client", "sync", "preview", "config", "registry", "errors")
    yield FACE, f"what users import, and the accounts that they configure: {codes(names)}", _listed(used[FACE])
    for room in ROOMS:
        yield code(room), _lives(room), _listed(used.get(room, set()))


def _lives(room: str) -> str:
    """Return what the first line of a room says of it."""
    file = CORE / room / "__init__.py"
    file = file if file.exists() else CORE / f"{room}.py"
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return text.splitlines()[0].partition(" Imports ")[0].rstrip(".")


def _imports() -> Mapping[str, set[str]]:
    """Return the rooms that each room imports."""
    used: dict[str, set[str]] = {}
    for file in CORE.rglob("*.py"):
        first = file.relative_to(CORE).parts[0]
        if first not in PARTS:
            here = _room(first.removesuffix(".py"))
            used.setdefault(here, set()).update(_room(name) for name in _named(file))
    return {room: others - {room} for room, others in used.items()}


def _named(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        first, _, rest = node.module.partition(".")
        if not node.level and first == "anymedia" and rest:
            yield rest.partition(".")[0]
        elif node.level and file.parent == CORE:
            yield first


def _room(name: str) -> str:
    return name if name in ROOMS else FACE


def _listed(rooms: set[str]) -> str:
    return codes(room for room in ROOMS if room in rooms)
