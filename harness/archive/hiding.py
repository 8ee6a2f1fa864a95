"""Takes the values of secret keys out of configuration files, and puts them back. Pure.

The file keeps its form: in place of a value stands `${secret:KEY}`. Where a value stands is found by its key and by its
text; whether all of them were found is then checked by reading the file again as what it is (TOML, JSON, YAML, lines of
KEY=VALUE): a file in which a secret would stay, or anything else would change, is refused.
"""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.storable_text import json_text
from harness.topology.yaml_reader import reader

SECRET_KEYS = (
    "*secret*", "*password*", "*passwd*", "*passphrase*", "*token", "*token_*", "*tokens", "*api_key*", "*apikey*",
    "*private_key*", "*access_key", "*credential*", "*encryption_key*", "*signing_key*", "*_pat", "*auth_key*",
    "pass", "*_pass", "pwd", "*_pwd", "*seal_key*", "*session_key*", "*master_key*", "*app_key", "*hmac_key*",
    "*cookie_key*", "*jwt_key*", "*license_key*", "*webhook_key*", "*encrypt_key*", "*_sk", "*secretkey*",
)  # fmt: skip
"""Patterns of keys, without regard to case, `-` and `_` the same, and words that are written together by capitals."""
_NOT_SECRET = ("*expir*", "*_url", "*_ttl", "*_type", "*_count", "*_length", "*_size")
_PLACE = re.compile(r"\$\{secret(?P<kind>[:=])(?P<label>[^}\s]+)\}")
_WHOLE = re.compile(r"\"\$\{secret=(?P<whole>[^}\s]+)\}\"|\$\{secret:(?P<label>[^}\s]+)\}")
_END = r"(?=[ \t]*(?:[,}\]#;]|\r?$))"
_LITERAL = r"""(?P<value>"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s,#"'}\]{\[&*|>$][^\n#,}\]]*?)"""
_IN_URL = re.compile(r"(?<=://)(?P<head>[^\s/:@\"']*:)(?P<value>[^\s/@\"'$]+)(?=@)")
_PEM = re.compile(
    r"(?P<head>)(?P<value>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----)", re.DOTALL
)
_SHOPIFY = re.compile(r"(?P<head>\b)(?P<value>shp(?:at|ss|ca|pa|ua|rt|tka|it)_[0-9A-Za-z]{16,})\b")
_OTHERS = re.compile(
    r"(?P<head>\b)(?P<value>(?:gh[pousr]_[0-9A-Za-z]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}"
    r"|[sr]k_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[0-9A-Za-z+/=]{16,}))(?![\w-])"
)
"""Tokens of GitHub, GitLab, Slack and Stripe, by their beginnings."""
_LONG = 8
"""Letters from which on a value is taken out wherever it stands in the file."""


class Unhidden(ValueError):
    """A file whose secrets cannot be taken out; the text says why."""


@dataclass(frozen=True)
class Hidden:
    """text: with places for values; values: by label, as they stood in the file; plain: the secrets themselves."""

    text: str
    values: Mapping[str, str]
    plain: tuple[str, ...]


@dataclass(frozen=True)
class Leaf:
    """A value of a file. key: the last one on the path that is a name."""

    path: tuple[str, ...]
    key: str
    value: Any
    secret: bool

    @property
    def text(self) -> str:
        """The value as text."""
        return self.value if isinstance(self.value, str) else str(self.value)


def is_secret(key: str, more: Sequence[str] = ()) -> bool:
    """Whether the value of a key is secret. more: further patterns."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").replace(".", "_").lower()
    if any(fnmatch.fnmatchcase(words, pattern.replace("-", "_").lower()) for pattern in more):
        return True
    if any(fnmatch.fnmatchcase(words, pattern) for pattern in _NOT_SECRET):
        return False
    return any(fnmatch.fnmatchcase(words, pattern) for pattern in SECRET_KEYS)


def places(text: str) -> list[str]:
    """The labels of values that were taken out of a text."""
    return [found["label"] for found in _PLACE.finditer(text)]


def hidden(name: str, text: str, more: Sequence[str] = ()) -> Hidden:
    """A file without its secrets. name: tells what kind of file it is. Raises Unhidden."""
    if _PLACE.search(text):
        raise Unhidden("it has ${secret:...} in it, which stands for what was taken out")
    parse = _parser(name)
    told = _leaves(parse, text, more)
    state = _Taken(text)
    secret = [leaf for leaf in told if leaf.secret]
    for leaf in sorted(secret, key=lambda one: len(one.text), reverse=True):
        forms = "|".join(map(re.escape, _forms(leaf)))
        state.take(_behind(leaf.key, forms), leaf.key, quotes=parse is not _lines)
        if leaf.path[-1] != leaf.key:
            state.take(_listed(forms), leaf.key, quotes=True)
    if parse is None:
        for key in sorted(_keys_in(text, more), key=len, reverse=True):
            state.take(_behind(key, _LITERAL), key, quotes=False)
    for leaf in secret:
        if len(leaf.text) >= _LONG:
            for form in _escaped(leaf.text):
                state.take(re.compile(f"(?P<head>)(?P<value>{re.escape(form)})"), leaf.key, quotes=False)
    for pattern, label in (
        (_PEM, "private_key"),
        (_IN_URL, "url_password"),
        (_SHOPIFY, "shopify_token"),
        (_OTHERS, "token"),
    ):
        state.take(pattern, label, quotes=False)
    _check(parse, state.text, told, more)
    plain = {leaf.text for leaf in secret} | {_unquoted(value) for value in state.values.values()}
    return Hidden(state.text, state.values, tuple(sorted(filter(None, plain))))


def shown(text: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """The file with the values in their places, and the labels of those that are not known and stay open."""
    open_ones: list[str] = []

    def put(found: re.Match[str]) -> str:
        label = found["whole"] or found["label"]
        if label not in values:
            open_ones.append(label)
        return values.get(label, found[0])

    return _WHOLE.sub(put, text), open_ones


class _Taken:
    """A text from which values are taken out one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[str, str] = {}

    def take(self, pattern: re.Pattern[str], label: str, *, quotes: bool) -> None:
        """What a pattern finds as `value`, behind its `head`. A value in quotes leaves them; quotes: whether one
        without gets some, with its place."""

        def put(found: re.Match[str]) -> str:
            value = found["value"]
            if "${secret" in value:
                return found[0]
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                inner = value[1:-1]
                return f"{found['head']}{value[0]}{self._place(label, inner, ':')}{value[0]}" if inner else found[0]
            if quotes:
                return f'{found["head"]}"{self._place(label, value, "=")}"'
            return found["head"] + self._place(label, value, ":")

        self.text = pattern.sub(put, self.text)

    def _place(self, label: str, value: str, kind: str) -> str:
        label = re.sub(r"[^\w.-]", "_", label)
        fresh, number = label, 1
        while self.values.get(fresh, value) != value:
            number += 1
            fresh = f"{label}.{number}"
        self.values[fresh] = value
        return f"${{secret{kind}{fresh}}}"


