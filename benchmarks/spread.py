"""Two thousand requests at once over four providers in trouble: each ends, no limit is passed, the loop stays free.

    python benchmarks/spread.py [CALLS]

The providers are simulators in a process of their own, where a fifth of all submits and looks goes wrong and the time
of each arrival is noted; what is measured of the event loop and the CPU is the client's alone. The same requests are
made first without faults and limits: what trouble costs is the ratio of the CPU of a request. It takes a few minutes,
most of them spent waiting for accounts that cool down. Fails when a limit was passed, when something ended otherwise
than it should, when the loop was late by more than 50 ms for one timer in a hundred, or when trouble makes a request
cost more than two and a half times its CPU.
"""

import asyncio
import gc
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from anymedia import AnymediaError, Client, ImageRequest, Result, read_config

Fault: TypeAlias = dict[str, object]
Limits: TypeAlias = dict[str, dict[str, list[float]]]

CALLS = 2000
SPEED = 4.0
TROUBLE = 0.2
LIMITS: Limits = {"runapi": {"submits": [20, 10]}, "reapi": {"polls": [10, 1]}}
TICK = 0.01
"""Seconds between two looks at how late the loop is."""
LATE = 0.05
"""Seconds by which it may be late for one in a hundred."""
DEAREST = 2.5
"""How many times the CPU of a request without trouble one with trouble may cost."""

FAILED: Fault = {"kind": "failed"}
THROTTLED: Fault = {"kind": "throttled", "retry_after": 1}
UNAVAILABLE: dict[str, Fault] = {
    "reapi": {"kind": "status", "status": 503, "code": 70001},
    "runapi": {"kind": "status", "status": 503, "message": "No active channel available"},
}
"""Where a 503 says that nothing was billed; elsewhere it is a proxy that did not reach the provider."""
NOT_REACHED: Fault = {"kind": "status", "status": 523, "body": "html"}
LOST: Sequence[Fault] = (
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "no_answer", "seconds": 1, "created": True},
    {"kind": "status", "status": 500, "created": True},
    {"kind": "cut_body"},
    {"kind": "without_id"},
)
SELDOM = 0.01
"""How much of the trouble with submits is a lost answer, which takes an account out for half a minute and more, but
for runapi, whose keys settle it."""
ON_POLL: Sequence[Fault] = (
    {"kind": "reset_before"},
    {"kind": "throttled", "retry_after": 2},
    {"kind": "status", "status": 503, "body": "html"},
    {"kind": "not_json"},
)


# The providers, in a process of their own


def provide(trouble: float) -> None:
    """Serve until a line comes; tell first where, and then what arrived when. `trouble` is the part that goes wrong."""
    from anymedia.simulators import in_thread

    with in_thread(speed=SPEED) as simulators:
        arrived = {one.name: _in_trouble(one.service, trouble) for one in simulators}
        print(json.dumps([simulators.config["providers"], simulators.environ]), flush=True)
        sys.stdin.readline()
        print(json.dumps(arrived), flush=True)


def _in_trouble(service: Any, trouble: float) -> dict[str, list[float]]:
    """Let some of a provider's calls go wrong, and return when each of them arrived."""
    arrived: dict[str, list[float]] = {"submit": [], "poll": []}
    answer, chance = service.answer, random.Random(service.name)

    def troubled(request: Any) -> Any:
        place = _place(service, request)
        if place in arrived:
            arrived[place].append(time.monotonic())
            if chance.random() < trouble:
                fault = _on_submit(service.name, chance) if place == "submit" else chance.choice(ON_POLL)
                service.add_fault({**fault, "on": place})
        return answer(request)

    service.answer = troubled
    return arrived


def _on_submit(name: str, chance: random.Random) -> Fault:
    """Return what goes wrong with a submit."""
    if chance.random() < (0.25 if name == "runapi" else SELDOM):
        return chance.choice(LOST)
    return chance.choice((FAILED, FAILED, THROTTLED, UNAVAILABLE.get(name, NOT_REACHED)))


def _place(service: Any, request: Any) -> str:
    """Return what a call is: submit, poll, or something else."""
    fitting = (
        place for method, path, place in service.routes if method == request.method and re.fullmatch(path, request.path)
    )
    return next(fitting, "")


