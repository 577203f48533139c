"""`python -m bench [names...]`: measure every figure of the budget, or those named, as JSON lines.

Each benchmark is a process of its own: the settings of one stack must not reach into the next.
"""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("stack", "ingest", "ingest_forms", "writer_steps", "pricing")
ROOT = Path(__file__).resolve().parent.parent


def main(names: list[str]) -> int:
    """Run the benchmarks one after the other; the exit code tells whether all of them ended well."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"No benchmark is called {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}.")
    codes = [
        subprocess.run([sys.executable, "-c", f"from bench.{name} import run; run()"], cwd=ROOT, check=False).returncode
        for name in names or BENCHMARKS
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
