"""What test_kill_rows.py kills: a batch of rows with local pictures, by the client or the command; each step is told.

Some steps are the middle of others: of a write to a file, between its last byte and its name, between its name and its
line in the journal. Where it is told so, the process dies at such a step by itself, and else as its parent kills it.
"""

import asyncio
import csv
import inspect
import os
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

from kill import PATIENCE, Fast, die, say

from anymedia import Client, ImageRequest, Row, read_config
from anymedia.cli.app import app
from anymedia.journal import Ledger
from anymedia.manifest import Manifest
from anymedia.transport.part import Part

PROMPT = "{}: a lighthouse at dusk"


class Steps:
    """Tells of each step, and dies at the nth of one where that is asked for."""

    def __init__(self, what, count):
        self._what, self._count, self._counts = what, count, Counter()

    def tell(self, what, *words):
        self._counts[what] += 1
        if (what, self._counts[what]) == (self._what, self._count):
            die()
        say(what, *words)

    def around(self, owner, name, before=None, after=None):
        """Have a method of a class tell that it begins, or that it is over."""
        method = getattr(owner, name)

        async def awaited(*given, **named):
            if before:
                self.tell(before)
            came = await method(*given, **named)
            if after:
                self.tell(after)
            return came

        def called(*given, **named):
            if before:
                self.tell(before)
            came = method(*given, **named)
            if after:
                self.tell(after)
            return came

        setattr(owner, name, awaited if inspect.iscoroutinefunction(method) else called)

    def in_halves(self, owner, name, what):
        """Have a method write the bytes that it is given in two halves, with a step between them."""
        write = getattr(owner, name)

        def written(part, data):
            write(part, data[: len(data) // 2])
            part.file.flush()
            self.tell(what)
            write(part, data[len(data) // 2 :])

        setattr(owner, name, written)


def watched(steps):
    """Have all that a batch does tell of its steps."""
    steps.around(Ledger, "intend", after="intent")
    steps.around(Ledger, "end", before="heard", after="ended")
    steps.in_halves(Part, "write", "piece")
    steps.around(Part, "sync", after="whole")
    steps.around(Part, "named", after="named")
    steps.around(Manifest, "add", after="row")
    steps.around(Manifest, "close", before="closing", after="closed")
    see = Ledger.see

    async def seen(ledger, task, **how):
        came = await see(ledger, task, **how)
        steps.tell("kept" if task.assets and all(asset.kept for asset in task.assets) else "seen")
        return came

    Ledger.see = seen


def row(label, picture):
    return Row(
        request=ImageRequest(
            model="flux-2-pro",
            resolution="1K",
            aspect_ratio="1:1",
            prompt=PROMPT.format(label),
            images=[Path(picture)],
            labels={"submit": label},
        )
    )


async def by_client(job):
    """Run the batch as a program does."""
    rows = [row(*each) for each in job["rows"]]
    async with Client(read_config(job["config"], os.environ), clock=Fast(), patience=PATIENCE) as client:
        batch = client.batch(rows, name=job["name"], where=job["folder"], policy="spread", at_once=job["at_once"])
        manifest = Manifest(job["manifest"], job["name"])
        end = await batch.run(manifest.add)
        manifest.close(end)
    return 0


def by_command(job):
    """Do the same with `anymedia batch`, from a file."""
    table = Path(job["manifest"]).with_suffix(".rows.csv")
    with table.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["model", "resolution", "aspect_ratio", "prompt", "images", "label.submit"])
        for label, picture in job["rows"]:
            lines.writerow(["flux-2-pro", "1K", "1:1", PROMPT.format(label), picture, label])
    words = ["batch", table, "--out", job["folder"], "--name", job["name"], "--manifest", job["manifest"]]
    words += ["--policy", "spread", "--at-once", job["at_once"]]
    try:
        app([str(word) for word in words], obj=Fast(), prog_name="anymedia")
    except SystemExit as ended:
        return ended.code


def main(job):
    watched(Steps(*(job["dies"] or (None, 0))))
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # what the command prints is no step
        code = by_command(job) if job["by"] == "command" else asyncio.run(by_client(job))
    say("all", "over")
    if job["dies"]:
        die()
    if job["is_killed"]:
        sys.stdin.read()
    sys.exit(code)
