"""Exercises of lesson 03 that ask for an update rule."""

import numpy as np

from helpers.exercises.core import Mistake, writing
from helpers.exercises.gradient_descent import answers as rules

# 4 ------------------------------------------------------------------------------------------------


def nesterov(gradient, position, velocity, rate, friction):
    # This is momentum. What changes for Nesterov?
    velocity = friction * velocity - rate * gradient(position)
    return position + velocity, velocity


def bowl(point):
    """The gradient of a bowl that is ten times as steep along the second axis."""
    return np.array([1.0, 10.0]) * point


def valley(point):
    """The gradient of a curved valley."""
    x, y = point
    return np.array([4 * x * (x**2 - y) + x - 1, 2 * (y - x**2)])


looking_ahead = writing(
    "looking_ahead",
    stub=nesterov,
    reference=rules.nesterov_solution,
    cases=(
        (bowl, np.array([1.0, 1.0]), np.array([0.3, -0.2]), 0.05, 0.9),
        (valley, np.array([-1.0, 0.5]), np.array([0.1, 0.2]), 0.1, 0.5),
        (bowl, np.array([2.0, -1.0]), np.array([0.0, 0.0]), 0.1, 0.8),
    ),
    praise=(
        "One evaluation of the gradient, as before; only the place has changed. From rest, the two"
        " methods make the same step."
    ),
    hints=(
        "Only one thing changes: the point at which the gradient is taken.",
        "The momentum alone would lead from `position` to `position + friction * velocity`.",
    ),
    equivalents=(rules.nesterov_step_by_step,),
    mistakes=(
        Mistake(
            rules.nesterov_from(lambda p, v, m: p + v),
            "You look ahead by the whole velocity; the momentum step is friction * velocity.",
        ),
        Mistake(
            rules.nesterov_from(lambda p, v, m: p - m * v),
            "You look back instead of ahead: the momentum leads to position + friction * velocity.",
        ),
        Mistake(rules.nesterov_uphill, "The sign of the gradient is wrong: you walk uphill."),
        Mistake(
            rules.nesterov_staying_ahead,
            "You add the momentum twice: the new position is the old one plus the new velocity;"
            " looking ahead was only for the gradient.",
        ),
        Mistake(
            rules.nesterov_without_friction,
            "The velocity itself lost its friction: nothing would ever slow down.",
        ),
        Mistake(
            rules.nesterov_as_keras_holds_it,
            "That is how Keras holds it: its position *is* the point looked ahead to. Here the"
            " position is the real one, so the gradient belongs at position + friction * velocity.",
        ),
    ),
)


# 5 ------------------------------------------------------------------------------------------------


def descend(gradient, start, rate, steps):
    position, change = start, 0.0
    for _ in range(steps):
        change = 0.9 * change - rate * gradient(position)
        position = position + change
    return position


plain_descent = writing(
    "plain_descent",
    stub=descend,
    reference=rules.descend_solution,
    cases=(
        (bowl, np.array([1.0, 1.0]), 0.05, 2),
        (bowl, np.array([1.0, -1.0]), 0.05, 6),
        (valley, np.array([-0.5, 0.5]), 0.1, 5),
    ),
    praise=(
        "It remembered nine tenths of its last change: momentum under another name. In Keras the"
        " same slip reads SGD(momentum=0.9), and the class is still called SGD."
    ),
    hints=(
        (
            "Follow `change` through two passes of the loop. What does the second one still know of"
            " the first?"
        ),
        "Plain descent has no memory at all.",
    ),
    equivalents=(rules.descend_remembering(0, 1),),
    mistakes=(
        Mistake(
            rules.descend_remembering(0.9, 0.1),
            "Now it follows a moving average of the gradients: shorter steps, but still with a"
            " memory.",
        ),
        Mistake(
            rules.descend_remembering(1, 1),
            "Now it forgets nothing at all: momentum without friction. Plain descent remembers"
            " nothing.",
        ),
        Mistake(
            rules.descend_with_friction_on_position,
            "The factor now pulls the position itself to zero. Plain descent moves by the gradient"
            " alone.",
        ),
        Mistake(
            rules.descend_remembering(0, -1),
            "The memory is gone, but the sign is wrong: against the gradient goes downhill.",
        ),
        Mistake(
            rules.descend_at_the_start,
            "The gradient must be taken anew at every position, not once at the start.",
        ),
        Mistake(
            rules.descend_remembering(0, 10),
            "Ten times the rate is what momentum 0.9 amounts to in the long run, but it is not"
            " plain descent with the rate that was asked for.",
        ),
    ),
)


# 6 ------------------------------------------------------------------------------------------------


def rmsprop(gradient, square, rate, rho, epsilon):
    # This is Adagrad. What changes for RMSprop?
    square = square + gradient**2
    return -rate * gradient / (square + epsilon) ** 0.5, square


