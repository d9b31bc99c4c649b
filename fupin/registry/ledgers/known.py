"""What is known of a place: how often each code stands there."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from fupin.catalogue.schema import tables
from fupin.registry.ledgers.standing import PERSONS_VIEW


def code_shares(column: str, region: str) -> Mapping[str, int]:
    """Code → persons of the region, in the scope that is open; at most of 20,000 of them."""
    if column not in tables()["persons"].columns:
        raise KeyError(column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT one, count(*) FROM (SELECT {column} AS one FROM {PERSONS_VIEW} "  # noqa: S608
            "WHERE village_code >= %s AND village_code < %s LIMIT 20000) few WHERE one IS NOT NULL GROUP BY 1",
            [region, region + ":"],
        )
        return dict(cursor.fetchall())
