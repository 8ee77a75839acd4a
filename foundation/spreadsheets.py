"""Texts that spreadsheets must not take for formulas (OWASP: CSV injection)."""


def safe_text(text: str) -> str:
    """The text, shown as a text by any spreadsheet."""
    if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not text[1:2].isdigit():
        return f"'{text}"
    return text
