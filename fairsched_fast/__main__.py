"""`python -m fairsched_fast` is `fairsched`."""

from fairsched_fast.cli import main

main()
