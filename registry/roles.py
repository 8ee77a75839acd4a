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


NEEDS_AGENCY = frozenset({Role.AGENCY_ADMIN, Role.AGENCY_FINANCE, Role.CANTEEN_MANAGER})
"""Roles within an agency; the others act for the whole network and have none. Who does not fit may do nothing."""
