"""Console lines in their table: few rows, each line once whoever sends beside, examined and moved with the rest."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from support.postgres import fresh_database
from support.stores import random

from assay.core.console import LINES
from assay.core.scope import Scope
from assay.core.tracking import ConsoleLine, Stream, Writer
from assay.services.console import ConsoleService
from assay.services.imports import ImportService
from assay.services.runs import RunService
from assay.stores.catalogs import PostgresCatalog, SqliteCatalog
from assay.stores.console import table
from assay.stores.postgres import PostgresStore
from assay.stores.sqlite import SqliteStore
from assay.testing.house import new_uid

SCOPE = Scope()


def new_run(store: Any) -> str:
    return RunService(store, new_uid).create(SCOPE, 0, name="run").run.uid


def lines(first: int, count: int, who: str = "w") -> list[ConsoleLine]:
    return [ConsoleLine(Stream.STDOUT, at, f"{who} {at}") for at in range(first, first + count)]


def row_count(store: Any) -> int:
    with store.read() as unit:
        return int(unit.connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_lines_sent_one_by_one_share_rows(house: Any) -> None:
    console, uid = ConsoleService(house.store), new_run(house.store)
    for at in range(300):
        console.append(SCOPE, uid, Writer("w", "points", 0, at), lines(at, 1))
    assert row_count(house.store) == 1
    for at in range(300, 300 + 5 * LINES, LINES):
        console.append(SCOPE, uid, Writer("w", "points", 0, at), lines(at, LINES))
    assert row_count(house.store) == 6
    assert console.read(SCOPE, uid).items == lines(0, 300 + 5 * LINES)
    console.append(SCOPE, uid, Writer("v", "points", 0, 0), lines(0, 1))
    assert row_count(house.store) == 7  # a row has one writer


def test_ranks_that_print_together_lose_and_double_nothing(house: Any) -> None:
    console, uid = ConsoleService(house.store), new_run(house.store)
    faults: list[BaseException] = []

    def rank(name: str) -> None:
        try:
            for at in range(0, 60, 3):
                for _ in range(2):  # each is sent twice
                    console.append(SCOPE, uid, Writer(name, "points", 0, at), lines(at, 3, name))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=rank, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    found: list[str] = []
    position: str | None = None
    while any(thread.is_alive() for thread in threads):
        page = console.read(SCOPE, uid, after=position, limit=7)
        found, position = found + [line.text for line in page.items], page.position
    for thread in threads:
        thread.join(30)
    assert faults == []
    found += [line.text for line in console.read(SCOPE, uid, after=position).items]
    assert sorted(found) == sorted(line.text for name in "abcd" for line in lines(0, 60, name))


def untold(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def test_a_catalog_moves_with_its_console_and_imports(tmp_path: Path, database_server: Any) -> None:
    address, source = fresh_database(database_server), tmp_path / "source.db"
    with closing(SqliteStore(source, "s", random)) as store:
        uid = new_run(store)
        ConsoleService(store).append(SCOPE, uid, Writer("w", "points", 0, 0), lines(0, 2_500))
        RunService(store, new_uid).stop(SCOPE, uid)
        ImportService(store).put(SCOPE, "model", "mlflow", "clf", {"a": 1})
        head = RunService(store, new_uid).head(SCOPE, uid)
    PostgresCatalog(address).replace(source, untold)
    back = tmp_path / "back.db"
    PostgresCatalog(address).snapshot(back, untold)
    for opened in (PostgresStore(address, "p", random), SqliteStore(back, "b", random)):
        with closing(opened) as store:
            assert ConsoleService(store).read(SCOPE, uid).items == lines(0, 2_500)
            assert RunService(store, new_uid).head(SCOPE, uid) == head
            assert [row.name for row in ImportService(store).search(SCOPE).items] == ["clf"]
    for catalog in (PostgresCatalog(address), SqliteCatalog(back)):
        assert list(catalog.examine(untold, quick=False)) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_damaged_lines_are_told_and_ownerless_ones_deleted(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store: Any
    catalog: Any
    if engine == "postgresql":
        address = fresh_database(request.getfixturevalue("database_server"))
        store, catalog = PostgresStore(address, "p", random), PostgresCatalog(address)
    else:
        path = tmp_path / "assay.db"
        store, catalog = SqliteStore(path, "s", random), SqliteCatalog(path)
    with closing(store):
        console, (damaged, short, gone) = ConsoleService(store), [new_run(store) for _ in range(3)]
        for uid in (damaged, short, gone):
            console.append(SCOPE, uid, Writer("w", "points", 0, 0), lines(0, 5))
        ids = {uid: RunService(store, new_uid).head(SCOPE, uid).id for uid in (damaged, short, gone)}

        def work(unit: Any) -> None:
            for uid, values in ((damaged, {"payload": b"?" * 40}), (short, {"count": 6}), (gone, {"owner_id": 5})):
                unit.connection.execute(update(table).where(table.c.owner_id == ids[uid]).values(**values))

        store.write(work)
    found = list(catalog.examine(untold, quick=False))
    told = {(fault.kind, fault.subject): fault.message for fault in found}
    assert set(told) == {
        ("console", f"console:{ids[damaged]}"),
        ("console", f"console:{ids[short]}"),
        ("reference", "console.owner_id"),
    }
    assert "5 lines where the row says 6" in told["console", f"console:{ids[short]}"]
    catalog.repair(found)
    assert {fault.kind for fault in catalog.examine(untold, quick=False)} == {"console"}
