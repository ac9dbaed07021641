"""`assay import wandb` and `assay import tensorboard`: what these loggers left on the disk, taken over."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.imports import importing, take_over, to_server
from assay.exchange.report import Tell


@importing.command("wandb")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--follow-links", is_flag=True, help="Read files that links stand for wherever they lie.")
@to_server
def wandb(
    paths: tuple[Path, ...],
    url: str | None,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    *,
    follow_links: bool,
    as_json: bool,
) -> None:
    """Take over W&B's runs that lie below PATH.

    PATH is a wandb folder, a folder above several, or single run folders: offline-run-* and run-* alike. Neither wandb
    nor its server is needed.
    """
    from assay.exchange.wandb import WandbSource  # noqa: PLC0415 -- only who imports pays for it

    def opened(tell: Tell) -> WandbSource:
        return WandbSource(paths, tell, follow=follow_links)

    take_over(opened, url, home, store, artifacts, as_json=as_json)


@importing.command("tensorboard")
@click.argument("logdir", type=click.Path(path_type=Path))
@click.option("--experiment", default="", metavar="NAME", help="Their experiment. [the name of LOGDIR]")
@to_server
def tensorboard(
    logdir: Path,
    experiment: str,
    url: str | None,
    home: Path | None,
    store: str | None,
    artifacts: str | None,
    *,
    as_json: bool,
) -> None:
    """Take over TensorBoard's runs below LOGDIR: each folder with event files is one, called by its path."""
    from assay.exchange.tensorboard import TensorboardSource  # noqa: PLC0415 -- only who imports pays for it

    take_over(lambda tell: TensorboardSource(logdir, tell, experiment), url, home, store, artifacts, as_json=as_json)
