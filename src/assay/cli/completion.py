"""`assay completion`: what a shell evaluates to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from assay.cli.root import cli


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete assay's commands, such as: eval "$(assay completion bash)"."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "assay", "_ASSAY_COMPLETE").source())
