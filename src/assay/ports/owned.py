"""The port of what runs and logged models own: params, tags, and the documents that params are the index of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from assay.core.config import Indexed, Params
from assay.core.scope import Scope
from assay.core.tracking import OwnedByRun, Run


class Owned(Protocol):
    """Params and tags of runs and logged models, by owner id."""

    def params(self, owner_ids: Sequence[int]) -> Params: ...

    def tags(self, owner_ids: Sequence[int]) -> dict[int, dict[str, str]]: ...

    def of_runs(self, runs: Sequence[Run]) -> dict[int, OwnedByRun]:
        """Params, tags and latest metrics by run id; of runs at rest as they were read before, if nothing changed."""
        ...

    def insert_params(self, scope: Scope, owner_id: int, params: Mapping[str, str]) -> None:
        """Adds params that never change. Raises ParamChanged, with all differences, if one has another value."""
        ...

    def set_tags(self, scope: Scope, owner_id: int, tags: Mapping[str, str]) -> None: ...

    def delete_tag(self, scope: Scope, owner_id: int, key: str) -> bool:
        """Whether there was such a tag."""
        ...


class Configs(Protocol):
    """Config documents of runs; params are their index."""

    def get(self, run_id: int) -> tuple[int, dict[str, Any]]:
        """The revision and the document; revision 0 and none if there never was one."""
        ...

    def put(
        self, scope: Scope, run_id: int, document: Mapping[str, Any], index: Mapping[str, Indexed], gone: set[str]
    ) -> int:
        """Stores the document under the next revision, which is returned, and its index; params `gone` are deleted."""
        ...

    def copy(self, source_id: int, run_id: int) -> None:
        """The run, which has none yet, has the source's document and params."""
        ...