def _behind(key: str, literal: str) -> re.Pattern[str]:
    head = rf"""(?P<head>(?<![\w-])["']?{re.escape(key)}["']?[ \t]*[:=][ \t]*)"""
    value = literal if "?P<value>" in literal else f"(?P<value>{literal})"
    return re.compile(head + value + _END, re.MULTILINE)


def _listed(forms: str) -> re.Pattern[str]:
    """An entry of a list."""
    return re.compile(rf"(?P<head>[\[,][ \t]*|^[ \t]*-[ \t]+|^[ \t]+)(?P<value>{forms}){_END}", re.MULTILINE)


def _forms(leaf: Leaf) -> list[str]:
    """How a value may be written."""
    if not isinstance(leaf.value, str):
        return [leaf.text]
    found = [form for text in _escaped(leaf.value) for form in (f'"{text}"', f"'{text}'", text)]
    return sorted(set(found), key=len, reverse=True)


def _escaped(text: str) -> list[str]:
    """A text as it is, and as JSON escapes it."""
    ascii_, plain = json.dumps(text)[1:-1], json_text(text)[1:-1]
    return list(dict.fromkeys((text, plain, ascii_, plain.replace("/", "\\/"), ascii_.replace("/", "\\/"))))


def _leaves(parse: Callable[[str], Any] | None, text: str, more: Sequence[str]) -> list[Leaf]:
    """Every value of a file that can be read as what it is."""
    if parse is None:
        return []
    try:
        return list(_walked(parse(text), (), "", False, more))
    except Exception as error:
        raise Unhidden(f"it cannot be read, so nobody knows which values in it are secret: {error}") from error


def _walked(node: Any, path: tuple[str, ...], key: str, secret: bool, more: Sequence[str]) -> Iterator[Leaf]:
    if isinstance(node, Mapping):
        for name, held in node.items():
            yield from _walked(held, (*path, str(name)), str(name), secret or is_secret(str(name), more), more)
    elif isinstance(node, list | tuple):
        for number, held in enumerate(node):
            yield from _walked(held, (*path, str(number)), key, secret, more)
    else:
        yield Leaf(path, key, node, secret and not isinstance(node, bool) and node is not None and node != "")


def _check(parse: Callable[[str], Any] | None, text: str, told: Sequence[Leaf], more: Sequence[str]) -> None:
    """Raises Unhidden where a secret stays, or where something else has changed."""
    instead = "name the file under secret_files"
    after = _leaves(parse, text, more)
    if [leaf.path for leaf in after] != [leaf.path for leaf in told]:
        raise Unhidden(f"it would not be the same file without its secrets; {instead}")
    for leaf, now in zip(told, after, strict=True):
        if leaf.secret and _PLACE.sub("", now.text):
            raise Unhidden(f"the value of {'.'.join(leaf.path)} is secret and could not be taken out; {instead}")
        if not leaf.secret and now.value != leaf.value and not _PLACE.search(now.text):
            raise Unhidden(f"the value of {'.'.join(leaf.path)} would not stay the same; {instead}")


def _keys_in(text: str, more: Sequence[str]) -> set[str]:
    """The secret keys that a file of any kind seems to have: for those that cannot be read as what they are."""
    return {key for key in re.findall(r"([A-Za-z_][\w-]*)[\"']?[ \t]*[:=]", text) if is_secret(key, more)}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _lines(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        key, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and not key.startswith(("#", ";")):
            found[key.strip()] = _unquoted(value.strip())
    return found


def _parser(name: str) -> Callable[[str], Any] | None:
    """How a file is read; None for one of no kind that is known."""
    last = name.rpartition("/")[2].lower()
    if last == ".env" or last.startswith(".env.") or last.endswith((".env", ".ini", ".properties", ".cfg", ".conf")):
        return _lines
    if last.endswith(".toml"):
        return tomllib.loads
    if last.endswith(".json"):
        return json.loads
    return (lambda text: reader().load(text)) if last.endswith((".yaml", ".yml")) else None
