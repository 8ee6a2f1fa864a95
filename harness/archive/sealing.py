"""Keeps secrets encrypted: Fernet (https://github.com/fernet/spec: AES-128-CBC with HMAC-SHA-256), one key for all.

The same secret sealed again would look another one, and every backup would be a new state: so a seal is made anew only
where what it holds has changed.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken

from harness.errors import InputError


class Seal:
    """key: 32 bytes in URL-safe base64, as `new_key` makes them. Raises InputError for any other."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key.strip().encode("ascii"))
        except ValueError as error:
            raise InputError("seal_key: it is no key; `drill backup key` makes one") from error

    def sealed(self, content: bytes, before: bytes | None) -> bytes:
        """A content, sealed. before: a seal that is kept where it holds the same."""
        if before is not None:
            try:
                if self.opened(before) == content:
                    return before
            except InputError:
                pass  # another key was used: it is sealed anew by this one
        return self._fernet.encrypt(content)

    def opened(self, sealed: bytes) -> bytes:
        """What a seal holds. Raises InputError where the key does not open it."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise InputError(
                "seal_key: it does not open what was sealed: another key was used, or it is damaged"
            ) from error


def new_key() -> str:
    """A new key."""
    return Fernet.generate_key().decode("ascii")
