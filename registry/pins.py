"""PINs of cashiers: six digits, random at first, and none that anybody tries first."""

import secrets
from datetime import UTC, datetime
from itertools import pairwise

DIGITS = 6
SAME_NUMBER_MIN = 4
"""Digits of a cashier's number that his PIN may not have in it; shorter ones are in too many PINs."""


def is_simple(pin: str, number: str) -> bool:
    """Whether a PIN is among the first that anybody tries.

    Fewer than three different digits, the same three twice, equal steps (123456, 975319), a date as year, month and
    day, or the cashier's number.
    """
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    has_number = len(number) >= SAME_NUMBER_MIN and (number in pin or pin in number)
    return len(set(pin)) < 3 or pin[:3] == pin[3:] or len(steps) == 1 or _is_date(pin) or has_number


def _is_date(pin: str) -> bool:
    try:
        datetime.strptime(f"20{pin}", "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def new_pin(number: str) -> str:
    """A random PIN that is not simple."""
    while True:
        pin = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        if not is_simple(pin, number):
            return pin
