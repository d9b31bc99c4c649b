"""Standard library only: what every floor may know."""
