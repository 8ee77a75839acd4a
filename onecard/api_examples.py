"""An example for every message of the API description: made from its schema, with the values that people would give."""

import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

_BYTES_43 = "4Tq0p0yX0mWm3b8x1m2nq7qv0mJ1o3y5k9u2w4e6r8s"

TYPICAL: Mapping[str, Any] = {
    "agency_id": 1002,
    "amount_fen": 1500,
    "article": "午餐",
    "bank": "102332000018",
    "book": 3302,
    "business_date": "2026-11-23",
    "canteen_id": 1006,
    "certificate": "6BFOXN%TSMAHN-H9QCGDSB5QPN9" * 3,
    "cashier": "wang.fang",
    "code": "JBSWY3DPEHPK3PXP",
    "content": "5b+D5Lit5pyJ5pWwLnBkZg==",
    "drawer": "drawer-1",
    "ends": "13:00:00",
    "ephemeral": _BYTES_43,
    "food": "rice",
    "holder_id": 1042,
    "holder_name": "宁波市财政局",
    "journal_head": _BYTES_43,
    "latitude": 29.8683,
    "login": "wang.fang",
    "longitude": 121.544,
    "mac": "q83vEjRWeJCrze8SNFZ4kA",
    "model": "T-100",
    "name": "王芳",
    "name_en": "Ningbo Finance Bureau",
    "name_zh": "宁波市财政局",
    "new": "correct horse battery staple",
    "number": "3901150009200012345",
    "old": "an older pass phrase",
    "password": "correct horse battery staple",
    "proof": _BYTES_43 * 2,
    "public_key": _BYTES_43,
    "qr": "6BFOXN%TSMAHN-H9QCGDSB5QPN9",
    "reason": "称重时容器未扣除",
    "responsible": "李娜",
    "session_id": _BYTES_43[:22],
    "scale": "后厨一号秤",
    "serial": "SN-2026-0042",
    "software": "1.4.0",
    "staff_number": "0042",
    "starts": "11:00:00",
    "suite": "P256-AES128",
    "uid": "04A1B2C3D4E5F6",
}
"""Member -> a value of its kind; a member of another kind or with other limits gets one from its schema."""

OFTEN = {"ChargeMessage": ("qr",)}
"""Members that need not be there, and of which one must be."""

_BY_FORMAT = {
    "date": "2026-11-23",
    "date-time": "2026-11-23T04:05:06Z",
    "time": "11:30:00",
    "uuid": "019ab5c1-7d2e-7c40-9f3a-2b1c0d9e8f7a",
}
_BY_TYPE: Mapping[str, Any] = {"boolean": True, "null": None, "object": {}}


def with_examples(document: Document) -> Document:
    """The document with an example for every body and every schema of an object; the document is changed in place."""
    schemas = document["components"]["schemas"]
    maker = _Maker(schemas)
    for name, schema in schemas.items():
        if schema.get("properties"):
            schema["examples"] = [maker.example({"$ref": name})]
    return document


class _Maker:
    """Makes examples from schemas that may refer to ``schemas``."""

    def __init__(self, schemas: Mapping[str, Document]) -> None:
        self._schemas = schemas
        self._within: list[str] = []

    def example(self, schema: Document, name: str = "") -> Any:
        """A value that the schema allows; ``name``: the member's."""
        if "$ref" in schema:
            title = schema["$ref"].rsplit("/", 1)[-1]
            self._within.append(title)
            made = self.example(self._schemas[title], name)
            self._within.pop()
            return made
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for choices in ("oneOf", "anyOf", "allOf"):
            if choices in schema:
                return self._chosen(schema, schema[choices], name)
        return self._typed(schema, name)

    def _chosen(self, schema: Document, choices: list[Document], name: str) -> Any:
        """The first choice that is not null, within what the schema says beside it."""
        chosen = next(one for one in choices if one.get("type") != "null")
        beside = {key: value for key, value in schema.items() if key not in ("oneOf", "anyOf", "allOf", "default")}
        return self.example({**chosen, **beside}, name)

    def _typed(self, schema: Document, name: str) -> Any:
        kind = schema.get("type")
        kind = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
        if kind == "object" and "properties" in schema:
            wanted = [*schema.get("required", []), *OFTEN.get(schema.get("title", ""), ())]
            return {key: self.example(one, key) for key, one in schema["properties"].items() if key in wanted}
        if kind == "array":
            if schema.get("items", {}).get("$ref", "").rsplit("/", 1)[-1] in self._within:
                return []  # a schema that holds more of itself
            return [self.example(schema.get("items", {}), name.removesuffix("s"))] * schema.get("minItems", 1)
        if kind in ("integer", "number"):
            return _number(schema, TYPICAL.get(name))
        if kind == "string":
            return _text(schema, name)
        return _BY_TYPE.get(str(kind))


def _number(schema: Document, typical: Any) -> int | float:
    least, most = schema.get("minimum", 0), schema.get("maximum", float("inf"))
    if isinstance(typical, (int, float)) and least <= typical <= most:
        return typical
    if examples := schema.get("examples"):
        return examples[0]  # type: ignore[no-any-return]
    return max(least, min(1, most))  # type: ignore[no-any-return]


def _text(schema: Document, name: str) -> str:
    typical, known = TYPICAL.get(name), schema.get("format") in _BY_FORMAT
    if isinstance(typical, str) and _fits(schema, typical) and (not known or schema["format"] == "time"):
        return typical
    if known:
        return _BY_FORMAT[schema["format"]]
    return str(next(iter(schema.get("examples", [])), "…"))


def _fits(schema: Document, value: str) -> bool:
    """Whether a text is within the limits."""
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
    return least <= len(value) <= most and re.search(schema.get("pattern", ""), value) is not None
