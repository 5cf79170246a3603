"""The packages of the course; what each may import is written in pyproject.toml."""
