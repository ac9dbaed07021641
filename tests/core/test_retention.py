"""What goes by age and size: never what is kept, always the oldest, and no more than is needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.purge import DAY_US
from assay.core.retention import Policy, Rested, Why, plan

NOW = 1_000 * DAY_US
RUNS = st.lists(
    st.builds(
        lambda days, size, kept: (NOW - days * DAY_US, size, kept),
        st.integers(0, 20),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=12,
).map(lambda rows: [Rested(at, f"r{at}", *row) for at, row in enumerate(rows)])
POLICIES = st.builds(Policy, st.none() | st.integers(0, 20), st.none() | st.integers(0, 30))


@given(RUNS, POLICIES, st.integers(0, 10))
def test_no_more_than_the_policy_says_goes(runs: list[Rested], policy: Policy, others: int) -> None:
    held = sum(run.bytes for run in runs) + others
    going = plan(runs, policy, NOW, held)
    gone = [run for run, _ in going]
    assert len(set(gone)) == len(gone)
    assert not any(run.kept for run in gone)
    free = [run for run in runs if not run.kept]
    old = {run for run in free if policy.days is not None and run.since_us < NOW - policy.days * DAY_US}
    assert {run for run, why in going if why is Why.AGE} == old
    large = [run for run, why in going if why is Why.SIZE]
    left = held - sum(run.bytes for run in old)
    if policy.max_bytes is None:
        assert large == []
        return
    assert all(run.bytes for run in large)
    assert left - sum(run.bytes for run in large[:-1]) > policy.max_bytes or not large, "one more than is needed"
    stays = [run for run in free if run not in gone and run.bytes]
    assert left - sum(run.bytes for run in large) <= policy.max_bytes or not stays, "something more could go"
    assert all((a.since_us, a.id) < (b.since_us, b.id) for a in large for b in stays), "the oldest go first"


@given(RUNS, st.randoms())
def test_the_order_in_which_they_are_read_does_not_matter(runs: list[Rested], chance: object) -> None:
    mixed = list(runs)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert plan(mixed, Policy(10, 5), NOW, 30) == plan(runs, Policy(10, 5), NOW, 30)


def test_without_a_policy_nothing_goes() -> None:
    assert plan([Rested(1, "a", 0, 10**12, kept=False)], Policy(), NOW, 10**12) == []
