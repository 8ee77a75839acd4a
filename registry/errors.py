"""Problems with officials and their accounts, and with sessions at the console."""

from foundation.problems import ProblemKind

ACCOUNT_CLOSED = ProblemKind(409, "account-closed")

CROSS_SITE_REQUEST = ProblemKind(403, "cross-site-request")
SESSION_CHANGED = ProblemKind(409, "session-changed")
PROOF_NEEDED = ProblemKind(403, "proof-needed")
SECOND_FACTOR_NEEDED = ProblemKind(401, "second-factor-needed")
SECOND_FACTOR_MISSING = ProblemKind(403, "second-factor-missing")
WRONG_CODE = ProblemKind(401, "wrong-code")
INVITATION_REFUSED = ProblemKind(401, "invitation-refused")
USER_NOT_ACTIVE = ProblemKind(403, "user-not-active")

SIGN_ON_REFUSED = ProblemKind(401, "sign-on-refused")
IDENTITY_UNKNOWN = ProblemKind(403, "identity-unknown")
