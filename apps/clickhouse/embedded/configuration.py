"""What the engine is told at its start: small caches and pools, for a process that shares a laptop."""

from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

MEGABYTE: Final = 1 << 20
SERVER_SETTINGS: Final = {
    "mark_cache_size": 64 * MEGABYTE,
    "index_mark_cache_size": 16 * MEGABYTE,
    "uncompressed_cache_size": 0,
    "index_uncompressed_cache_size": 0,
    "mmap_cache_size": 64,
    "compiled_expression_cache_size": 16 * MEGABYTE,
    "background_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
    "background_common_pool_size": 2,
    "background_schedule_pool_size": 4,
    "background_buffer_flush_schedule_pool_size": 1,
    "background_message_broker_schedule_pool_size": 1,
    "background_distributed_schedule_pool_size": 1,
    "max_server_memory_usage_to_ram_ratio": "0.5",
}
SESSION_SETTINGS: Final = {
    "implicit_select": "0",
    "allow_introspection_functions": "0",
}
"""clickhouse-server's defaults where chDB, made for notebooks, has others."""


def write(path: Path) -> Path:
    """Write the engine's configuration file next to its data and give its path."""
    lines = [f"  <{name}>{escape(str(value))}</{name}>" for name, value in SERVER_SETTINGS.items()]
    file = path / "engine.xml"
    file.write_text("\n".join(["<clickhouse>", *lines, "</clickhouse>", ""]))
    return file
