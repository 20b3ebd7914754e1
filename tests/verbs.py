"""What many tests do: submit a request of one task and wait for it; have adapters and simulators found anew."""

from anymedia import SyncClient


def run(client, request, *accounts, timeout=600.0, **options):
    """Return the task of a request when it has succeeded; with a Client, a coroutine of it."""
    if isinstance(client, SyncClient):
        return client.wait(client.submit(request, *accounts, timeout=timeout, **options), timeout)
    return _run(client, request, *accounts, timeout=timeout, **options)


async def _run(client, request, *accounts, timeout, **options):
    task = await client.submit(request, *accounts, timeout=timeout, **options)
    return await client.wait(task, timeout)


def forget(*modules):
    """Drop what the functions of modules hold in their caches, so that all is looked up anew."""
    for module in modules:
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()
