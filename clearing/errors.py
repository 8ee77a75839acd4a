"""Problems of closing and clearing."""

from foundation.problems import ProblemKind

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
NO_BANK_ACCOUNT = ProblemKind(
    409,
    "no-bank-account",
    "缺少银行账户",
    "A bank account is missing",
    "请先登记银行账户",
    "Register the account first; no file was made",
)
NOTHING_TO_PAY = ProblemKind(
    409,
    "nothing-to-pay",
    "无应付款项",
    "There is nothing to pay",
    "该场次无需付款文件",
    "This cycle needs no bank file",
)
NOT_A_CONFIRMATION = ProblemKind(
    400,
    "not-a-confirmation",
    "不是本账户的银行回单",
    "This is no confirmation for the settlement account",
    "请核对文件,未入账任何记录",
    "Check the file; nothing of it was taken",
)
ALTERED = ProblemKind(
    500,
    "altered",
    "数据与已签名的清单不符",
    "The data are not what was signed",
    "请立即通知清算中心审计人员",
    "Tell the centre's auditors at once",
)
NOT_DISPUTABLE = ProblemKind(
    409,
    "not-disputable",
    "该笔交易不可提出异议",
    "This line cannot be disputed",
    "请核对交易编号、金额与单位",
    "Check the payment's number, the amount and the agency",
)
TOO_LATE = ProblemKind(
    409,
    "too-late",
    "已过期限",
    "The time for this has passed",
    "请联系清算中心",
    "Write to the clearing centre",
)
TOO_EARLY = ProblemKind(
    409,
    "too-early",
    "对方仍可答复",
    "The other side may still answer",
    "请在答复期满后裁定",
    "Decide after the answer, or when its time has passed",
)
NO_DISPUTE = ProblemKind(
    404,
    "no-dispute",
    "无此异议",
    "There is no such dispute",
    "请核对异议编号",
    "Check the dispute's number",
)
DISPUTE_CLOSED = ProblemKind(
    409,
    "dispute-closed",
    "该异议已不可如此处理",
    "The dispute has moved on",
    "请刷新后查看其状态",
    "See what has become of it",
)
