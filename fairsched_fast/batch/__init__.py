"""`Batch`: many scenarios as arrays. How it reads what people give, in which units it keeps it."""

from fairsched_fast.batch.batch import FLOAT_SLACK, Batch
from fairsched_fast.batch.labels import Labels

__all__ = ["FLOAT_SLACK", "Batch", "Labels"]
