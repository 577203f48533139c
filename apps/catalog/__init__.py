"""What a project's events look like: seen events and properties, and the property-filter language."""
