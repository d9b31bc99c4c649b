"""Changes of households and persons on pages: forms, what happened in words, lists."""
