"""Whether this machine reaches its providers, and what is in the way: for the start of a service behind a proxy.

    pip install '/path/to/anymedia-….whl[cli]'
    python examples/howto/check_network.py

Nothing is bought, and no API key is sent. The exit code is 1 where a provider cannot be reached.
"""

import asyncio
import sys

from anymedia import Account, AnymediaError, Client


async def check(client: Client, account: Account) -> bool:
    """Print how far an account's provider is reached, and return whether it answers."""
    try:
        reached = await client.reach(account.name)
        private = None if account.local else await client.private_address(account.name)
    except AnymediaError as error:
        print(f"{account.name}: {error}")
        return False
    print(f"{account.name}: answers (HTTP {reached.status})")
    if private is not None:
        print(f"{account.name}: its host is {private} here; results at such addresses need [download] networks")
    return True


async def main() -> bool:
    """Check every account side by side."""
    async with Client() as client:
        found = await asyncio.gather(*(check(client, account) for account in client.config.accounts.values()))
    return all(found)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
