"""Exercises of the course, one package a lesson, and how far a reader is in them."""

from helpers.exercises.overview import show_progress

__all__ = ["show_progress"]
