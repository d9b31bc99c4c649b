"""数过留痕: sealing the trail from outside the database, and proving it whole."""
