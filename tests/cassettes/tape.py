"""What a cassette keeps of a conversation: all that was said, nothing secret, nothing that changes by itself.

Keys become ***, ids are counted within a cassette, a simulator's address becomes its provider's, and JSON is laid out
in lines. Played back, a call has to be the recorded one in method, address, headers and body.
"""

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import yaml
from vcr import VCR
from vcr.cassette import Cassette
from vcr.request import Request

MASK = "***"
"""What stands for a key. A client that hears a cassette has it for its key, so that it says what was recorded."""

MATCH_ON = ("method", "scheme", "host", "path", "query", "headers", "body")  # all but the port

KEPT = re.compile(r"content-type|location|retry-after|.*(request|task)-id|.*rate-?limit.*", re.IGNORECASE)
"""The headers of answers that may mean something; the others are the server's own and change by themselves."""

PRIVATE = r"[\w-]*(?:key|token|secret|signature|credential|password|cookie|email)[\w-]*"
PRIVATE_NAME = re.compile(PRIVATE, re.IGNORECASE)
PRIVATE_QUERY = re.compile(rf"([?&](?:{PRIVATE}|sig|policy)=)[^&#\s\"'<>\\]+", re.IGNORECASE)
KEY_LIKE = re.compile(r"(?:(?<=\bBearer )(?!\*\*\*)|\brk_live_|\baio_)[^\s\"',;<>\\]+")
FILE = re.compile(r"[A-Za-z0-9+/]{1000,}={0,2}")
SMALL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""What stands for a picture that an answer holds in base64: one of a single pixel."""

ID = re.compile(
    r"(?!0{8})(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,})",  # and none that was counted before
    re.IGNORECASE,
)


def blank(path: Path, note: str, key: str, origins: Mapping[str, str]) -> AbstractContextManager[Cassette]:
    """Return a cassette to record on, which says `note` at its top and never the key.

    `origins` names what stands for each origin that is called. Nothing is written when the block raises.
    """
    clean = Clean(key, origins)
    return _vcr(note).use_cassette(path, record_mode="all", record_on_exception=False, before_save_interaction=clean)


def recorded(path: Path) -> AbstractContextManager[Cassette]:
    """Return a cassette to hear: each answer once, in order, to the same call and to no other."""
    return _vcr().use_cassette(path, record_mode="none")


def _vcr(note: str = "") -> VCR:
    vcr = VCR(serializer="lines", match_on=MATCH_ON, before_record_request=_steady, decode_compressed_response=True)
    vcr.register_serializer("lines", Lines(note))
    return vcr


def _steady(request: Request) -> Request:
    """Mask what is another in each run or version, in what is recorded and in what is compared with it."""
    for name, changing in (("Idempotency-Key", r".+"), ("User-Agent", r"(?<=/)\d[^ ]*")):
        if name in request.headers:
            request.headers[name] = re.sub(changing, MASK, request.headers[name])
    return request


@attrs.frozen
class Lines:
    """YAML for people: in the order of the conversation, long texts laid out in lines, a note at the top."""

    note: str

    def serialize(self, cassette: dict[str, Any]) -> str:
        for said in (said for interaction in cassette["interactions"] for said in interaction.values()):
            said["headers"] = {name: _single(values) for name, values in said["headers"].items()}
        text = yaml.dump(cassette, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
        return f"# {self.note}\n{text}"

    def deserialize(self, text: str) -> Any:
        return yaml.safe_load(text)


def _single(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


class _Dumper(yaml.SafeDumper):
    """A dumper that lays a text of several lines out in lines."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


@attrs.frozen
class Clean:
    """Takes out of a conversation what has no place in a cassette; ids are counted in the order in which they come."""

    key: str
    origins: Mapping[str, str]
    ids: dict[str, int] = attrs.field(factory=dict, init=False)

    def __call__(self, request: Request, answer: dict[str, Any]) -> tuple[Request, dict[str, Any]]:
        request.uri = self.text(request.uri)
        request.headers = {name: self.text(value) for name, value in request.headers.items()}
        request.body = self.body(request.body)
        headers = {
            name: [self.text(value) for value in values]
            for name, values in answer["headers"].items()
            if KEPT.fullmatch(name)
        }
        return request, {**answer, "headers": headers, "body": {"string": self.body(answer["body"].get("string"))}}

    def body(self, body: bytes | None) -> str | None:
        """Return a body as text: JSON laid out in lines, anything else as it is."""
        if body is None:
            return None
        text = body.decode("utf-8", "replace")
        try:
            return json.dumps(self.json(json.loads(text)), indent=2, ensure_ascii=False)
        except ValueError:
            return self.text(text)

    def json(self, value: Any) -> Any:
        """Return JSON without what its texts hold, or its names announce, of secrets."""
        match value:
            case dict():
                return {
                    name: MASK if isinstance(inner, str) and PRIVATE_NAME.fullmatch(name) else self.json(inner)
                    for name, inner in value.items()
                }
            case list():
                return [self.json(inner) for inner in value]
            case str():
                return SMALL if FILE.fullmatch(value) else self.text(value)
        return value

    def text(self, text: str) -> str:
        """Return a text without keys, with counted ids and the provider's own address."""
        for form in (self.key, quote(self.key, safe="")):
            text = text.replace(form, MASK)
        for called, own in self.origins.items():
            text = text.replace(called, own)
        text = PRIVATE_QUERY.sub(rf"\1{MASK}", text)
        return ID.sub(self._counted, KEY_LIKE.sub(MASK, text))

    def _counted(self, found: re.Match[str]) -> str:
        """Return the number of an id in the id's own form and length."""
        number = str(self.ids.setdefault(found[0], len(self.ids) + 1))
        return re.sub(r"[0-9A-Fa-f]", "0", found[0])[: -len(number)] + number
