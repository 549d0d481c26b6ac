"""`Batch`: many scenarios as arrays. How it reads what people give, in which units it keeps it."""

from fairsched_fast.batch.batch import Batch
from fairsched_fast.batch.labels import Labels
from fairsched_fast.batch.quantities import FLOAT_SLACK

__all__ = ["FLOAT_SLACK", "Batch", "Labels"]
