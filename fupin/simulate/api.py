"""The door of the generated city."""

from fupin.simulate.run import AS_OF, HOUSEHOLDS, OTHERS, SEED, Summary, simulate

__all__ = ["AS_OF", "HOUSEHOLDS", "OTHERS", "SEED", "Summary", "simulate"]
