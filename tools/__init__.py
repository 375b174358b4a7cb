"""Tools for operators. No stack and no construct imports them."""

import atexit
import gc

# The final garbage collection of a synthesis takes a second or more and would delay the exit.
atexit.register(gc.freeze)
