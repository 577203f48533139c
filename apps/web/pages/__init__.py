"""Views, one module per capability: read the request, ask services and selectors, fill a template."""
