"""Running a sweep: cut into chunks, each the same work wherever it is done."""
