"""A sweep's result folder, read again; a scenario of it explained."""
