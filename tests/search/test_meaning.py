"""What every store promises of searches holds from memory too, and any search means what it means in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.test_search_model import World, test_any_search_finds_what_it_means_in_its_order, world

from assay.testing.searching import OrderContract, SearchContract

__all__ = ["World", "test_any_search_finds_what_it_means_in_its_order", "world"]


@pytest.fixture(autouse=True)
def some_served(store: Any) -> Iterator[None]:
    """Memory answered, unless nothing was asked that it answers."""
    before = store.projections.served
    yield
    assert store.projections.served >= before


class TestSearch(SearchContract):
    """Which runs are found."""


class TestOrder(OrderContract):
    """In which order, and page by page."""
