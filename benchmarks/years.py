"""What a journal of 200,000 attempts costs the commands that read it: CPU and memory, beside an empty journal.

    python benchmarks/years.py [FOLDER [COMMAND]]

The journals are filled through the real ledger, which takes a few minutes, and are kept in FOLDER for the next run.
`printed` is a journal in which each command finds as much to print as in the full one, but little besides: what is
above it is the price of the rows.
"""

import asyncio
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

from anymedia import (
    Asset,
    Attempt,
    Billed,
    Cause,
    Failure,
    Money,
    Order,
    Outcome,
    PriceStatus,
    Refund,
    State,
    Task,
)
from anymedia.journal import Ledger, SQLiteJournal

ROWS = 200_000
TODAY = 20_000
"""Attempts of the last day, the busiest of them all."""

ROUNDS, ENOUGH = 5, 5.0
"""How often each command is run, and after how many CPU seconds it is not run again."""

TOGETHER = 1000
"""Attempts that are written at once."""

DEAD = 40
"""Processes that were killed during the year and left nothing open."""

LEFT = 12
"""Attempts of each kind that the last process left when it was killed."""

SIZES: Mapping[str, int] = {"empty": 0, "printed": 4_000, "full": ROWS}

COMMANDS: Mapping[str, Sequence[str]] = {
    "tasks": ["tasks"],
    "tasks --json": ["tasks", "--json"],
    "tasks --state succeeded": ["tasks", "--state", "succeeded"],
    "tasks --state refused --account fal": ["tasks", "--state", "refused", "--account", "fal"],
    "tasks --since 300d --limit 20": ["tasks", "--since", "300d", "--limit", "20"],
    "tasks show": ["tasks", "show", f"{0:032x}"],
    "spend": ["spend"],
    "spend --by model": ["spend", "--by", "model"],
    "spend --by label": ["spend", "--by", "label"],
    "spend --since 100d": ["spend", "--since", "100d"],
    "prices --drift": ["prices", "--drift"],
    "report": ["report"],
    "providers --health": ["providers", "--health"],
    "resume": ["resume", "--out", "out"],
}

MODELS = {
    "reapi": (
        ("flux-2", "flux-2-pro", "0.028"),
        ("z-image", "z-image", "0.0042"),
        ("gpt-image-2", "gpt-image-2", None),
    ),
    "runapi": (("flux-2-pro", "flux-2-pro", "0.03"), ("nano-banana-2", "nano-banana-2", "0.067")),
    "kie": (("veo3_fast", "veo-3.1-fast", "0.3"), ("suno-v6", "suno-v6", "0.06")),
    "fal": (("kling-3.0-pro", "kling-3.0", "0.84"), ("flux-2-pro", "flux-2-pro", "0.03")),
}
"""What is bought at each account: an offer, its model, and its price, if anybody knows one."""

LABELS: Sequence[Mapping[str, str]] = (
    {},
    *({"team": team, "for": use} for team in ("blue", "red", "green") for use in ("site", "mail", "shop", "test")),
)


# The year


