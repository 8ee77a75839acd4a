"""Problems with officials and their accounts."""

from foundation.problems import ProblemKind

ACCOUNT_CLOSED = ProblemKind(409, "account-closed")
