"""One request and one task model over every generative-media provider.

ImageRequest ── check ── encode ── transport ── decode ── Task ──┐
                              └──────── polling ────────┘        └── download ── files

async with Client() as client:
    result = await client.generate(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"))
    files = await client.download(result, "out")
"""

from typing import TYPE_CHECKING, Any

from .model.codec import from_json, to_json
from .model.errors import (
    AnymediaError,
    BadApiKey,
    Blocked,
    ConfigError,
    Cooling,
    DeadlineExceeded,
    DownloadError,
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
from .model.request import ImageRequest, RawRequest, Request
from .model.task import Adjustment, Asset, Attempt, Failure, Order, Result, Task, Trouble
from .model.vocabulary import Billed, Cause, Kind, Outcome, Refund, Retry, State

if TYPE_CHECKING:
    from .account import Account, Secret
    from .client import Client
    from .config import Config, load_config, read_config
    from .engine.recover import Recovery
    from .engine.route import Route
    from .journal.protocol import Journal
    from .limits.health import AccountHealth
    from .preview import compare, explain, quote
    from .pricing.compare import Difference
    from .pricing.explain import Explanation
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
    "DownloadError",
    "Explanation",
    "Failure",
    "ImageRequest",
    "Journal",
    "JournalError",
    "Kind",
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
    "Request",
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
    "Trouble",
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
    "Account": ".account",
    "AccountHealth": ".limits.health",
    "Client": ".client",
    "Config": ".config",
    "Difference": ".pricing.compare",
    "Explanation": ".pricing.explain",
    "Journal": ".journal.protocol",
    "Recovery": ".engine.recover",
    "Route": ".engine.route",
    "Secret": ".account",
    "SyncClient": ".sync",
    "compare": ".preview",
    "explain": ".preview",
    "load_config": ".config",
    "quote": ".preview",
    "read_config": ".config",
}
"""What loads when it is first used: the client brings aiohttp, which takes longer to import than all the rest."""


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name], __name__), name)
    raise AttributeError(f"module 'anymedia' has no attribute {name!r}")
