"""The course as files and programs: notebooks, publishing, handouts, review cards, a cluster."""
