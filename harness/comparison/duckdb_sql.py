"""What DuckDB can say of an item by itself: its key, and that its form is certainly valid; `canonical` judges the rest.

A regular expression takes the items that are nested no deeper than most are; what it does not take may be valid all the
same. It relies on the text being JSON without spaces, which is what DuckDB makes of what it has parsed: so commas need
no counting, and `"SS":[` cannot stand within a string, where its quotes would have a backslash before them.
"""

from __future__ import annotations

_STRING = r'"(?:[^"\\]|\\.)*"'
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_CANONICAL_NUMBER = r"0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9]"
_BINARY_END = "[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]="
_BINARY = f"(?:[A-Za-z0-9+/]{{4}})*(?:{_BINARY_END})?"
"""In the one spelling that `canonical.binary` makes; numbers of sets as well, so that equal ones are equal texts."""
_SETS = rf'"SS":\[(?:{_STRING},?)+\]|"NS":\[(?:"(?:{_CANONICAL_NUMBER})",?)+\]|"BS":\[(?:"{_BINARY}",?)+\]'
_SCALARS = (
    rf'"S":{_STRING}|"N":"{_NUMBER}"|"BOOL":(?:true|false)|"NULL":(?:true|false)|"B":"{_BINARY}"|{_SETS}'
    r'|"L":\[\]|"M":\{\}'
)
_ANY_SET = rf'"[SNB]S":(\[(?:{_STRING},?)+\])'
_DEPTH = 4
"""The expression grows threefold with each; its speed does not depend on it."""


def _values(depth: int) -> str:
    """The inside of the braces of a value."""
    if not depth:
        return f"(?:{_SCALARS})"
    inner = _values(depth - 1)
    return rf'(?:{_SCALARS}|"L":\[(?:\{{{inner}\}},?)*\]|"M":\{{(?:{_STRING}:\{{{inner}\}},?)*\}})'


_ITEM = rf"\{{(?:{_STRING}:\{{{_values(_DEPTH)}\}},?)*\}}"
_STRING_KEY, _NUMBER_KEY = r'\{"S":"(?:[^"\\]|\\.)+"\}', rf'\{{"N":"{_NUMBER}"\}}'
_BINARY_KEY = rf'\{{"B":"(?:(?:[A-Za-z0-9+/]{{4}})+(?:{_BINARY_END})?|{_BINARY_END})"\}}'


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


MACROS = rf"""
CREATE TEMP MACRO digits_of(t) AS regexp_extract(t, '^[+-]?([0-9]*)\.?([0-9]*)', 1)
    || regexp_extract(t, '^[+-]?([0-9]*)\.?([0-9]*)', 2);
CREATE TEMP MACRO exponent_of(t) AS coalesce(try_cast(regexp_extract(t, '[eE]([+-]?[0-9]+)$', 1) AS BIGINT), 0)
    - length(regexp_extract(t, '^[+-]?[0-9]*\.?([0-9]*)', 1));
CREATE TEMP MACRO number_key(t) AS CASE WHEN ltrim(digits_of(t), '0') = '' THEN '0e0' ELSE
    (CASE WHEN t[1] = '-' THEN '-' ELSE '' END) || rtrim(ltrim(digits_of(t), '0'), '0') || 'e' ||
    (exponent_of(t) + length(digits_of(t)) - length(rtrim(digits_of(t), '0'))) END;
CREATE TEMP MACRO key_part(v) AS CASE
    WHEN regexp_full_match(CAST(v AS VARCHAR), {quoted(_STRING_KEY)}, 's') THEN 'S' || (v->>'$.S')
    WHEN regexp_full_match(CAST(v AS VARCHAR), {quoted(_NUMBER_KEY)}) THEN 'N' || number_key(v->>'$.N')
    WHEN regexp_full_match(CAST(v AS VARCHAR), {quoted(_BINARY_KEY)}) THEN 'B' || (v->>'$.B') END;
CREATE TEMP MACRO key_kind(v) AS substr(CAST(v AS VARCHAR), 3, 1);
CREATE TEMP MACRO repeats(t) AS list_unique(CAST(CAST(t AS JSON) AS VARCHAR[])) < json_array_length(CAST(t AS JSON));
CREATE TEMP MACRO is_plain(t) AS regexp_full_match(t, {quoted(_ITEM)}, 's') AND NOT (contains(t, 'S":[')
    AND list_bool_or(list_transform(regexp_extract_all(t, {quoted(_ANY_SET)}, 1), lambda one: repeats(one))));
CREATE TEMP MACRO odd(v) AS CASE WHEN v IS NULL OR coalesce(is_plain(CAST(v AS VARCHAR)), false) THEN NULL ELSE v END;
"""
"""key_part: as `canonical.key_of` makes it, NULL for what is no key or another spelling of one; key_kind: its type's
letter; odd: the item where its form must be judged by `canonical`, else NULL."""
