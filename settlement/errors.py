"""What can go wrong with money, and why a payment can be refused."""

from dataclasses import dataclass

from foundation.problems import ProblemKind

BUSY = ProblemKind(
    503,
    "busy",
    "系统繁忙",
    "More payments are waiting than the centre can take",
    "请稍候,以同一序号重发",
    "Wait a second and send again under the same sequence number; nothing was posted",
)
OTHER_CONTENT = ProblemKind(
    422,
    "other-content",
    "同一序号的内容不同",
    "This number was used before with other content",
    "请使用新的序号",
    "Use a new number for a new request; nothing was posted",
)
MORE_THAN_PAID = ProblemKind(
    409,
    "more-than-paid",
    "退款超过已付金额",
    "More would be given back than was paid",
    "请核对已退金额",
    "See what was given back before; nothing was posted",
)
GATEWAY_AWAY = ProblemKind(
    503,
    "gateway-away",
    "支付网关暂不可用",
    "The payment gateway does not answer",
    "请稍后重试或到窗口充值",
    "Try again shortly, or top up at the counter; nothing was posted",
)
NOT_GENUINE = ProblemKind(
    401,
    "not-genuine",
    "签名无效",
    "The message is not of who it says it is",
    "请核对密钥与时钟",
    "Check the keys and the clock; nothing was posted",
)
ACCOUNT_CLOSED = ProblemKind(
    409,
    "account-closed",
    "账户已销户",
    "The account is closed, or its book has no open day",
    "请核对账户",
    "Check the account; nothing was posted",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason to refuse a payment: a business answer, final for its sequence number."""

    title_zh: str
    title_en: str
    advice_zh: str
    advice_en: str


REFUSALS: dict[str, Refusal] = {
    "insufficient_funds": Refusal("余额不足", "Not enough money", "请充值后重试", "Top up, then pay again"),
    "card_blocked": Refusal("卡已挂失或停用", "Card is blocked", "请联系发卡单位", "Ask the issuing agency"),
    "credential_unknown": Refusal("无此卡", "Card is unknown", "请联系发卡单位", "Ask the issuing agency"),
    "credential_invalid": Refusal("卡或二维码无效", "Card or code is not genuine", "请勿收款", "Do not serve on it"),
    "credential_expired": Refusal("凭证已过期", "Certificate has expired", "请在手机上更新", "Renew it on the phone"),
    "qr_expired": Refusal("二维码已过期", "Code has expired", "请刷新二维码", "Show a fresh code"),
    "wrong_canteen": Refusal(
        "二维码限其他食堂使用", "Code is for another canteen", "请刷新二维码", "Show a fresh code"
    ),
    "already_used": Refusal("二维码已使用", "Already used", "请刷新二维码或重新刷卡", "Present it anew"),
    "counter_too_low": Refusal("卡计数器回退", "Card counter went back", "请重新刷卡", "Present the card again"),
    "not_entitled": Refusal("无就餐资格", "Not entitled to eat here", "请联系所在单位", "Ask the agency"),
    "meal_not_served": Refusal("本食堂无此餐次", "This meal is not served here", "请核对餐次", "Check the meal"),
    "amount_missing": Refusal("请输入金额", "An amount is needed", "请输入金额", "Enter the amount"),
    "price_fixed": Refusal("价格固定", "The price is fixed", "请勿输入金额", "Leave the amount out"),
    "limit_exceeded": Refusal("超过限额", "Above the limit", "请核对金额", "Check the amount"),
    "meals_exceeded": Refusal("本餐次已就餐", "Has eaten this meal already", "请勿重复就餐", "Do not serve again"),
    "day_limit_exceeded": Refusal("超过当日限额", "Above the day's limit", "请次日再用", "Pay otherwise today"),
    "no_working_meal": Refusal(
        "无可用工作餐", "No working meal is left on a visit", "请按自费收款", "Let the guest pay for himself"
    ),
    "void_too_late": Refusal("已过撤销时限", "Too late to void", "请到管理端退款", "Refund it at the console"),
    "account_closed": Refusal("账户已销户", "The account is closed", "请以现金退还", "Give the money back in cash"),
    "already_refunded": Refusal("已退款", "Refunded already", "请核对退款记录", "Look at the refunds"),
    "too_late": Refusal(
        "交易时间不在受理范围", "Time of purchase is out of range", "请核对终端时间", "Check the clock"
    ),
    "day_closed": Refusal("营业日未开启", "The business day is not open", "请联系清算中心", "Ask the centre"),
    "not_a_charge": Refusal("该序号不是收款", "That number is not a charge", "请核对序号", "Check the number"),
}
"""Every reason a terminal can get, with what the cashier should say and do."""
