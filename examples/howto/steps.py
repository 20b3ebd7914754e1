"""Two steps that an agent, a queue or a workflow engine may run as often as it likes: the picture is bought once.

    pip install '/path/to/anymedia-….whl[cli,simulators]'
    python examples/howto/steps.py "a lighthouse at dusk" run-17/picture-1

`begin` buys and `finish` waits. Each takes and returns what fits into a queue: texts, and no objects of ours.
"""

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anymedia import AnymediaError, Client, ImageRequest, Retry

PATIENCE = 60.0
"""Seconds for which `finish` holds a worker; then it is to be run again."""


class Again(Exception):
    """The step is to be run again later, with the same arguments."""


class Never(Exception):
    """The step is not to be run again: another run would end in the same way, or a person has to look first."""


async def begin(client: Client, step: str, prompt: str) -> str:
    """Buy a picture, once under the id of the step, and return the handle of its task. Errors: Again, Never."""
    request = ImageRequest(model="flux-2-pro", prompt=prompt, resolution="1K")
    try:
        task = await client.submit(request, policy="cheapest", max_price="0.10", idempotency_key=step)
    except AnymediaError as error:
        raise as_engine_error(error) from error
    return client.handle(task)


async def finish(client: Client, handle: str, folder: Path) -> list[str]:
    """Wait for a task, in any process, and return where its pictures are. Errors: Again, Never."""
    try:
        task = await client.wait(client.open(handle), timeout=PATIENCE)
        return [str(file.path) for file in await client.download(task, folder)]
    except AnymediaError as error:
        raise as_engine_error(error) from error


def as_engine_error(error: AnymediaError) -> Exception:
    """Return what an error means for whoever would run the step again."""
    return Again(str(error)) if error.retry is Retry.SAME else Never(f"{error} (billed: {error.billed})")


async def make_picture(client: Client, call: str, arguments: Mapping[str, Any], folder: Path) -> str:
    """Answer a tool call of a language model in JSON; nothing is raised into its loop."""
    try:
        return json.dumps({"pictures": await finish(client, await begin(client, call, arguments["prompt"]), folder)})
    except Again:
        return json.dumps({"state": "not finished yet", "then": "call this tool again with the same arguments"})
    except Never as error:
        return json.dumps({"error": str(error), "then": "tell the user; do not call this tool again for this picture"})


async def run(prompt: str, step: str, folder: Path) -> None:
    """Do what an engine does after a crash: run each step twice."""
    async with Client() as client:
        handles = [await begin(client, step, prompt) for _ in range(2)]
    async with Client() as client:  # in another process, on another day
        for handle in handles:
            print(await finish(client, handle, folder))
        print(len(await client.attempts(idempotency_key=step)), "purchase")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A picture in two steps, each of which is run twice.")
    parser.add_argument("prompt")
    parser.add_argument("step", help="the id of the step, which its engine gives it")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    given = parser.parse_args()
    asyncio.run(run(given.prompt, given.step, given.out))


if __name__ == "__main__":
    main()
