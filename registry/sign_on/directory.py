"""What the directory of a provider says about the people who are bound here: who has left it."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.models import Identity

LEAVERS_FREE = 3
"""So many people may leave at once in the smallest directory."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The identities whose people are in the directory no more, out of how many."""

    leavers: Sequence[Identity]
    bound: int

    def are_too_many(self, share_max_percent: int) -> bool:
        """Whether it looks as if the directory did not come whole."""
        return len(self.leavers) > max(LEAVERS_FREE, self.bound * share_max_percent // 100)


def compare(identities: Sequence[Identity], people: set[str]) -> Compared:
    """Which identities a directory does not have any more."""
    return Compared([one for one in identities if one.subject not in people], len(identities))
