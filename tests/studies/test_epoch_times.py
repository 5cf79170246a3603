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
    listed = {
        "b": ["Flatten", *["Dense"] * 20, "Dense"],
        "c": [
            "Flatten",
            "BatchNormalization",
            *["Dense", "BatchNormalization", "Activation"] * 20,
            "Dense",
        ],
        "d": ["Flatten", *["Dense", "Activation"] * 20, "Dense"],
    }
    nets = {name: build() for name, build in epoch_times.NETS.items()}
    for name, net in nets.items():
        assert [type(layer).__name__ for layer in net.layers] == listed[name]
        assert all(layer.use_bias for layer in net.layers if type(layer).__name__ == "Dense")
