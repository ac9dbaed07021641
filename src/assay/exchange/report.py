"""What an import or export did, and what it could not keep, counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[str, str], None]  # (reason, name): what could not be kept
Progress = Callable[[str, int, int], None]  # (what, done, total or 0)
NAMES = 5  # that are told of each reason


@dataclass(slots=True)
class Report:
    """Counts of what was written, and of what was left out. The same thing left out twice counts once."""

    done: Counter[str] = field(default_factory=Counter)
    left: dict[str, dict[str, None]] = field(default_factory=dict)

    def count(self, what: str, n: int = 1) -> None:
        """So many more were written."""
        self.done[what] += n

    def tell(self, reason: str, name: str = "") -> None:
        """This could not be kept."""
        self.left.setdefault(reason, {})[name] = None

    def document(self) -> dict[str, Any]:
        """The report as JSON data."""
        left = [
            {"reason": reason, "count": len(names), "names": list(names)[:NAMES]}
            for reason, names in sorted(self.left.items())
        ]
        return {"done": dict(self.done), "left_out": left}

    def lines(self) -> list[str]:
        """What was left out, for a person: a line a reason."""
        found = []
        for reason, names in sorted(self.left.items()):
            shown = ", ".join(name for name in list(names)[:NAMES] if name)
            more = ", ..." if len(names) > NAMES else ""
            found.append(f"{reason}: {len(names)}" + (f" ({shown}{more})" if shown else ""))
        return found
