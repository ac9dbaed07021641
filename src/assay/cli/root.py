"""The command group, and how errors are shown."""

from __future__ import annotations

from typing import Any

import click

from assay.wire.errors import AssayError


class Group(click.Group):
    """Shows an AssayError as one line and its remedy as another, with exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except AssayError as error:
            remedy = f"\n  What to do: {error.remedy}" if error.remedy else ""
            raise click.ClickException(f"{error.message}{remedy}") from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="assay-ml")
def cli() -> None:
    """Assay: version control for machine learning."""


from assay.cli import demo, runs, up  # noqa: E402, F401 -- each adds its commands to the group above
