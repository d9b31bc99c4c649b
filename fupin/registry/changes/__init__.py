"""Changes of households and persons: every step leaves a row in the log and can be taken back."""
