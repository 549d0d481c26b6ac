"""A result folder read again: its tables, and any scenario rebuilt and explained."""
