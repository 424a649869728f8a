"""/docs: the API as a page to read, made of /openapi.json; it runs no script and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

_EXAMPLE = """\
curl -F images=@photo.jpg -F top=5 http://localhost:8000/v1/search
curl -F images=@photo.jpg -F camera=gate -F time=2026-11-28T08:00 http://localhost:8000/v1/entries
curl -H "Authorization: Bearer $TOKEN" -F images=@photo.jpg https://HOST/v1/search     where a token is on"""


def docs_page(api: Mapping[str, Any]) -> str:
    """The page as HTML; `api` is the description by OpenAPI."""
    shapes: Mapping[str, Any] = api.get("components", {}).get("schemas", {})
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<title>dgnet: what the service answers</title><link rel="stylesheet" href="/static/docs.css">',
        f"<main><h1>{escape(api['info']['title'])} {escape(api['info']['version'])}</h1>",
        f"<p>{escape(api['info']['description'])} For programs: <a href='/openapi.json'>openapi.json</a>.</p>",
        f"<pre>{escape(_EXAMPLE)}</pre>",
        "<p>Every refusal is <code>{&quot;error&quot;: {&quot;code&quot;, &quot;message&quot;}}</code>.</p>",
    ]
    for path, methods in api["paths"].items():
        for method, what in methods.items():
            parts.append(f'<h2><span class="method">{method.upper()}</span> {escape(path)}</h2>')
            parts.append(f"<p>{escape(what.get('description') or what.get('summary', ''))}</p>")
            parts += _taken(what, shapes)
            parts += _given(what, shapes)
    parts.append("<h2>Shapes named above</h2>")
    for name, shape in shapes.items():
        if not name.startswith("Body_"):
            parts += [
                f'<h3 id="{escape(name)}">{escape(name)}</h3>',
                *_said(shape),
                *_table("", _fields(shape, shapes)),
            ]
    return "\n".join([*parts, "</main></html>"])


def _table(title: str, rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """A table of names, kinds (as HTML) and descriptions."""
    cells = [f"<tr><td><code>{escape(name)}</code><td>{kind}<td>{escape(what)}</tr>" for name, kind, what in rows]
    return [f"<table><caption>{title}</caption>", *cells, "</table>"] if cells else []


def _taken(what: Mapping[str, Any], shapes: Mapping[str, Any]) -> list[str]:
    in_address = [
        (one["name"], _kind(one["schema"]), _what(one["schema"], one.get("description", "")))
        for one in what.get("parameters", [])
        if one["in"] != "header"
    ]
    parts = _table("Takes in its address", in_address)
    for kind, content in what.get("requestBody", {}).get("content", {}).items():
        title = "Takes a form" if "form" in kind else f"Takes {kind}"
        parts += _table(title, _fields(content["schema"], shapes))
    return parts


def _given(what: Mapping[str, Any], shapes: Mapping[str, Any]) -> list[str]:
    content = what["responses"].get("200", {}).get("content", {}).get("application/json")
    if not content:
        return []
    schema = content["schema"]
    return [*_table("Gives", _fields(schema, shapes)), *_said(shapes.get(_name(schema), schema))]


def _said(shape: Mapping[str, Any]) -> list[str]:
    return [f"<p>{escape(text)}</p>"] if (text := shape.get("description")) else []


def _what(field: Mapping[str, Any], description: str = "") -> str:
    """What a field is, and what is taken where it is left out."""
    usual = field.get("default")
    parts = [description or field.get("description", ""), "" if usual in (None, "") else f"{_plain(usual)} if left out"]
    return "; ".join(filter(None, parts))


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, kind and description of each field of a shape."""
    for option in (schema, *schema.get("allOf", ()), *schema.get("anyOf", ())):
        found = shapes.get(_name(option), option)
        for name, field in found.get("properties", {}).items():
            yield name, _kind(field), _what(field)


def _kind(schema: Mapping[str, Any]) -> str:
    """What a field holds, as HTML."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"several: {_kind(schema.get('items', {}))}"
    if name := _name(schema):
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return "file"
    words = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false"}
    return words.get(schema.get("type", ""), schema.get("type", ""))


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
