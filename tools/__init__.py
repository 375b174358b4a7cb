"""Tools for operators. No stack and no construct imports them."""

import atexit
import gc

# After a synthesis, the final garbage collection takes a second and more: the summary would not be the last line.
atexit.register(gc.freeze)
