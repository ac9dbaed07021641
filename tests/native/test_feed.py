"""One poller serves all who follow changes, none runs while nobody does, and who is too slow is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.core.roles import Grant, Role, SubjectKind, standing
from assay.core.scope import HOME, How, Scope, made
from assay.dialects.native import feed
from assay.dialects.native.feed import Feed
from assay.server.compose import Server, open_house
from assay.server.home import Home
from assay.wire.errors import Unauthenticated


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Server]:
    """An open house."""
    opened = open_house(Home(tmp_path / "home"))
    yield opened
    opened.close()


async def heard(following: Any, count: int) -> list[str]:
    """The first runs that are told of."""
    found: list[str] = []
    async for told in following:
        if told is not None:
            found.append(told.run_uid)
        if len(found) == count:
            break
    return found


def test_one_poller_serves_all(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    asked = 0
    since = house.services.changes.since

    def counted(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return since(*args)

    monkeypatch.setattr(type(house.services.changes), "since", staticmethod(counted))

    async def main() -> None:
        shared = Feed(house.services, lambda: False)
        position = await shared.position(Scope(), None)
        followers = [shared.follow(Scope(), position, 0.05) for _ in range(20)]
        waiting = [asyncio.create_task(heard(item, 1)) for item in followers]
        while shared.listeners < 20:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        uid = house.services.runs.create(Scope(), 0, name="r").run.uid
        assert await asyncio.gather(*waiting) == [[uid]] * 20
        for item in followers:
            await item.aclose()
        assert shared.listeners == 0
        await asyncio.sleep(0.1)
        before = asked
        await asyncio.sleep(0.3)
        assert asked == before  # nobody listens
        assert before < 20 * 3 + 100

    asyncio.run(main())


def test_who_breaks_off_within_a_page_misses_nothing(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each event a listener may go, and comes again with the position that it carried."""
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    monkeypatch.setattr("assay.services.changes.OVERLAP_US", 0)
    start = f"{house.services.changes.since(Scope(), None)[1]}"
    runs = [house.services.runs.create(Scope(), 0, name=f"r{number}").run.uid for number in range(7)]

    async def main() -> None:
        shared = Feed(house.services, lambda: False)
        for seen in range(1, 8):
            position = await shared.position(Scope(), start)
            following = shared.follow(Scope(), position, 5)
            found = []
            async for told in following:
                assert told is not None
                found.append(told.run_uid)
                position = told.position
                if len(found) == seen:
                    break
            await following.aclose()
            await asyncio.sleep(0.05)
            rest = shared.follow(Scope(), await shared.position(Scope(), position), 0.1)
            async for told in rest:
                if told is None:
                    break
                found.append(told.run_uid)
            await rest.aclose()
            assert set(found) == set(runs), seen

    asyncio.run(main())


def test_a_poller_that_fails_goes_on(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who listens is told of what comes after a failure that nobody foresaw."""
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    since = house.services.changes.since
    fails = False

    def failing(*args: Any) -> Any:
        nonlocal fails
        if fails:
            fails = False
            raise RuntimeError
        return since(*args)

    monkeypatch.setattr(type(house.services.changes), "since", staticmethod(failing))

    async def main() -> None:
        nonlocal fails
        shared = Feed(house.services, lambda: False)
        waiting = asyncio.create_task(heard(shared.follow(Scope(), await shared.position(Scope(), None), 5), 1))
        await asyncio.sleep(0.2)
        fails = True
        await asyncio.sleep(0.2)
        assert not fails
        uid = house.services.runs.create(Scope(), 0, name="r").run.uid
        assert await asyncio.wait_for(waiting, 5) == [uid]

    asyncio.run(main())


def test_who_is_too_slow_is_let_go(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    monkeypatch.setattr(feed, "WAITING_BOUND", 2)

    async def main() -> None:
        shared = Feed(house.services, lambda: False)
        following = shared.follow(Scope(), await shared.position(Scope(), None), 5)
        first = house.services.runs.create(Scope(), 0, name="r").run.uid
        assert await heard(following, 1) == [first]
        for number in range(5):
            house.services.runs.create(Scope(), 0, name=f"r{number}")
        await asyncio.sleep(0.5)
        assert shared.listeners == 0
        assert [told async for told in following] == []

    asyncio.run(main())


def test_it_ends_with_the_server(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    over: list[bool] = []

    async def main() -> None:
        shared = Feed(house.services, lambda: bool(over))
        following = shared.follow(Scope(), await shared.position(Scope(), None), 5)
        waiting = asyncio.create_task(heard(following, 1))
        await asyncio.sleep(0.1)
        over.append(True)
        assert await asyncio.wait_for(waiting, 5) == []

    asyncio.run(main())


def test_who_may_not_listen_any_more_is_told_nothing(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """He is asked who he is before each thing that he is told, and what is closed to him is passed by."""
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    grants = [Grant(1, None, SubjectKind.USER, 6, Role.VIEWER), Grant(1, 0, SubjectKind.USER, 6, Role.NONE)]
    closed = Scope(1, made("ada", How.TOKEN, 6, standing(grants)))
    answers: list[Scope | None] = [closed, Scope(), None]

    async def again() -> Scope:
        if (found := answers.pop(0)) is None:
            raise Unauthenticated("The token was revoked")
        return found

    async def main() -> None:
        shared = Feed(house.services, lambda: False)
        following = shared.follow(Scope(), await shared.position(Scope(), None), 5, again)
        waiting = asyncio.create_task(heard(following, 1))
        while not shared.listeners:
            await asyncio.sleep(0.01)
        for name in ("passed by", "told"):
            last = house.services.runs.create(Scope(), 0, name=name).run.uid
            await asyncio.sleep(0.1)
        assert await waiting == [last]
        house.services.runs.create(Scope(), 0, name="too late")
        with pytest.raises(Unauthenticated):
            await heard(following, 1)
        assert shared.listeners == 0

    asyncio.run(main())


def test_a_workspace_is_told_of_itself(house: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY_S", 0.02)
    other = Scope(house.services.workspaces.create(Scope(actor=HOME), "other").id)
    id = house.services.experiments.create(other, "theirs").id

    async def main() -> None:
        shared = Feed(house.services, lambda: False)
        followers = [shared.follow(scope, await shared.position(scope, None), 5) for scope in (Scope(), other)]
        waiting = [asyncio.create_task(heard(item, 1)) for item in followers]
        while shared.listeners < 2:
            await asyncio.sleep(0.01)
        uids = [house.services.runs.create(Scope(), 0, name="r").run.uid]
        uids.append(house.services.runs.create(other, id, name="r").run.uid)
        assert await asyncio.gather(*waiting) == [[uid] for uid in uids]
        for item in followers:
            await item.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
