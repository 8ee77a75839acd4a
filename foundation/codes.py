"""Two-dimensional codes as pictures."""

import io

import qrcode
from qrcode.image.svg import SvgPathImage


def picture(code: str) -> bytes:
    """A QR code as SVG. It takes 20 ms of a processor: not for the event loop."""
    return _drawn(code, qrcode.ERROR_CORRECT_L)


def sturdy_picture(code: str) -> bytes:
    """The same for paper that hangs at a counter for months: a quarter of it may be dirty."""
    return _drawn(code, qrcode.ERROR_CORRECT_Q)


def _drawn(code: str, correction: int) -> bytes:
    made = io.BytesIO()
    qrcode.make(code, image_factory=SvgPathImage, error_correction=correction).save(made)
    return made.getvalue().split(b"?>", 1)[-1]
