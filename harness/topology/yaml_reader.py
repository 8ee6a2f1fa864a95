"""How YAML from anywhere is read: with lines, without riddles, and refused before it costs more than it says."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scanner import RoundTripScanner, ScannerError

from harness.errors import InputError, Problem

DEPTH_MAX = 100
"""Mappings and lists within each other. Nothing that is read here needs ten, and what a reader takes grows with its
square."""
WITHIN_ITSELF = "contains itself: an alias in it (`*name`) leads back to it"


class _Constructor(RoundTripConstructor):
    """`&name true` is true, and no number: what keeps the name is made of whole numbers, and would pass for one.

    What contains itself is refused where it begins; the usual reader takes some of it for nothing (null).
    """

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if node in self.recursive_objects and node not in self.constructed_objects:
            raise ConstructorError(None, None, WITHIN_ITSELF, node.start_mark)
        return super().construct_object(node, deep=deep)


_Constructor.add_constructor("tag:yaml.org,2002:bool", SafeConstructor.construct_yaml_bool)


class _Scanner(RoundTripScanner):
    """Goes no deeper than it must."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        self._refuse_depth(len(self.flow_context) + 1)
        super().fetch_flow_collection_start(TokenClass, to_push)

    def add_indent(self, column: int) -> bool:
        self._refuse_depth(len(self.indents))
        return bool(super().add_indent(column))

    def _refuse_depth(self, depth: int) -> None:
        if depth > DEPTH_MAX:
            raise ScannerError(None, None, f"more than {DEPTH_MAX} levels deep", self.reader.get_mark())


def reader(*, as_kubernetes: bool = False) -> YAML:
    """For one document. as_kubernetes: YAML 1.1, in which an unquoted `y` is true."""
    found = YAML(typ="rt", pure=True)
    found.Constructor = _Constructor
    found.Scanner = _Scanner
    if as_kubernetes:
        found.version = (1, 1)
    return found


def loaded(file: str, text: str) -> Any:
    """One document, of a file that somebody brought. Raises InputError, with the line."""
    try:
        return reader().load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        said = (error.problem if isinstance(error, MarkedYAMLError) else None) or error
        raise InputError(
            Problem(
                file, None if mark is None else int(mark.line) + 1, f"this is no YAML: {' '.join(str(said).split())}"
            )
        ) from error
