"""The result folder: columns of its files, what is charted, and how it is written to last."""
