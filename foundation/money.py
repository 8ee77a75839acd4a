"""Money for people to read."""


def yuan(fen: int) -> str:
    """An amount in yuan with two decimals, exactly."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
