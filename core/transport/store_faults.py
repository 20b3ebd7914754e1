"""What a bucket that fails says, in one sentence and without anything of what was sent: an answer may hold that."""

import re

from anymedia.storage import KEYS, Storage
from anymedia.translate.messages import Lost


def errors() -> tuple[type[Exception], ...]:
    """Return the kinds of errors that obstore raises, ValueError for a name that no object has; loads obstore."""
    from obstore.exceptions import BaseError

    return (BaseError, FileNotFoundError, ValueError)


def told(storage: Storage, location: str, error: Exception) -> Exception:
    """Return what a failed call on an object says; an error of a file of this machine stays as it is."""
    if isinstance(error, OSError) and error.errno:
        return error
    from obstore import exceptions

    text = str(error)
    if _NO_KEYS.search(text):
        why = f"no keys for {storage.url} were found: set {KEYS[storage.scheme]}"
        return Lost(why, sent=False, permanent=True)
    if isinstance(error, FileNotFoundError):
        is_bucket = "NoSuchBucket" in text or "ContainerNotFound" in text
        what = f"the bucket of {storage.url}" if is_bucket else location
        return Lost(f"{what} does not exist", sent=True, permanent=True)
    refused = isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError)
    return Lost(f"{location}: {said(error)}", sent=True, permanent=refused)


def unopened(storage: Storage, error: Exception) -> str:
    """Return why a bucket cannot be asked for anything."""
    if _HALF_A_KEY.search(str(error)):
        return f"one of the keys for {storage.url} was not found: set {KEYS[storage.scheme]}"
    return f"{storage.url}: {said(error)}"


_HALF_A_KEY = re.compile(r"Missing (?:AccessKeyId|SecretAccessKey)")

_NO_KEYS = re.compile(r"/latest/(?:api/token|meta-data)|computeMetadata|metadata/identity")
"""The address at which a machine of the cloud would find keys of its own, where none are set."""

_STATUS = re.compile(r"status code: (\d{3}[\w ]*)")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_QUERY = re.compile(r"\?\S+")
_UNANSWERED = re.compile(r"Error performing \w+ (https?://[^/\s@]+)\S* in [^\n]* - HTTP error: ")


def said(error: Exception) -> str:
    """Return what an error says in one line: the store's status and code, or why there was no answer."""
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    if status is not None:
        return f"answered {status[1].strip()}" + (f" ({code[1]})" if code is not None else "")
    if (unanswered := _UNANSWERED.search(text)) is not None:
        return f"{unanswered[1]} gave no answer"
    return _QUERY.sub("", text.partition("\n")[0].rpartition(" - ")[2])[:200]
