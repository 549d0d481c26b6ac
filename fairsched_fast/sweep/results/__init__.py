"""Results of a sweep that was run: the folder read again, and its scenarios explained."""
