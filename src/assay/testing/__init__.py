"""Shipped contract suites, builders and fakes, for our own tests and for whoever writes a backend."""

import pkgutil

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
