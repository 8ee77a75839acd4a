"""Problems: what a caller did wrong or must wait for, as RFC 9457 problem details in two languages.

Each package lists its own kinds in its ``errors.py``; this module has the form and the kinds that every
room shares. A business refusal (no money, blocked card) is an answer and never one of these.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One stable kind of problem: its HTTP status, its slug in ``type``, and what to tell people."""

    status: int
    slug: str
    title_zh: str
    title_en: str
    advice_zh: str
    advice_en: str


class Problem(Exception):
    """A problem to be shown to the caller.

    ``detail`` says what was wrong this time, in English, and never repeats a secret.
    ``retry_after_s`` becomes the ``Retry-After`` header.
    """

    def __init__(self, kind: ProblemKind, detail: str = "", *, retry_after_s: int | None = None) -> None:
        super().__init__(f"{kind.slug}: {detail or kind.title_en}")
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s

    def document(self) -> dict[str, object]:
        """The RFC 9457 members, with both languages as extension members."""
        kind = self.kind
        return {
            "type": f"/problems/{kind.slug}",
            "title": f"{kind.title_zh} / {kind.title_en}",
            "status": kind.status,
            "detail": self.detail or kind.title_en,
            "title_zh": kind.title_zh,
            "title_en": kind.title_en,
            "advice_zh": kind.advice_zh,
            "advice_en": kind.advice_en,
        }


MALFORMED = ProblemKind(
    400,
    "malformed",
    "请求格式错误",
    "The message cannot be read",
    "请检查设备软件版本,联系管理员",
    "Check the software that sent it; nothing was posted",
)
INVALID = ProblemKind(
    400,
    "invalid",
    "请求内容不合规定",
    "A value is outside what is allowed",
    "请更正后重试",
    "Correct the value and send again; nothing was posted",
)
TOO_LARGE = ProblemKind(
    413,
    "too-large",
    "请求过大",
    "The message is too large",
    "请减少内容后重试",
    "Send less at a time",
)
TOO_SLOW = ProblemKind(
    408,
    "too-slow",
    "请求接收超时",
    "The message did not arrive in time",
    "请检查网络后重试",
    "Check the network and send again",
)
NOT_SIGNED_IN = ProblemKind(
    401,
    "not-signed-in",
    "未登录或登录已过期",
    "Not signed in, or the sign-in has ended",
    "请重新登录",
    "Sign in again",
)
WRONG_PASSWORD = ProblemKind(
    401,
    "wrong-password",
    "用户名或密码错误",
    "User name or password is wrong",
    "请核对后重试",
    "Check both and try again",
)
NOT_ALLOWED = ProblemKind(
    403,
    "not-allowed",
    "无此权限",
    "Your role or agency does not allow this",
    "请联系本单位管理员",
    "Ask your agency's administrator",
)
NOT_FOUND = ProblemKind(
    404,
    "not-found",
    "未找到",
    "There is no such thing here",
    "请核对编号",
    "Check the number or address",
)
CONFLICT = ProblemKind(
    409,
    "conflict",
    "与现有记录冲突",
    "It conflicts with what is already recorded",
    "请核对后重试",
    "Look at the existing record first",
)
TOO_MANY_TRIES = ProblemKind(
    429,
    "too-many-tries",
    "尝试次数过多",
    "Too many tries",
    "请稍后再试",
    "Wait a minute and try again",
)
UNAVAILABLE = ProblemKind(
    503,
    "unavailable",
    "服务暂不可用",
    "The centre cannot answer just now",
    "请稍候,以同一序号重发",
    "Wait and send again under the same sequence number",
)
INTERNAL = ProblemKind(
    500,
    "internal",
    "系统内部错误",
    "Something broke at the centre",
    "结果未知,请以同一序号重发",
    "The outcome is unknown: send again under the same sequence number",
)
SECOND_PERSON = ProblemKind(
    403,
    "second-person-needed",
    "须由另一人批准",
    "Another person must approve it",
    "请由另一名管理员批准",
    "Have another administrator approve it",
)
