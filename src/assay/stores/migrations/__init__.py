"""The schema's history, oldest first: modules with REVISION, OLDEST_SERVER and `upgrade(connection, now_us)`.

A revision that has landed is never edited. Expanding ones (new tables, new columns with a default) repeat the
OLDEST_SERVER before them, so that older servers go on beside; only a contracting one raises it.
"""

from __future__ import annotations

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
HEAD = REVISIONS[-1]
