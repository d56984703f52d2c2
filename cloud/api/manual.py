"""The API's description as one page of HTML that loads nothing, for people on a machine without a network."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Schema = Mapping[str, Any]

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}h2{margin-top:2.5rem}h3{margin:1.8rem 0 .3rem}"
    "table{border-collapse:collapse;width:100%}td{border-top:1px solid #d5dde5;padding:.25rem .8rem .25rem 0;"
    "vertical-align:top}td:first-child{width:14rem}a{color:#0b5cad}"
)


def page(described: Schema) -> str:
    """The page for an OpenAPI 3.1 description: every route, then every model that the routes speak of."""
    info = described["info"]
    models: Schema = described["components"]["schemas"]
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])} API</title>",
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
        f"<p>{escape(info.get('summary', ''))}<p>For programs: <a href=/v1/openapi.json>/v1/openapi.json</a>. ",
        "Every route but the service's own takes <code>Authorization: Bearer KEY</code>.<h2>Routes</h2>",
        *(part for path, item in described["paths"].items() for part in _routes(path, item)),
        "<h2>Models</h2>",
        *(part for name in sorted(models) for part in _model(name, models[name])),
    ]
    return "\n".join(parts)


def _routes(path: str, item: Schema) -> Iterator[str]:
    for method, operation in item.items():
        about = escape(operation.get("description", ""))
        yield f"<h3><code>{method.upper()} {escape(path)}</code></h3><p>{about}<table>"
        for each in operation.get("parameters", ()):
            note = " ".join(filter(None, ("required" if each.get("required") else "", each.get("description", ""))))
            yield _row(f"{each['in']} {each['name']}", _type(each["schema"]), note)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield _row("body", _type(content["schema"]), "")
        for status, answer in operation["responses"].items():
            types = [_type(each["schema"]) for each in answer.get("content", {}).values() if "schema" in each]
            yield _row(status, types[0] if types else "", answer["description"])
        yield "</table>"


def _model(name: str, schema: Schema) -> Iterator[str]:
    yield f"<h3 id='{escape(name)}'><code>{escape(name)}</code></h3><p>{escape(schema.get('description', ''))}<table>"
    required = schema.get("required", ())
    for field, about in schema.get("properties", {}).items():
        note = " ".join(filter(None, ("required" if field in required else "", about.get("description", ""))))
        yield _row(field, _type(about), note)
    if "enum" in schema:
        yield _row("", _type(schema), "")
    yield "</table>"


def _row(name: str, kind: str, note: str) -> str:
    return f"<tr><td><code>{escape(name)}</code><td>{kind}<td>{escape(note)}"


def _type(schema: Schema) -> str:
    """As HTML; a model is a link to its own paragraph."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("format") or schema.get("type") or schema.get("const") or "any"))
