"""Strict input: what the API did not ask for is refused by name, and no value is bent into another type.

REST framework ignores unknown fields and turns 5 into "5"; a caller who misspells a field must learn of it instead.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """The base of every input serializer."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Refuse fields that nobody reads, then validate as usual."""
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                message = f"This field is unknown. Known are: {', '.join(sorted(known))}."
                raise serializers.ValidationError({name: [message] for name in unknown}, code="unknown_field")
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A JSON string, never a number made into one."""

    def to_internal_value(self, data: Any) -> str:  # noqa: ANN401 - DRF's signature
        """Accept a string only."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeField(serializers.IntegerField):
    """A JSON whole number, never "5", 5.0 or true."""

    def to_internal_value(self, data: Any) -> int:  # noqa: ANN401 - DRF's signature
        """Accept a whole number only."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class SwitchField(serializers.BooleanField):
    """JSON true or false, never "yes" or 1."""

    def to_internal_value(self, data: Any) -> bool:  # noqa: ANN401 - DRF's signature
        """Accept a truth value only."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class MomentField(serializers.DateTimeField):
    """An ISO 8601 moment as a JSON string; without a zone it is UTC, a date alone is its midnight."""

    def to_internal_value(self, value: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Accept a string only."""
        if not isinstance(value, str):
            self.fail("invalid", format="ISO 8601")
        return super().to_internal_value(value)
