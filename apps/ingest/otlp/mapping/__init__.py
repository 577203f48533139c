"""From a span to an event. `event.to_event` puts together what the other modules each know one part of."""
