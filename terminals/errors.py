"""Problems of the terminal protocol."""

from foundation.problems import ProblemKind

BAD_SIGNATURE = ProblemKind(401, "bad-signature")
SESSION_ENDED = ProblemKind(401, "session-ended")
OUT_OF_TIME = ProblemKind(401, "created-out-of-range")
CENTRE_KEY_UNKNOWN = ProblemKind(403, "centre-key-unknown")
CREDENTIAL_BLOCKED = ProblemKind(403, "credential-blocked")
ENROLMENT_REFUSED = ProblemKind(403, "enrolment-refused")
HEAD_TOO_LARGE = ProblemKind(431, "head-too-large")
EPOCH_WRONG = ProblemKind(409, "epoch-wrong")
PROTOCOL_UNKNOWN = ProblemKind(400, "protocol-unknown")
SUITE_UNKNOWN = ProblemKind(400, "suite-unknown")
VOID_REFUSED = ProblemKind(409, "void-refused")
DISPLAY_UNKNOWN = ProblemKind(401, "display-unknown")
REPLAYED_SIGN_IN = ProblemKind(409, "replayed-sign-in")
