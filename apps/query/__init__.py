"""The question engine: query JSON in, numbers out, counted by ClickHouse."""
