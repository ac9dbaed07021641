"""What a run was configured with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Self

INT_BITS = 4_096  # beyond, Python writes no decimal digits


def plain(value: Any) -> Any:
    """The value as JSON can hold it: keys and what is unknown as text, and numbers beyond JSON too.

    Raises:
        ValueError: It holds itself, or is nested too deep.
    """
    try:
        return _plain(value)
    except RecursionError as error:
        raise ValueError(f"a {type(value).__name__} is nested too deep, or holds itself") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int) and value.bit_length() > INT_BITS:
        return hex(value)
    return value if value is None or isinstance(value, (str, int, bool)) else _text(value)


def _text(value: Any) -> str:
    try:
        return str(value)
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever an object says to that
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


class Kept(MutableMapping[str, Any]):
    """What a run says of itself by key: what is set here is kept, also by `|= {...}`."""

    def __init__(self, say: Callable[[dict[str, Any]], None], values: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._say = say
        self._values = dict(values)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        raise TypeError("What a run has said cannot be taken back: set another value")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._values!r})"

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values at once."""
        new = dict(*args, **kwargs)
        self._values.update(new)
        self._say(new)

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self


class Config(Kept):
    """A run's configuration: what somebody chose, and the defaults of the rest."""

    def __init__(
        self,
        say: Callable[[dict[str, Any]], None],
        say_defaults: Callable[[dict[str, Any]], None],
        values: Mapping[str, Any],
    ) -> None:
        super().__init__(say, values)
        self._say_defaults = say_defaults

    def setdefault(self, key: str, default: Any = None) -> Any:
        """What is set under the key; if nothing is, the default is kept as a value that nobody chose."""
        if key not in self:
            self.defaults({key: default})
        return self[key]

    def defaults(self, values: Mapping[str, Any]) -> None:
        """Keeps the values, nested or not, where nothing is set, as ones that nobody chose."""
        if lacking := _lacking(self._values, values):
            self._values = _filled(self._values, lacking)
            self._say_defaults(lacking)


def _lacking(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What of the defaults, nested or not, is not there."""
    lacking: dict[str, Any] = {}
    for key, default in defaults.items():
        if key not in values:
            lacking[key] = default
            continue
        both = isinstance(values[key], Mapping) and isinstance(default, Mapping)
        if both and (below := _lacking(values[key], default)):
            lacking[key] = below
    return lacking


def _filled(values: Mapping[str, Any], lacking: Mapping[str, Any]) -> dict[str, Any]:
    more = {key: _filled(values[key], below) if key in values else below for key, below in lacking.items()}
    return {**values, **more}


class Summary(Kept):
    """What a run is summed up by: what is set here is kept, and stands beside the last values of its metrics."""
