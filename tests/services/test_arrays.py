"""Arrays as they are written for PostgreSQL come back as they were."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, Double, LargeBinary, MetaData, Table, Text
from support.postgres import fresh_database

from assay.stores.delta import POSTGRES

TABLE = Table(
    "array_row",
    MetaData(),
    Column("number", BigInteger),
    Column("text", Text),
    Column("content", LargeBinary),
    Column("value", Double),
    Column("truth", Boolean),
)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.text(CHARACTERS) | st.text("{}\",\\' \n\tNUL"),
        st.none() | st.binary(),
        st.none() | st.floats(),
        st.none() | st.booleans(),
    ),
    min_size=1,
)


@pytest.fixture(scope="module")
def cursor(database_server: Any) -> Iterator[psycopg.Cursor[Any]]:
    """In a database that has the table."""
    with psycopg.connect(fresh_database(database_server), autocommit=True) as connection, connection.cursor() as made:
        made.execute(
            "CREATE TABLE array_row (number bigint, text text, content bytea, value double precision, truth boolean)"
        )
        yield made


def same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two rows are; no NaN equals another."""
    return all(
        a == b or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))
        for a, b in zip(one, other, strict=True)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_rows_come_back_as_they_were(cursor: psycopg.Cursor[Any], rows: list[tuple[Any, ...]]) -> None:
    statement, values = POSTGRES.insert_rows(TABLE, rows)
    cursor.execute("DELETE FROM array_row")
    found = cursor.execute(f"{statement} RETURNING number, text, content, value, truth", values).fetchall()
    assert len(found) == len(rows)
    assert all(map(same, found, rows))


@pytest.mark.parametrize(("text", "error"), [("a\0b", psycopg.DataError), ("\ud800", UnicodeEncodeError)])
def test_a_text_that_cannot_be_held_is_refused(cursor: psycopg.Cursor[Any], text: str, error: type[Exception]) -> None:
    statement, values = POSTGRES.insert_rows(TABLE, [(1, text, b"", 0.5, True)])
    with pytest.raises(error):
        cursor.execute(statement, values)
