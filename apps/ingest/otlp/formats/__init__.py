"""The two encodings of OTLP/HTTP, each in a module with `split`, `read`, and the encoding of answers."""
