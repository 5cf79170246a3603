"""Times of epochs: in turns, and of the nets of the exercise."""

from studies import epoch_times


def test_every_net_is_timed_in_each_turn_and_the_order_changes():
    seen = []
    epochs = {name: (lambda name=name: seen.append(name)) for name in "bcd"}
    found = epoch_times.in_turns(epochs, 3)
    assert {name: len(values) for name, values in found.items()} == {"b": 3, "c": 3, "d": 3}
    assert "".join(seen) == "bcd" + "bcd" + "cdb" + "dbc"


def test_the_nets_are_those_of_the_exercise():
    counts = {name: build().count_params() for name, build in epoch_times.NETS.items()}
    assert counts["b"] == counts["d"] == 500_210
    kinds = [type(layer).__name__ for layer in epoch_times.NETS["c"]().layers]
    assert kinds[:2] == ["Flatten", "BatchNormalization"] and kinds.count("Dense") == 21
