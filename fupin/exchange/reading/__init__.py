"""Reading what departments send: pure functions from a file to rows, refusals and reasons. No Django here."""
