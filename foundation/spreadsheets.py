"""Texts that spreadsheets must not run as formulas (OWASP: CSV injection)."""


def safe_text(text: str) -> str:
    """The text, quoted if a spreadsheet would run it as a formula."""
    if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not text[1:2].isdigit():
        return f"'{text}"
    return text
