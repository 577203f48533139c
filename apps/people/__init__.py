"""Who did it: the person behind a distinct id."""
