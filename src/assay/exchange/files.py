"""Files of a source, written to the server; those that it has are passed over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.exchange.report import Report
from assay.exchange.source import LocalFile, SourceFile
from assay.exchange.target import Target
from assay.wire.errors import AssayError, Unavailable


def send_files(target: Target, owner: str, files: Iterable[SourceFile], report: Report, *, exists: bool) -> None:
    """The owner, `runs/ID` or `models/ID`, has these files. `exists`: it may have some of them by now."""
    has: dict[str, dict[str, Any]] | None = None if exists else {}
    for file in files:
        if has is None:
            has = {item["path"]: item for item in target.listed(f"{owner}/files", "files", all="true")}
        if (known := has.get(file.path)) is not None and _same(file, known):
            continue
        try:
            target.put_file(owner, file)
        except Unavailable as error:
            if error.field != "source":
                raise
            report.tell(f"file left out: {error.message[:200]}", f"{owner}/{file.path}")
        except OSError as error:
            report.tell(f"file left out: it cannot be read ({error.strerror})", f"{owner}/{file.path}")
        except AssayError as error:
            report.tell(f"file left out: {error.message[:200]}", f"{owner}/{file.path}")
        else:
            report.count("files")
            report.count("file_bytes", file.size or 0)


def _same(file: SourceFile, known: dict[str, Any]) -> bool:
    if file.size is None or file.size != known["size"]:
        return False
    told = known.get("blake3")
    if not told or not isinstance(file, LocalFile):
        return True
    from blake3 import blake3

    try:
        return bool(blake3(max_threads=1).update_mmap(file.place).hexdigest() == told)
    except OSError:
        return False
