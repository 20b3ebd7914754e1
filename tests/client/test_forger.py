"""What a forger gets who posts to a receiver: an answer that helps nobody. `pytest -s` shows each try."""

import pytest

from anymedia import State, WebhookRefused
from anymedia.testing import FakeClock
from anymedia.translate.reading import id_of, read
from tests.core.forger import SCHEMES, tries
from tests.fuzz.posted import SIGNED, Told

BROUGHT = ("runapi", "replicate", "bfl")
"""Whose vectors bring a result that is signed."""


@pytest.fixture(params=SIGNED)
async def told(request):
    """A client that is told, when the vector of its provider was signed, and the attempt that it is told of."""
    name, scheme = request.param, SCHEMES[request.param]
    told = Told.of(name, FakeClock(scheme.now.timestamp()))
    async with told.client:
        task_id = id_of(told.adapter.lifecycle.webhook_reply.id, read(scheme.body)[0])
        yield told, scheme, await told.bought(task_id=task_id)


async def posted(told, headers, body, token, account="mine"):
    """Post to an account, and return the status and the reason."""
    try:
        return 200, await told.client.receive(account, headers, body, token)
    except WebhookRefused as refused:
        return refused.status, str(refused)


async def test_a_forger_changes_nothing(told):
    told, scheme, attempt = told
    ledger, token, answers = told.ledger, await told.ledger.token(attempt.id), {}
    for each in tries(scheme):
        # With the token of the task, without one, and with one of the forger's own.
        for by in (token, None, "0" * 64):
            status, said = answers[each.what, by] = await posted(told, each.headers, each.body, by)
            assert status in (401, 413), (each.what, said)
            assert attempt.task.id not in said
            assert (scheme.secret or "key-1") not in said
        print(f"{told.provider.name:10} {each.what[:60]:60} {status} {said}")
    assert len(answers) >= 3 * 30
    assert await ledger.attempt(attempt.id) == attempt
    assert await ledger.unknown() == []
    assert told.provider.asked == []


@pytest.mark.parametrize("told", BROUGHT, indirect=True)
async def test_what_is_genuine_is_taken_once_and_for_its_own_task_alone(told):
    told, scheme, attempt = told
    ledger, token = told.ledger, await told.ledger.token(attempt.id)
    assert await posted(told, scheme.headers, scheme.body, token, "another") == (
        401,
        "no configured account has this name",
    )
    tasks = [await posted(told, scheme.headers, scheme.body, by) for by in (token, None, "0" * 64, token)]
    assert [(status, task.state, task.id) for status, task in tasks] == [(200, State.SUCCEEDED, attempt.task.id)] * len(
        tasks
    )
    settled = await ledger.attempt(attempt.id)
    assert settled.task.state is State.SUCCEEDED
    assert await ledger.unknown() == []
    assert told.provider.asked == []
