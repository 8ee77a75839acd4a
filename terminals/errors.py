"""Problems of the terminal protocol."""

from foundation.problems import ProblemKind

BAD_SIGNATURE = ProblemKind(
    401,
    "bad-signature",
    "报文签名无效",
    "The message's signature is missing or wrong",
    "请重新签到;如仍失败,停用终端",
    "Sign in again; if it fails again, take the terminal out of use",
)
SESSION_ENDED = ProblemKind(
    401,
    "session-ended",
    "终端会话已结束",
    "The terminal's session has ended",
    "请重新签到后以同一序号重发",
    "Sign in again, then resend under the same sequence number",
)
OUT_OF_TIME = ProblemKind(
    401,
    "created-out-of-range",
    "报文时间超出范围",
    "The message was created too far from the centre's time",
    "请校准终端时间后重发",
    "Correct the terminal's clock and resend",
)
ENROLMENT_REFUSED = ProblemKind(
    403,
    "enrolment-refused",
    "激活码无效、未批准或已过期",
    "The code is wrong, used, expired or not approved",
    "请向管理员索取新的激活码",
    "Ask the administrator for a new code",
)
EPOCH_WRONG = ProblemKind(
    409,
    "epoch-wrong",
    "终端代次不符",
    "The epoch is not the terminal's",
    "请重新签到",
    "Sign in again and use the epoch that the answer names",
)
REPLAYED_SIGN_IN = ProblemKind(
    409,
    "replayed-sign-in",
    "重复的签到报文",
    "This sign-in was used before",
    "请以新的临时密钥签到",
    "Sign in with a fresh ephemeral key",
)
