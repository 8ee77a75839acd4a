"""The problem kinds of bookings."""

from foundation.problems import ProblemKind

MEAL_FULL = ProblemKind(409, "meal-full")
BOOKING_CLOSED = ProblemKind(409, "booking-closed")
MAY_NOT_EAT = ProblemKind(403, "may-not-eat")
