# Sourced by the other scripts: goes to the repository, makes .venv, installs, gets models.
# shellcheck shell=bash
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# A python that runs (a pyenv shim may exist and fail) and is new enough.
find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11 or later is needed and was not found."
}

make_venv() {
    .venv/bin/python -c 'import pip' >/dev/null 2>&1 && return
    local python
    python="$(find_python)"
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
        fail "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv"
    say "Making .venv with $python"
    "$python" -m venv --clear .venv || fail "$python could not make .venv"
}

# install STAMP TARGET: pip install -e TARGET, only when pyproject.toml, Python or this folder changed.
install() {
    local stamp=".venv/.$1.stamp" now
    now="$(.venv/bin/python -c 'import hashlib, sys
from pathlib import Path
data = Path("pyproject.toml").read_bytes() + sys.version.encode() + str(Path.cwd()).encode()
print(hashlib.sha256(data).hexdigest())')"
    [[ -f $stamp && "$(<"$stamp")" == "$now" ]] && return
    say "Installing packages"
    rm -f "$stamp"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -e "$2" ||
        fail "the packages could not be installed"
    printf '%s\n' "$now" >"$stamp"
}

# Without the network when they are here.
get_models() {
    .venv/bin/assistant models pull --defaults || exit 1
}