forgetting = writing(
    "forgetting",
    stub=rmsprop,
    reference=rules.rmsprop_solution,
    cases=(
        (np.array([0.5, -2.0]), np.array([0.1, 0.1]), 0.01, 0.9, 0.01),
        (np.array([1.0, 0.0]), np.array([0.0, 4.0]), 0.1, 0.7, 0.05),
        (np.array([-3.0, 0.2]), np.array([2.0, 0.5]), 0.05, 0.99, 0.001),
    ),
    praise=(
        "The average forgets: when gradients become small, steps recover. Adagrad's sum would never"
        " let them."
    ),
    hints=(
        "Only the line with `square =` changes.",
        "With rho = 0.9: nine tenths of the old average and one tenth of the new squared gradient.",
    ),
    equivalents=(rules.rmsprop_by_difference,),
    mistakes=(
        Mistake(
            rules.rmsprop_with(lambda s, g, rho: rules.moving_average(s, g, 1 - rho), rules.root),
            "rho and 1 - rho are swapped: your average forgets nearly everything at once.",
        ),
        Mistake(
            rules.rmsprop_with(
                rules.moving_average, lambda new, old, epsilon: np.sqrt(new) + epsilon
            ),
            "Epsilon is outside the root. Both are in use (PyTorch has it outside), but they are"
            " not the same where gradients are small.",
        ),
        Mistake(
            rules.rmsprop_with(lambda s, g, rho: rho * s + g**2, rules.root),
            "You let the old sum decay, but add the whole new square: that settles 1 / (1 - rho)"
            " times too high.",
        ),
        Mistake(
            rules.rmsprop_with(
                lambda s, g, rho: rho * s + (1 - rho) * g,
                lambda new, old, epsilon: np.sqrt(new**2 + epsilon),
            ),
            "You average the gradients; gradients of opposite sign would cancel. Average their"
            " squares.",
        ),
        Mistake(
            rules.rmsprop_with(
                rules.moving_average, lambda new, old, epsilon: np.sqrt(old + epsilon)
            ),
            "The step uses the average from before this gradient: at the start that is zero, and"
            " the step is huge.",
        ),
        Mistake(
            rules.rmsprop_with(rules.moving_average, lambda new, old, epsilon: new + epsilon),
            "The root is missing: the step would shrink as the gradient grows.",
        ),
        Mistake(
            rules.rmsprop_decaying_the_step,
            "rho ended up on the step. It belongs to the average: that is what must decay.",
        ),
        Mistake(rules.rmsprop_step_alone, "Return two things: the step and the new average."),
    ),
)


# 7 ------------------------------------------------------------------------------------------------


def adam(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    # RMSprop with momentum, but both averages started at zero. What is missing?
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    return -rate * mean / (square**0.5 + epsilon)


correcting_bias = writing(
    "correcting_bias",
    stub=adam,
    reference=rules.adam_solution,
    cases=(
        (np.array([0.5, -2.0]), np.zeros(2), np.zeros(2), 1, 0.01, 0.9, 0.999, 0.01),
        (
            np.array([0.5, -0.1]),
            np.array([0.2, 0.1]),
            np.array([0.3, 0.001]),
            5,
            0.1,
            0.8,
            0.99,
            0.1,
        ),
        (
            np.array([-1.0, 0.3]),
            np.array([0.1, -0.4]),
            np.array([0.5, 0.2]),
            40,
            0.05,
            0.9,
            0.95,
            0.05,
        ),
    ),
    praise=(
        "At the first update both corrections cancel the decay exactly: the step is the rate times"
        " the sign of the gradient."
    ),
    hints=(
        (
            "After the first update the mean is (1 - beta_1) * gradient. By what must it be divided"
            " to give the gradient?"
        ),
        "After `count` updates the weights of all gradients in the average sum to 1 - beta**count.",
    ),
    equivalents=(rules.adam_by_rate,),
    mistakes=(
        Mistake(
            rules.corrected_with(rules.usual, rules.none),
            "Only the mean is corrected; the squares started at zero too, and make the first steps"
            " far too long.",
        ),
        Mistake(
            rules.corrected_with(rules.none, rules.usual),
            "Only the squares are corrected; the mean started at zero too, and makes the first"
            " steps too short.",
        ),
        rules.both(
            lambda beta, count: 1 - beta,
            "You divide by 1 - beta at every update. That is right for the first one only: later"
            " the weights sum to 1 - beta**count.",
        ),
        rules.both(
            lambda beta, count: 1 - beta * count,
            "beta * count should be beta**count: the weights shrink by a factor at each update.",
        ),
        rules.both(
            lambda beta, count: 1 - beta ** (count + 1),
            "You are one update ahead: count is 1 at the first.",
        ),
        Mistake(rules.adam_one_behind, "count is 1 at the first update already."),
        Mistake(
            rules.adam_corrected_outside,
            "Correct the average of the squares first, then take the root.",
        ),
        rules.both(
            lambda beta, count: 1 / rules.usual(beta, count),
            "You multiply by the correction. The averages are too small: divide.",
        ),
        Mistake(
            rules.adam_epsilon_inside,
            "The correction is right, but epsilon has moved inside the root: Adam adds it outside.",
        ),
        Mistake(
            rules.adam_swapped,
            "The decay constants are swapped: beta_1 belongs to the mean, beta_2 to the squares.",
        ),
        Mistake(
            lambda *arguments: -rules.adam_solution(*arguments),
            "The sign is wrong: the step goes against the gradient.",
        ),
    ),
)
