"""Problems of closing and clearing."""

from foundation.problems import ProblemKind

DAY_NOT_REACHED = ProblemKind(409, "day-not-reached")
DAY_NOT_OVER = ProblemKind(409, "day-not-over")
NO_CYCLE = ProblemKind(404, "no-cycle")
NO_BANK_ACCOUNT = ProblemKind(409, "no-bank-account")
NOTHING_TO_PAY = ProblemKind(409, "nothing-to-pay")
NOT_A_CONFIRMATION = ProblemKind(400, "not-a-confirmation")
NO_ENTRY = ProblemKind(404, "no-entry")
ENTRY_RESOLVED = ProblemKind(409, "entry-resolved")
DOES_NOT_FIT = ProblemKind(409, "does-not-fit")
ALTERED = ProblemKind(500, "altered")
NOT_DISPUTABLE = ProblemKind(409, "not-disputable")
TOO_LATE = ProblemKind(409, "too-late")
TOO_EARLY = ProblemKind(409, "too-early")
NO_DISPUTE = ProblemKind(404, "no-dispute")
DISPUTE_CLOSED = ProblemKind(409, "dispute-closed")
