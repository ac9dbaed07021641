"""Run groups and foreign names in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.stores import schema
from assay.wire.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

group, member, foreign = schema.run_group, schema.run_group_member, schema.external_name


class GroupStore:
    """See `assay.ports.store.Groups`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def find(self, scope: Scope, experiment_id: int, name: str) -> int | None:
        """The id of the experiment's group of this name, if there is one."""
        if scope.hides(experiment_id):
            return None
        return self._connection.execute(
            select(group.c.id).where(
                group.c.workspace_id == scope.workspace_id,
                group.c.experiment_id == experiment_id,
                group.c.name == name,
            )
        ).scalar_one_or_none()

    def ensure(self, scope: Scope, experiment_id: int, name: str) -> int:
        """The id of the experiment's group of this name, made if there was none."""
        if scope.hides(experiment_id):
            raise NotFound(f"No Experiment with id={experiment_id} exists", field="experiment_id")
        scope.require(experiment_id)
        found = self.find(scope, experiment_id, name)
        if found is not None:
            return found
        now = self._unit.now_us()
        statement = self._unit.delta.insert(group).values(
            id=make_id(Kind.GROUP, now, self._unit.random()),
            workspace_id=scope.workspace_id,
            experiment_id=experiment_id,
            name=name,
            created_us=now,
        )
        self._connection.execute(statement.on_conflict_do_nothing())
        return self.ensure(scope, experiment_id, name)  # ours, or that of who came first

    def join(self, group_id: int, run_id: int) -> None:
        """The run is a member; it may be one of many groups."""
        statement = self._unit.delta.insert(member).values(
            group_id=group_id, run_id=run_id, joined_us=self._unit.now_us()
        )
        self._connection.execute(statement.on_conflict_do_nothing())

    def leave(self, group_id: int, run_id: int) -> None:
        """The run is no member."""
        self._connection.execute(delete(member).where(member.c.group_id == group_id, member.c.run_id == run_id))

    def members(self, scope: Scope, group_id: int) -> list[str]:
        """The uids of the members, oldest first."""
        query = (
            select(schema.run.c.uid)
            .join(member, member.c.run_id == schema.run.c.id)
            .where(member.c.group_id == group_id, schema.run.c.workspace_id == scope.workspace_id)
            .order_by(member.c.joined_us, schema.run.c.id)
        )
        if closed := scope.closed:
            query = query.where(schema.run.c.experiment_id.not_in(closed))
        return list(self._connection.scalars(query))

    def of_run(self, scope: Scope, run_id: int) -> list[str]:
        """The names of the run's groups, in order."""
        query = (
            select(group.c.name)
            .join(member, member.c.group_id == group.c.id)
            .where(member.c.run_id == run_id, group.c.workspace_id == scope.workspace_id)
            .order_by(group.c.name)
        )
        if closed := scope.closed:
            query = query.where(group.c.experiment_id.not_in(closed))
        return list(self._connection.scalars(query))


class NameStore:
    """See `assay.ports.store.Names`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def bind(self, scope: Scope, kind: str, dialect: str, container: str, name: str, id: int, *, fold: bool) -> None:
        """The foreign name means this id from now on. Raises AlreadyExists if it means another."""
        folded = name.casefold() if fold else name
        statement = self._unit.delta.insert(foreign).values(
            workspace_id=scope.workspace_id,
            kind=kind,
            dialect=dialect,
            container=container,
            folded=folded,
            name=name,
            id=id,
        )
        self._connection.execute(statement.on_conflict_do_nothing())
        if self.find(scope, kind, dialect, container, name, fold=fold) != id:
            raise AlreadyExists(f"The {kind} {name!r} exists already", field="name", remedy="choose another name")

    def find(self, scope: Scope, kind: str, dialect: str, container: str, name: str, *, fold: bool) -> int:
        """What the foreign name means. Raises NotFound."""
        found: int | None = self._connection.execute(
            select(foreign.c.id).where(
                foreign.c.workspace_id == scope.workspace_id,
                foreign.c.kind == kind,
                foreign.c.dialect == dialect,
                foreign.c.container == container,
                foreign.c.folded == (name.casefold() if fold else name),
            )
        ).scalar_one_or_none()
        if found is None:
            raise NotFound(f"There is no {kind} {name!r}", field="name")
        return found
