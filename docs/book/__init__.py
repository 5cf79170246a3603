"""Makes the web book: `python -m docs.book` (see `make book`)."""
