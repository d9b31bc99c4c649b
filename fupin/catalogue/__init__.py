"""Data as TOML: code lists, tables, data sets, fields, indicators, rules. The files are under ``data/``."""
