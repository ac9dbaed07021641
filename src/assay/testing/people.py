"""What every store promises of comments and saved views. Subclass, and give a fixture `house`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.core.comments import Comment, Origin
from assay.core.scope import HOME, Actor, How, Role, Scope
from assay.core.tracking import Lifecycle
from assay.services import comments, views
from assay.testing import inside
from assay.testing.house import House, new_uid
from assay.wire.errors import (
    AlreadyExists,
    AssayError,
    Conflict,
    InvalidInput,
    NotActive,
    NotFound,
    PermissionDenied,
    RuleViolation,
)


def by(house: House, name: str, id: int) -> Scope:
    """The house's workspace, spoken for by a user."""
    return replace(house.scope, actor=Actor(name, How.TOKEN, id, everywhere=Role.EDITOR))


class CommentContract:
    """Comments are kept with their authors and times, and follow their runs."""

    def test_a_comment_is_said_read_edited_and_taken_away(self, house: House) -> None:
        uid = house.run()
        made, new = house.comments.add(house.scope, uid, "spike\n*why?*", key="loss", step=-7)
        assert new
        assert (made.run_uid, made.key, made.step, made.text) == (uid, "loss", -7, "spike\n*why?*")
        assert (made.author.name, made.edited_us, made.edited_by, made.origin) == ("local", None, None, None)
        assert house.comments.search(house.scope, [uid]).items == [made]
        edited = house.comments.edit(house.scope, made.uid, "clipped")
        assert (edited.text, edited.edited_by, edited.created_us) == ("clipped", "local", made.created_us)
        assert edited.edited_us is not None
        assert edited.edited_us >= made.created_us
        house.comments.remove(house.scope, made.uid)
        assert house.comments.search(house.scope, [uid]).items == []
        with pytest.raises(NotFound):
            house.comments.remove(house.scope, made.uid)

    def test_each_change_moves_the_run(self, house: House) -> None:
        uid = house.run()
        id = house.head(uid).id
        times = [inside.ahead(house.store, "run", id, -1_000_000)]

        def moved() -> None:
            times.append(house.head(uid).updated_us)
            assert times[-1] > times[-2]
            times.append(inside.ahead(house.store, "run", id, -1_000_000))

        made, _ = house.comments.add(house.scope, uid, "a")
        moved()
        house.comments.edit(house.scope, made.uid, "b")
        moved()
        house.comments.remove(house.scope, made.uid)
        moved()

    @pytest.mark.parametrize("limit", [1, 2, 7, 100])
    def test_they_are_listed_newest_first_page_by_page(self, house: House, limit: int) -> None:
        uids = [house.run() for _ in range(3)]
        said = [
            house.comments.add(house.scope, uid, f"{at}", key=key)[0]
            for at, (uid, key) in enumerate((uid, key) for uid in uids for key in ("loss", "Loss", None))
        ]
        house.runs.delete(house.scope, uids[2])

        def listed(*uids: str, key: str | None = None) -> list[Comment]:
            found: list[Comment] = []
            after: str | None = None
            while True:
                page = house.comments.search(house.scope, uids, key=key, after=after, limit=limit)
                assert len(page.items) <= limit
                found += page.items
                after = page.next_token
                if after is None:
                    return found

        newest = sorted(said, key=lambda item: (item.created_us, item.uid), reverse=True)
        assert listed(*uids) == newest
        assert listed() == [item for item in newest if item.run_uid != uids[2]]
        assert listed(uids[0], uids[0], "absent") == [item for item in newest if item.run_uid == uids[0]]
        assert listed(*uids, key="loss") == [item for item in newest if item.key == "loss"]

    def test_sent_twice_it_is_said_once(self, house: House) -> None:
        uid, id = house.run(), new_uid()
        first = house.comments.add(house.scope, uid, "a", id=id)
        assert house.comments.add(house.scope, uid, "again", id=id) == (first[0], False)
        with pytest.raises(Conflict):
            house.comments.add(house.scope, house.run(), "a", id=id)

    def test_its_author_changes_it_and_who_may_purge(self, house: House) -> None:
        uid = house.run()
        ann, bob, renamed = by(house, "ann", 7), by(house, "bob", 8), by(house, "anna", 7)
        made, _ = house.comments.add(ann, uid, "mine")
        for other in (bob, house.scope):
            with pytest.raises(PermissionDenied):
                house.comments.edit(other, made.uid, "theirs")
            with pytest.raises(PermissionDenied):
                house.comments.remove(other, made.uid)
        assert house.comments.search(bob, [uid]).items == [made]
        assert house.comments.edit(renamed, made.uid, "still mine").author == made.author
        moderated = house.comments.edit(replace(house.scope, actor=HOME), made.uid, "moderated")
        assert (moderated.author.name, moderated.edited_by) == ("ann", "home")
        house.comments.remove(replace(house.scope, actor=HOME), made.uid)

    def test_an_imported_one_says_where_it_is_from(self, house: House) -> None:
        origin = Origin("somebody else", 5)
        made, _ = house.comments.add(house.scope, house.run(), "a", origin=origin)
        assert (made.origin, made.author.name) == (origin, "local")
        assert made.created_us > 5

    def test_another_workspace_has_its_own(self, house: House) -> None:
        uid = house.run()
        made, _ = house.comments.add(house.scope, uid, "a")
        other = House(house.store).scope
        assert house.comments.search(other, [uid]).items == []
        assert house.comments.search(other).items == []
        for act in (
            lambda: house.comments.add(other, uid, "b"),
            lambda: house.comments.edit(other, made.uid, "b"),
            lambda: house.comments.remove(other, made.uid),
        ):
            with pytest.raises(NotFound):
                act()
        assert house.comments.search(house.scope, [uid]).items == [made]

    def test_a_deleted_run_takes_no_more(self, house: House) -> None:
        uid = house.run()
        made, _ = house.comments.add(house.scope, uid, "a")
        house.runs.delete(house.scope, uid)
        with pytest.raises(NotActive):
            house.comments.add(house.scope, uid, "b")
        with pytest.raises(NotActive):
            house.comments.edit(house.scope, made.uid, "b")
        house.comments.remove(house.scope, made.uid)  # nothing is in the way of taking one's words back
        assert house.head(uid).lifecycle is Lifecycle.DELETED

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"text": " \n"}, "text"),
            ({"text": "x" * 20_001}, "text"),
            ({"text": "\0"}, "text"),
            ({"text": "\ud800"}, "text"),
            ({"key": ""}, "key"),
            ({"key": "k" * 251}, "key"),
            ({"step": 1}, "key"),
            ({"origin": Origin("a" * 257, 0)}, "origin.author"),
        ],
    )
    def test_what_is_out_of_bounds_is_refused(self, house: House, given: dict[str, object], field: str) -> None:
        uid = house.run()
        with pytest.raises(InvalidInput) as refused:
            house.comments.add(house.scope, uid, **{"text": "a", **given})  # type: ignore[arg-type]
        assert (refused.value.field, bool(refused.value.remedy)) == (field, True)
        assert house.comments.search(house.scope, [uid]).items == []

    def test_a_run_has_so_many(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(comments, "COUNT_BOUND", 2)
        uid = house.run()
        for _ in range(2):
            house.comments.add(house.scope, uid, "a")
        with pytest.raises(RuleViolation):
            house.comments.add(house.scope, uid, "a")
        house.comments.add(house.scope, house.run(), "a")

    @pytest.mark.parametrize("token", ["", "1", "x.c-" + "0" * 32, "1.c-x", "1." + "0" * 32, "٣.c-" + "0" * 32])
    def test_a_forged_token_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(InvalidInput):
            house.comments.search(house.scope, after=token)


class SavedViewContract:
    """Views are saved by name, and nobody overwrites what he has not seen."""

    def test_a_view_is_made_read_changed_and_deleted(self, house: House) -> None:
        made, new = house.views.create(house.scope, "runs", "mine", {"columns": ["a", None], "é": "\0"})
        assert new
        assert (made.kind, made.experiment_id, made.name, made.revision) == ("runs", None, "mine", 1)
        assert made.document == '{"columns":["a",null],"\\u00e9":"\\u0000"}'
        assert house.views.get(house.scope, made.uid) == made
        named = house.views.change(house.scope, made.uid, 1, name="ours")
        assert (named.name, named.document, named.revision) == ("ours", made.document, 2)
        changed = house.views.change(house.scope, made.uid, 2, document={})
        assert (changed.name, changed.document, changed.revision) == ("ours", "{}", 3)
        assert (changed.created_us, changed.updated_us >= made.updated_us) == (made.created_us, True)
        house.views.remove(house.scope, made.uid, 3)
        with pytest.raises(NotFound):
            house.views.get(house.scope, made.uid)
        with pytest.raises(NotFound):
            house.views.remove(house.scope, made.uid)

    def test_what_was_changed_meanwhile_is_not_overwritten(self, house: House) -> None:
        made, _ = house.views.create(house.scope, "runs", "mine", {})
        seconds = house.views.change(by(house, "bob", 8), made.uid, 1, document={"by": "bob"})
        for act in (
            lambda: house.views.change(house.scope, made.uid, 1, document={"by": "local"}),
            lambda: house.views.change(house.scope, made.uid, 3, name="x"),
            lambda: house.views.remove(house.scope, made.uid, 1),
        ):
            with pytest.raises(Conflict) as refused:
                act()
            assert refused.value.details == {"revision": 2}
        assert house.views.get(house.scope, made.uid) == seconds
        assert (seconds.author.name, seconds.changed_by) == ("local", "bob")
        house.views.remove(house.scope, made.uid)

    def test_a_name_is_one_of_a_kind_in_its_place(self, house: House) -> None:
        house.views.create(house.scope, "runs", "best", {})
        house.views.create(house.scope, "compare", "best", {})
        house.views.create(house.scope, "runs", "best", {}, experiment_id=house.experiment_id)
        other, _ = house.views.create(house.scope, "runs", "Best", {})
        house.views.create(House(house.store).scope, "runs", "best", {})
        with pytest.raises(AlreadyExists):
            house.views.create(house.scope, "runs", "best", {"other": 1})
        with pytest.raises(AlreadyExists):
            house.views.change(house.scope, other.uid, 1, name="best")
        assert house.views.get(house.scope, other.uid) == other
        assert house.views.change(house.scope, other.uid, 1, name="Best").revision == 2

    def test_sent_twice_it_is_made_once(self, house: House) -> None:
        id = new_uid()
        made, _ = house.views.create(house.scope, "runs", "mine", {"a": 1}, id=id)
        assert house.views.create(house.scope, "runs", "mine", {"a": 1}, id=id) == (made, False)
        with pytest.raises(Conflict):
            house.views.create(house.scope, "runs", "other", {"a": 1}, id=id)

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_they_are_listed_by_name_without_documents(self, house: House, limit: int) -> None:
        made = [
            house.views.create(house.scope, kind, name, {"a": 1}, experiment_id=place)[0]
            for kind in ("runs", "run")
            for place in (None, house.experiment_id)
            for name in ("b", "B", "é", "a" * 200)
        ]

        def listed(**given: object) -> list[str]:
            found: list[str] = []
            after: str | None = None
            while True:
                page = house.views.search(house.scope, after=after, limit=limit, **given)  # type: ignore[arg-type]
                assert len(page.items) <= limit
                assert {item.document for item in page.items} <= {None}
                found += [item.uid for item in page.items]
                after = page.next_token
                if after is None:
                    return found

        ordered = sorted(made, key=lambda item: (item.name, item.uid))
        assert listed() == [item.uid for item in ordered]
        assert listed(kind="runs") == [item.uid for item in ordered if item.kind == "runs"]
        mine = [item.uid for item in ordered if item.experiment_id == house.experiment_id]
        assert listed(experiment_id=house.experiment_id) == mine
        assert listed(kind="none") == []

    def test_another_workspace_has_its_own(self, house: House) -> None:
        made, _ = house.views.create(house.scope, "runs", "mine", {})
        other = House(house.store).scope
        assert house.views.search(other).items == []
        for act in (
            lambda: house.views.get(other, made.uid),
            lambda: house.views.change(other, made.uid, 1, name="theirs"),
            lambda: house.views.remove(other, made.uid),
            lambda: house.views.create(other, "runs", "x", {}, experiment_id=house.experiment_id),
        ):
            with pytest.raises(NotFound):
                act()
        assert house.views.get(house.scope, made.uid) == made

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"kind": "Runs"}, "kind"),
            ({"kind": "k" * 51}, "kind"),
            ({"name": ""}, "name"),
            ({"name": "n" * 201}, "name"),
            ({"name": "\0"}, "name"),
            ({"document": {"a": "x" * (256 << 10)}}, "document"),
        ],
    )
    def test_what_is_out_of_bounds_is_refused(self, house: House, given: dict[str, object], field: str) -> None:
        fine = {"kind": "runs", "name": "mine", "document": {}}
        with pytest.raises(InvalidInput) as refused:
            house.views.create(house.scope, **{**fine, **given})  # type: ignore[arg-type]
        assert (refused.value.field, bool(refused.value.remedy)) == (field, True)
        assert house.views.search(house.scope).items == []

    def test_a_workspace_has_so_many(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "COUNT_BOUND", 1)
        house.views.create(house.scope, "runs", "a", {})
        with pytest.raises(RuleViolation):
            house.views.create(house.scope, "runs", "b", {})

    @pytest.mark.parametrize("token", ["", "x", "[]", '["a"]', '["a", 1]', '["\\u0000", "b"]'])
    def test_a_forged_token_is_refused(self, house: House, token: str) -> None:
        with pytest.raises(AssayError) as refused:
            house.views.search(house.scope, after=token)
        assert isinstance(refused.value, InvalidInput)
