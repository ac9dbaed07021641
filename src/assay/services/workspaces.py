"""Use cases on workspaces: who is a member of one and as what, and how much one may hold."""

from __future__ import annotations

from collections.abc import Callable

from assay.core.accounts import Member, Quota, Usage, Workspace, fold, workspace_name
from assay.core.audit import Act, Subject
from assay.core.roles import CLOSED, GRANTABLE, Grant, Role, SubjectKind, Verb
from assay.core.scope import Scope
from assay.ports.store import Store, UnitOfWork
from assay.services.access import AccessService
from assay.services.accounts import role_of
from assay.services.audit import record
from assay.services.base import Service, authorise
from assay.wire.errors import InvalidInput, NotFound

QUOTA_BOUND = 1 << 62


class WorkspaceService(Service):
    """Workspaces, their members and quotas.

    Args:
        store: Where they are.
        new_salt: Salts of audit records.
        access: Which forgets what it remembers after a change.
    """

    def __init__(self, store: Store, new_salt: Callable[[], bytes], access: AccessService) -> None:
        super().__init__(store)
        self._new_salt = new_salt
        self._access = access

    def create(self, scope: Scope, name: str) -> Workspace:
        """A new workspace, in which nobody has a role yet but the admins of the server.

        Raises:
            AlreadyExists: The name is taken.
            InvalidInput: It is none.
        """
        authorise(scope, Verb.MANAGE, "workspace")
        workspace_name(name)

        def work(unit: UnitOfWork) -> Workspace:
            made = unit.workspaces.add(name)
            about = [Subject("workspace", made.id)]
            record(unit, Scope(actor=scope.actor), Act.WORKSPACE_MAKE, about, {"name": name}, self._new_salt())
            return made

        try:
            return self._store.write(work)
        finally:
            self._access.forget()

    def all(self, scope: Scope) -> list[Workspace]:
        """The workspaces in which the actor has a role, by name."""
        with self._store.read() as unit:
            return [item for item in unit.workspaces.all() if scope.actor.role_in(item.id) is not Role.NONE]

    def by_name(self, scope: Scope, name: str) -> Workspace:
        """The workspace. Raises NotFound, also where the actor has no role."""
        found = next((item for item in self.all(scope) if item.name == name), None)
        if found is None:
            raise NotFound(f"Workspace '{name[:100]}' not found", field="workspace")
        return found

    def members(self, scope: Scope) -> list[Member]:
        """Who has which role in the scope's workspace and its experiments."""
        authorise(scope, Verb.MEMBERS, "workspace")
        with self._store.read() as unit:
            return unit.grants.within(scope.workspace_id)

    def grant(self, scope: Scope, kind: SubjectKind, name: str, role: str, experiment_id: int | None = None) -> Grant:
        """The user or group has this role in the scope's workspace, or at most this one in an experiment of it.

        Raises:
            NotFound: No such user, group or experiment.
            InvalidInput: There is no such role; `none` closes an experiment, and no workspace.
        """
        authorise(scope, Verb.MEMBERS, "workspace")
        found = role_of(role, known=GRANTABLE if experiment_id is None else (CLOSED, *GRANTABLE))

        def work(unit: UnitOfWork) -> Grant:
            subject = _subject(unit, kind, name)
            if experiment_id is not None:
                unit.experiments.get(scope, experiment_id)
            made = Grant(scope.workspace_id, experiment_id, kind, subject.id, found)
            before = unit.grants.put(made)
            if before is not found:
                detail = {"name": fold(name), "role": role, "before": None if before is None else before.word}
                record(unit, scope, Act.GRANT, _about(scope, subject, experiment_id), detail, self._new_salt())
            return made

        try:
            return self._store.write(work)
        finally:
            self._access.forget()

    def ungrant(self, scope: Scope, kind: SubjectKind, name: str, experiment_id: int | None = None) -> None:
        """The user or group has no role of its own there. Raises NotFound if it had none."""
        authorise(scope, Verb.MEMBERS, "workspace")

        def work(unit: UnitOfWork) -> None:
            subject = _subject(unit, kind, name)
            before = unit.grants.remove(scope.workspace_id, experiment_id, kind, subject.id)
            if before is None:
                raise NotFound(f"The {kind} {name[:100]!r} has no role of its own there", field=kind.value)
            detail = {"name": fold(name), "before": before.word}
            record(unit, scope, Act.UNGRANT, _about(scope, subject, experiment_id), detail, self._new_salt())

        try:
            self._store.write(work)
        finally:
            self._access.forget()

    def quota(self, scope: Scope) -> tuple[Quota, Usage]:
        """How much the scope's workspace may hold, and how much it holds."""
        authorise(scope, Verb.MEMBERS, "workspace")
        with self._store.read() as unit:
            return unit.workspaces.quotas().get(scope.workspace_id, Quota()), unit.workspaces.usage(scope)

    def set_quota(self, scope: Scope, quota: Quota) -> Quota:
        """The scope's workspace may hold so much. Raises InvalidInput."""
        authorise(scope, Verb.MANAGE, "quota")
        given = {"runs": quota.runs, "points": quota.points, "bytes": quota.bytes, "keys": quota.keys}
        for field, value in given.items():
            if value is not None and not 0 <= value <= QUOTA_BOUND:
                raise InvalidInput(
                    f"{field} is out of bounds", field=field, bound=QUOTA_BOUND, remedy="give 0 or more, or null"
                )

        def work(unit: UnitOfWork) -> Quota:
            unit.workspaces.set_quota(scope.workspace_id, quota)
            about = [Subject("workspace", scope.workspace_id)]
            record(unit, Scope(actor=scope.actor), Act.QUOTA, about, given, self._new_salt())
            return quota

        try:
            return self._store.write(work)
        finally:
            self._access.forget()


def _subject(unit: UnitOfWork, kind: SubjectKind, name: str) -> Subject:
    if kind is SubjectKind.USER:
        return Subject("user", unit.accounts.by_name(fold(name)).id)
    return Subject("user_group", unit.user_groups.by_name(fold(name)).id)


def _about(scope: Scope, subject: Subject, experiment_id: int | None) -> list[Subject]:
    place = [] if experiment_id is None else [Subject("experiment", experiment_id)]
    return [Subject("workspace", scope.workspace_id), subject, *place]
