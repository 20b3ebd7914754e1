"""One request and one task model over every generative-media provider.

ImageRequest ── check ── encode ── transport ── decode ── Task ──┐
                              └──────── polling ────────┘        └── download ── files

async with Client() as client:
    result = await client.generate(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"))
    files = await client.download(result, "out")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account import Account, Secret
    from .client import Client
    from .config import Config, load_config, read_config
    from .engine.advance import Advance
    from .engine.batch import Batch
    from .engine.custody import Collected
    from .engine.recover import Recovery
    from .engine.route import Route
    from .journal.protocol import Journal
    from .limits.health import AccountHealth
    from .manifest import Manifest
    from .model.batch import BatchEnd, BatchPlan, BatchProgress, Row, RowEnd
    from .model.codec import from_json, to_json
    from .model.errors import (
        AnymediaError,
        BadApiKey,
        BadRows,
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
        WebhookRefused,
    )
    from .model.kinds import ImageRequest, MusicRequest, SpeechRequest, VideoRequest
    from .model.media import Media
    from .model.money import Money, PriceStatus
    from .model.quote import Quote
    from .model.request import RawRequest, Request
    from .model.task import (
        Adjustment,
        Asset,
        Attempt,
        Failure,
        Order,
        Result,
        Saved,
        SavedFile,
        Task,
        Trouble,
    )
    from .model.vocabulary import Billed, Cause, Kind, Outcome, Refund, Retry, State
    from .network import Reached
    from .observe.events import Alert
    from .preview import compare, explain, quote
    from .pricing.compare import Difference
    from .pricing.explain import Explanation
    from .rows import read_rows
    from .storage import Storage
    from .sync import SyncClient

    __version__: str

__all__ = [
    "Account",
    "AccountHealth",
    "Adjustment",
    "Advance",
    "Alert",
    "AnymediaError",
    "Asset",
    "Attempt",
    "BadApiKey",
    "BadRows",
    "Batch",
    "BatchEnd",
    "BatchPlan",
    "BatchProgress",
    "Billed",
    "Blocked",
    "Cause",
    "Client",
    "Collected",
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
    "Manifest",
    "Media",
    "Money",
    "MusicRequest",
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
    "Reached",
    "Recovery",
    "Refund",
    "Rejected",
    "Request",
    "RequestError",
    "Result",
    "Retry",
    "Route",
    "Row",
    "RowEnd",
    "Saved",
    "SavedFile",
    "Secret",
    "SpeechRequest",
    "State",
    "Storage",
    "SubmitUncertain",
    "SyncClient",
    "Task",
    "TaskError",
    "TaskFailed",
    "Trouble",
    "Unavailable",
    "Unsupported",
    "VideoRequest",
    "WebhookRefused",
    "compare",
    "explain",
    "from_json",
    "load_config",
    "quote",
    "read_config",
    "read_rows",
    "to_json",
]

_MODULES = {
    ".account": ("Account", "Secret"),
    ".client": ("Client",),
    ".config": ("Config", "load_config", "read_config"),
    ".engine.advance": ("Advance",),
    ".engine.batch": ("Batch",),
    ".engine.custody": ("Collected",),
    ".engine.recover": ("Recovery",),
    ".engine.route": ("Route",),
    ".journal.protocol": ("Journal",),
    ".limits.health": ("AccountHealth",),
    ".manifest": ("Manifest",),
    ".model.batch": ("BatchEnd", "BatchPlan", "BatchProgress", "Row", "RowEnd"),
    ".model.codec": ("from_json", "to_json"),
    ".model.errors": (
        "AnymediaError",
        "BadApiKey",
        "BadRows",
        "Blocked",
        "ConfigError",
        "Cooling",
        "DeadlineExceeded",
        "DownloadError",
        "JournalError",
        "MalformedAnswer",
        "NoCredit",
        "NoRoute",
        "NotFound",
        "OutOfBounds",
        "OverCeiling",
        "Problem",
        "ProviderError",
        "RateLimited",
        "Rejected",
        "RequestError",
        "SubmitUncertain",
        "TaskError",
        "TaskFailed",
        "Unavailable",
        "Unsupported",
        "WebhookRefused",
    ),
    ".model.media": ("Media",),
    ".model.money": ("Money", "PriceStatus"),
    ".model.quote": ("Quote",),
    ".model.kinds": ("ImageRequest", "MusicRequest", "SpeechRequest", "VideoRequest"),
    ".network": ("Reached",),
    ".model.request": ("RawRequest", "Request"),
    ".model.task": (
        "Adjustment",
        "Asset",
        "Attempt",
        "Failure",
        "Order",
        "Result",
        "Saved",
        "SavedFile",
        "Task",
        "Trouble",
    ),
    ".model.vocabulary": ("Billed", "Cause", "Kind", "Outcome", "Refund", "Retry", "State"),
    ".observe.events": ("Alert",),
    ".preview": ("compare", "explain", "quote"),
    ".pricing.compare": ("Difference",),
    ".pricing.explain": ("Explanation",),
    ".rows": ("read_rows",),
    ".storage": ("Storage",),
    ".sync": ("SyncClient",),
}
"""Where each name lives. A module loads when one of its names is first used: all of them together take longer to import
than most programs that import anymedia take to say what they want."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from .model.version import version  # which reads the metadata of the package

        return version()
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'anymedia' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULE_OF[name], __name__), name)
    return found


def __dir__() -> list[str]:
    own = {name for name in globals() if name.startswith("__")}
    return sorted({*own, *__all__, "__version__"})
