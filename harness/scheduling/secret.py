"""Secrets by where they are: `env:NAME`, `file:PATH`, or the text itself. They are looked up where bytes are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import InputError
from harness.regular_files import open_text
from harness.wire.masking import HIDDEN

ENV, FILE = "env:", "file:"
LONGEST = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def check(reference: str, what: str) -> None:
    """Raises InputError for a reference that names nothing. what: for messages."""
    if reference.startswith(ENV) and not _NAME.fullmatch(reference.removeprefix(ENV)):
        raise InputError(f"{what} {reference}: must be {ENV} and the name of a variable")
    if reference.startswith(FILE) and not Path(reference.removeprefix(FILE)).is_absolute():
        raise InputError(f"{what} {reference}: must be {FILE} and an absolute path; a scheduled job runs anywhere")


def is_reference(text: str) -> bool:
    """Whether a text only says where the secret is."""
    return text.startswith((ENV, FILE))


def variable(reference: str) -> str | None:
    """The variable that it is in, if it is in one."""
    return reference.removeprefix(ENV) if reference.startswith(ENV) else None


def looked_up(reference: str, variables: Mapping[str, str], what: str) -> str:
    """The secret itself. Raises InputError that does not tell it."""
    if reference.startswith(ENV):
        name = reference.removeprefix(ENV)
        found = variables.get(name, "")
        told = f"the variable {name}"
    elif reference.startswith(FILE):
        told = reference.removeprefix(FILE)
        try:
            with open_text(Path(told)) as file:
                found = file.read(LONGEST + 1).strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise InputError(f"{what}: {told} cannot be read: {why}") from None
    else:
        return reference
    if not found or len(found) > LONGEST:
        raise InputError(f"{what}: {told} is {'empty' if not found else 'too long'}")
    return found


def check_url(url: str, what: str) -> str:
    """An address for a webhook. Raises InputError that does not tell it, for it may be a secret."""
    try:
        parts = urlsplit(url)
        port_known = parts.port is None or parts.port > 0
    except ValueError:
        raise InputError(f"{what}: is no address (http:// or https://, a host, a path)") from None
    whole = parts.scheme in ("http", "https") and parts.hostname and port_known
    if not whole or len(url) > LONGEST or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise InputError(f"{what}: is no address (http:// or https://, a host, a path)")
    return url


def shown(reference: str) -> str:
    """How an address is told: by where it is, or by its host alone, for the rest of a webhook's address is its key."""
    if is_reference(reference):
        return reference
    try:
        parts = urlsplit(reference)
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{host}/{HIDDEN}"
