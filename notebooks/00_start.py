# %% [markdown]
# # 0 · Start here
#
# **Why does a neural network that has seen ten thousand pictures know anything about the next
# one?** And what does training have to do with it? That is what this course is about: overfitting,
# resampling, gradient descent, regularization, batch normalization, convolution and learning rates.
#
# Lecture notes are full of statements on these subjects that nobody measured. Here they are
# **measured**, wherever a measurement can decide, in front of you and on your own computer. Some
# turn out to be wrong.
#
# **For whom.** You can read Python with NumPy and you know what a derivative is. It helps to have
# trained a net once, with Keras or anything else; you need not know why it worked.
#
# **How long.** A lesson takes an hour if you skim the code, two if you read it: read, run, guess,
# solve five exercises. Lesson 1 comes first. What comes after it, you may choose. This page takes a
# quarter of an hour.

# %% tags=["setup"]
# Setup: find the course's folder, here or above.
import sys
from pathlib import Path

folders = [Path.cwd(), *Path.cwd().parents]
course = next((folder for folder in folders if (folder / "helpers" / "runtime.py").exists()), None)
if course is None:
    raise FileNotFoundError("Open this notebook in the course's folder: no helpers/ here or above.")
sys.path.insert(0, str(course))

from helpers import runtime

print(runtime.start())

# %% [markdown]
# ## How a lesson works
#
# Click on a cell with code and press **Shift+Enter**: it runs, and the next one is selected. Start
# with the one above, which says what your computer is good for. Run the cells in their order.
#
# - **Predict** asks for your guess *before* you see what a run shows. The first guess is locked,
#   and wrong ones are worth the most: you remember what surprised you.
# - **Write** and **bug hunt** ask for a few lines of code. A check tells you whether they are right
#   and, if not, what went wrong. Hints are there when you want them.
# - **Measure** ends in a line with ✓ (supported), ✗ (refuted) or ≈ (undecided). Lesson 1 explains
#   how to read it.
#
# If you began with `make lab`, this is your own copy, in the folder `work/`. Change whatever you
# like: an update of the course never overwrites it. On a narrow screen, a click on
# the folder at the left edge hides the list of files and makes room.
#
# The next cell holds what can be changed about a run. Leave it as it is for now.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import numpy as np

from helpers import exercises
from helpers.exercises import start as ex

# %% [markdown]
# ### Exercise 1 · Write the share of right answers
#
# Someone answered a few questions. Write `share_right`: it gets two arrays of equal length, the
# answers and the truth, and returns the share of answers that are right, between 0 and 1.
#
# Run the cell once before you change anything, and read what it says.


# %%
def share_right(answers, truth):
    # Return the share of answers that are equal to the truth.
    ...


ex.scoring.check(share_right)  # stuck? ex.scoring.hint()

# %% [markdown]
# ### Exercise 2 · Predict
#
# A thousand people answer 10 questions with yes or no. None of them knows anything: each tosses a
# coin for every answer. You pick the person with the most right answers.
#
# **Your guess first.** How many answers of that person are right, on these 10 questions and on 10
# new ones? Replace each `...` with "about half", "about three quarters" or "nearly all", and run
# the cell.

# %%
luck = {"on these 10": ..., "on 10 new ones": ...}

ex.luck_prediction.check(luck)  # stuck? ex.luck_prediction.hint()

# %% [markdown]
# Now let it happen, a hundred times with a thousand people each.

# %% jupyter={"outputs_hidden": true} tags=["nbval-check-output"]
chance = np.random.default_rng(SEED)
# times, people, questions; 1 is a right answer
right = chance.integers(0, 2, size=(100, 1000, 20))
old, new = (part.mean(axis=2) for part in np.split(right, 2, axis=2))
best, each = old.argmax(axis=1), np.arange(len(old))
on_old, on_new = old[each, best], new[each, best]
print(f"the best of a thousand, on the 10: {on_old.mean():.2f} right")
print(f"the same person, on 10 new ones:   {on_new.mean():.2f} right")

ex.luck_prediction.check(luck, on_old, on_new)

# %% [markdown]
# A thousand people who toss coins, or a thousand models that are fitted to the same few data: it is
# the same trap. How to see it, how to avoid it, and how nets learn something all the same, is the
# subject of the lessons.
#
# ## Your way through the lessons
#
# Run this cell whenever you come back. It shows what you have done and how often you guessed right,
# and its button leads on to the lesson that is next. The [audits](audits/01_overfitting.ipynb)
# beside the lessons treat what these leave out; read them when you want to know how sure a
# statement is.

# %%
exercises.show_progress()
