"""Helpers of the course: small, tested rooms whose imports only go down (see README, "How it is built")."""
