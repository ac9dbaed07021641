"""What every service has: the store, and the one question whether an actor may."""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.roles import NEEDED, SERVER
from assay.core.scope import Scope, Thing, Verb, allow
from assay.core.search.ast import Order
from assay.ports.store import Store
from assay.wire.errors import InvalidInput, PermissionDenied

ORDER_BOUND = 20
IDS_BOUND = 30_000  # PostgreSQL takes 65,535 values a statement


def authorise(scope: Scope, verb: Verb, kind: str, experiment_id: int | None = None) -> None:
    """Returns if the scope's actor may do this.

    Raises:
        PermissionDenied: It may not.
    """
    actor = scope.actor
    if allow(actor, verb, Thing(kind, scope.workspace_id, experiment_id)):
        return
    if not actor.authenticated:
        remedy = "use the home's token: commands on the server's own account read it by themselves"
    elif verb in SERVER:
        remedy = "ask an admin of the server"
    else:
        remedy = f"ask an admin of the workspace for the role {NEEDED[verb].word}, and use a token that allows it"
    raise PermissionDenied(f"{actor.name!r} may not {verb} a {kind}", remedy=remedy)


class Service:
    """A group of use cases over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store


def check_text(field: str, value: str, bound: int, *, blank: bool = False) -> str:
    """The value, which is storable text of at most `bound` characters.

    Raises:
        InvalidInput: It is too long, blank where that is refused, or holds NUL or a lone surrogate.
    """
    if not blank and not value.strip():
        raise InvalidInput(f"{field} must not be blank", field=field, remedy=f"give a {field}")
    if len(value) > bound:
        raise InvalidInput(
            f"{field} has {len(value)} characters, more than {bound}", field=field, bound=bound, remedy="shorten it"
        )
    if "\0" in value:
        raise InvalidInput(f"{field} contains a NUL character", field=field, remedy="remove it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{field} is not valid Unicode", field=field, remedy="send valid UTF-8") from None
    return value


def check_search(experiment_ids: Sequence[int], order: Sequence[Order]) -> None:
    """Returns if a statement can ask for so much.

    Raises:
        InvalidInput: There are too many experiments or sort keys.
    """
    for field, count, bound in (
        ("experiment_ids", len(experiment_ids), IDS_BOUND),
        ("order_by", len(order), ORDER_BOUND),
    ):
        if count > bound:
            raise InvalidInput(
                f"{field} has {count} items, more than {bound}", field=field, bound=bound, remedy="name fewer"
            )
