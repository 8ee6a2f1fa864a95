"""`drill env`."""

import typer

app = typer.Typer()
