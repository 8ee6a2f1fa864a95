"""The subcommands of `drill`, each loaded when it is asked for: all of them together take most of a second."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

TYPED: Mapping[str, tuple[str, str]] = {
    "run": ("run", "run"),
    "list": ("listing", "list_drills"),
    "steps": ("steps", "list_steps"),
    "watch": ("watch", "watch"),
    "report": ("report", "report"),
    "compare": ("compare", "compare"),
    "matrix": ("matrix", "matrix"),
    "verify": ("verify", "verify"),
    "diff": ("diff", "diff"),
    "reconcile": ("reconcile", "reconcile"),
    "restore": ("restore", "restore"),
    "heal": ("heal", "heal"),
    "install": ("install", "install"),
    "doctor": ("doctor", "doctor"),
    "schema": ("schema", "schema"),
    "backup": ("backup", "app"),
    "dns": ("dns", "app"),
    "env": ("env", "app"),
    "history": ("history", "app"),
    "schedule": ("schedule", "app"),
}
"""What is typed, in the order of the help: a module of this package, and what there is the command, or a group."""


class Subcommands(TyperGroup):
    """A group whose commands are those of TYPED."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.commands = cast("MutableMapping[str, Any]", _Loading(self.rich_markup_mode))


class _Loading(Mapping[str, Any]):
    """By name; a value is loaded when it is looked up."""

    def __init__(self, markup: Any) -> None:
        self._markup = markup
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = get_command(self._typer(name))
            self._loaded[name].name = name
        return self._loaded[name]

    def _typer(self, name: str) -> typer.Typer:
        module, attribute = TYPED[name]
        loaded = importlib.import_module(f"harness.cli.{module}")
        found = getattr(loaded, attribute)
        if isinstance(found, typer.Typer):
            return found
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=self._markup)
        alone.command(name, epilog=loaded.EXAMPLES)(found)
        return alone

    def __contains__(self, name: object) -> bool:
        return name in TYPED

    def __iter__(self) -> Iterator[str]:
        return iter(TYPED)

    def __len__(self) -> int:
        return len(TYPED)


def load_typed() -> None:
    """Load the one that was typed: before anything is started, since a module should not be interrupted half way."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if words and words[0] in TYPED:
        importlib.import_module(f"harness.cli.{TYPED[words[0]][0]}")
