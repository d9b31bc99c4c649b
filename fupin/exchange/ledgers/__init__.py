"""Existing ledgers (D8): national tables and provincial lists, read into one form, compared, written out again."""
