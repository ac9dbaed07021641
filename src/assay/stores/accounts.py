"""Users, groups and grants in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, exists, func, insert, select, update

from assay.core.accounts import Member, Origin, User, UserGroup, UserKind
from assay.core.ids import Kind, make_id
from assay.core.roles import ROLES, Grant, Role, SubjectKind
from assay.stores import schema
from assay.wire.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

user, group, member, grants = schema.user_account, schema.user_group, schema.group_member, schema.role_grant
number = schema.counter
VERSION = "identity"  # among the counters
WHOLE = -1  # the experiment id of a grant in a whole workspace; 0 is MLflow's default experiment


def raise_version(unit: Unit) -> None:
    """Caches of who may what are out of date once this unit has ended. Units that do so wait for each other."""
    unit.connection.execute(update(number).where(number.c.name == VERSION).values(value=number.c.value + 1))


def taken(unit: Unit, table: Table, name: str, what: str) -> None:
    """Raises AlreadyExists for a name that is taken."""
    if unit.connection.execute(select(table.c.id).where(table.c.name == name)).first() is not None:
        raise AlreadyExists(f"The {what} {name!r} exists already", field="name", remedy="choose another name")


def user_of(row: Any) -> User:
    """The user of a row."""
    return User(
        row.id,
        row.name,
        row.shown_name,
        row.email,
        UserKind(row.kind),
        row.is_admin,
        row.created_us,
        row.disabled_us,
        row.password,
        row.failed_logins,
        row.locked_until_us,
    )


class AccountStore:
    """See `assay.ports.accounts.Accounts`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def version(self) -> int:
        """A number that is higher after every change of what somebody may."""
        return int(self._unit.rows("SELECT value FROM counter WHERE name = ?", (VERSION,))[0][0])

    def any(self) -> bool:
        """Whether there are users at all."""
        return bool(self._connection.execute(select(exists().select_from(user))).scalar_one())

    def add(self, name: str, *, shown_name: str, email: str, kind: UserKind, is_admin: bool) -> User:
        """Stores a new user."""
        raise_version(self._unit)
        taken(self._unit, user, name, "user")
        now = self._unit.now_us()
        made = User(make_id(Kind.ACCOUNT, now, self._unit.random()), name, shown_name, email, kind, is_admin, now)
        self._connection.execute(
            insert(user).values(
                id=made.id,
                name=name,
                shown_name=shown_name,
                email=email,
                kind=kind.value,
                is_admin=is_admin,
                created_us=now,
                failed_logins=0,
            )
        )
        return made

    def get(self, id: int) -> User:
        """The user of this id."""
        row = self._connection.execute(select(user).where(user.c.id == id)).first()
        if row is None:
            raise NotFound("There is no such user", field="user")
        return user_of(row)

    def by_name(self, name: str) -> User:
        """The user of this folded name."""
        row = self._connection.execute(select(user).where(user.c.name == name)).first()
        if row is None:
            raise NotFound(f"There is no user {name!r}", field="user")
        return user_of(row)

    def lock(self, name: str) -> User:
        """The user, held until the unit ends."""
        self._connection.execute(select(user.c.id).where(user.c.name == name).with_for_update())
        return self.by_name(name)

    def page(self, after: str, limit: int) -> list[User]:
        """Users by name."""
        rows = self._connection.execute(select(user).where(user.c.name > after).order_by(user.c.name).limit(limit))
        return [user_of(row) for row in rows]

    def admins(self) -> int:
        """How many admins of the server are not disabled."""
        raise_version(self._unit)  # so that two who end the last two wait for each other
        query = select(func.count()).select_from(user).where(user.c.is_admin, user.c.disabled_us.is_(None))
        return self._connection.execute(query).scalar_one()

    def set_admin(self, id: int, *, is_admin: bool) -> None:
        """The user is an admin of the server, or is none."""
        self._change(id, is_admin=is_admin)

    def set_disabled(self, id: int, *, disabled: bool) -> None:
        """The user may not come in any more, or may again."""
        self._change(id, disabled_us=self._unit.now_us() if disabled else None)

    def set_password(self, id: int, password: str | None) -> None:
        """The argon2 text of the password."""
        self._change(id, password=password, failed_logins=0, locked_until_us=None)

    def set_failures(self, id: int, failed_logins: int, locked_until_us: int | None) -> None:
        """How many logins failed in a row."""
        self._connection.execute(
            update(user).where(user.c.id == id).values(failed_logins=failed_logins, locked_until_us=locked_until_us)
        )

    def _change(self, id: int, **values: Any) -> None:
        raise_version(self._unit)
        self._connection.execute(update(user).where(user.c.id == id).values(**values))


