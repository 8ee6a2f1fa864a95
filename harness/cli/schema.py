"""`drill schema`: the JSON Schemas of the files that people write, and their reference page."""

from __future__ import annotations

import json
from typing import Annotated

import typer

EXAMPLES = """
Examples:

`drill schema subject > subject.schema.json`, and in the file: `# yaml-language-server: $schema=subject.schema.json`

`drill schema environment`

`drill schema reference > docs/REFERENCE.md`
"""


def schema(
    what: Annotated[str, typer.Argument(help="subject, environment, or reference: the page that describes both.")],
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from harness.errors import InputError
    from harness.topology.reference import page
    from harness.topology.schema import SCHEMAS

    if what == "reference":
        typer.echo(page(), nl=False)
    elif what in SCHEMAS:
        typer.echo(json.dumps(SCHEMAS[what](), indent=2))
    else:
        raise InputError(f"no schema of {what}; one of: {', '.join((*SCHEMAS, 'reference'))}")
