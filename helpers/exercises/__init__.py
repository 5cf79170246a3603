"""Exercises of the course, one module a notebook."""
