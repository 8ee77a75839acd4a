"""Types of numbers, so that one is not passed for another. All but books come from one sequence."""

from typing import NewType

Book = NewType("Book", int)
"""A partition of the ledger: a region's code, such as 3302."""
AgencyId = NewType("AgencyId", int)
CanteenId = NewType("CanteenId", int)
HolderId = NewType("HolderId", int)
"""An official's pseudonymous number; payments know no other."""
CredentialId = NewType("CredentialId", int)
"""A card or a phone."""
AccountId = NewType("AccountId", int)
"""An account of the ledger."""
TerminalId = NewType("TerminalId", int)
