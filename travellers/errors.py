"""Problems of officials who ask for themselves."""

from foundation.problems import ProblemKind

REPLAYED_REQUEST = ProblemKind(409, "replayed-request")
CONSENT_NEEDED = ProblemKind(403, "consent-needed")
SHEET_UNKNOWN = ProblemKind(404, "sheet-unknown")
SHEET_ENDED = ProblemKind(410, "sheet-ended")
NO_ROOM = ProblemKind(503, "no-room")
