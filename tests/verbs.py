"""What many tests do with a client: submit a request of one task, and wait for it."""

from anymedia import SyncClient


def run(client, request, *accounts, timeout=600.0, **options):
    """Return the task of a request when it has succeeded; with a Client, a coroutine of it."""
    if isinstance(client, SyncClient):
        return client.wait(client.submit(request, *accounts, timeout=timeout, **options), timeout)
    return _run(client, request, *accounts, timeout=timeout, **options)


async def _run(client, request, *accounts, timeout, **options):
    task = await client.submit(request, *accounts, timeout=timeout, **options)
    return await client.wait(task, timeout)
