"""Results beside one another: paired differences, where two part, before and after."""
