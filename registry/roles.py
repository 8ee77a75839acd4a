"""What console users are. What each may do is in ``registry.access``."""

from enum import StrEnum


class Role(StrEnum):
    """What a console user is."""

    CENTRE_OPERATOR = "centre_operator"
    CENTRE_APPROVER = "centre_approver"
    AGENCY_ADMIN = "agency_admin"
    AGENCY_FINANCE = "agency_finance"
    CANTEEN_MANAGER = "canteen_manager"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    MACHINE = "machine"
    """A program (``registry.machines``). Its permissions are its scopes."""


NEEDS_AGENCY = frozenset({Role.AGENCY_ADMIN, Role.AGENCY_FINANCE, Role.CANTEEN_MANAGER})
"""Roles within an agency; the others act for the whole network and have none. Who does not fit may do nothing."""

CHANGES_NOTHING = frozenset({Role.AUDITOR})
"""Roles that read, and change nothing but how they sign in. (A cashier will be no role of the console: he signs on at
a till.)"""

OF_PEOPLE = tuple(role for role in Role if role is not Role.MACHINE)
"""Roles that are given to people."""

MAY_HAVE_AGENCY = NEEDS_AGENCY | {Role.MACHINE}

CENTRE_STAFF = (Role.CENTRE_OPERATOR, Role.CENTRE_APPROVER)
"""Roles of which at least one person each can always sign in: else nobody could let anybody in any more."""
