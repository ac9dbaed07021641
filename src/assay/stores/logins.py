"""Sessions, links and identities at providers, in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, or_, select, update

from assay.core.logins import Link, Purpose, Session
from assay.core.scope import How
from assay.stores import schema
from assay.stores.accounts import raise_version
from assay.wire.errors import AlreadyExists

if TYPE_CHECKING:
    from assay.stores.unit import Unit

session, link, identity = schema.login_session, schema.login_link, schema.oidc_identity


class SessionStore:
    """See `assay.ports.logins.Sessions`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, digest: str, user_id: int, how: How, lasts_us: int) -> Session:
        """A new session, from now on."""
        now = self._unit.now_us()
        made = Session(user_id, how, now, now, now + lasts_us)
        self._connection.execute(
            insert(session).values(
                digest=digest,
                user_id=user_id,
                how=how.value,
                created_us=now,
                seen_us=now,
                expires_us=made.expires_us,
            )
        )
        return made

    def find(self, digest: str) -> Session | None:
        """The session of this digest."""
        row = self._connection.execute(select(session).where(session.c.digest == digest)).first()
        return None if row is None else Session(row.user_id, How(row.how), row.created_us, row.seen_us, row.expires_us)

    def seen(self, digest: str) -> None:
        """A request came now."""
        changed = update(session).where(session.c.digest == digest).values(seen_us=self._unit.now_us())
        self._connection.execute(changed)

    def end(self, digest: str) -> bool:
        """It is gone."""
        return self._end(session.c.digest == digest) > 0

    def end_of_user(self, user_id: int) -> int:
        """All of the user's are gone."""
        return self._end(session.c.user_id == user_id)

    def _end(self, which: Any) -> int:
        raise_version(self._unit)
        return self._connection.execute(delete(session).where(which)).rowcount

    def sweep(self, idle_us: int) -> int:
        """Those that have ended are gone."""
        now = self._unit.now_us()
        ended = delete(session).where(or_(session.c.expires_us <= now, session.c.seen_us <= now - idle_us))
        return self._connection.execute(ended).rowcount


class LinkStore:
    """See `assay.ports.logins.Links`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, digest: str, purpose: Purpose, user_id: int | None, lasts_us: int) -> Link:
        """A new link."""
        now = self._unit.now_us()
        self._connection.execute(delete(link).where(link.c.expires_us <= now))
        made = Link(purpose, user_id, now + lasts_us)
        self._connection.execute(
            insert(link).values(digest=digest, user_id=user_id, purpose=purpose.value, expires_us=made.expires_us)
        )
        return made

    def _good(self, digest: str) -> Any:
        return (link.c.digest == digest) & link.c.used_us.is_(None) & (link.c.expires_us > self._unit.now_us())

    def find(self, digest: str) -> Link | None:
        """The link of this digest, if it can still be used."""
        row = self._connection.execute(select(link).where(self._good(digest))).first()
        return None if row is None else Link(Purpose(row.purpose), row.user_id, row.expires_us)

    def take(self, digest: str) -> Link | None:
        """The same, for the last time."""
        now = self._unit.now_us()
        taken = update(link).where(self._good(digest)).values(used_us=now)
        row = self._connection.execute(taken.returning(link.c.purpose, link.c.user_id, link.c.expires_us)).first()
        return None if row is None else Link(Purpose(row.purpose), row.user_id, row.expires_us, now)

    def void(self, user_id: int) -> None:
        """The user's links cannot be used any more."""
        mine = (link.c.user_id == user_id) & link.c.used_us.is_(None)
        self._connection.execute(update(link).where(mine).values(used_us=self._unit.now_us()))


class IdentityStore:
    """See `assay.ports.logins.Identities`."""

    def __init__(self, unit: Unit) -> None:
        self._connection = unit.connection

    def find(self, issuer: str, subject: str) -> int | None:
        """The user whom the provider calls so."""
        mine = (identity.c.issuer == issuer) & (identity.c.subject == subject)
        return self._connection.execute(select(identity.c.user_id).where(mine)).scalar_one_or_none()

    def add(self, issuer: str, subject: str, user_id: int) -> None:
        """The provider calls this user so."""
        theirs = (identity.c.issuer == issuer) & (identity.c.user_id == user_id)
        if self._connection.execute(select(identity.c.subject).where(theirs)).first() is not None:
            raise AlreadyExists(
                "The account belongs to somebody else at this provider",
                field="name",
                remedy="ask an admin of the server for an account of your own",
            )
        self._connection.execute(insert(identity).values(issuer=issuer, subject=subject, user_id=user_id))
