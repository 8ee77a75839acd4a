"""All cases in their order, and the run of those that a profile has."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from conformance.bench import Bench, Case, Group, Result, play
from conformance.cases import bodies, cashiers, knowing, money, opening, others, shifts, signatures, vectors, words
from conformance.kit import Kit
from conformance.wire import Line


class Profile(StrEnum):
    """What a run is about."""

    ALL = "all"
    TILL = "till"
    PHONE = "phone"
    SCALE = "scale"


_DEVICE = (opening.ENROLMENT, opening.SIGN_ON, signatures.GROUP)
_MONEY = (bodies.GROUP, money.CHARGES, money.CARDS, money.CODES, money.VOIDS, shifts.GROUP, cashiers.GROUP, words.TILLS)
_KNOWING = (knowing.PARAMETERS, knowing.KEYS)

GROUPS: dict[Profile, tuple[Group, ...]] = {
    Profile.TILL: (vectors.GROUP, *_DEVICE, *_MONEY, *_KNOWING, others.CONNECTIONS),
    Profile.PHONE: (vectors.GROUP, others.PHONES, words.PHONES),
    Profile.SCALE: (vectors.GROUP, *_DEVICE, others.SCALES, words.SCALES, *_KNOWING),
}
# The phones' own cases come first: they need activation codes that nobody has redeemed.
GROUPS[Profile.ALL] = (
    *(vectors.GROUP, *_DEVICE, others.PHONES, words.PHONES, *_MONEY, others.SCALES, words.SCALES),
    *(*_KNOWING, others.CONNECTIONS),
)


def cases_of(profile: Profile) -> list[Case]:
    """The cases of a profile, in the order in which they are played."""
    return [case for group in GROUPS[profile] for case in group.cases]


def run(
    url: str,
    kit: Kit,
    profile: Profile,
    on_case: Callable[[int, int, Case], None] = lambda *_: None,
    *,
    with_slow: bool = True,
) -> Iterator[Result]:
    """Play the cases of a profile against a centre; ``on_case``: how many are done, of how many, the next one.

    ``with_slow``: also those that wait for time-outs of the centre.
    """
    line = Line(url)
    bench = Bench(line, kit, is_scale=profile is Profile.SCALE)
    cases = [case for case in cases_of(profile) if with_slow or not case.is_slow]
    try:
        for n, case in enumerate(cases):
            on_case(n, len(cases), case)
            yield play(bench, case)
    finally:
        line.close()
