"""One request and one task model over every generative-media provider.

ImageRequest ── check ── encode ── transport ── decode ── Task ──┐
                              └──────── polling ────────┘        └── download ── files

async with Client() as client:
    task = await client.run(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"))
    files = await client.download(task, "out")
"""

from typing import TYPE_CHECKING, Any

from .codec import from_json, to_json
from .config import Account, Config, Secret, load_config, read_config
from .errors import (
    AnymediaError,
    BadKey,
    Blocked,
    ConfigError,
    DeadlineExceeded,
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
from .explain import Explanation, explain
from .money import Money, PriceStatus
from .request import ImageRequest, RawRequest
from .task import Adjustment, Asset, Attempt, Failure, Result, Task
from .words import Billed, Cause, Outcome, Refund, Retry, State

if TYPE_CHECKING:
    from .client import Client
    from .sync import SyncClient

__all__ = [
    "Account",
    "Adjustment",
    "AnymediaError",
    "Asset",
    "Attempt",
    "BadKey",
    "Billed",
    "Blocked",
    "Cause",
    "Client",
    "Config",
    "ConfigError",
    "DeadlineExceeded",
    "Explanation",
    "Failure",
    "ImageRequest",
    "MalformedAnswer",
    "Money",
    "NoCredit",
    "NoRoute",
    "NotFound",
    "OutOfBounds",
    "Outcome",
    "OverCeiling",
    "PriceStatus",
    "Problem",
    "ProviderError",
    "RateLimited",
    "RawRequest",
    "Refund",
    "Rejected",
    "RequestError",
    "Result",
    "Retry",
    "Secret",
    "State",
    "SubmitUncertain",
    "SyncClient",
    "Task",
    "TaskError",
    "TaskFailed",
    "Unavailable",
    "Unsupported",
    "explain",
    "from_json",
    "load_config",
    "read_config",
    "to_json",
]


def __getattr__(name: str) -> Any:
    # The client brings aiohttp, which takes longer to import than all the rest together.
    if name == "Client":
        from .client import Client

        return Client
    if name == "SyncClient":
        from .sync import SyncClient

        return SyncClient
    raise AttributeError(f"module 'anymedia' has no attribute {name!r}")
