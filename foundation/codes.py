"""Two-dimensional codes as pictures."""

import io

import qrcode
from qrcode.image.svg import SvgPathImage


def picture(code: str) -> bytes:
    """A QR code as SVG. It takes 20 ms of a processor: not for the event loop."""
    made = io.BytesIO()
    qrcode.make(code, image_factory=SvgPathImage, error_correction=qrcode.ERROR_CORRECT_L).save(made)
    return made.getvalue().split(b"?>", 1)[-1]
