"""Works out sums that a model wrote: nothing but numbers, bounded in time and size. Pure."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

EXPRESSION_CHARS_MAX = 500
DEPTH_MAX = 40
BITS_MAX = 4_096  # of a result: about 1,230 digits

Number = int | float


class BadExpression(Exception):
    """Its text says in one sentence what is wrong."""


def calculate(expression: str) -> Number:
    """The value of an expression such as `2 * (3 + 4) ** 2`. Raises BadExpression."""
    text = expression.strip().replace("×", "*").replace("÷", "/").replace("−", "-")
    if not text or len(text) > EXPRESSION_CHARS_MAX:
        raise BadExpression(f"An expression has 1 to {EXPRESSION_CHARS_MAX} characters.")
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval")
        return _bounded(_value(tree.body, DEPTH_MAX))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise BadExpression(f"That cannot be worked out: {_why(fault)}.") from None
    except ZeroDivisionError:
        raise BadExpression("A division by zero has no result.") from None
    except OverflowError:
        raise BadExpression(_TOO_BIG) from None


def _value(node: ast.expr, depth: int) -> Number:
    if depth == 0:
        raise BadExpression("There are too many brackets in each other.")
    match node:
        case ast.Constant(value=bool()):
            raise BadExpression("Only numbers can be worked out.")
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _bounded(_UNARY[type(op)](_value(operand, depth - 1)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            values = _value(left, depth - 1), _value(right, depth - 1)
            return _bounded(_BINARY[type(op)](*values))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_called(name, [_value(arg, depth - 1) for arg in args]))
    raise BadExpression(f"“{ast.unparse(node)[:80]}” is not arithmetic that I know. {_KNOWN}")


def _called(name: str, args: list[Number]) -> Any:
    try:
        return _FUNCTIONS[name](*args)
    except TypeError:
        raise BadExpression(f"{name} does not take these arguments.") from None


def _power(base: Number, exponent: Number) -> Number:
    """Refused before it is worked out where it would be too big."""
    is_whole = isinstance(base, int) and isinstance(exponent, int)
    if is_whole and abs(base) > 1 and abs(exponent) * math.log2(abs(base)) > BITS_MAX:
        raise BadExpression(_TOO_BIG)
    result = base**exponent
    if isinstance(result, int | float):
        return result
    raise BadExpression("The root of a negative number is not a real one.")


def _factorial(n: Number) -> int:
    if not isinstance(n, int) or not 0 <= n <= 400:
        raise BadExpression("factorial takes a whole number from 0 to 400.")
    return math.factorial(n)


def _round(value: Number, digits: Number = 0) -> Number:
    if not isinstance(digits, int) or abs(digits) > 100:
        raise BadExpression("round takes a whole number of digits.")
    return round(value, digits) if digits else round(value)


def _bounded(value: Any) -> Number:
    if isinstance(value, int) and value.bit_length() > BITS_MAX:
        raise BadExpression(_TOO_BIG)
    if isinstance(value, float) and not math.isfinite(value):
        raise BadExpression(_TOO_BIG)
    return value  # type: ignore[no-any-return]


def _why(fault: BaseException) -> str:
    return "it is not written as arithmetic" if isinstance(fault, SyntaxError) else str(fault)


_TOO_BIG = "The result is too big to be written down."
_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "abs": abs,
    "round": _round,
    "floor": math.floor,
    "ceil": math.ceil,
    "min": min,
    "max": max,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "factorial": _factorial,
}
_KNOWN = f"I know + - * / // % **, brackets, {', '.join(_CONSTANTS)} and {', '.join(_FUNCTIONS)}."
