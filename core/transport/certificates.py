"""Certificates: whom to trust, and what is wrong with one that is not."""

import ssl
from functools import cache
from pathlib import Path

from .faults import Permanent

SETTING = "ca_file in anymedia.toml (or SSL_CERT_FILE) names certificates to trust beside the system's"

_WRONG = {
    9: "is not valid yet (is this machine's clock right?)",
    10: "has expired (or this machine's clock is wrong)",
    18: "is self-signed",
    19: "comes from an authority that this machine does not know (a chain with a self-signed root)",
    20: "comes from an authority that this machine does not know",
    21: "comes from an authority that this machine does not know",
    23: "was revoked",
    62: "is for another host name",
    64: "is for another address",
}
"""What OpenSSL's codes for a certificate say (X509_V_ERR_…)."""


@cache
def trusting(ca_file: Path) -> ssl.SSLContext:
    """Return what trusts the system's certificates and those of a file or folder. Errors: Permanent naming it."""
    context = ssl.create_default_context()
    try:
        if ca_file.is_dir():
            context.load_verify_locations(capath=ca_file)
        else:
            context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        why = "holds no certificates" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None) or error
        raise Permanent(
            f"the file of certificates {ca_file} (ca_file, SSL_CERT_FILE or REQUESTS_CA_BUNDLE): {why}"
        ) from None
    return context


def what_is_wrong(host: str, error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with the certificate of a host."""
    code = getattr(error, "verify_code", None)
    said = _WRONG.get(code or 0) or f"is not valid: {getattr(error, 'verify_message', '') or 'nobody says why'}"
    return f"the certificate of {host} {said}; {SETTING}"
