"""Studies that take longer than a notebook may: each writes a small results file that a lesson
reads.
"""
