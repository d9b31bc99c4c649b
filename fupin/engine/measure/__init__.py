"""Measures of poverty and inequality with standard errors (docs/measures.md). Polars and numpy, no Django."""
