"""Files of chains: what is written is read back, and whatever else is in them is refused or passed over, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from audit.test_chain import CHAINS
from audit.test_checkpoints import SIGNER, signed
from hypothesis import HealthCheck, given, settings

from assay.core.audit import Entry, Head
from assay.core.checkpoints import Key
from assay.services.care.anchors import Anchors
from assay.services.care.chain_lines import Chain, ChainFile, checkpoint_line, export_lines, key_line, written
from assay.wire.errors import Corrupt

KEY = Key(SIGNER.id, SIGNER.public, 5, "0" * 32, b"x")


def lines_of(entries: list[Entry], head: Head) -> list[dict[str, Any]]:
    """An export of two chains."""
    points = [signed(entries[-1])]
    chains = [Chain(id, f"w{id}", head, points, iter(entries)) for id in (1, 2)]
    return list(export_lines([KEY], chains, 7))


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(map(written, lines)))
    return path


@given(CHAINS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(tmp_path: Path, made: tuple[list[Entry], Head]) -> None:
    """Bytes that no record has, too: an export is faithful to what it was made of."""
    entries, head = made
    entries = [*entries, Entry(head.seq + 1, b"\xff\x00", None, None), Entry(head.seq + 2, b"", b"", "\ud800")]
    file = ChainFile(write(tmp_path / "x", lines_of(entries, head)))
    assert file.keys == [KEY]
    found = [(c.workspace_id, c.name, c.head, c.signed, list(c.entries)) for c in file.chains()]
    assert found == [(id, f"w{id}", head, [signed(entries[-1])], entries) for id in (1, 2)]


WRONG = [
    ("key", "previous", []),
    ("key", "since_us", 1.5),
    ("key", "public", "x"),
    ("key", "handover", 5),
    ("chain", "workspace", "01"),
    ("chain", "name", [5]),
    ("chain", "seq", float("inf")),
    ("chain", "digest", None),
    ("checkpoint", "signature", "0"),
    ("checkpoint", "checkpoint", 5),
    ("record", "seq", True),
    ("record", "detail", 5),
    ("record", "salt", "zz"),
    ("record", "kind", "stranger"),
    ("end", "lines", 1),
]


@pytest.mark.parametrize(("kind", "name", "value"), WRONG)
def test_a_line_that_is_not_in_order_is_named(tmp_path: Path, kind: str, name: str, value: object) -> None:
    lines = lines_of([Entry(1, b"{}", None, None)], Head())
    at = [line["kind"] for line in lines].index(kind)
    lines[at] = {**lines[at], name: value}
    path = write(tmp_path / "x", lines)
    with pytest.raises(Corrupt) as caught:
        [list(chain.entries) for chain in ChainFile(path).chains()]
    assert f"Line {at + 1} of" in caught.value.message
    assert caught.value.field == "FILE"


def test_a_file_of_checkpoints_is_read_past_what_is_broken(tmp_path: Path) -> None:
    """A line that was broken off, or is no checkpoint, hides none of the others."""
    point = signed(Entry(3, b"x"))
    good = [key_line(KEY), checkpoint_line(point)]
    path = tmp_path / "kept"
    broken = [b'{"kind":"check\n', b"\n", b"[]\n", b"\xff\n", b'{"kind":"checkpoint"}\n', b'{"kind":"key","id":1}\n']
    path.write_bytes(b"".join([*broken, *map(written, good)]))
    kept = Anchors()
    kept.read(path)
    assert (kept.keys, kept.signed, kept.damaged) == ([KEY], [point], 5)


def test_a_name_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    lines = lines_of([Entry(1, b"{}")], Head())
    lines = [{**line, "name": "\x1b[2J\ud800x"} if line["kind"] == "chain" else line for line in lines]
    names = []
    for chain in ChainFile(write(tmp_path / "x", lines)).chains():
        names.append(chain.name)
        assert len(list(chain.entries)) == 1
    assert names == ["?[2J?x"] * 2
