"""OTLP/HTTP traces: spans of AI calls become `$ai_*` events and go the way of every other event.

`transport` is the door's entry. `formats/` turns bytes into spans, `mapping/` turns a span into an event, `exports`
takes the events in. The wire format is OpenTelemetry's (opentelemetry.io/docs/specs/otlp).
"""
