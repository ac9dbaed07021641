"""What every store promises of console lines. Subclass, and give a fixture `house`."""

from __future__ import annotations

from typing import Any

import pytest

from assay.core import console as payload
from assay.core.tracking import ConsoleLine, Stream
from assay.services import console as service
from assay.testing.house import House, writer
from assay.wire.errors import Conflict, InvalidInput, SequenceGap, TooLarge


def line(text: str, time_us: int = 0, stream: Stream = Stream.STDOUT) -> ConsoleLine:
    """A line."""
    return ConsoleLine(stream, time_us, text)


def texts(page: Any) -> list[str]:
    """What the lines of a page say."""
    return [item.text for item in page.items]


class ConsoleContract:
    """What a run printed is stored once, and read in the order in which it came."""

    def send(self, house: House, uid: str, first_seq: int, *said: str, **given: Any) -> int:
        """Sends lines, each at the time of its number."""
        lines = [line(text, first_seq + at) for at, text in enumerate(said)]
        return house.console.append(house.scope, uid, writer(first_seq, **given), lines)

    def test_lines_come_back_as_they_were_printed(self, house: House) -> None:
        uid = house.run()
        assert house.console.read(house.scope, uid).items == []
        sent = [
            line("epoch 1 🦊", 5),
            line("", 5, Stream.STDERR),
            line("\x1b[31mred\x1b[0m\ttab\rreturn", 7, Stream.STDERR),
            line("x" * payload.LINE, (1 << 63) - 1),
        ]
        assert house.console.append(house.scope, uid, writer(0), sent) == 4
        assert house.console.read(house.scope, uid).items == sent
        assert house.console.tail(house.scope, uid).items == sent
        assert house.console.read(house.scope, house.run()).items == []

    def test_a_resend_is_dropped_and_a_gap_refused(self, house: House) -> None:
        uid = house.run()
        assert self.send(house, uid, 0, "a", "b") == 2
        assert self.send(house, uid, 0, "other", "other") == 2
        assert self.send(house, uid, 1, "other", "c") == 3
        assert self.send(house, uid, 0, "other") == 3
        assert self.send(house, uid, 3) == 3
        with pytest.raises(SequenceGap) as refused:
            self.send(house, uid, 4, "e")
        assert refused.value.details == {"expected": 3}
        assert texts(house.console.read(house.scope, uid)) == ["a", "b", "c"]

    def test_points_and_lines_of_a_writer_are_numbered_together(self, house: House) -> None:
        uid = house.run()
        house.log(uid, "loss", [1.0, 2.0], writer=writer(0))
        assert self.send(house, uid, 2, "a") == 3
        house.log(uid, "loss", [3.0], [2], writer=writer(3))
        assert self.send(house, uid, 4, "b") == 5
        assert self.send(house, uid, 2, "other") == 5
        with pytest.raises(SequenceGap):
            house.log(uid, "loss", [9.0], [9], writer=writer(6))
        assert texts(house.console.read(house.scope, uid)) == ["a", "b"]
        assert house.values(uid, "loss") == [1.0, 2.0, 3.0]

    def test_a_rewind_keeps_the_lines_and_refuses_the_old_epoch(self, house: House) -> None:
        uid = house.run()
        self.send(house, uid, 0, "a", "b")
        house.branches.rewind(house.scope, uid, 0)
        with pytest.raises(Conflict):
            self.send(house, uid, 2, "c")
        assert self.send(house, uid, 0, "d", epoch=1) == 1
        assert set(texts(house.console.read(house.scope, uid))) == {"a", "b", "d"}

    def test_a_fork_begins_with_an_empty_console(self, house: House) -> None:
        uid = house.run()
        self.send(house, uid, 0, "a")
        fork = house.branches.fork(house.scope, uid, name="fork").run.uid
        assert house.console.read(house.scope, fork).items == []
        assert self.send(house, fork, 0, "b") == 1

    @pytest.mark.parametrize("limit", [1, 7, 1_000])
    def test_pages_follow_each_other_while_lines_come(self, house: House, limit: int) -> None:
        uid = house.run()
        sent = [f"line {n}" for n in range(60)]
        for at in range(0, 50, 10):
            self.send(house, uid, at, *sent[at : at + 10])
        found: list[str] = []
        after: str | None = None
        while True:
            page = house.console.read(house.scope, uid, after=after, limit=limit)
            assert len(page.items) <= limit
            found += texts(page)
            if after is None:
                self.send(house, uid, 50, *sent[50:])
                early = [line("early", -0)]  # its time is before that of all that was read
                house.console.append(house.scope, uid, writer(0, name="late"), early)
            after = page.next_token
            if after is None and len(found) < 61:
                after = page.position
            elif after is None:
                break
        assert sorted(found) == sorted([*sent, "early"])
        assert house.console.read(house.scope, uid, after=page.position).items == []

    def test_a_page_is_in_the_order_of_time(self, house: House) -> None:
        uid = house.run()
        for rank in ("b", "a"):
            lines = [line(f"{rank}{at}", at) for at in (2, 0, 0, 1)]
            house.console.append(house.scope, uid, writer(0, name=rank), lines)
        expected = ["a0", "a0", "b0", "b0", "a1", "b1", "a2", "b2"]
        assert texts(house.console.read(house.scope, uid)) == expected
        assert texts(house.console.tail(house.scope, uid)) == expected

    def test_a_console_is_followed_from_its_end(self, house: House) -> None:
        uid = house.run()
        position = house.console.tail(house.scope, uid).position
        for at in range(30):
            self.send(house, uid, at, f"{at}")
        assert texts(house.console.read(house.scope, uid, after=position)) == [f"{at}" for at in range(30)]
        tail = house.console.tail(house.scope, uid, 3)
        assert texts(tail) == ["27", "28", "29"]
        assert tail.next_token is None
        assert house.console.read(house.scope, uid, after=tail.position).items == []
        self.send(house, uid, 30, "more")
        assert texts(house.console.read(house.scope, uid, after=tail.position)) == ["more"]

    def test_lines_are_found_by_what_they_contain(self, house: House) -> None:
        uid = house.run()
        for at in range(0, 3_000, 1_000):
            self.send(
                house, uid, at, *(f"Step {n}: {'NaN' if n % 500 == 499 else 'ok'}" for n in range(at, at + 1_000))
            )
        expected = [f"Step {n}: NaN" for n in range(499, 3_000, 500)]
        assert texts(house.console.read(house.scope, uid, contains="nan")) == expected
        found: list[str] = []
        page = house.console.read(house.scope, uid, contains="NAN", limit=2)
        while True:
            found += texts(page)
            if page.next_token is None:
                break
            page = house.console.read(house.scope, uid, contains="NAN", limit=2, after=page.next_token)
        assert found == expected
        assert house.console.read(house.scope, uid, contains="absent").items == []

    def test_a_search_ends_and_can_go_on(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        uid = house.run()
        self.send(house, uid, 0, *(f"{n}" for n in range(50)))
        monkeypatch.setattr(service, "SEARCHED_BOUND", 20)
        page = house.console.read(house.scope, uid, contains="49")
        assert (page.items, page.next_token) == ([], "20")
        page = house.console.read(house.scope, uid, contains="49", after="40")
        assert (texts(page), page.next_token, page.position) == (["49"], None, "50")

    def test_a_page_ends_where_its_lines_are_long(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        uid = house.run()
        self.send(house, uid, 0, *("x" * payload.LINE for _ in range(12)))
        monkeypatch.setattr(service, "TEXT_BOUND", 5 * payload.LINE)
        page = house.console.read(house.scope, uid)
        assert (len(page.items), page.next_token) == (5, "5")
        assert len(house.console.read(house.scope, uid, after="10").items) == 2
        assert len(house.console.tail(house.scope, uid).items) == 5

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ([line("fine"), line("x" * (payload.LINE + 1))], "lines[1].text"),
            ([line("é" * (payload.LINE // 2 + 1))], "lines[0].text"),
            ([line("a\0b")], "lines[0].text"),
            ([line("\ud800")], "lines[0].text"),
            ([line("early", -1)], "lines[0].time_us"),
            ([line("late", 1 << 63)], "lines[0].time_us"),
            ([line("")] * (service.LINES_BOUND + 1), "lines"),
        ],
        ids=range(7),
    )
    def test_what_is_out_of_bounds_is_refused_whole(self, house: House, wrong: list[ConsoleLine], field: str) -> None:
        uid = house.run()
        with pytest.raises(InvalidInput) as refused:
            house.console.append(house.scope, uid, writer(0), wrong)
        assert refused.value.field == field
        assert refused.value.remedy
        with pytest.raises(TooLarge):
            house.console.append(house.scope, uid, writer(0), [line("x" * payload.LINE)] * 257)
        assert house.console.read(house.scope, uid).items == []
        assert house.runs.open_writer(house.scope, uid, "w", "points").next_seq == 0

    @pytest.mark.parametrize("token", ["", "-1", "x", "٣", "9" * 30])
    def test_a_forged_position_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            house.console.read(house.scope, house.run(), after=token)
        assert refused.value.field == "after"
