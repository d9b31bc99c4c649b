"""PostgreSQL as Django knows it, and in every transaction the scope of whoever acts (see ``fupin.accounts.acting``)."""
