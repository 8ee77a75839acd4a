"""What the directory of a provider says about the people who are bound here: who has left it.

A directory is one tenant's, and says nothing of the people of another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.models import Identity
from registry.sign_on.providers import Directory, ProviderSettings

LEAVERS_FREE = 3
"""So many people may leave at once in the smallest directory."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The identities whose people are in the directory no more, out of how many of its tenant."""

    leavers: Sequence[Identity]
    bound: int

    def are_too_many(self, share_max_percent: int) -> bool:
        """Whether it looks as if the directory did not come whole."""
        return len(self.leavers) > max(LEAVERS_FREE, self.bound * share_max_percent // 100)


def compare(identities: Sequence[Identity], provider: ProviderSettings, directory: Directory) -> Compared:
    """Which identities of its tenant a directory does not have any more."""
    own = [one for one in identities if _is_of(one, provider, directory.tenant)]
    return Compared([one for one in own if one.subject not in directory.people], len(own))


def _is_of(identity: Identity, provider: ProviderSettings, tenant: str) -> bool:
    """Whether an identity is a tenant's: that vouched for him last, or it alone may vouch for who never signed on."""
    if identity.tenant is not None:
        return identity.tenant == tenant
    return provider.tenants_of(identity.agency_id) == [tenant]
