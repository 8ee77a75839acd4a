"""Problems of closing and clearing."""

from registry.errors import ProblemKind

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
