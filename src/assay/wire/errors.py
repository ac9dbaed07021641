"""The one error taxonomy of the house: a stable code, the data, and what to do about it.

Services raise these; every dialect has one table from code to its own wire form, and the SDK rebuilds the same
classes from the code. HTTP appears only at the edge.
"""

from __future__ import annotations

from typing import Any, ClassVar


class AssayError(Exception):
    """Something the caller can understand and act on.

    Args:
        message: One sentence that says what is wrong, for a person.
        field: Dotted path of the input that is at fault, if there is one.
        bound: The limit that was crossed, if there is one.
        remedy: What to do about it.
        details: Machine-readable data beside the message.
    """

    code: ClassVar[str] = "internal"
    registry: ClassVar[dict[str, type[AssayError]]] = {}

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        bound: int | float | str | None = None,
        remedy: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        # What a client sent may stand in the message, and need not be text that can be encoded.
        self.message = message.encode("utf-8", "backslashreplace").decode()
        super().__init__(self.message)
        self.field = field
        self.bound = bound
        self.remedy = remedy
        self.details = details or {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        AssayError.registry[cls.code] = cls


class NotFound(AssayError):
    """The thing named does not exist in this workspace, or is purged."""

    code = "not_found"


class AlreadyExists(AssayError):
    """The name is taken; nothing was changed."""

    code = "already_exists"


class Conflict(AssayError):
    """Somebody else changed the thing meanwhile: read it again and retry."""

    code = "conflict"


class SequenceGap(Conflict):
    """A writer's batch starts above the next expected sequence number; `details["expected"]` says where to resume."""

    code = "sequence_gap"


class InvalidInput(AssayError):
    """A value breaks a bound or a grammar; `field`, `bound` and `remedy` say which and how to mend it."""

    code = "invalid_input"


class RuleViolation(AssayError):
    """The request is well-formed, but a rule of the house refuses it in the present state."""

    code = "rule_violation"


class ParamChanged(RuleViolation):
    """An insert-only param already has another value; `details["changes"]` lists key, old_value, new_value."""

    code = "param_changed"


class NotActive(RuleViolation):
    """The run, experiment or model is deleted: restore it before writing to it."""

    code = "not_active"


class QuotaExceeded(RuleViolation):
    """The workspace may hold no more of `field`: its quota is `bound`."""

    code = "quota_exceeded"


class InvalidState(AssayError):
    """The object's state makes the request impossible (rename of a deleted experiment)."""

    code = "invalid_state"


class Unauthenticated(AssayError):
    """The caller did not say who it is, or could not prove it."""

    code = "unauthenticated"


class PermissionDenied(AssayError):
    """The caller may not do this."""

    code = "permission_denied"


class TooLarge(AssayError):
    """The body, file or expanded payload exceeds `bound` bytes."""

    code = "too_large"


class NotSupported(AssayError):
    """This backend or this release cannot do it; the message says what can."""

    code = "not_supported"


class RouteNotFound(AssayError):
    """No such route."""

    code = "route_not_found"


class Unavailable(AssayError):
    """Try again later: the disk is full, the database away, or the server is shutting down."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after_s = retry_after_s


class TooOften(AssayError):
    """It was tried too often: wait `retry_after_s`. What does not have to be tried, as a token, still works."""

    code = "too_often"

    def __init__(self, message: str, *, retry_after_s: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after_s = retry_after_s


class Corrupt(AssayError):
    """Stored bytes do not match their checksum; nothing is guessed. `assay doctor` names what is damaged."""

    code = "corrupt"
