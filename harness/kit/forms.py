"""Texts of a certain form, whose form is told in words where one has another; the JSON Schema has the expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

NOT_OF_THE_FORM = "not_of_the_form"
"""The type of the mistake, as pydantic calls such things."""


@dataclass(frozen=True)
class Form:
    """For `Annotated[str, Form(...)]`. pattern: of the whole text; words: what is wanted, as a message says it."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Checked after whatever else is said of the text."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """As a schema of JSON says it."""
        return {**handler(schema), "pattern": self.pattern}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise PydanticCustomError(NOT_OF_THE_FORM, "{wanted}", {"wanted": self.words})
        return text
