"""Evaluator of CloudWatch metric math at one point in time, for the functions in formulas of this
platform."""

import ast
import operator
from collections.abc import Callable, Mapping

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def value_of(
    expression: str,
    values: Mapping[str, float | None],
    before: Mapping[str, float | None] | None = None,
) -> float | None:
    """Return the value of an expression, or None if CloudWatch has no data point.

    A metric outside `values` has no data point. With one missing operand the result is missing,
    also in the branch that `IF` does not take: AWS does not document that case, and a formula must
    not depend on it. A division by zero has no data point.

    Args:
        expression: metric math.
        values: values of the metrics in the period.
        before: their values in the period before, for `DIFF`.

    Raises:
        ValueError: if the expression uses a function or operator that is not implemented here.
    """
    return _value(ast.parse(expression, mode="eval").body, values, before or {})


def _value(  # noqa: PLR0911  # one for each kind of node
    node: ast.expr, values: Mapping[str, float | None], before: Mapping[str, float | None]
) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as constant):
            return float(constant)
        case ast.Name(id=name):
            return values.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, values, before)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _both(
                _ARITHMETIC[type(op)], _value(left, values, before), _value(right, values, before)
            )
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _both(
                _COMPARISONS[type(op)], _value(left, values, before), _value(right, values, before)
            )
        case ast.Call(func=ast.Name(id="DIFF"), args=[argument]):
            return _both(
                operator.sub, _value(argument, values, before), _value(argument, before, {})
            )
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _call(function, [_value(argument, values, before) for argument in arguments])
    raise ValueError(f"{ast.unparse(node)}: not implemented. Add it to tests/metric_math.py.")


def _both(
    compute: Callable[[float, float], float], left: float | None, right: float | None
) -> float | None:
    if left is None or right is None:
        return None
    try:
        return float(compute(left, right))
    except ZeroDivisionError:
        return None


def _call(function: str, arguments: list[float | None]) -> float | None:
    if function == "FILL":
        value, filling = arguments
        return filling if value is None else value
    known = [argument for argument in arguments if argument is not None]
    if len(known) < len(arguments):
        return None
    if function == "ABS":
        return abs(known[0])
    if function == "IF":
        condition, then, otherwise = known
        return then if condition else otherwise
    raise ValueError(f"{function}: not implemented. Add it to tests/metric_math.py.")
