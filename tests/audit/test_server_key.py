"""The server's key: a secret file, made once, replaced whole, or what an operator sets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from assay.server.keys import KEY, KEY_FILE, ServerKeys
from assay.wire.errors import AssayError, InvalidInput, InvalidState, PermissionDenied, Unavailable

GIVEN = "assay-key-" + "A" * 43


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of whoever runs the tests."""
    for name in ("ASSAY_SERVER_KEY", "ASSAY_SERVER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_made_once_and_is_a_secret(tmp_path: Path) -> None:
    first = ServerKeys(tmp_path).signer()
    path = tmp_path / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY.match(path.read_text().strip())
    assert ServerKeys(tmp_path).signer().public == first.public
    assert first.public.hex() not in path.read_text()


def test_a_new_one_takes_its_place_only_when_it_is_put(tmp_path: Path) -> None:
    keys = ServerKeys(tmp_path)
    old = keys.signer()
    new, put = keys.replace()
    assert keys.signer().id == old.id != new.id
    put()
    assert keys.signer().id == new.id
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_it_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "secrets" / "key"
    elsewhere.parent.mkdir()
    monkeypatch.setenv("ASSAY_SERVER_KEY_FILE", str(elsewhere))
    assert ServerKeys(tmp_path).signer().id == ServerKeys(tmp_path / "other").signer().id
    assert elsewhere.exists()
    assert not (tmp_path / KEY_FILE).exists()


def test_the_environment_may_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then no command replaces it, and no file is made."""
    monkeypatch.setenv("ASSAY_SERVER_KEY", GIVEN)
    keys = ServerKeys(tmp_path)
    assert keys.signer().id == ServerKeys(tmp_path / "replica").signer().id
    with pytest.raises(InvalidState):
        keys.replace()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("ASSAY_SERVER_KEY", "secret")
    with pytest.raises(InvalidInput) as caught:
        keys.signer()
    assert "secret" not in caught.value.message


def spoil_mode(path: Path) -> None:
    path.chmod(0o640)


def spoil_text(path: Path) -> None:
    path.write_text("no key\n")


def spoil_kind(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize("spoil", [spoil_mode, spoil_text, spoil_kind])
def test_a_file_that_is_no_secret_key_is_refused(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    ServerKeys(tmp_path).signer()
    spoil(tmp_path / KEY_FILE)
    with pytest.raises(PermissionDenied) as caught:
        ServerKeys(tmp_path).signer()
    told: AssayError = caught.value
    assert (told.field, bool(told.remedy)) == ("ASSAY_SERVER_KEY_FILE", True)


def test_a_place_where_it_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        ServerKeys(tmp_path / "missing").signer()
