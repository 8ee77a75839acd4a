"""Netting: positions sum to zero, whatever is owed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.netting import NetPosition, Owed, net, netting_efficiency_percent
from foundation.money import yuan
from registry.identifiers import AgencyId

A, B, C, D, STRANGER = (AgencyId(number) for number in (1, 2, 3, 4, 9))
AGENCIES = [A, B, C, D]
obligations = st.lists(
    st.builds(Owed, st.sampled_from(AGENCIES), st.sampled_from(AGENCIES), st.integers(-(10**6), 10**9)), max_size=60
)


def test_three_agencies_by_hand() -> None:
    positions = net([A, B, C], [Owed(A, B, 100), Owed(B, A, 30), Owed(C, A, 50), Owed(B, B, 999)])
    assert {agency: p.position_fen for agency, p in positions.items()} == {A: -20, B: 70, C: -50}


@given(obligations)
def test_positions_sum_to_zero_and_leave_own_meals_out(owed: list[Owed]) -> None:
    positions = net(AGENCIES, owed)
    assert sum(p.position_fen for p in positions.values()) == 0
    assert positions == net(AGENCIES, [o for o in owed if o.issuer_id != o.acquirer_id])


def test_an_unknown_agency_stops_the_end_of_day() -> None:
    with pytest.raises(KeyError):
        net([A], [Owed(A, STRANGER, 5)])


def test_netting_efficiency() -> None:
    # 100 one way and 60 back: 40 move instead of 160.
    assert netting_efficiency_percent([NetPosition(100, 60), NetPosition(60, 100)]) == 75.0
    assert netting_efficiency_percent([]) == 0.0


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456, "1234.56"), (-100, "-1.00")]
)
def test_yuan_is_exact(fen: int, text: str) -> None:
    assert yuan(fen) == text
