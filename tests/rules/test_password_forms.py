"""A password is the same however a keyboard writes its letters."""

import pytest

from foundation.problems import Problem
from registry.passwords import _hasher, check_new_password, hash_password, is_right

TYPED = "ｃｌｏｕｄｓ over the café ﬁeld"
"""Full-width letters, a letter with its accent apart, a ligature."""
ANOTHER_WAY = "clouds over the café field"


def test_letters_written_in_another_way_are_the_same_password() -> None:
    for known in (hash_password(TYPED), hash_password(ANOTHER_WAY)):
        assert is_right(known, TYPED)
        assert is_right(known, ANOTHER_WAY)
        assert not is_right(known, ANOTHER_WAY + "s")


def test_a_hash_of_an_earlier_release_still_counts() -> None:
    old = _hasher.hash(TYPED)
    assert is_right(old, TYPED)
    assert not is_right(old, ANOTHER_WAY)


def test_what_makes_a_password_weak_is_looked_for_in_its_normal_form() -> None:
    with pytest.raises(Problem):
        check_new_password("somebody", "ｐａｓｓｗｏｒｄ１２３４")
