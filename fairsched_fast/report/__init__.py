"""One page that tells what a sweep came to, for people who were not there.

`streaming` reads the summary part by part, `tally`, `levels` and `ranking` add up what it says,
`facts` is all that is known of the folder; `words`, `swept`, `notices`, `tables`, `scenes` and
`pictures` say and draw it; `contents` and `pages` put it on a page.
"""

from fairsched_fast.report.pages import write_report

__all__ = ["write_report"]
