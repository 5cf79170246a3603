"""Where TensorFlow is missing: a module of its name that has Keras, and says so of all else.

`tf.keras` is Keras in TensorFlow too: listings that import Keras from there run on any backend.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME = "tensorflow"
OFFERED = ("keras", "random")
"""What the stand-in has: Keras, and `random.set_seed`, for which there is nothing to seed."""
CURE = "pip install -r requirements.txt"


class StandIn(ModuleType):
    """A module in TensorFlow's place."""

    def __getattr__(self, name: str):
        """Raise AttributeError with the cure: no attribute of this name was put in."""
        raise AttributeError(f"TensorFlow is not installed, and {name} is its own: {CURE}.")


def has_tensorflow() -> bool:
    """Whether TensorFlow itself is installed."""
    if NAME in sys.modules:
        return not isinstance(sys.modules[NAME], StandIn)
    return importlib.util.find_spec(NAME) is not None


def stand_in() -> None:
    """Put the module in place, unless TensorFlow is installed; Keras goes on finding none."""
    if has_tensorflow() or NAME in sys.modules:
        return
    import keras
    from keras.src.utils import module_utils  # Keras looks once, and has no public way to it

    assert not module_utils.tensorflow.available
    module, random = StandIn(NAME), StandIn(f"{NAME}.random")
    module.__spec__ = ModuleSpec(NAME, None)
    vars(random)["set_seed"] = lambda seed: None
    vars(module).update(keras=keras, random=random)
    public = [
        name
        for name in sys.modules
        if name == "keras" or (name.startswith("keras.") and not name.startswith("keras.src"))
    ]
    sys.modules[NAME] = module
    sys.modules.update({f"{NAME}.{name}": sys.modules[name] for name in public})
