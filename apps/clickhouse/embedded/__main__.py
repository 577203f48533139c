"""Run the embedded ClickHouse without Django: `python -m apps.clickhouse.embedded --path data/clickhouse`."""

import sys

from apps.clickhouse.embedded.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
