"""What `allauth.mfa` asks the house (``MFA_ADAPTER``): its name, and how secrets of second factors are kept."""

from __future__ import annotations

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings

from fupin.accounts.sealing import seal, unseal

BOUND_TO = "second factor"
HOUSE = "fupin"


class HouseAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library ships no types
    def encrypt(self, text: str) -> str:
        return base64.urlsafe_b64encode(seal(settings.FUPIN_KEYS.now, text, BOUND_TO)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises UserError when the key is missing or the text was changed."""
        return unseal(settings.FUPIN_KEYS.now, base64.urlsafe_b64decode(encrypted_text), BOUND_TO)

    def get_totp_issuer(self) -> str:
        return HOUSE

    def _get_site_name(self) -> str:
        return HOUSE
