"""The centre's keys, and what is sealed with them."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from foundation.keys import KeyRing, WrongKeyFile, create_missing_keys, load_keys


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    create_missing_keys(tmp_path / "keys")
    first = load_keys(tmp_path / "keys").wrapping_key
    create_missing_keys(tmp_path / "keys")
    assert load_keys(tmp_path / "keys").wrapping_key == first
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    (tmp_path / "keys" / "wrapping_key").write_text("short")
    with pytest.raises(WrongKeyFile, match="wrapping_key"):
        load_keys(tmp_path / "keys")


def test_a_sealed_name_opens_in_its_own_place_alone(keys: KeyRing) -> None:
    sealed = keys.seal_personal(7, "official/name/1042", "王小明")
    assert keys.open_personal(7, "official/name/1042", sealed) == "王小明"
    for agency_id, place in ((8, "official/name/1042"), (7, "official/name/1043")):
        with pytest.raises(InvalidTag):
            keys.open_personal(agency_id, place, sealed)
    with pytest.raises(InvalidTag):
        keys.open_personal(7, "official/name/1042", sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_blind_index_finds_equals_within_an_agency_alone(keys: KeyRing) -> None:
    assert keys.blind_index(7, "NB-1") == keys.blind_index(7, "NB-1") != keys.blind_index(8, "NB-1")


def test_keys_do_not_show_themselves(keys: KeyRing) -> None:
    assert keys.wrapping_key.hex() not in repr(keys)
    assert repr(keys.wrapping_key) not in repr(keys)