class UserGroupStore:
    """See `assay.ports.accounts.UserGroups`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, name: str) -> UserGroup:
        """Stores a new group."""
        raise_version(self._unit)
        taken(self._unit, group, name, "group")
        id = make_id(Kind.ACCOUNT, self._unit.now_us(), self._unit.random())
        self._connection.execute(insert(group).values(id=id, name=name))
        return UserGroup(id, name)

    def by_name(self, name: str) -> UserGroup:
        """The group of this folded name."""
        row = self._connection.execute(select(group).where(group.c.name == name)).first()
        if row is None:
            raise NotFound(f"There is no group {name!r}", field="group")
        return UserGroup(row.id, row.name)

    def page(self, after: str, limit: int) -> list[UserGroup]:
        """Groups by name."""
        rows = self._connection.execute(select(group).where(group.c.name > after).order_by(group.c.name).limit(limit))
        return [UserGroup(row.id, row.name) for row in rows]

    def remove(self, id: int) -> None:
        """The group is gone."""
        raise_version(self._unit)
        self._connection.execute(delete(member).where(member.c.group_id == id))
        self._connection.execute(
            delete(grants).where(grants.c.subject_kind == SubjectKind.GROUP.value, grants.c.subject_id == id)
        )
        self._connection.execute(delete(group).where(group.c.id == id))

    def join(self, id: int, user_id: int, origin: Origin) -> bool:
        """The user is a member; whether he was none before."""
        raise_version(self._unit)
        mine = (member.c.group_id == id) & (member.c.user_id == user_id)
        before = self._connection.execute(select(member.c.origin).where(mine)).scalar_one_or_none()
        if before is None:
            self._connection.execute(insert(member).values(group_id=id, user_id=user_id, origin=origin.value))
        elif origin is Origin.MANUAL:
            self._connection.execute(update(member).where(mine).values(origin=origin.value))
        return before is None

    def leave(self, id: int, user_id: int) -> bool:
        """The user is no member; whether he was one."""
        raise_version(self._unit)
        statement = delete(member).where(member.c.group_id == id, member.c.user_id == user_id)
        return self._connection.execute(statement).rowcount > 0

    def members(self, id: int) -> list[tuple[User, Origin]]:
        """The members, by name."""
        query = (
            select(user, member.c.origin)
            .join(member, member.c.user_id == user.c.id)
            .where(member.c.group_id == id)
            .order_by(user.c.name)
        )
        return [(user_of(row), Origin(row.origin)) for row in self._connection.execute(query)]

    def of_user(self, user_id: int) -> list[tuple[UserGroup, Origin]]:
        """The groups of a user, by name."""
        query = (
            select(group, member.c.origin)
            .join(member, member.c.group_id == group.c.id)
            .where(member.c.user_id == user_id)
            .order_by(group.c.name)
        )
        return [(UserGroup(row.id, row.name), Origin(row.origin)) for row in self._connection.execute(query)]


class GrantStore:
    """See `assay.ports.accounts.Grants`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def put(self, grant: Grant) -> Role | None:
        """The subject has this role there; the one that it had, if it had one."""
        before = self.remove(grant.workspace_id, grant.experiment_id, grant.kind, grant.subject_id)
        self._connection.execute(
            insert(grants).values(
                workspace_id=grant.workspace_id,
                experiment_id=WHOLE if grant.experiment_id is None else grant.experiment_id,
                subject_kind=grant.kind.value,
                subject_id=grant.subject_id,
                role=grant.role.word,
            )
        )
        return before

    def remove(self, workspace_id: int, experiment_id: int | None, kind: SubjectKind, subject_id: int) -> Role | None:
        """The subject has no role there of its own; the one that it had, if it had one."""
        raise_version(self._unit)
        gone = delete(grants).where(
            grants.c.workspace_id == workspace_id,
            grants.c.experiment_id == (WHOLE if experiment_id is None else experiment_id),
            grants.c.subject_kind == kind.value,
            grants.c.subject_id == subject_id,
        )
        before = self._connection.execute(gone.returning(grants.c.role)).scalar_one_or_none()
        return None if before is None else ROLES[before]

    def of_user(self, user_id: int) -> list[Grant]:
        """The grants of the user and of his groups."""
        groups = select(member.c.group_id).where(member.c.user_id == user_id)
        mine = (grants.c.subject_kind == SubjectKind.USER.value) & (grants.c.subject_id == user_id)
        theirs = (grants.c.subject_kind == SubjectKind.GROUP.value) & grants.c.subject_id.in_(groups)
        return [_grant(row) for row in self._connection.execute(select(grants).where(mine | theirs))]

    def within(self, workspace_id: int) -> list[Member]:
        """All grants of the workspace and its experiments."""
        found = []
        for kind, table in ((SubjectKind.GROUP, group), (SubjectKind.USER, user)):
            query = (
                select(grants, table.c.name)
                .join(table, table.c.id == grants.c.subject_id)
                .where(grants.c.workspace_id == workspace_id, grants.c.subject_kind == kind.value)
            )
            found += [Member(_grant(row), row.name) for row in self._connection.execute(query)]
        return sorted(found, key=lambda item: (_place(item.grant.experiment_id), item.grant.kind, item.name))


def _place(experiment_id: int | None) -> int:
    return WHOLE if experiment_id is None else experiment_id


def _grant(row: Any) -> Grant:
    experiment_id = None if row.experiment_id == WHOLE else row.experiment_id
    return Grant(row.workspace_id, experiment_id, SubjectKind(row.subject_kind), row.subject_id, ROLES[row.role])
