"""The strict base of every configuration and file model, and how mistakes are told: all at once, each by its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from harness.errors import InputError
from harness.kit.wording import is_consequence, wanted, wording

Text = Annotated[str, Field(strict=True, min_length=1)]
Count = Annotated[int, Field(strict=True, ge=1)]
Seconds = Annotated[float, Field(strict=True, gt=0, lt=1e9)]

Model = TypeVar("Model", bound="Strict")


_NUMBERS = frozenset({"int", "float"})
_NO_SCHEMAS = frozenset({"default", "metadata", "serialization", "config"})
"""Keys of pydantic's description of a type under which no types of values stand."""


def _take_only_numbers(node: Any) -> None:
    """Every number within a type's description is strict: pydantic would take `true` for 1, and "1_0" for 10.

    The switch for it on a whole model is of no use here: it would refuse lists for tuples, and texts for paths.
    """
    if isinstance(node, dict):
        if node.get("type") in _NUMBERS:
            node["strict"] = True
        for key, held in node.items():
            if key not in _NO_SCHEMAS:
                _take_only_numbers(held)
    elif isinstance(node, list | tuple):
        for held in node:
            _take_only_numbers(held)


class Strict(BaseModel):
    """A frozen value whose every key is known: a misspelt one is a mistake, and so is `true` or a text for a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        found = handler(source)
        _take_only_numbers(found)
        return found


def parsed(model: type[Model], value: object, root: str) -> Model:
    """`value` (what JSON holds) as a model. root: how messages call the whole. Raises InputError."""
    try:
        return model.model_validate(dict(value) if isinstance(value, Mapping) else value)
    except ValidationError as error:
        raise refusal(error, root, model) from error


def refusal(error: ValidationError, root: str, model: Any = None) -> InputError:
    """What is wrong, as `root.key.sub: message`, one problem for each wrong key. model: whose keys are allowed."""
    return InputError(
        *(
            f"{'.'.join((root, *map(str, item['loc'])))}: {wording(item)}{_allowed(item, model)}"
            for item in error.errors(include_url=False)
            if not is_consequence(item)
        )
    )


def refuse_misfit(model: type[BaseModel], field: str, value: object) -> None:
    """Raises ValueError, with what is wanted, for what one field of a model would not take."""
    try:
        model.model_validate({field: value})
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["loc"][:1] == (field,):
                raise ValueError(wanted(item)) from None


def _allowed(item: Any, model: Any) -> str:
    if item["type"] != "extra_forbidden":
        return ""
    keys = keys_at(model, item["loc"][:-1])
    return f"; allowed: {', '.join(keys)}" if keys else ""


def keys_at(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place, in alphabetical order."""
    return sorted({key for found in _models_at(model, location) for key in found.model_fields})


def _models_at(annotation: Any, location: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """The models that may stand at a place; steps that are no field (indices, keys, tags) lead into the same ones."""
    models = list(_models_in(annotation))
    for step in location:
        fields = [model.model_fields[step].annotation for model in models if step in model.model_fields]
        if fields:
            models = [found for field in fields for found in _models_in(field)]
    return models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
