"""Exercises of the course, one package a lesson."""
