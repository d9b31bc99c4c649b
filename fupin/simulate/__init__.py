"""The generated city. Nobody in it exists; it is said to be generated data wherever it is shown."""
