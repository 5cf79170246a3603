"""The course as files and programs: notebooks, publishing, Colab, the doctor, a cluster."""
