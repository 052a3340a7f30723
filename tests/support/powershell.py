"""PowerShell as far as the guides use it, for machines without one: as a script for sh."""

import re
import shlex
from collections.abc import Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))
_VARIABLE = re.compile(r"\$env:(\w+)", re.IGNORECASE)


class NotForSh(Exception):
    """The script needs PowerShell itself: it has more than variables and programs."""


def parse(script: str) -> Node:
    """Return the syntax tree. Raises SyntaxError."""
    tree = _PARSER.parse(script.encode()).root_node
    if tree.has_error:
        raise SyntaxError(f"that is not PowerShell:\n{script}")
    return tree


def as_sh(script: str) -> str:
    """Return a script for sh that does the same. Raises SyntaxError, NotForSh."""
    statements = [
        statement
        for part in parse(script).named_children
        if part.type != "comment"
        for statement in part.named_children
    ]
    return "".join(f"{_statement(statement)}\n" for statement in statements)


def _statement(node: Node) -> str:
    if node.type == "comment":
        return ""
    if node.type != "pipeline":
        raise NotForSh(_text(node))
    (child,) = node.named_children
    if child.type == "assignment_expression":
        variable, _, value = child.named_children
        name = _VARIABLE.fullmatch(_text(variable))
        if not name:
            raise NotForSh(_text(node))
        return f"export {name[1]}={_word(value)}"
    return " | ".join(map(_command, child.named_children))


def _command(node: Node) -> str:
    if node.type != "command":
        raise NotForSh(_text(node))
    return " ".join(_words(node))


def _words(command: Node) -> Iterator[str]:
    for child in command.named_children:
        if child.type == "command_name":
            yield _text(child)
        elif child.type == "command_elements":
            for element in child.named_children:
                if _text(element).startswith("<"):
                    raise SyntaxError(f"PowerShell reads no files by <: {_text(command)}")
                if element.type == "redirection":
                    yield _text(element)
                elif element.type != "command_argument_sep":
                    yield _word(element)
        else:
            raise NotForSh(_text(command))


def _word(node: Node) -> str:
    """Return one word, a string in quotes or not, as sh reads it."""
    text = _text(node)
    if text.startswith("'"):
        return shlex.quote(text[1:-1].replace("''", "'"))
    text = text.strip('"')
    if text.startswith("@") or any(sign in text for sign in "`(){};"):
        raise NotForSh(text)
    parts = _VARIABLE.split(text)  # every second one is the name of a variable
    quoted = (
        f'"${part}"' if number % 2 else shlex.quote(part) for number, part in enumerate(parts)
    )
    return "".join(part for part in quoted if part != "''") or "''"


def _text(node: Node) -> str:
    return (node.text or b"").decode().strip()
