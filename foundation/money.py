"""Money for people to read."""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ((100_000_000, "亿"), (10_000, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))


def yuan(fen: int) -> str:
    """An amount in yuan with two decimals, exactly."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def in_words(fen: int) -> str:
    """An amount in Chinese financial capitals, e.g. 人民币壹万零肆佰零玖元伍角.

    The rules are those of 支付结算办法, annex 1: 人民币 stands directly before the amount, 整
    follows 元, and nothing follows 角 or 分. ValueError for a negative amount.
    """
    if fen < 0:
        raise ValueError("an amount in words is not negative")
    whole, jiao, cents = fen // 100, fen // 10 % 10, fen % 10
    text = f"人民币{_number(whole)}元" if whole or not fen else "人民币"
    if not jiao and not cents:
        return f"{text}整"
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif whole:
        text += "零"
    return f"{text}{_DIGITS[cents]}分" if cents else text


def _number(value: int) -> str:
    """A whole number; one 零 stands for any run of zeros between two digits."""
    for size, unit in _UNITS:
        if value >= size:
            high, rest = divmod(value, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return f"{_number(high)}{unit}{gap}{_number(rest) if rest else ''}"
    return _DIGITS[value]
