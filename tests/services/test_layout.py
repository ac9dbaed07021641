"""The checks of `assay.testing.inside` can fail."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.stores.schema import metric_motion as motion
from assay.testing import inside

SCOPE = Scope()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (update(motion).values(batches=motion.c.batches + 1), "batches"),
        (update(motion).values(bytes=motion.c.bytes - 1), "bytes"),
        (delete(motion), "at rest"),
    ],
)
def test_a_tail_that_is_counted_wrongly_is_found(house: Any, change: Any, says: str) -> None:
    uid = house.runs.create(SCOPE, 0, name="run").run.uid
    for step in range(3):
        house.runs.log(SCOPE, Logged(uid, ["loss"], [1.0], [step], [0])).result()
    id = house.runs.head(SCOPE, uid).id
    inside.check(inside.layout(house.store, id))
    house.store.write(lambda unit: unit.connection.execute(change.where(motion.c.owner_id == id)).rowcount)
    with pytest.raises(AssertionError, match=says):
        inside.check(inside.layout(house.store, id))
