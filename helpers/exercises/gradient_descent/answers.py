"""Right and wrong answers to those exercises of lesson 03 that ask for an update rule."""

import numpy as np

from helpers.exercises.core import Mistake

# Nesterov's step ----------------------------------------------------------------------------------


def nesterov_solution(gradient, position, velocity, rate, friction):
    velocity = friction * velocity - rate * gradient(position + friction * velocity)
    return position + velocity, velocity


def nesterov_step_by_step(gradient, position, velocity, rate, friction):
    ahead = position + friction * velocity
    moved = ahead - rate * gradient(ahead)
    return moved, moved - position


def nesterov_from(place):
    """Nesterov's step with the gradient taken at place(position, velocity, friction)."""

    def step(gradient, position, velocity, rate, friction):
        velocity = friction * velocity - rate * gradient(place(position, velocity, friction))
        return position + velocity, velocity

    return step


def nesterov_uphill(gradient, position, velocity, rate, friction):
    return nesterov_solution(gradient, position, velocity, -rate, friction)


def nesterov_staying_ahead(gradient, position, velocity, rate, friction):
    moved, new = nesterov_solution(gradient, position, velocity, rate, friction)
    return moved + friction * velocity, new


def nesterov_without_friction(gradient, position, velocity, rate, friction):
    velocity = velocity - rate * gradient(position + friction * velocity)
    return position + velocity, velocity


def nesterov_as_keras_holds_it(gradient, position, velocity, rate, friction):
    velocity = friction * velocity - rate * gradient(position)
    return position + friction * velocity - rate * gradient(position), velocity


# Plain descent ------------------------------------------------------------------------------------


def descend_solution(gradient, start, rate, steps):
    position = start
    for _ in range(steps):
        position = position - rate * gradient(position)
    return position


def descend_remembering(remembered, taken):
    """The loop of the stub with other factors for the remembered change and for the new step."""

    def descend(gradient, start, rate, steps):
        position, change = start, 0.0
        for _ in range(steps):
            change = remembered * change - taken * rate * gradient(position)
            position = position + change
        return position

    return descend


def descend_with_friction_on_position(gradient, start, rate, steps):
    position = start
    for _ in range(steps):
        position = 0.9 * position - rate * gradient(position)
    return position


def descend_at_the_start(gradient, start, rate, steps):
    return start - steps * rate * gradient(start)


# RMSprop ------------------------------------------------------------------------------------------


def rmsprop_solution(gradient, square, rate, rho, epsilon):
    square = rho * square + (1 - rho) * gradient**2
    return -rate * gradient / np.sqrt(square + epsilon), square


def rmsprop_by_difference(gradient, square, rate, rho, epsilon):
    square = square + (1 - rho) * (gradient**2 - square)
    return -rate * gradient * (square + epsilon) ** -0.5, square


def rmsprop_with(average, denominator):
    """RMSprop with another average(square, gradient, rho) and another denominator(new, old,
    epsilon).
    """

    def step(gradient, square, rate, rho, epsilon):
        new = average(square, gradient, rho)
        return -rate * gradient / denominator(new, square, epsilon), new

    return step


def moving_average(square, gradient, rho):
    return rho * square + (1 - rho) * gradient**2


def root(new, old, epsilon):
    return np.sqrt(new + epsilon)


def rmsprop_decaying_the_step(gradient, square, rate, rho, epsilon):
    square = square + gradient**2
    return -rho * rate * gradient / np.sqrt(square + epsilon), square


def rmsprop_step_alone(*arguments):
    return rmsprop_solution(*arguments)[0]


# Adam's bias correction ---------------------------------------------------------------------------


def adam_solution(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    corrected_mean = mean / (1 - beta_1**count)
    corrected_square = square / (1 - beta_2**count)
    return -rate * corrected_mean / (np.sqrt(corrected_square) + epsilon)


def adam_by_rate(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    root = np.sqrt(1 - beta_2**count)
    mean, square = (
        beta_1 * mean + (1 - beta_1) * gradient,
        beta_2 * square + (1 - beta_2) * gradient**2,
    )
    return -rate * root / (1 - beta_1**count) * mean / (np.sqrt(square) + epsilon * root)


def corrected_with(mean_correction, square_correction):
    """Adam with other corrections: functions of (beta, count) to divide the averages by."""

    def step(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
        mean = (beta_1 * mean + (1 - beta_1) * gradient) / mean_correction(beta_1, count)
        square = (beta_2 * square + (1 - beta_2) * gradient**2) / square_correction(beta_2, count)
        return -rate * mean / (np.sqrt(np.maximum(square, 0)) + epsilon)

    return step


def usual(beta, count):
    return 1 - beta**count


def none(beta, count):
    return 1


def both(correction, message):
    return Mistake(corrected_with(correction, correction), message)


def adam_epsilon_inside(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    mean = (beta_1 * mean + (1 - beta_1) * gradient) / usual(beta_1, count)
    square = (beta_2 * square + (1 - beta_2) * gradient**2) / usual(beta_2, count)
    return -rate * mean / np.sqrt(square + epsilon)


def adam_swapped(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    return adam_solution(gradient, mean, square, count, rate, beta_2, beta_1, epsilon)


def adam_corrected_outside(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    mean = (beta_1 * mean + (1 - beta_1) * gradient) / usual(beta_1, count)
    square = beta_2 * square + (1 - beta_2) * gradient**2
    return -rate * mean / (np.sqrt(square) / usual(beta_2, count) + epsilon)


def adam_one_behind(*arguments):
    with np.errstate(divide="ignore", invalid="ignore"):  # at the first update it divides by zero
        return corrected_with(*[lambda beta, count: usual(beta, count - 1)] * 2)(*arguments)
