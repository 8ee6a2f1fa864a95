"""The TLS of a connection, made from what a configuration says of it."""

from __future__ import annotations

import ssl
from functools import lru_cache

from harness.errors import InputError
from harness.kit.tls import Tls


def context_of(tls: Tls) -> ssl.SSLContext:
    """The same one each time. Raises InputError for a file that has no certificates."""
    return _context(tls.ca_file, tls.verify)


@lru_cache(maxsize=16)
def _context(ca_file: str | None, verify: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"{ca_file}: no certificates can be read from it: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
