# Sourced by the other scripts: makes .venv, keeps it in step with pyproject.toml, runs parts of scripts/.
# Nothing is downloaded when nothing has changed.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  fail "Python 3.11, 3.12 or 3.13 is needed and was not found.
  Debian, Ubuntu:  sudo apt-get install python3 python3-venv
  macOS:           brew install python@3.12
  elsewhere:       https://www.python.org/downloads/"
}

# ensure_environment EXTRAS, e.g. "" or "dev"
ensure_environment() {
  local extras="$1" python stamp wanted
  if [ ! -x .venv/bin/python ]; then
    python="$(find_python)" || exit 1
    echo "Making the environment .venv with $("$python" --version)…"
    "$python" -m venv .venv || { rm -rf .venv; fail "Python's venv module does not work here.
  Debian, Ubuntu:  sudo apt-get install python3-venv"; }
  fi
  stamp=".venv/.installed-${extras:-base}"
  wanted="$(cksum < pyproject.toml)"
  # What the tests need holds what the server needs.
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] && [ "$(cat .venv/.installed-dev 2>/dev/null)" != "$wanted" ]; then
    echo "Installing packages${extras:+ ($extras)}…"
    # No "|| true" after the pipe: it would replace pip's status. grep finds nothing to print: that is fine.
    .venv/bin/python -m pip install --disable-pip-version-check --progress-bar on -e ".${extras:+[$extras]}" \
      | { grep -v -E '^(Requirement already|Looking in)' || true; } \
      || fail "pip could not install the packages (its reason stands above).
  No network: connect once; after that it works offline.
  A package had to be compiled: sudo apt-get install build-essential python3-dev"
    echo "$wanted" > "$stamp"
  fi
}

ensure_models() {
  .venv/bin/assistant models pull --defaults >/dev/null || fail "The default models could not be fetched (the reason stands above)."
}

# ensure_typescript: for the page's types. Fails where it is not here and cannot be fetched.
ensure_typescript() {
  local wanted
  wanted="$(cksum < package-lock.json)"
  command -v node >/dev/null || return 1
  [ "$(cat node_modules/.installed 2>/dev/null)" = "$wanted" ] && return
  command -v npm >/dev/null && npm ci --ignore-scripts --no-audit --no-fund --silent || return 1
  echo "$wanted" > node_modules/.installed
}

# run_part PACKAGE NAME [options]: scripts/PACKAGE/NAME.py, which has a main of its own.
run_part() {
  local package="$1" name="${2:-}"
  if [ -z "$name" ] || [ ! -f "scripts/$package/$name.py" ]; then
    echo "usage: scripts/$(basename "$0") NAME [options]. NAME is one of:" >&2
    grep -lE '^if __name__|^ *(asyncio.run\(|main\()' "scripts/$package"/*.py | xargs -n 1 basename -s .py >&2
    exit 2
  fi
  [ -x .venv/bin/python ] || fail "Run ./scripts/test or ./scripts/run once first; it makes .venv."
  export PYTHONPATH="$root/scripts${PYTHONPATH:+:$PYTHONPATH}"
  exec .venv/bin/python "scripts/$package/$name.py" "${@:3}"
}
