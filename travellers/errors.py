"""Problems of officials who ask for themselves."""

from foundation.problems import ProblemKind

REPLAYED_REQUEST = ProblemKind(409, "replayed-request")
CONSENT_NEEDED = ProblemKind(403, "consent-needed")
