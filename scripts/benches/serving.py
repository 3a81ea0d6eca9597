"""A server of its own for a bench, and what it takes of the machine."""

import re
import subprocess
import sys
from pathlib import Path


def start_server(extra: list[str]) -> tuple[subprocess.Popen[str], str]:
    """The process and its address, once it is ready. It keeps nothing, unless ``extra`` names a store."""
    kept = [] if "--store" in extra else ["--no-store"]
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0", *kept, *extra]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"Ready: (http\S+?)/?\s*$", line):
            return process, found[1]
    raise SystemExit("the server did not start")


def cpu_seconds(pid: int) -> float:
    """User and system time so far, children that are still alive left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory_mb(pid: int) -> float:
    """Resident memory now."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0
