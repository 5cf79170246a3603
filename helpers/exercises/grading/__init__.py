"""Grading a folder of learners' notebooks with the course's own exercises."""

from helpers.exercises.grading.folders import grade, grade_here

__all__ = ["grade", "grade_here"]
