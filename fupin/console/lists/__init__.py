"""The lists of the console: which columns each has. What an address asks of them stands in ``console.filters``."""
