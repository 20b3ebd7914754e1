"""The loop that every naive program has: "on billed=no ask the next account". It buys once, whatever goes wrong.

Every fault of kinds 2, 3, 6, 8, 9 and 10 before a healthy second account: at two of the four providers in turn, in
`make soak` at each.
"""

import json
import os
import re

import pytest

from anymedia import AnymediaError, Billed, Outcome, State, to_json

from .faults import FAULTS, PICTURE, Fault
from .shapes import SHAPES
from .world import REQUEST

EACH = float(os.environ.get("ANYMEDIA_CASES", "1")) > 1
CASES = [
    pytest.param(fault, name, id=f"{fault.id}-{name}")
    for number, fault in enumerate(FAULTS)
    for place, name in enumerate(SHAPES)
    if (name in fault.only if fault.only else EACH or (number + place) % 2 == 0)
]


async def naive_loop(client, world, accounts):
    """Buy a picture as a naive program does, and return the error that it stopped at, or None."""
    for account in accounts:
        try:
            result = await client.generate(REQUEST, account, timeout=120)
            await client.download(result, world.out)
        except AnymediaError as error:
            if error.billed is Billed.NO:
                continue
            return error
        return None
    raise AssertionError("every account said that nothing was billed")


@pytest.mark.parametrize(("fault", "name"), CASES)
async def test_one_bill(world, fault: Fault, name):
    other = "runapi" if name != "runapi" else "reapi"
    if fault.key is not None:
        world.keys[name] = fault.key
    first, second = world.provider(name), world.provider(other)
    fault.make(first)
    async with world.client(name, other) as client:
        error = await naive_loop(client, world, (name, other))
        if fault.billed_no and first.shape.refunds:  # it failed and was given back: the next one may be asked
            assert (len(first.bills), len(second.bills), error) == (1, 1, None)
            return
        assert world.bills == 1, f"bought {world.bills} times; {error!r}"
        if fault.file not in world.files().values():
            recovery = await client.recover(world.out, timeout=120)
            texts = [str(error), *map(str, recovery.errors)]
        else:
            texts = []
        (attempt,) = await client.attempts()
    assert world.bills == 1
    assert list(world.files().values()).count(fault.file) == len(world.files())
    if world.files():
        assert re.search(fault.ends, PICTURE), "there is a picture where none was to be had"
        assert attempt.task is not None
        assert attempt.task.state is State.SUCCEEDED
        return
    assert fault.ends != PICTURE, f"no picture: {texts}"
    texts.append(json.dumps(to_json(attempt), ensure_ascii=False))
    assert attempt.may_be_billed
    assert attempt.task is not None or attempt.outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID)
    assert error is not None
    assert error.billed is not Billed.NO
    assert any(re.search(fault.ends, text, re.IGNORECASE) for text in texts), f"{fault.ends!r} is told nowhere: {texts}"
