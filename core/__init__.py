"""One request and one task model over every generative-media provider.

ImageRequest ── check ── encode ── transport ── decode ── Task ──┐
                              └──────── polling ────────┘        └── download ── files

async with Client() as client:
    task = await client.run(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"))
    files = await client.download(task, "out")
"""

from typing import TYPE_CHECKING, Any

from .account import Account, Secret
from .config import Config, load_config, read_config
from .model.codec import from_json, to_json
from .model.errors import (
    AnymediaError,
    BadApiKey,
    Blocked,
    ConfigError,
    Cooling,
    DeadlineExceeded,
    JournalError,
    MalformedAnswer,
    NoCredit,
    NoRoute,
    NotFound,
    OutOfBounds,
    OverCeiling,
    Problem,
    ProviderError,
    RateLimited,
    Rejected,
    RequestError,
    SubmitUncertain,
    TaskError,
    TaskFailed,
    Unavailable,
    Unsupported,
)
from .model.money import Money, PriceStatus
from .model.quote import Quote
from .model.request import ImageRequest, RawRequest
from .model.task import Adjustment, Asset, Attempt, Failure, Order, Result, Task
from .model.vocabulary import Billed, Cause, Outcome, Refund, Retry, State
from .preview import compare, explain, quote
from .pricing.compare import Difference
from .pricing.explain import Explanation

if TYPE_CHECKING:
    from .client import Client
    from .engine.recover import Recovery
    from .engine.route import Route
    from .journal.protocol import Journal
    from .limits.health import AccountHealth
    from .sync import SyncClient

__all__ = [
    "Account",
    "AccountHealth",
    "Adjustment",
    "AnymediaError",
    "Asset",
    "Attempt",
    "BadApiKey",
    "Billed",
    "Blocked",
    "Cause",
    "Client",
    "Config",
    "ConfigError",
    "Cooling",
    "DeadlineExceeded",
    "Difference",
    "Explanation",
    "Failure",
    "ImageRequest",
    "Journal",
    "JournalError",
    "MalformedAnswer",
    "Money",
    "NoCredit",
    "NoRoute",
    "NotFound",
    "Order",
    "OutOfBounds",
    "Outcome",
    "OverCeiling",
    "PriceStatus",
    "Problem",
    "ProviderError",
    "Quote",
    "RateLimited",
    "RawRequest",
    "Recovery",
    "Refund",
    "Rejected",
    "RequestError",
    "Result",
    "Retry",
    "Route",
    "Secret",
    "State",
    "SubmitUncertain",
    "SyncClient",
    "Task",
    "TaskError",
    "TaskFailed",
    "Unavailable",
    "Unsupported",
    "compare",
    "explain",
    "from_json",
    "load_config",
    "quote",
    "read_config",
    "to_json",
]


_LATE = {
    "AccountHealth": ".limits.health",
    "Client": ".client",
    "Journal": ".journal.protocol",
    "Recovery": ".engine.recover",
    "Route": ".engine.route",
    "SyncClient": ".sync",
}
"""The client brings aiohttp, which takes longer to import than all the rest together."""


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name], __name__), name)
    raise AttributeError(f"module 'anymedia' has no attribute {name!r}")
