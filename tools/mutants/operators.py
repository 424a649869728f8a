"""The small changes to a module's code that its tests should notice: each replaces the text of one syntax tree node."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

MODULES = {"np", "torch", "F", "math", "hashlib", "struct", "platform"}  # `torch.exp(x)` calls no method
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
EXCHANGED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
Change = tuple[ast.expr | ast.stmt, str]  # a node, and the text that takes its place
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """A module with one change: the lines `before`, from `line` on, became `after`.

    `function` is the dotted name of the function or class around the change, "" outside of any.
    """

    path: str
    line: int
    function: str
    before: str
    after: str
    source: str  # the whole module with the change

    @property
    def name(self) -> str:
        """The mutant's name in results and in equal.toml; without the line number, which later edits would change."""
        return f"{self.path}:{self.function}: {self.before} → {self.after}"


def mutants_of(path: str, source: str) -> list[Mutant]:
    """All mutants of a module's source, in order of their lines; changes that are not valid Python are left out.

    Also left out are changes that give the same syntax tree as the module or as another mutant.
    """
    text = source.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[str, Mutant] = {}
    whole = ast.parse(source)
    unchanged = ast.dump(whole)
    for function, (node, replacement) in _walk(whole, "", {}):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        changed = (text[:begin] + replacement.encode() + text[end:]).decode()
        try:
            tree = ast.dump(ast.parse(changed))
        except SyntaxError:
            continue
        if tree == unchanged:
            continue
        first, last = starts[node.lineno - 1], starts[node.end_lineno]
        before = " ".join(text[first:last].decode().split())
        after = " ".join((text[first:begin] + replacement.encode() + text[end:last]).decode().split())
        found.setdefault(tree, Mutant(path, node.lineno, function, before, after, changed))
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _walk(node: ast.AST, function: str, siblings: dict[str, str]) -> Iterator[tuple[str, Change]]:
    """Changes at `node` and below it, each with the function that it is in.

    Messages, docstrings, annotations, assertions and progress bars are not changed.
    """
    if isinstance(node, (ast.JoinedStr, ast.Assert)) or (isinstance(node, ast.Call) and _name(node.func) == "tqdm"):
        return
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}" if function else node.name
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        siblings = _siblings(node)
    if isinstance(node, ast.stmt):
        changes = _of_statement(node)
    elif isinstance(node, ast.expr):
        changes = _of_expression(node, siblings)
    else:
        changes = iter(())
    for change in changes:
        yield function, change
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "exc") or _is_docstring(node):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, function, siblings)


def _of_statement(node: ast.stmt) -> Iterator[Change]:
    """Changes to a statement: leave it out, make an `if` always or never hold, leave out a `with`'s context."""
    match node:
        case ast.Expr() if not _is_docstring(node) and not isinstance(node.value, (ast.Yield, ast.YieldFrom)):
            yield node, "pass"
        case ast.Raise() | ast.AugAssign():
            yield node, "pass"
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield node, "pass"
        case ast.If():
            yield node.test, "True"
            yield node.test, "False"
        case ast.With():
            for item in node.items:
                if item.optional_vars is None:
                    yield item.context_expr, "__import__('contextlib').nullcontext()"
        case ast.FunctionDef(decorator_list=[ast.Call() as decorator, *_]):
            yield decorator, "(lambda function: function)"
    if isinstance(node, ast.AugAssign) and type(node.op) in EXCHANGED:
        other = copy.copy(node)
        other.op = EXCHANGED[type(node.op)]()
        yield node, ast.unparse(other)


def _of_expression(node: ast.expr, siblings: dict[str, str]) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                ops = [*node.ops[:place], COMPARISONS[type(operator)](), *node.ops[place + 1 :]]
                yield node, _text(ast.Compare(node.left, ops, node.comparators))
        case ast.BinOp():
            if type(node.op) in EXCHANGED:
                yield node, _text(ast.BinOp(node.left, EXCHANGED[type(node.op)](), node.right))
            if not isinstance(node.op, ast.Div):
                yield node, _text(node.left)
            if isinstance(node.op, (ast.Mult, ast.BitAnd, ast.BitOr)):
                yield node, _text(node.right)
        case ast.BoolOp():
            yield node, _text(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))
            for place in range(len(node.values)):
                rest = [*node.values[:place], *node.values[place + 1 :]]
                yield node, _text(ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0])
        case ast.UnaryOp() if not isinstance(node.operand, ast.Constant):
            yield node, _text(node.operand)
        case ast.Constant(value=bool() as value):
            yield node, str(not value)
        case ast.Constant(value=int() as value):
            yield node, str(value + 1)
        case ast.Constant(value=float() as value):
            yield node, repr(1.5 * value if value else 1.0)
        case ast.IfExp():
            yield node.test, "True"
            yield node.test, "False"
        case ast.Slice():
            yield from ((bound, "None") for bound in (node.lower, node.upper) if bound is not None)
        case ast.Name(ctx=ast.Load()) if node.id in siblings:
            yield node, siblings[node.id]
        case ast.Call():
            yield from _of_call(node)
        case ast.ListComp(generators=[loop]) | ast.GeneratorExp(generators=[loop]):
            yield from ((condition, "True") for condition in loop.ifs)


def _of_call(node: ast.Call) -> Iterator[Change]:
    """Changes to a call: leave out the call of a method, leave out a keyword, exchange two arguments.

    A call of min, max or where also becomes either of its last two arguments.
    """
    if isinstance(node.func, ast.Attribute) and _root(node.func.value) not in MODULES | {"self"}:
        yield node, _text(node.func.value)
    for place in range(len(node.keywords)):
        rest = [*node.keywords[:place], *node.keywords[place + 1 :]]
        yield node, _text(ast.Call(node.func, node.args, rest))
    if len(node.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
        alike = _name(node.func) in ("min", "max", "minimum", "maximum")
        if not alike:
            yield node, _text(ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords))
        if alike or _name(node.func) == "where":
            yield from ((node, _text(argument)) for argument in node.args[-2:])


def _siblings(function: Function) -> dict[str, str]:
    """For a name, another one for which it may be mistaken: unpacked beside it, or a parameter of the same type."""
    arguments = function.args.args + function.args.kwonlyargs
    kinds = [ast.unparse(argument.annotation) if argument.annotation else "" for argument in arguments]
    groups = [
        [argument.arg for argument, own in zip(arguments, kinds, strict=True) if own == kind]
        for kind in sorted({*kinds} - {""})
    ]
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.For) else []
        unpacked = [target.elts for target in targets if isinstance(target, ast.Tuple)]
        groups += [[element.id for element in names if isinstance(element, ast.Name)] for names in unpacked]
    next_in: dict[str, str] = {}
    for names in groups:
        if len(names) > 1:
            next_in.update(zip(names, [*names[1:], names[0]], strict=True))
    return next_in


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _root(node: ast.expr) -> str:
    """The first name of a chain of attributes, such as `torch` of `torch.autograd`; "" for anything else."""
    return _root(node.value) if isinstance(node, ast.Attribute) else _name(node)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
