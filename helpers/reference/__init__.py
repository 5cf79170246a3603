"""What one can read: the algorithms of the course in NumPy."""
