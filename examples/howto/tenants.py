"""A client for each tenant, with API keys that come from your database at run time.

    pip install '/path/to/anymedia-….whl[simulators]'
    python examples/howto/tenants.py        # two tenants, at simulators

A client can spend on the API keys that it was given, and on no other. All of them write one journal, in which each
tenant's accounts, idempotency keys and labels have the tenant's name.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anymedia import Client, Config, ImageRequest, Journal, Result, Secret, read_config
from anymedia.config import default_journal
from anymedia.journal import open_journal
from anymedia.simulators import running

Keys = Mapping[str, str]
"""The API keys of a tenant, by provider."""

TERMS: Mapping[str, Any] = {"daily_limit": "5.00"}
"""What holds for each account of each tenant, as it would stand in its table of anymedia.toml."""


class Tenants:
    """The clients of all tenants, each opened when it is first needed; `keys_of` asks your database or vault.

    `terms` are those of each provider, where it has any beside TERMS.
    """

    def __init__(
        self, journal: Journal, keys_of: Callable[[str], Awaitable[Keys]], terms: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._journal = journal
        self._keys_of = keys_of
        self._terms = terms
        self._clients: dict[str, Client] = {}
        self._former: list[Client] = []
        self._opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def make(self, tenant: str, order: str, prompt: str) -> Result:
        """Make a picture for a tenant, once under the name of its order, with the tenant's own API keys."""
        request = ImageRequest(model="flux-2-pro", prompt=prompt, resolution="1K", labels={"tenant": tenant})
        client = await self.client(tenant)
        return await client.generate(request, policy="cheapest", max_price="0.10", idempotency_key=f"{tenant}:{order}")

    async def client(self, tenant: str) -> Client:
        """Return the client of a tenant."""
        async with self._opening[tenant]:
            if tenant not in self._clients:
                config = self.config(tenant, await self._keys_of(tenant))
                self._clients[tenant] = Client(config, journal=self._journal)
            return self._clients[tenant]

    def changed(self, tenant: str) -> None:
        """Buy with a tenant's new API keys from now on; what is under way goes on with the old ones."""
        if (client := self._clients.pop(tenant, None)) is not None:
            self._former.append(client)

    async def recover(self, tenant: str, where: str) -> None:
        """Take up what earlier processes left of a tenant. Only to be called before the tenant's first order."""
        client = await self.client(tenant)
        for error in (await client.recover(where, accounts=client.config.accounts)).errors:
            print(error)

    async def close(self) -> None:
        """Wait for the answers of submits that are under way, and close every connection."""
        await asyncio.gather(*(client.close() for client in (*self._clients.values(), *self._former)))

    def config(self, tenant: str, keys: Keys) -> Config:
        """Return the accounts of a tenant: neither a file nor the environment is read for an API key."""
        tables = {
            f"{tenant}-{provider}": {
                "adapter": provider,
                "api_key": Secret(key),
                **TERMS,
                **self._terms.get(provider, {}),
            }
            for provider, key in keys.items()
        }
        return read_config({"providers": tables})


@asynccontextmanager
async def serving(
    keys_of: Callable[[str], Awaitable[Keys]], terms: Mapping[str, Mapping[str, Any]]
) -> AsyncIterator[Tenants]:
    """Keep one journal, and the clients over it, for as long as the process serves."""
    async with AsyncExitStack() as stack:
        journal = open_journal(default_journal() or "memory:")
        stack.push_async_callback(journal.close)
        tenants = Tenants(journal, keys_of, terms)
        stack.push_async_callback(tenants.close)
        yield tenants


async def main() -> None:
    """Make a picture for each of two tenants, one of whom asks twice."""
    async with running("reapi", "runapi", speed=20) as simulators:
        database = {"acme": {"reapi": simulators["reapi"].api_key}, "bolt": {"runapi": simulators["runapi"].api_key}}
        terms = {one.name: {"base_url": one.base_url} for one in simulators}

        async def keys_of(tenant: str) -> Keys:
            return database[tenant]

        async with serving(keys_of, terms) as tenants:
            for tenant in ("acme", "bolt", "acme"):
                result = await tenants.make(tenant, "order-1", "a lighthouse at dusk")
                print(tenant, result.tasks[0].account, result.tasks[0].id, result.money)


if __name__ == "__main__":
    asyncio.run(main())
