"""Which scenarios: what a file may say (`schema`) and means (`reading`), row by row."""
