"""The command group, and how errors are shown."""

from __future__ import annotations

import json
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
            if ctx.meta.get("assay.json"):
                told = {"code": error.code, "message": error.message, "field": error.field, "remedy": error.remedy}
                click.echo(json.dumps({"error": told}), err=True)
                ctx.exit(1)
            remedy = f"\n  What to do: {error.remedy}" if error.remedy else ""
            raise click.ClickException(f"{error.message}{remedy}") from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="assay-ml")
def cli() -> None:
    """Assay: version control for machine learning."""


from assay.cli import (  # noqa: E402 -- each adds its commands to the group above
    audit,  # noqa: F401
    audit_verify,  # noqa: F401
    backup,  # noqa: F401
    completion,  # noqa: F401
    console,  # noqa: F401
    demo,  # noqa: F401
    doctor,  # noqa: F401
    export,  # noqa: F401
    gc,  # noqa: F401
    import_loggers,  # noqa: F401
    imports,  # noqa: F401
    login,  # noqa: F401
    purge,  # noqa: F401
    retention,  # noqa: F401
    runs,  # noqa: F401
    settings,  # noqa: F401
    show,  # noqa: F401
    stop,  # noqa: F401
    sync,  # noqa: F401
    tokens,  # noqa: F401
    up,  # noqa: F401
    users,  # noqa: F401
    workspaces,  # noqa: F401
)
