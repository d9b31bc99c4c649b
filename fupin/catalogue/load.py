"""The whole catalogue in one value, and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fupin.catalogue.fields import Field, read_fields
from fupin.catalogue.indicators import Dimension, Indicator, read_dimensions
from fupin.catalogue.parameters import Parameter, parameters
from fupin.catalogue.rules import Rule, read_rules
from fupin.catalogue.schema import DATA


@dataclass(frozen=True)
class Catalogue:
    fields: Mapping[str, Field]
    dimensions: tuple[Dimension, ...]
    rules: Mapping[str, Rule]
    parameters: Mapping[str, Parameter]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """All indicators in the order of the dimensions."""
        return tuple(indicator for dimension in self.dimensions for indicator in dimension.indicators)


@cache
def load_catalogue(folder: Path = DATA) -> Catalogue:
    """Fields, indicators and rules of a folder (structure checked; ``engine.check`` runs the expressions).

    Code lists, tables and data sets are the shipped ones; parameters too when the folder has none.

    Raises CatalogueError.
    """
    fields = read_fields(folder / "fields")
    own = folder / "parameters"
    return Catalogue(
        fields,
        read_dimensions(fields, folder / "indicators"),
        read_rules(folder / "rules" / "compare"),
        parameters(own if own.is_dir() else DATA / "parameters"),
    )


def catalogue_hash(folder: Path = DATA) -> str:
    """SHA-256 (hex) over names and bytes of every data file: equal on every machine."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.toml"), key=lambda p: p.relative_to(folder).as_posix()):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
