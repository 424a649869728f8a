"""The paper's symbols in plain text, such as f_prim and x_j, with subscripts in HTML and LaTeX."""

from __future__ import annotations

import re
from html import escape

_SYMBOL = re.compile(r"\b([A-Za-z])_([a-z]{1,5}\d?)\b(?!_)")


def html_symbols(text: str) -> str:
    """Text for HTML: escaped, with `f_prim` as f and a subscript."""
    return _SYMBOL.sub(r"<var>\1<sub>\2</sub></var>", escape(text))


def latex_symbols(text: str) -> str:
    """Text for LaTeX: escaped, with `f_prim` as a formula."""
    parts = _SYMBOL.split(text)  # plain, letter, subscript, plain, letter, ...
    latex = _latex(parts[0])
    for letter, subscript, plain in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        latex += f"${letter}_{{\\mathrm{{{subscript}}}}}$" + _latex(plain)
    return latex


def _latex(text: str) -> str:
    replaced = text.replace("\\", r"\textbackslash ")
    for character in "&%$#_{}":
        replaced = replaced.replace(character, f"\\{character}")
    return replaced.replace("±", r"$\pm$").replace("–", "--").replace("×", r"$\times$").replace("→", r"$\rightarrow$")
