"""Ledgers inside the registry: what differs, applying a batch, taking it back, writing it out."""
