"""[storage]: where results lie, and what lends URLs of the user's own files: a bucket of S3, GCS or Azure, or a folder.

The keys of a bucket come from the store's own variables of the environment (AWS_…, GOOGLE_…, AZURE_…), and stand in no
file of ours.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from .environment import STORES
from .model.errors import ConfigError
from .model.file_names import BY_DAY, FileNames
from .model.names import no_such
from .model.paths import expanded
from .model.urls import is_loopback
from .tables import Key, only

STORAGE: Mapping[str, Key] = {
    "url": Key(
        str,
        says="A bucket of S3, GCS or Azure (`s3://bucket/prefix`, `gs://…`, `az://…`), or a folder.",
        like='"s3://media-of-mine/anymedia"',
        default="is needed",
    ),
    "results": Key(
        bool,
        says="Whether results are put there where a call names no other place.",
        like="true",
        default="`false`",
    ),
    "names": Key(
        str,
        says="The pattern by which results are named.",
        like='"{provider}/{day}/{task}-{number}.{ext}"',
        default=f"`{BY_DAY}`",
    ),
    "options": Key(
        Mapping,
        says="How the bucket is reached; none of it is secret.",
        like='{ region = "eu-central-1" }',
        default="as the store's own environment variables say",
    ),
}
"""The keys of the table [storage]."""

_WEB = {
    "endpoint": Key(
        str,
        says="The URL of a store that speaks this protocol, such as MinIO or R2.",
        like='"https://minio.internal.example:9000"',
        default="the cloud's own",
    ),
    "allow_http": Key(
        bool,
        says="Whether the endpoint may be `http://` on another machine than this one.",
        like="true",
        default="`false`",
    ),
}

OPTIONS: Mapping[str, Mapping[str, Key]] = {
    "s3": {
        **_WEB,
        "region": Key(str, says="The region of the bucket.", like='"eu-central-1"', default="what `AWS_REGION` says"),
        "virtual_hosted_style_request": Key(
            bool,
            says="Whether the bucket's name is a part of the host rather than of the path.",
            like="true",
            default="`false`",
        ),
        "server_side_encryption": Key(
            str, says="How the store encrypts what is put there.", like='"aws:kms"', default="as the bucket says"
        ),
        "sse_kms_key_id": Key(
            str,
            says="The id of the key of KMS that it encrypts with.",
            like='"alias/media"',
            default="as the bucket says",
        ),
    },
    "gs": {},
    "az": {
        **_WEB,
        "account_name": Key(
            str,
            says="The name of the storage account.",
            like='"mediaofmine"',
            default="what `AZURE_STORAGE_ACCOUNT_NAME` says",
        ),
    },
}
"""What may be said of a bucket beside its URL, by the scheme of the URL; none of it is secret."""

KEYS: Mapping[str, str] = {scheme: " and ".join(map(str, variables)) for scheme, variables in STORES.items()}
"""The variables that hold the keys, in words, by the scheme of the URL."""

_KEY = re.compile("key|secret|token|password", re.IGNORECASE)
"""What a name holds behind which a key would stand."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://|(?i:s3|gs|az):")  # s3:/bucket lacks a slash, and is no folder
_BUCKET = re.compile(
    r"(?:s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]{1,221}(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._=@,+-]{1,200}){0,20}"
)

_LIKE = "like s3://bucket/prefix (or gs://, az://), or a folder"


def _trimmed(url: str) -> str:
    return re.sub(r"(?<=[^/:])/+$", "", url) if is_bucket(url) else url


@attrs.frozen(kw_only=True)
class Storage:
    """A bucket at `url` ("s3://bucket/prefix", gs:// or az://), or a folder ("file:///folder").

    `results`: results are put there unless a call names another place; `names` is the pattern of their names; `options`
    say how the bucket is reached. Errors: ConfigError for a URL, a pattern or an option that is none.
    """

    url: str = attrs.field(converter=_trimmed)
    results: bool = False
    names: str = BY_DAY
    options: Mapping[str, Any] = attrs.field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        names = FileNames(self.names)
        if self.folder is not None:
            return
        if _BUCKET.fullmatch(self.url) is None:  # it may hold a key, and is not shown
            raise ConfigError(f"url: must be {_LIKE}, without a user, ? and #; its keys are read from the environment")
        if not names.fields >= {"task", "number"} and "sha256" not in names.fields:
            raise ConfigError(
                f"names: {self.names!r}: in a bucket, names need {{task}} and {{number}}, or {{sha256}}, so that no "
                "two results have the same one"
            )
        _check_options(self.scheme, self.options)

    @property
    def scheme(self) -> str:
        """What its URL begins with: s3, gs, az or file."""
        return self.url.partition("://")[0]

    @property
    def folder(self) -> Path | None:
        """The folder, where it is one."""
        return folder_of(self.url)


def unwritable(place: str, why: str) -> ConfigError:
    """Return the error for a folder or a bucket that nothing can be written to."""
    return ConfigError(f"{'the working directory' if place == '.' else place} cannot be written to: {why}")


def is_bucket(place: str) -> bool:
    """Return whether a place is a URL, and no folder."""
    return folder_of(place) is None


def folder_of(place: str) -> Path | None:
    """Return the folder that a path or a file:// URL names; None for another URL."""
    found = _SCHEME.match(place)
    if found is None:
        return expanded(place)
    return Path(unquote(urlsplit(place).path)) if (found[1] or "").lower() == "file" else None


def storage_of(table: Mapping[str, Any], where: str, beside: Path) -> Storage:
    """Return what the table [storage] says; a relative folder stands `beside` the file. Errors: ConfigError."""
    if "url" not in table:
        raise ConfigError(f"{where}: url: must be {_LIKE}")
    folder = folder_of(table["url"])
    url = table["url"] if folder is None else Path(beside, folder).absolute().as_uri()
    try:
        return Storage(**{**table, "url": url})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _check_options(scheme: str, options: Mapping[str, Any]) -> None:
    known = OPTIONS[scheme]
    for name in options:
        if name not in known:  # its value may be a key
            none = f"{name} is none of them" if _KEY.search(name) else no_such("option", name, known)
            raise ConfigError(f"options: {none} (the keys are read from the environment: {KEYS[scheme]})")
    only(options, known, "options")
    if "endpoint" in options:
        _check_endpoint(options["endpoint"], allow_http=bool(options.get("allow_http")))


def _check_endpoint(endpoint: str, *, allow_http: bool) -> None:
    try:
        parts = urlsplit(endpoint)
        port_is_one = parts.port != 0
    except ValueError:
        port_is_one = False
    if not port_is_one or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ConfigError("options: endpoint: must be a URL like https://host:port, without a user")
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname)):
        raise ConfigError("options: endpoint: must be https://, unless allow_http = true says that http:// is safe")
