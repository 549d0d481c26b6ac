"""Who is served next, and why not the others: derived from states (`decisions`), told as a log.

`codes` has every reason and its words, `step_log` the table, `log_words` the lines of a terminal.
"""
