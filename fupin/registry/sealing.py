"""What a personal value's ciphertext is bound to; how it is sealed, the house below says (``accounts/sealing.py``)."""

from fupin.accounts.api import key_id_of, seal, seal_bytes, seal_many, unseal, unseal_bytes

__all__ = ["bound_to", "hint_of", "key_id_of", "seal", "seal_bytes", "seal_many", "unseal", "unseal_bytes"]


def bound_to(record: str, field: str) -> str:
    """What a value's ciphertext is bound to, so that none can be put in another one's place.

    A person's ID number and a household's phone are the first that were sealed: by the record alone.
    """
    return record if field in ("id_number", "phone") else f"{record} {field}"


def hint_of(record: str) -> str:
    """What a masked form's ciphertext is bound to."""
    return f"{record} masked"
