"""Adding to the closed table: the app's login may insert and do nothing else, not even read back what it wrote."""

from __future__ import annotations

from django.db import connection

from fupin.kernel.keys import Keys
from fupin.registry.sealing import bound_to, key_id_of, seal

INSERT = "INSERT INTO registry_sealedvalue (kind, record, field, cipher, key) VALUES (%s, %s, %s, %s, %s)"


def put_value(keys: Keys, kind: str, record: str, field: str, text: str) -> None:
    """The first value of a field, encrypted; in the caller's transaction. IntegrityError where there is one already."""
    put_cipher(kind, record, field, seal(keys, text, bound_to(record, field)))


def put_cipher(kind: str, record: str, field: str, cipher: bytes) -> None:
    """The same for what is encrypted already."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [str(kind), record, str(field), cipher, key_id_of(cipher)])
