"""No trick of a canteen's manager pays unseen, alone or together with all others (``verification/gaming.py``)."""

import math
import random
from pathlib import Path

import pytest

from verification.gaming import SCHEME, TRICKS, everything, honest, played, points_unflagged, table, unseen
from waste.evaluation.reweighing import reweighed_of
from waste.evaluation.scoring import Evaluation


def test_the_honest_quarter_has_no_flag() -> None:
    """Else every trick would count as caught. Of honest quarters, about half have a place with a false alarm."""
    assert (honest().judged().flags, unseen().judged().flags) == (frozenset(), frozenset())


@pytest.mark.parametrize("name", [trick.name for trick in TRICKS])
def test_no_trick_gains_two_points_unseen(name: str) -> None:
    found = played(name)
    assert not found.pays, found


def test_the_figure_of_the_bench_is_the_most_that_is_gained_unseen() -> None:
    assert 0 <= points_unflagged() <= 2


def test_what_the_score_itself_answers_gains_nothing() -> None:
    """No flag and no rule elsewhere is needed for these."""
    own = [trick.name for trick in TRICKS if not trick.elsewhere]
    assert {name: played(name).gain for name in own if played(name).gain > 2} == {}


def grade_index(done: Evaluation) -> int:
    """The place of a grade, the best first."""
    return [grade.name_zh for grade in SCHEME.grade].index(done.grade_zh or "")


def test_all_tricks_together_are_flagged_and_buy_no_grade_once_a_flag_is_upheld() -> None:
    """A supervisor who upholds one flag of the figures, such as that of the mass balance, ends the gain."""
    base, tricked = unseen().judged().score(), everything().judged()
    done = tricked.score()
    assert done.to_verify, "nobody is published with a certain grade"
    assert tricked.flags
    upheld = tricked.know(upheld=("mass_balance",)).score()
    assert upheld.to_verify
    assert grade_index(upheld) >= grade_index(base), (base, upheld)


def test_an_inspector_who_weighs_again_ends_the_gain_of_all_tricks_together() -> None:
    chance = random.Random(8)
    pairs = [(550, round(1_000 * math.exp(chance.gauss(0, 0.1)))) for _ in range(9)]
    base = unseen().judged().score()
    seen = everything().judged().know(reweighed=reweighed_of(pairs)).score()
    assert grade_index(seen) >= grade_index(base), (base, seen)


def test_the_table_in_the_docs_is_what_is_played() -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    missing = [row for row in ("| " + " | ".join(row) + " |" for row in table()) if row not in text]
    assert missing == []
