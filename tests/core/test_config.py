"""The laws of config documents: what an index and a merge mean, for any document."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from assay.core.config import DEPTH, LEAVES, as_number, fill, index, merge, part
from assay.testing.strategies import TEXT
from assay.wire.errors import InvalidInput

NAMES = st.sampled_from(["a", "b", "c", "lr", "é", ""])
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.lists(st.integers(), max_size=3)


def documents(leaf: SearchStrategy[Any] = LEAF) -> SearchStrategy[dict[str, Any]]:
    """Nested documents whose names hold no dots."""
    value = st.recursive(leaf, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)
    return st.dictionaries(NAMES, value, max_size=4)


def leaves(document: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """Every leaf by its path, in the plainest way."""
    found: dict[tuple[str, ...], Any] = {}
    for name, item in document.items():
        if isinstance(item, dict) and item:
            found |= {(name, *path): leaf for path, leaf in leaves(item).items()}
        else:
            found[(name,)] = item
    return found


@given(documents())
def test_the_index_has_every_leaf_once(document: dict[str, Any]) -> None:
    expected = leaves(document)
    found = index(document)
    assert set(found) == {".".join(path) for path in expected}
    for path, leaf in expected.items():
        text = found[".".join(path)].text
        assert text == leaf if isinstance(leaf, str) else json.dumps(json.loads(text)) == json.dumps(leaf)


@given(documents())
def test_a_number_is_one_and_finite_and_no_switch_is_one(document: dict[str, Any]) -> None:
    found = index(document)
    for path, leaf in leaves(document).items():
        number = found[".".join(path)].number
        if number is not None:
            assert math.isfinite(number)
        if isinstance(leaf, float) and math.isfinite(leaf):
            assert number == leaf
        if isinstance(leaf, (bool, list, dict)) or leaf is None:
            assert number is None
        if isinstance(leaf, str):
            assert number == as_number(leaf)


@given(documents())
def test_the_index_does_not_depend_on_the_order_of_names(document: dict[str, Any]) -> None:
    turned = dict(reversed(document.items()))
    assert index(turned) == index(document)


SHAPED = st.recursive(
    st.dictionaries(st.sampled_from("abc"), LEAF, max_size=3),
    lambda inner: st.builds(
        lambda leaves, objects: {**leaves, **objects},
        st.dictionaries(st.sampled_from("abc"), LEAF, max_size=3),
        st.dictionaries(st.sampled_from("XY"), inner, max_size=2),
    ),
    max_leaves=8,
)


@given(SHAPED, SHAPED, SHAPED)
def test_merging_is_associative_where_nothing_takes_an_objects_place(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    left, right = merge(merge(one, two), three), merge(one, merge(two, three))
    assert json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(documents(), documents())
def test_an_empty_document_changes_nothing_and_a_second_time_neither(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert repr(merge(one, {})) == repr(merge({}, one)) == repr(one)
    assert repr(merge(merge(one, two), two)) == repr(merge(one, two))


@given(documents(), documents())
def test_a_merge_holds_the_new_leaves_and_the_old_ones_that_nothing_covers(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before = repr(old)
    after = leaves(merge(old, new))
    assert repr(old) == before, "the old document is not changed"
    new_leaves = leaves(new)
    for path, leaf in new_leaves.items():
        if leaf != {}:  # an empty object lays nothing over an object
            assert repr(after[path]) == repr(leaf)
    for path, leaf in leaves(old).items():
        covered = any(path[: len(p)] == p or p[: len(path)] == path for p in new_leaves)
        if not covered:
            assert repr(after[path]) == repr(leaf)


@given(documents(), documents())
@example({"a": {"a": {}}}, {"a": None})
def test_defaults_change_no_leaf_and_add_those_that_have_a_place(
    document: dict[str, Any], defaults: dict[str, Any]
) -> None:
    before = repr(document)
    after = leaves(fill(document, defaults, ()))
    assert repr(document) == before
    old, new = leaves(document), leaves(defaults)
    for path, leaf in old.items():
        if leaf != {}:  # an empty object has a place for whatever is in it
            assert repr(after[path]) == repr(leaf)
    for path, leaf in new.items():
        # What has a leaf, an object or an empty object there has no place for it, nor has a leaf on the way to it.
        covered = any(p[: len(path)] == path or (path[: len(p)] == p and old[p] != {}) for p in old)
        if not covered:
            assert repr(after[path]) == repr(leaf)
    assert after.keys() <= old.keys() | new.keys()


@given(documents(), documents())
def test_defaults_lay_what_merging_the_other_way_round_lays(one: dict[str, Any], two: dict[str, Any]) -> None:
    once = fill(one, two, ())
    assert repr(fill(once, two, ())) == repr(once)
    assert index(fill({}, two, index(one))).keys().isdisjoint(index(one))


@given(documents(), st.data())
def test_the_parts_of_a_document_make_it_whole(document: dict[str, Any], data: st.DataObject) -> None:
    found = index(document)
    chosen = set(data.draw(st.lists(st.sampled_from(sorted(found))))) if found else set()
    one, other = part(document, chosen), part(document, found.keys() - chosen)
    assert (index(one).keys(), index(other).keys()) == (chosen, found.keys() - chosen)
    assert index(merge(one, other)) == found == index(fill(one, other, index(one)))


@given(st.text())
def test_as_number_never_raises(text: str) -> None:
    number = as_number(text)
    assert number is None or math.isfinite(number)


def test_two_paths_to_one_key_are_refused() -> None:
    with pytest.raises(InvalidInput):
        index({"a": {"b": 1}, "a.b": 2})


def test_bounds() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(DEPTH - 1):
        deep = {"x": deep}
    assert list(index(deep)) == [".".join("x" * DEPTH)]
    with pytest.raises(InvalidInput):
        index({"x": deep})
    wide = {str(n): n for n in range(LEAVES)}
    assert len(index(wide)) == LEAVES
    with pytest.raises(InvalidInput):
        index({**wide, "one more": 1})
