"""What the nineteen departments know: facts drawn from the latent state, and the planted stories."""

from __future__ import annotations

from fupin.simulate.chunk import Chunk
from fupin.simulate.traces import business, care, estate, land, learning, security, support, work


def observe(chunk: Chunk) -> None:
    """Fill ``chunk.facts`` with the rows of every data set about persons and households."""
    security.observe(chunk)
    estate.observe(chunk)
    business.observe(chunk)
    care.observe(chunk)
    learning.observe(chunk)
    work.observe(chunk)
    land.observe(chunk)
    support.observe(chunk)
