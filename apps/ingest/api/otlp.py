"""The OTLP endpoints: exporters of OpenTelemetry speak their own format in answers as well, errors included."""

from apps.ingest.api.answers import Answer, known
from apps.ingest.api.arrival import Arrival
from apps.ingest.otlp import transport
from apps.ingest.otlp.transport import PATHS

__all__ = ["PATHS", "export"]


def export(arrival: Arrival) -> Answer:
    """Take an export in."""
    try:
        return transport.answer(
            transport.Export(
                body=arrival.body(),
                path=arrival.path,
                content_type=arrival.content_type,
                content_encoding=arrival.header("CONTENT_ENCODING"),
                authorization=arrival.header("AUTHORIZATION"),
                api_key=arrival.header("X_API_KEY") or arrival.header("API_KEY"),
                token=arrival.query.get("token", ""),
                ip=arrival.ip,
                user_agent=arrival.user_agent,
                origin=arrival.header("ORIGIN"),
            )
        )
    except Exception as exc:  # noqa: BLE001 - what it amounts to is told apart there, and logged
        return transport.refusal(known(exc, arrival.path), arrival.content_type)
