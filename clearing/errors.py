"""Problems of closing and clearing."""

from registry.errors import ProblemKind

DAY_NOT_REACHED = ProblemKind(
    409,
    "day-not-reached",
    "营业日尚未到达",
    "That business day has not been reached",
    "请核对营业日",
    "Close the day that is open",
)
NO_CYCLE = ProblemKind(
    404,
    "no-cycle",
    "该营业日无清算场次",
    "No clearing cycle has this date",
    "请核对营业日",
    "Check the business date",
)
