"""Keras models, and what is measured on them: gradients, curvature, augmentation, 1cycle."""
