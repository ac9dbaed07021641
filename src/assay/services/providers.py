"""Who comes from an identity provider: his account, and the groups that the provider says he is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assay.core.accounts import Origin, User, UserGroup, UserKind, group_name, user_name
from assay.core.audit import Act, Subject
from assay.core.scope import Actor, How, Scope
from assay.ports.store import Store, UnitOfWork
from assay.services.access import AccessService
from assay.services.audit import record
from assay.services.base import Service
from assay.wire.errors import AlreadyExists, NotFound, PermissionDenied

Done = tuple[Act, Sequence[Subject], Mapping[str, object]]
SHOWN_BOUND, EMAIL_BOUND = 100, 254


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    name: str
    shown_name: str = ""
    email: str = ""  # only where the provider has verified it
    groups: frozenset[str] = frozenset()  # in the provider's words


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom the operator lets in, and what becomes of him.

    Attributes:
        makes_users: Whether the first login makes an account; else an admin has made one of this name before.
        domains: Of verified e-mail addresses, one of which he must have; none: any.
        needed: Groups in the provider's words, one of which he must be in; none: any.
        groups: Of our groups, by the provider's words for them: the provider says who is in these.
    """

    makes_users: bool = True
    domains: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    groups: Mapping[str, str] | None = None


class ProviderService(Service):
    """Lets people in whom an identity provider vouches for."""

    def __init__(
        self, store: Store, access: AccessService, new_salt: Callable[[], bytes], policy: Policy | None = None
    ) -> None:
        super().__init__(store)
        self._access = access
        self._new_salt = new_salt
        self.policy = policy or Policy()

    def enter(self, who: Identity) -> User:
        """The user, made or found, in the groups that the provider says.

        Raises:
            PermissionDenied: He may not come in; the message says why.
            InvalidInput: The provider's name for him can be no user's name.
        """
        self._check(who)
        try:
            return self._store.write(lambda unit: self._entered(unit, who))
        finally:
            self._access.forget()

    def _check(self, who: Identity) -> None:
        policy = self.policy
        if policy.domains and who.email.rpartition("@")[2].casefold() not in policy.domains:
            raise _refused(
                "Your verified e-mail address is in none of the domains that may come in",
                "log in with another account, or ask an admin to allow the domain: --oidc-allow-domain",
            )
        if policy.needed and not policy.needed & who.groups:
            raise _refused(
                "You are in none of the provider's groups that may come in",
                "ask for membership, or ask an admin to allow a group: --oidc-allow-group",
            )

    def _entered(self, unit: UnitOfWork, who: Identity) -> User:
        acts: list[Done] = []  # recorded last: the chain's end is held as short as can be
        id = unit.identities.find(who.issuer, who.subject)
        user = unit.accounts.get(id) if id is not None else self._met(unit, who, acts)
        if user.disabled_us is not None:
            raise _refused("The account is disabled", "ask an admin of the server")
        self._join(unit, user, who.groups, acts)
        scope = Scope(actor=Actor(user.name, How.OIDC, user.id))
        for act, subjects, detail in acts:
            record(unit, scope, act, subjects, detail, self._new_salt())
        return user

    def _met(self, unit: UnitOfWork, who: Identity, acts: list[Done]) -> User:
        """The account of somebody who comes for the first time."""
        name = user_name(who.name)
        try:
            known = unit.accounts.by_name(name)
        except NotFound:
            known = None
        if known is None and not self.policy.makes_users:
            raise _refused(f"There is no account {name!r} here", f"ask an admin: assay users create {name}")
        if known is not None and (self.policy.makes_users or known.kind is UserKind.SERVICE):
            # Who can choose his name at the provider would choose an admin's.
            raise _refused(
                f"The name {name!r} belongs to another account",
                "log in with its password, or ask an admin; see --oidc-users",
            )
        user = known or unit.accounts.add(
            name,
            shown_name=(who.shown_name or who.name)[:SHOWN_BOUND],
            email=who.email[:EMAIL_BOUND],
            kind=UserKind.PERSON,
            is_admin=False,
        )
        try:
            unit.identities.add(who.issuer, who.subject, user.id)
        except AlreadyExists as error:
            raise _refused(error.message, error.remedy or "") from None
        detail = {"name": name, "issuer": who.issuer, "subject": who.subject}
        acts.append((Act.USER_MAKE if known is None else Act.USER_LINK, [Subject("user", user.id)], detail))
        return user

    def _join(self, unit: UnitOfWork, user: User, theirs: frozenset[str], acts: list[Done]) -> None:
        """He is in those of the mapped groups that the provider says, and in no others by the provider's word."""
        mapped = self.policy.groups or {}
        wanted = {group_name(mapped[word]) for word in theirs & mapped.keys()}
        before = {group.name: (group, origin) for group, origin in unit.user_groups.of_user(user.id)}
        for name in sorted(wanted - before.keys()):
            try:
                group = unit.user_groups.by_name(name)
            except NotFound:
                group = unit.user_groups.add(name)
                acts.append((Act.GROUP_MAKE, [Subject("user_group", group.id)], {"name": name}))
            unit.user_groups.join(group.id, user.id, Origin.OIDC)
            acts.append(_moved(Act.GROUP_JOIN, group, user))
        for name, (group, origin) in sorted(before.items()):
            if origin is Origin.OIDC and name not in wanted:
                unit.user_groups.leave(group.id, user.id)
                acts.append(_moved(Act.GROUP_LEAVE, group, user))


def _moved(act: Act, group: UserGroup, user: User) -> Done:
    return act, [Subject("user_group", group.id), Subject("user", user.id)], {"group": group.name, "user": user.name}


def _refused(message: str, remedy: str) -> PermissionDenied:
    return PermissionDenied(message, field="account", remedy=remedy)
