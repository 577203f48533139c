"""The composition root: settings, URLs, the Celery app and WSGI. It wires every app and holds no rule of its own."""
