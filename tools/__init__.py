"""Tools for operators. No stack and no construct imports them."""
