"""The API description (OpenAPI) of what devices send: the limits of every member, and every problem of a route."""

from collections.abc import Mapping
from copy import copy
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any

from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.typing import FieldDefinition
from msgspec import Meta, Struct, inspect

from foundation.messages import DeviceMessage
from foundation.problem_responses import JSON_PROBLEM
from foundation.problems import ProblemKind

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator


class DeviceProblem(Struct):
    """A problem (RFC 9457) as devices get it: in both languages, and signed where the request's signature was right."""

    type: Annotated[str, Meta(examples=["/problems/other-content"])]
    title: str
    status: int
    detail: str
    title_zh: str
    title_en: str
    detail_zh: str
    detail_en: str
    advice_zh: str
    advice_en: str
    code: Annotated[str, Meta(description="The id of the detail's text.")]
    params: Annotated[dict[str, Any], Meta(description="What the detail is filled with.")]


def problems(*kinds: ProblemKind) -> Mapping[int, ResponseSpec]:
    """The answers of a route that are problems, by status; each description lists the types."""
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(f"/problems/{kind.slug}")
    return {
        status: ResponseSpec(
            DeviceProblem, generate_examples=False, description=", ".join(sorted(types)), media_type=JSON_PROBLEM
        )
        for status, types in sorted(by_status.items())
    }


class DeviceMessageSchemas(StructSchemaPlugin):
    """Schemas of devices' messages: no member is null, limits are integers, and items of lists have theirs."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a message of a device, or a part of one."""
        kind = field_definition.annotation
        return isinstance(kind, type) and issubclass(kind, DeviceMessage) and not kind.nulls

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: "SchemaCreator") -> Schema:
        """The framework's schema, made exact."""
        schema = super().to_openapi_schema(field_definition, schema_creator)
        members: Any = inspect.type_info(field_definition.type_)
        assert schema.properties is not None
        for member in members.fields:
            shown = schema.properties[member.encode_name]
            if isinstance(shown, Schema):
                schema.properties[member.encode_name] = _exact(shown, member.type)
        return schema


def _joined(inner: Schema, outer: Schema) -> Schema:
    """The inner schema with what the outer one says beside it."""
    joined = copy(inner)
    for one in fields(Schema):
        if (value := getattr(outer, one.name)) is not None:
            setattr(joined, one.name, value)
    return joined


def _exact(shown: Schema, info: Any) -> Schema:
    if shown.one_of:
        [only] = [one for one in shown.one_of if not isinstance(one, Schema) or one.type != OpenAPIType.NULL]
        outer = replace(shown, one_of=None, default=None)
        shown = _joined(only, outer) if isinstance(only, Schema) else replace(outer, all_of=[only])
    if shown.minimum is not None and shown.maximum is not None:
        shown = replace(shown, minimum=int(shown.minimum), maximum=int(shown.maximum))
    item = getattr(getattr(info, "type", info), "item_type", None)
    if isinstance(item, inspect.IntType):
        shown = replace(shown, items=Schema(type=OpenAPIType.INTEGER, minimum=item.ge, maximum=item.le))
    return shown
