"""Labels as people get them wrong."""

import numpy as np

LOOKALIKES = (
    (6, 3),  # T-shirt/top: shirt, dress
    (3,),  # trouser: dress
    (4, 6),  # pullover: coat, shirt
    (0, 4),  # dress: T-shirt/top, coat
    (2, 6),  # coat: pullover, shirt
    (7, 9),  # sandal: sneaker, ankle boot
    (0, 2, 4),  # shirt: T-shirt/top, pullover, coat
    (5, 9),  # sneaker: sandal, ankle boot
    (6,),  # bag: shirt
    (5, 7),  # ankle boot: sandal, sneaker
)
"""For each class of Fashion-MNIST those it is most likely taken for, by what the words mean."""


def mistaken(y: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Labels of clothes (n,) of which this share, exactly, is that of a similar class."""
    labels = y.copy()
    for row in generator.permutation(len(y))[: round(share * len(y))]:
        labels[row] = generator.choice(LOOKALIKES[y[row]])
    return labels
