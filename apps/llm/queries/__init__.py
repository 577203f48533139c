"""Questions about calls of models, one a module."""
