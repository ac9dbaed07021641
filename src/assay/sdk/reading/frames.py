"""Columns as frames of the libraries that people use; each is theirs, and imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Columns = Mapping[str, Sequence[Any]]


class Framed:
    """What has columns, as frames. They raise ImportError where the library is not installed."""

    def columns(self) -> Columns:
        """The columns by name, of equal length."""
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of the columns."""
        import pandas as pd  # noqa: PLC0415 -- the user's, as the next two

        return pd.DataFrame({name: list(column) for name, column in self.columns().items()})

    def to_polars(self) -> Any:
        """A polars.DataFrame of the columns."""
        import polars as pl  # noqa: PLC0415

        return pl.DataFrame({name: list(column) for name, column in self.columns().items()}, infer_schema_length=None)

    def to_arrow(self) -> Any:
        """A pyarrow.Table of the columns."""
        import pyarrow as pa  # noqa: PLC0415

        return pa.table({name: list(column) for name, column in self.columns().items()})