def attempts(number: int, now: datetime) -> Iterator[Attempt]:
    """Yield the attempts of a year, each as it ended, the same in every run; the last ones are still open."""
    chance = random.Random(number)
    today = min(TODAY, number // 10)
    for place in range(number):
        if place < number - today:
            age = timedelta(days=365) * (1 - place / (number - today)) + timedelta(hours=13)
        else:
            age = timedelta(hours=11) * (number - place) / today
        yield _attempt(chance, place, now - age, left=(number - place - 1) // LEFT)


def _attempt(chance: random.Random, place: int, at: datetime, left: int) -> Attempt:
    provider = chance.choice([*MODELS])
    offer, model, usd = chance.choice(MODELS[provider])
    money = Money(
        usd=None if usd is None else Decimal(usd),
        status=PriceStatus.UNKNOWN if usd is None else PriceStatus.APPROXIMATE,
        got="table",
        date="2026-11-01",
        source=f"https://{provider}.example/pricing",
    )
    words = " ".join(chance.choices(WORDS, k=chance.randint(8, 60)))
    order = Order(
        provider=provider,
        account=provider,
        offer=f"{provider}/{offer}",
        model=model,
        wire_id=offer,
        path="/api/v1/images/generations",
        body={"model": offer, "prompt": words, "aspect_ratio": "16:9", "resolution": "1K"},
        money=money,
        labels=chance.choice(LABELS),
        idempotency_key=f"order-{place}" if chance.random() < 0.3 else None,
        why="the cheapest of 3 offers",
        chosen_at=at,
        texts=(words,),
    )
    bare = Attempt(
        id=f"{place * 0x9E3779B97F4A7C15 % 2**64:016x}{place:016x}" if place else f"{0:032x}",
        order=order,
        replay_key=f"{place:032x}",
        origin=f"https://api.{provider}.example",
        fingerprint="0123456789abcdef",
        started_at=at,
        sends=1,
    )
    ended = attrs.evolve(bare, ended_at=at + timedelta(seconds=chance.uniform(0.3, 3)))
    fate = ("running", "sending", "uncertain", "undownloaded")[left] if left < 4 else None
    return _ended(chance, bare, ended, fate or chance.choices([*FATES], [*FATES.values()])[0])


FATES = {"downloaded": 90, "failed": 3, "refunded": 3, "refused": 2, "not sent": 1, "settled": 1}
"""What became of attempts, of a hundred."""


def _ended(chance: random.Random, bare: Attempt, ended: Attempt, fate: str) -> Attempt:
    if fate == "sending":
        return bare
    if fate in ("uncertain", "settled"):
        error = "reapi: the connection was reset before an answer came"
        settled = Billed.YES if fate == "settled" else None
        return attrs.evolve(ended, outcome=Outcome.UNCERTAIN, error=error, settled=settled)
    if fate in ("refused", "not sent"):
        return attrs.evolve(ended, outcome=Outcome(fate), error=f"{fate}: no credit is left", cause=Cause.NO_CREDIT)
    return attrs.evolve(ended, outcome=Outcome.ACCEPTED, task=_task(chance, ended, fate))


def _task(chance: random.Random, attempt: Attempt, fate: str) -> Task:
    draft = attempt.draft(f"task_{attempt.id}", attempt.started_at)
    if fate == "running":
        return attrs.evolve(
            draft, state=State.RUNNING, raw_state="processing", raw={"id": draft.id, "status": "processing"}
        )
    over = attempt.started_at + timedelta(seconds=chance.uniform(5, 60))
    draft = attrs.evolve(draft, running_at=attempt.ended_at, ended_at=over, completed_at=over)
    raw: dict[str, Any] = {
        "id": draft.id,
        "model": draft.wire_id,
        "created_at": over.timestamp(),
        "status": "completed",
    }
    if fate in ("failed", "refunded"):
        refund = Refund.YES if fate == "refunded" else Refund.NO
        failure = Failure(cause=Cause.BLOCKED, code="moderated", message="the prompt was refused", refund=refund)
        money = attrs.evolve(draft.money, usd=Decimal(0), got="settled") if fate == "refunded" else draft.money
        raw |= {"status": "failed", "error": {"code": "moderated", "message": "the prompt was refused"}}
        return attrs.evolve(draft, state=State.FAILED, failure=failure, money=money, raw=raw)
    url = f"https://127.0.0.1:9/{attempt.id}.png"  # no address that results are fetched from
    path = None if fate == "undownloaded" else Path(f"/var/lib/app/results/{attempt.id}-1.png")
    asset = Asset(kind="image", url=url, path=path, media_type="image/png", width=1024, height=576, length=918_273)
    raw |= {"output": {"image_urls": [url]}, "error": None, "usage": {"credits": 28}}
    return attrs.evolve(
        draft, state=State.SUCCEEDED, raw_state="completed", assets=(asset,), money=_bill(chance, draft), raw=raw
    )


def _bill(chance: random.Random, task: Task) -> Money:
    """Return what is billed: by the tokens where no price is known, now and then another price than was quoted."""
    if task.provider == "fal":  # it reports no bills
        return task.money
    usd = task.money.usd
    if usd is None:
        usd = Decimal(chance.randint(20_000, 90_000)) / 10**6
    elif chance.random() < 0.05:
        usd *= 2
    date = f"{task.submitted_at:%Y-%m-%d}"
    return Money(usd=usd, credits=usd * 1000, status=PriceStatus.EXACT, got="settled", date=date)


WORDS = [
    "a",
    "lighthouse",
    "at",
    "dusk",
    "under",
    "heavy",
    "rain",
    "with",
    "a",
    "red",
    "boat",
    "and",
    "two",
    "gulls",
    "above",
    "the",
    "grey",
    "sea",
    "in",
    "the",
    "style",
    "of",
]


# How it is written


async def _write(ledger: Ledger, several: Sequence[Attempt]) -> None:
    await asyncio.gather(
        *(ledger.intend(_begun(attempt), json.dumps(attempt.order.body).encode()) for attempt in several)
    )
    for attempt in several:
        if attempt.outcome is not None:
            ledger.end_later(attempt)
    await ledger.count()  # behind all that was written


def _begun(attempt: Attempt) -> Attempt:
    return attrs.evolve(attempt, ended_at=None, outcome=None, task=None, error=None, cause=None, settled=None)


def fill(file: str, number: str) -> None:
    """Write a year into a journal, and die as a killed process does."""

    async def filled() -> None:
        for _ in range(DEAD if int(number) else 0):
            await SQLiteJournal(file).check()
        ledger = Ledger(SQLiteJournal(file))
        await ledger.journal.check()
        year = attempts(int(number), datetime.now(UTC))
        while several := list(islice(year, TOGETHER)):
            await _write(ledger, several)

    asyncio.run(filled())
    os._exit(0)


def submits(file: str) -> None:
    """Begin ten attempts under a daily limit that has room for them."""

    async def begun() -> None:
        ledger = Ledger(SQLiteJournal(file))
        now = datetime.now(UTC)
        for place in range(10):
            attempt = next(attempts(1, now))
            order = attrs.evolve(attempt.order, provider="reapi", account="reapi", money=Money(usd=Decimal("0.01")))
            attempt = attrs.evolve(attempt, id=f"{os.getpid():016x}{place:016x}", order=order, outcome=None, task=None)
            await ledger.intend(attempt, b"{}", Decimal(10_000))
        await ledger.close()

    asyncio.run(begun())


def opened(file: str) -> None:
    """Open a journal to write, and close it."""

    async def checked() -> None:
        ledger = Ledger(SQLiteJournal(file))
        await ledger.journal.check()
        await ledger.close()

    asyncio.run(checked())


# What is measured


def cost(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> tuple[float, float]:
    """Return the CPU seconds and the most memory (MiB) of a command."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read)
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            subprocess.run(command, env=environ, cwd=folder, stdout=out, stderr=err, check=False)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(write, json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as found:
        seconds, mebibytes = json.load(found)
    os.waitpid(child, 0)
    return seconds, mebibytes


def copied(journal: Path, folder: Path) -> Path:
    """Return a copy of a journal, with the marks of the processes that died."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(journal.parent, folder)
    return folder / journal.name


def measured(journal: Path, command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return the least CPU seconds and memory of a command over a journal."""
    config = folder / "anymedia.toml"
    config.write_text("[providers.reapi]\napi_key_env = 'K'\n")
    environ = {**os.environ, "ANYMEDIA_CONFIG": str(config), "K": "key", "COLUMNS": "120"}
    file, found = copied(journal, folder / "journal"), []
    while len(found) < ROUNDS and sum(seconds for seconds, _ in found) < ENOUGH:
        found.append(cost(command, environ | {"ANYMEDIA_JOURNAL": str(file)}, folder))
    return min(seconds for seconds, _ in found), min(mebibytes for _, mebibytes in found)


def journals(folder: Path) -> Mapping[str, Path]:
    """Return the journals of each size, filled where they are not there yet."""
    files = {}
    for name, number in SIZES.items():
        file = files[name] = folder / name / "journal.db"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([sys.executable, __file__, "fill", str(file), str(number)], check=True)
    return files


def rows(folder: Path, only: str) -> Iterator[tuple[str, Sequence[tuple[float, float]]]]:
    """Yield what was measured and its costs over each journal."""
    files = journals(folder)
    cli = [sys.executable, "-m", "anymedia"]
    commands = {name: [*cli, *words] for name, words in COMMANDS.items()}
    for name, work in (("open and close", "opened"), ("ten submits under a daily limit", "submits")):
        commands[name] = [sys.executable, __file__, work]
    with tempfile.TemporaryDirectory() as scratch:
        for name, command in commands.items():
            if only not in name:
                continue
            found = []
            for file in files.values():
                copy = [str(Path(scratch, "journal", file.name))] if command[1] == __file__ else []
                found.append(measured(file, [*command, *copy], Path(scratch)))
            yield name, found


def main() -> int:
    """Print one table; or do one of the works that are measured."""
    works: dict[str, Callable[..., None]] = {"fill": fill, "submits": submits, "opened": opened}
    if len(sys.argv) > 1 and sys.argv[1] in works:
        works[sys.argv[1]](*sys.argv[2:])
        return 0
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    print(f"{'CPU s, MiB':38}" + "".join(f"{name:>16}" for name in SIZES))
    for name, found in rows(folder, sys.argv[2] if len(sys.argv) > 2 else ""):
        print(f"{name:38}" + "".join(f"{seconds:9.3f} {mebibytes:6.0f}" for seconds, mebibytes in found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
