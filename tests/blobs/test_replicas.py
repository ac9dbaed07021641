"""Collections beside writers, on several replicas over one PostgreSQL and one bucket."""

from __future__ import annotations

import os
import random
import secrets
import threading
from collections.abc import Callable
from typing import Any

import pytest
from support.length import length
from support.postgres import fresh_database

from assay.services.collection import FRESH_US
from assay.stores.postgres import PostgresStore
from assay.testing.files import FileHouse
from assay.wire.errors import NotFound


@pytest.mark.parametrize("open_blobs", ["s3"], indirect=True)
def test_a_collection_takes_nothing_from_writers(open_blobs: Callable[[], Any], database_server: Any) -> None:
    """Without any grace for garbage: the same few contents are logged, deleted and logged again meanwhile."""
    address = fresh_database(database_server)
    houses = []
    for name in ("one", "two", "three"):
        store: Any = PostgresStore(address, name, lambda: secrets.randbits(18))
        blobs = open_blobs()
        houses.append(FileHouse(store, blobs))
    contents = [os.urandom(100) for _ in range(4)]
    kept: dict[str, bytes] = {}
    failures: list[BaseException] = []
    done = threading.Event()

    def write(house: FileHouse, number: int) -> None:
        chance = random.Random(number)
        try:
            for step in range(length(60, 1_000)):
                path, data = f"{number}/{step % 5}", chance.choice(contents)
                house.put(path, data)
                kept[path] = data
                assert house.get(path) == data
                if chance.random() < 0.5:
                    house.delete(path)
                    del kept[path]
        except BaseException as error:
            failures.append(error)

    def sweep(house: FileHouse) -> None:
        try:
            while not done.is_set():
                house.collect(0, FRESH_US)
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(houses[number % 2], number)) for number in range(4)]
    sweepers = [threading.Thread(target=sweep, args=(houses[number],)) for number in (1, 2)]
    for thread in writers + sweepers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sweepers:
        thread.join()
    assert failures == []
    for path, data in kept.items():
        assert houses[2].get(path) == data
    houses[0].collect()
    assert houses[0].held() == {row[0] for row in houses[0].sql("SELECT blob_id FROM tree_entry")}
    with pytest.raises(NotFound):
        houses[0].get("no/such")
    for house in houses:
        house.store.close()
