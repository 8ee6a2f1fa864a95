"""Answers as bytes, for questions that differ only in their id, their spelling or what their client adds for itself.

A question is recognised without reading all of it: one name, type and class, and no records but an OPT of version 0 at
most. Its id, the case of its letters (clients randomise it, "0x20") and options such as cookies play no part in an
answer of ours: id and name are put in again as they were asked, options are ignored (RFC 6891 section 6.1.2), but for
the network that a client is said to be in (RFC 7871), which may decide. Whatever else a question holds is left to
whoever can read all of DNS.

Nothing here expires: whoever keeps answers says `forget` when one of them could change.
"""

from __future__ import annotations

ENTRIES = 4096
_HEADER = 12
_ONE_QUESTION, _ONE_AND_OPT = b"\0\1\0\0\0\0\0\0", b"\0\1\0\0\0\0\0\1"
OPT = b"\0\0\x29"
"""How a plainly written OPT record begins: the root's name, and its type."""
_LABEL_MAX, _NAME_MAX = 63, 255
_CLIENT_SUBNET = b"\0\x08"

Key = tuple[bytes, bytes, bytes, int]
"""Flags; the question in lower case; the OPT's payload size, version and flags, b"" without one; the limit."""


def question_end(wire: bytes) -> int:
    """Where the question ends; 0 where there is not exactly one that is plainly written."""
    place, size = _HEADER, len(wire)
    while place < size:
        length = wire[place]
        if length == 0:
            end = place + 5
            return end if end <= size and place - _HEADER < _NAME_MAX else 0
        if length > _LABEL_MAX:
            return 0
        place += length + 1
    return 0


def key_of(wire: bytes, limit: int) -> tuple[Key, int] | None:
    """What an answer depends on, and where the question ends; None for a question that is not of the plain kind."""
    counts = wire[4:_HEADER]
    if counts == _ONE_QUESTION:
        end = question_end(wire)
        if end == 0 or end != len(wire):
            return None
        return (wire[2:4], wire[_HEADER:end].lower(), b"", limit), end
    if counts != _ONE_AND_OPT:
        return None
    end = question_end(wire)
    # root, type 41, payload size (2), extended code, version, flags (2), length of the options (2)
    if end == 0 or wire[end : end + 3] != OPT or len(wire) < end + 11 or wire[end + 5 : end + 7] != b"\0\0":
        return None
    if end + 11 + int.from_bytes(wire[end + 9 : end + 11], "big") != len(wire) or not _of_no_account(wire[end + 11 :]):
        return None
    return (wire[2:4], wire[_HEADER:end].lower(), wire[end + 3 : end + 5] + wire[end + 7 : end + 9], limit), end


def _of_no_account(options: bytes) -> bool:
    """Whether options are as long as they say, and none of them has a part in the answer."""
    place = 0
    while place + 4 <= len(options):
        if options[place : place + 2] == _CLIENT_SUBNET:
            return False
        place += 4 + int.from_bytes(options[place + 2 : place + 4], "big")
    return place == len(options)


class WireCache:
    """A bounded number of answers; when it is full, the older half goes."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._entries = entries
        self._known: dict[Key, bytes] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key, wire: bytes, end: int) -> bytes | None:
        """The answer to a question, under its id and as it was spelled. end: of the question in its wire."""
        known = self._known.get(key)
        if known is None:
            return None
        return wire[:2] + known[2:_HEADER] + wire[_HEADER:end] + known[end:]

    def put(self, key: Key, answer: bytes) -> None:
        """Keep an answer, which must repeat the question."""
        if len(self._known) >= self._entries:
            for old in list(self._known)[: self._entries // 2]:
                del self._known[old]
        self._known[key] = answer

    def forget(self) -> None:
        """Any answer could be another one now."""
        self._known.clear()
