"""Receiving events: wire formats, validation, the durable event log, the writer, dead letters."""
