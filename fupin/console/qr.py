"""The square code of an address, drawn as SVG."""

from __future__ import annotations

import qrcode
from django.utils.safestring import SafeString
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage


def qr_svg(address: str) -> SafeString:
    """It holds the address only; a fifth of it may be torn or dirty."""
    made = qrcode.make(address, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_M, border=2)
    text: str = made.to_string(encoding="unicode")
    return SafeString(text)
