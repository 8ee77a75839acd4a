"""The streams that kitchens weigh."""

from enum import StrEnum


class Stream(StrEnum):
    """What was weighed. ``PREPARED`` is all food cooked for the meal, and no waste."""

    PREPARATION = "preparation"
    """Edible food lost while cooking."""
    UNSERVED = "unserved"
    """Cooked, and never taken by a guest."""
    PLATE = "plate"
    """Left on plates."""
    INEDIBLE = "inedible"
    """Bones, shells, peel: reported apart from waste."""
    PREPARED = "prepared"


WASTE_STREAMS = (Stream.PREPARATION, Stream.UNSERVED, Stream.PLATE)
"""Food that could have been eaten."""
