"""The buckets of one client, each opened once, and what is read from them by its location."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import attrs

from anymedia.storage import Storage

from .store import Store


@attrs.frozen
class Stores:
    """The buckets that one client has opened, each once; `storage` is the configured one.

    Another bucket of the same kind is reached by the same options.
    """

    storage: Storage | None = None
    ca_file: Path | None = None
    _opened: dict[str, Store] = attrs.field(factory=dict, init=False, repr=False)

    def of(self, storage: Storage) -> Store:
        """Return a bucket. Errors: ConfigError."""
        if storage.url not in self._opened:
            self._opened[storage.url] = Store.open(storage, self.ca_file)
        return self._opened[storage.url]

    def holding(self, location: str) -> tuple[Store, str]:
        """Return the bucket and the name of an object at a location. Errors: ConfigError."""
        scheme, _, rest = location.partition("://")
        bucket, _, key = rest.partition("/")
        return self.of(self.at(f"{scheme}://{bucket}")), key

    async def read(self, location: str) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of an object at a location. Errors: Lost, ConfigError."""
        store, key = self.holding(location)
        async for chunk in store.chunks(key):
            yield chunk

    def at(self, url: str, **facts: Any) -> Storage:
        """Return a storage at a URL, with the options of the configured one where they fit. Errors: ConfigError."""
        known = self.storage
        options = known.options if known is not None and known.scheme == url.partition("://")[0] else {}
        return Storage(url=url, options=options, **facts)
