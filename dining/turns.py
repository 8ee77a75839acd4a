"""The turns of what diners change: a rush of bookings leaves the ledger's connections to payments, and to readers."""

from foundation.turns import Turns

TURNS = Turns()
"""Of this worker."""
