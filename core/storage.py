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

from .model.errors import ConfigError
from .model.file_names import BY_DAY, FileNames
from .model.names import no_such
from .model.paths import expanded
from .model.urls import is_loopback

STORAGE: Mapping[str, type] = {"url": str, "results": bool, "names": str, "options": Mapping}
"""The keys of the table [storage], with what each must be."""

_WEB = {"endpoint": str, "allow_http": bool}

OPTIONS: Mapping[str, Mapping[str, type]] = {
    "s3": {
        **_WEB,
        "region": str,
        "virtual_hosted_style_request": bool,
        "server_side_encryption": str,
        "sse_kms_key_id": str,
    },
    "gs": {},
    "az": {**_WEB, "account_name": str},
}
"""What may be said of a bucket beside its URL, by the scheme of the URL; none of it is secret."""

KEYS: Mapping[str, str] = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
"""The variables that hold the keys, as the stores' own programs read them."""

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
    for name, value in options.items():
        if name not in known:  # its value may be a key
            none = f"{name} is none of them" if _KEY.search(name) else no_such("option", name, known)
            raise ConfigError(f"options: {none} (the keys are read from the environment: {KEYS[scheme]})")
        if not isinstance(value, known[name]):
            what = "true or false" if known[name] is bool else "a text"
            raise ConfigError(f"options: {name}: must be {what}, not {value!r}")
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
