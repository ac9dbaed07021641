"""Output that is caught where Python writes it, and consoles that catch nothing."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from assay.sdk.capture.console import Console
from assay.wire.errors import InvalidInput


def test_replaced_streams_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook, and here under pytest, Python's own object is caught; it is the same again afterwards."""
    stream = StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    told: list[str] = []
    console = Console(lambda name, _, text: told.append(f"{name}: {text}"))
    console.start()
    assert console.modes["stdout"] == "wrap"
    print("a\nb", end="")
    sys.stdout.writelines(["c\n", "\x1b[1md"])
    console.stop()
    print("e")
    assert stream.getvalue() == "a\nbc\n\x1b[1mde\n"
    assert told == ["stdout: a", "stdout: bc", "stdout: d"]
    assert "write" not in vars(stream)


def test_a_wrapped_stream_that_was_wrapped_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrapped it after us keeps his wrapping, and ours catches nothing more."""
    stream = StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    told: list[str] = []
    console = Console(lambda name, _, text: told.append(text), mode="wrap")
    console.start()
    ours = stream.write
    stream.write = lambda text: ours(text.upper())  # type: ignore[method-assign]
    print("a")
    console.stop()
    print("b")
    assert stream.getvalue() == "A\nB\n"
    assert told == ["A"]


def test_a_mode_that_is_none() -> None:
    """The error says what there is."""
    with pytest.raises(InvalidInput) as refused:
        Console(print, mode="all")
    assert (refused.value.field, refused.value.bound) == ("mode", "redirect, wrap, off")
    assert refused.value.remedy


def test_off_is_off() -> None:
    """Nothing is touched."""
    console = Console(print, mode="off")
    console.start()
    assert set(console.modes.values()) == {"off"}
    console.stop()