@contextmanager
def provided(trouble: float) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any], dict[str, str]]]:
    """Run the providers; yield their process, their accounts and their keys."""
    script = [sys.executable, __file__, "--provide", str(trouble)]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            accounts, environ = json.loads(process.stdout.readline())
            yield process, accounts, environ
        finally:
            process.kill()


# The client


async def late(found: list[float]) -> None:
    """Note by how much the loop is late, again and again."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        found.append(time.perf_counter() - before - TICK)


async def asked(client: Client, calls: int, lags: list[float]) -> list[Any]:
    """Ask for everything at once, and return how each ended."""
    watch = asyncio.create_task(late(lags))
    await asyncio.sleep(TICK)
    ends = await asyncio.gather(
        *(client.generate(request(each), policy="spread") for each in range(calls)), return_exceptions=True
    )
    watch.cancel()
    return ends


def request(number: int) -> ImageRequest:
    """Return one request of many."""
    return ImageRequest(
        model="flux-2-pro", prompt=f"a lighthouse at dusk, number {number}", aspect_ratio="16:9", resolution="1K"
    )


async def run(
    accounts: dict[str, Any], environ: dict[str, str], folder: str, calls: int, limits: Limits
) -> dict[str, Any]:
    """Run everything, and return what was measured."""
    providers = {name: account | {"limits": limits.get(name, {})} for name, account in accounts.items()}
    config = read_config({"providers": providers, "journal": {"path": str(Path(folder, "journal.db"))}}, environ)
    lags: list[float] = []
    async with Client(config) as client:
        await client.generate(request(calls), policy="spread")  # what is imported, opened and made at first
        gc.collect()
        began, cpu = time.perf_counter(), time.process_time()
        ends = await asked(client, calls, lags)
        return {
            "seconds": time.perf_counter() - began,
            "cpu": (time.process_time() - cpu) / calls,
            "lags": sorted(lags),
            "ends": Counter(type(end).__name__ for end in ends),
            "unheard": [repr(end) for end in ends if not isinstance(end, Result | AnymediaError)],
            "made": Counter(end.tasks[0].account for end in ends if isinstance(end, Result)),
        }


def fullest(times: Sequence[float], seconds: float) -> int:
    """Return how many calls there were in the fullest window of so many seconds."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def measured(calls: int, trouble: float, limits: Limits) -> dict[str, Any]:
    """Make the requests, print what was measured, and return it."""
    with provided(trouble) as (process, accounts, environ), tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(accounts, environ, folder, calls, limits))
        arrived = json.loads(process.communicate("\n")[0])
    lags = found["lags"]
    p50, found["p99"] = lags[len(lags) // 2], lags[int(len(lags) * 0.99)]
    print(f"{calls:,} requests at once, policy spread, {trouble:.0%} trouble: {found['seconds']:.0f} s")
    print(f"  ends      {', '.join(f'{kind} {number}' for kind, number in found['ends'].most_common())}")
    for name, calls_ in arrived.items():
        made = found["made"][name]
        print(f"  {name:10} {made:5} made, {len(calls_['submit']):5} submits, {len(calls_['poll']):5} looks")
    found["passed"] = False
    for name, of_account in limits.items():
        for what, (most, seconds) in of_account.items():
            number = fullest(arrived[name][what[:-1]], seconds)
            found["passed"] |= number > most
            print(f"  {name:10} {number} {what} in the fullest {seconds:g} s, of {most:g} allowed")
    print(f"  loop late p50 {p50 * 1e3:.1f} ms, p99 {found['p99'] * 1e3:.1f} ms, max {lags[-1] * 1e3:.0f} ms")
    print(f"  CPU       {found['cpu'] * 1e3:.1f} ms a request")
    for each in found["unheard"][:3]:
        print(f"  {each}")
    return found


def main(calls: int = CALLS) -> int:
    """Print what was measured; return 1 where it is not as it should be."""
    well, troubled = measured(calls, 0.0, {}), measured(calls, TROUBLE, LIMITS)
    ratio = troubled["cpu"] / well["cpu"]
    print(f"CPU of a request with trouble over one without: {ratio:.2f}")
    heard = not (well["unheard"] or troubled["unheard"])
    return int(troubled["passed"] or not heard or troubled["p99"] > LATE or ratio > DEAREST)


if __name__ == "__main__":
    if "--provide" in sys.argv:
        provide(float(sys.argv[-1]))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
