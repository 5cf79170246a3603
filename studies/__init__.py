"""Studies that take longer than a notebook may; each writes a results file for a lesson."""
