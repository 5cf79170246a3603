"""Every figure of the course."""

from helpers.plots.figures import *
