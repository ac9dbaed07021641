"""Tokens, and workspaces with their quotas, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, union_all, update

from assay.core.accounts import Bearer, Quota, Token, Usage, Workspace, exceeded
from assay.core.ids import Kind, make_id
from assay.core.roles import ROLES, Role
from assay.core.scope import Scope
from assay.stores import schema
from assay.stores.accounts import raise_version, taken, user_of
from assay.wire.errors import NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

token, user = schema.access_token, schema.user_account
workspace, quota_table = schema.workspace, schema.workspace_quota
COUNTER = "workspace"  # among the counters: the last number of a workspace
COUNTED = {"runs": schema.run, "keys": schema.key}
POINTS = (schema.metric_batch, schema.metric_chunk, schema.metric_page)


class TokenStore:
    """See `assay.ports.accounts.Tokens`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(
        self, user_id: int, name: str, digest: str, *, cap: Role, workspace_id: int | None, expires_us: int | None
    ) -> Token:
        """Stores a new token by the SHA-256 (hex) of its secret."""
        raise_version(self._unit)
        now = self._unit.now_us()
        made = Token(make_id(Kind.ACCOUNT, now, self._unit.random()), user_id, name, cap, workspace_id, now, expires_us)
        self._connection.execute(
            insert(token).values(
                id=made.id,
                user_id=user_id,
                name=name,
                digest=digest,
                cap=cap.word,
                workspace_id=workspace_id,
                created_us=now,
                expires_us=expires_us,
            )
        )
        return made

    def find(self, digest: str) -> Bearer | None:
        """The token of this digest and its user. Digests are compared: the time that it takes tells no secret."""
        query = select(user, *(column.label(f"token_{column.name}") for column in token.c))
        joined = query.join(token, token.c.user_id == user.c.id).where(token.c.digest == digest)
        row = self._connection.execute(joined).first()
        return None if row is None else Bearer(_token(row, "token_"), user_of(row))

    def get(self, id: int) -> Token:
        """The token of this id."""
        row = self._connection.execute(select(token).where(token.c.id == id)).first()
        if row is None:
            raise NotFound("There is no such token", field="token")
        return _token(row)

    def of_user(self, user_id: int) -> list[Token]:
        """All tokens of the user, the newest first."""
        query = select(token).where(token.c.user_id == user_id).order_by(token.c.created_us.desc(), token.c.id.desc())
        return [_token(row) for row in self._connection.execute(query)]

    def revoke(self, id: int) -> bool:
        """The token ends now; whether it had not ended before."""
        raise_version(self._unit)
        ended = update(token).where(token.c.id == id, token.c.revoked_us.is_(None))
        return self._connection.execute(ended.values(revoked_us=self._unit.now_us())).rowcount > 0

    def used(self, ids: Sequence[int]) -> None:
        """The tokens were used now."""
        for id in sorted(ids):  # two replicas must not wait for each other
            self._connection.execute(update(token).where(token.c.id == id).values(last_used_us=self._unit.now_us()))


def _token(row: Any, prefix: str = "") -> Token:
    def of(name: str) -> Any:
        return getattr(row, prefix + name)

    return Token(
        of("id"),
        of("user_id"),
        of("name"),
        ROLES[of("cap")],
        of("workspace_id"),
        of("created_us"),
        of("expires_us"),
        of("last_used_us"),
        of("revoked_us"),
    )


class WorkspaceStore:
    """See `assay.ports.accounts.Workspaces`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, name: str) -> Workspace:
        """Stores a new workspace under the next number."""
        raise_version(self._unit)
        taken(self._unit, workspace, name, "workspace")
        number = schema.counter
        next_ = update(number).where(number.c.name == COUNTER).values(value=number.c.value + 1)
        self._connection.execute(next_)
        id = self._connection.execute(select(number.c.value).where(number.c.name == COUNTER)).scalar_one()
        now = self._unit.now_us()
        self._connection.execute(insert(workspace).values(id=id, name=name, created_us=now))
        return Workspace(id, name, now)

    def by_name(self, name: str) -> Workspace:
        """The workspace of this name."""
        row = self._connection.execute(select(workspace).where(workspace.c.name == name)).first()
        if row is None:
            raise NotFound(f"Workspace '{name}' not found", field="workspace")
        return Workspace(row.id, row.name, row.created_us)

    def all(self) -> list[Workspace]:
        """All workspaces, by name."""
        rows = self._connection.execute(select(workspace).order_by(workspace.c.name))
        return [Workspace(row.id, row.name, row.created_us) for row in rows]

    def set_quota(self, workspace_id: int, quota: Quota) -> None:
        """The workspace may hold so much."""
        raise_version(self._unit)
        values = {"runs": quota.runs, "points": quota.points, "bytes": quota.bytes, "keys": quota.keys}
        statement = self._unit.delta.insert(quota_table).values(workspace_id=workspace_id, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["workspace_id"], set_=values))

    def quotas(self) -> dict[int, Quota]:
        """The quotas of workspaces that have one."""
        rows = self._connection.execute(select(quota_table))
        return {row.workspace_id: Quota(row.runs, row.points, row.bytes, row.keys) for row in rows}

    def check(self, workspace_id: int, kind: str, more: int) -> None:
        """Returns if the workspace may have so many more runs or keys. Raises QuotaExceeded."""
        column, table = quota_table.c[kind], COUNTED[kind]
        mine = select(column).where(quota_table.c.workspace_id == workspace_id)
        if self._connection.execute(mine).scalar_one_or_none() is None:
            return
        bound = self._connection.execute(mine.with_for_update()).scalar_one()  # who counts is alone until he has added
        if bound is None:
            return
        counted = select(func.count()).select_from(table).where(table.c.workspace_id == workspace_id)
        held = self._connection.execute(counted).scalar_one()
        if held + more > bound:
            raise exceeded(kind, held, bound)

    def usage(self, scope: Scope) -> Usage:
        """How much the workspace holds: points as they are stored, so that what was logged twice counts once."""
        mine = scope.workspace_id
        run, model, key, blob = schema.run, schema.logged_model, schema.key, schema.blob

        def counted(query: Any) -> int:
            return int(self._connection.execute(query).scalar_one() or 0)

        owners = union_all(
            select(run.c.id).where(run.c.workspace_id == mine), select(model.c.id).where(model.c.workspace_id == mine)
        ).subquery()
        return Usage(
            runs=counted(select(func.count()).select_from(run).where(run.c.workspace_id == mine)),
            points=sum(
                counted(select(func.sum(table.c.count)).join(owners, owners.c.id == table.c.owner_id))
                for table in POINTS
            ),
            bytes=counted(select(func.sum(blob.c.size)).where(blob.c.workspace_id == mine)),
            keys=counted(select(func.count()).select_from(key).where(key.c.workspace_id == mine)),
        )
