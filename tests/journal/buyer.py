"""One process of test_same_key.py: threads that all ask for the same under the same key, once the parent lets them."""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from kill import Fast, say

from anymedia import AnymediaError, ImageRequest, Result, SyncClient, read_config


def stopping(ledger, *, after):
    """Have a ledger stop for good where an attempt is written down."""
    intend = ledger.intend

    async def stopped(*attempt):
        if after:
            await intend(*attempt)
        say("stopped")
        threading.Event().wait()

    ledger.intend = stopped


def asked(client, job, number):
    """Return what one thread came to."""
    verb = job["verbs"][number % len(job["verbs"])]
    buy = client.generate if verb == "generate" else client.submit
    accounts = job["accounts"][number % len(job["accounts"]) :][:1] if job["accounts"] else []
    try:
        made = buy(ImageRequest(**job["request"]), *accounts, idempotency_key=job["key"])
        made = client.wait(made) if verb == "wait" else made
    except AnymediaError as error:
        attempt = getattr(error, "attempt", None)
        return {"error": type(error).__name__, "says": str(error), "attempt": attempt and attempt.id, "ids": []}
    tasks = made.tasks if isinstance(made, Result) else [made]
    return {"error": None, "ids": [task.id for task in tasks], "missing": getattr(made, "missing", 0)}


def main(job):
    threads = job["threads"]
    with ExitStack() as stack:
        config = read_config(job["config"], os.environ)

        def client():
            return stack.enter_context(SyncClient(config, clock=Fast()))

        clients = [client() for _ in range(threads)] if job["own_clients"] else [client()] * threads
        if job["stops"] is not None:
            stopping(clients[0]._client._ledger, after=job["stops"] == "after its line")
        with ThreadPoolExecutor(threads) as pool:
            together = threading.Barrier(threads + 1)

            def one(number):
                together.wait()
                return asked(clients[number], job, number)

            ends = [pool.submit(one, number) for number in range(threads)]
            say("ready")
            sys.stdin.readline()
            together.wait()
            say("came", json.dumps([end.result() for end in ends]))
