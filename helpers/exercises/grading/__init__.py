"""Grading a folder of notebooks of learners."""
