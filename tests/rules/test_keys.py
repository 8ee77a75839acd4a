"""The centre's keys, and what is sealed with them."""

import time
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from foundation.keys import (
    CARD_MASTER,
    CENTRE,
    KeyRing,
    KeyVersion,
    WrongKeyFile,
    WrongVersion,
    add_version,
    create_missing_keys,
    current_of,
    end_version,
    load_keys,
)


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


def test_versions_follow_each_other(tmp_path: Path) -> None:
    create_missing_keys(tmp_path)
    first, now = load_keys(tmp_path), int(time.time())
    fresh = add_version(tmp_path, CENTRE, now + 100)
    keys = load_keys(tmp_path)
    assert (fresh.version, keys.centre_version, keys.centre_public_key) == (2, 1, first.centre_public_key)
    assert keys.centre_public_keys.keys() == {1, 2}, "one that has not begun is accepted: clocks differ"
    for version, ends in ((2, now + 1_000), (2, now + 101), (1, now + 99), (3, now + 1_000)):
        with pytest.raises(WrongVersion):
            end_version(tmp_path, CENTRE, version, ends)
    end_version(tmp_path, CENTRE, 1, now + 100)
    assert current_of(keys.centre, now + 99).version == 1
    assert current_of(keys.centre, now + 100).version == 2
    assert (tmp_path / CENTRE).stat().st_mode & 0o777 == 0o600
    ended = load_keys(tmp_path).centre[0]
    assert ended.is_accepted(now + 99.9)
    assert not ended.is_accepted(now + 100)
    for begins in (now + 5, now + 100):
        with pytest.raises(WrongVersion):
            add_version(tmp_path, CENTRE, begins)


def test_an_ended_version_stays_for_what_it_signed_alone(tmp_path: Path) -> None:
    create_missing_keys(tmp_path)
    first, master = load_keys(tmp_path), (tmp_path / CARD_MASTER).read_text().strip()
    for name, secret in ((CENTRE, (tmp_path / CENTRE).read_text().strip()), (CARD_MASTER, master)):
        size = len(secret)
        (tmp_path / name).write_text(f"1 {secret} - 2000\n2 {'ab' * (size // 2)} 1000 -\n")
    keys = load_keys(tmp_path)
    assert (keys.centre_version, list(keys.centre_public_keys), keys.signing_key(1)) == (2, [2], None)
    assert keys.every_centre_public_key[1] == first.centre_public_key
    assert (keys.card_master_version, keys.card_master_key(1), keys.card_master_key(3)) == (2, None, None)
    assert keys.card_master_key(2) == b"\xab" * 16


@pytest.mark.parametrize(
    "text",
    ["", "1 {key}", "0 {key} - -", "01 {key} - -", "256 {key} - -", "1 {key} - - -", "1 {key}00 - -", "1  {key} - -",
     "1 {key} -1 -", "1 {key} - 1.5", "2 {key} 10 -\n1 {key} 20 -",
     "1 {key} 20 -\n2 {key} 10 -", "1 {key} 1 -\n\n2 {key} 2 -",
     "1 {key} 9999999999 -", "1 {key} ٣ -", "1 {key} - -\n1 {key} 5 -"],
)  # fmt: skip
def test_a_key_file_has_one_spelling(tmp_path: Path, text: str) -> None:
    create_missing_keys(tmp_path)
    (tmp_path / CARD_MASTER).write_text(text.format(key="ab" * 16) + "\n")
    with pytest.raises(WrongKeyFile, match=CARD_MASTER):
        load_keys(tmp_path)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20), st.integers(0, 10**7))
def test_one_version_is_in_use_at_any_time(pauses: list[int], at: int) -> None:
    versions = [KeyVersion(1, b"")]
    for pause in pauses:
        versions.append(KeyVersion(versions[-1].version + 1, b"", versions[-1].begins + pause))
    current = current_of(tuple(versions), at)
    assert current.begins <= at
    assert all(later.begins > at for later in versions if later.version > current.version)


def test_versions_do_not_show_their_keys() -> None:
    assert "ab" not in repr(KeyVersion(7, b"ab"))


def test_a_version_that_has_not_begun_is_withdrawn_and_another_begins_at_once(tmp_path: Path) -> None:
    create_missing_keys(tmp_path)
    now = int(time.time())
    add_version(tmp_path, CENTRE, now + 7 * 86_400)
    with pytest.raises(WrongVersion):
        add_version(tmp_path, CENTRE, now + 60)
    end_version(tmp_path, CENTRE, 2, now)
    with pytest.raises(WrongVersion):
        end_version(tmp_path, CENTRE, 1, now + 8 * 86_400)
    fresh = add_version(tmp_path, CENTRE, now + 60)
    keys = load_keys(tmp_path)
    assert fresh.version == 3, "a number names one key"
    assert (list(keys.centre_public_keys), keys.signing_key(2)) == ([1, 3], None)
    assert keys.public_key(2) not in keys.every_centre_public_key
    assert [current_of(keys.centre, now + after).version for after in (0, 60, 8 * 86_400)] == [1, 3, 3]
    end_version(tmp_path, CENTRE, 1, now + 60)
    with pytest.raises(WrongVersion):
        add_version(tmp_path, CENTRE, now + 60)


def test_a_version_begins_within_a_year(tmp_path: Path) -> None:
    create_missing_keys(tmp_path)
    with pytest.raises(WrongVersion):
        add_version(tmp_path, CENTRE, int(time.time()) + 366 * 86_400 + 60)
    assert add_version(tmp_path, CENTRE, int(time.time()) + 365 * 86_400).version == 2


def test_a_version_that_is_about_to_begin_is_not_withdrawn(tmp_path: Path) -> None:
    create_missing_keys(tmp_path)
    now = int(time.time())
    secret = (tmp_path / CENTRE).read_text().strip()
    (tmp_path / CENTRE).write_text(f"1 {secret} - -\n2 {'ab' * 32} {now + 20} -\n")
    with pytest.raises(WrongVersion):
        end_version(tmp_path, CENTRE, 2, now)
