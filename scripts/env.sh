# Sourced by the other scripts: makes .venv, keeps it in step with scripts/locks, runs parts of scripts/.
# Nothing is downloaded when nothing has changed.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# install_system PACKAGES: of Debian or Ubuntu, where this user may without being asked for a password.
install_system() {
  local sudo=()
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo=(sudo -n)
  fi
  echo "Installing $* (apt-get)…"
  "${sudo[@]}" apt-get update -q >/dev/null &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >/dev/null
}

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# make_environment: .venv, with a Python that is here or that the system has.
make_environment() {
  local python
  if ! find_python >/dev/null; then
    install_system python3 python3-venv || true
    find_python >/dev/null || fail "Python 3.11, 3.12 or 3.13 is needed and was not found.
  Debian, Ubuntu:  sudo apt-get install python3 python3-venv
  macOS:           brew install python@3.12
  elsewhere:       https://www.python.org/downloads/"
  fi
  python="$(find_python)"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    install_system python3-venv || fail "Python's venv module is not here.
  Debian, Ubuntu:  sudo apt-get install python3-venv"
  fi
  echo "Making the environment .venv with $("$python" --version)…"
  "$python" -m venv .venv || { rm -rf .venv; fail "Python could not make the environment (its reason stands above)."; }
}

# ensure_environment LOCK: "run" or "test", as in scripts/locks. What the tests need holds what the server needs.
ensure_environment() {
  local lock="$1" wanted
  [ -x .venv/bin/python ] || make_environment
  wanted="$(cat pyproject.toml scripts/locks/*.txt | cksum)"
  [ "$(cat ".venv/.installed-$lock" 2>/dev/null)" = "$wanted" ] && return
  [ "$(cat .venv/.installed-test 2>/dev/null)" = "$wanted" ] && return
  echo "Installing packages (scripts/locks/$lock.txt)…"
  quiet_pip --no-deps --require-hashes -r "scripts/locks/$lock.txt"
  [ "$lock" = run ] || quiet_pip -r scripts/locks/torch.txt
  quiet_pip --no-deps --no-build-isolation -e .
  echo "$wanted" > ".venv/.installed-$lock"
}

quiet_pip() {
  # No "|| true" after the pipe: it would replace pip's status. grep finds nothing to print: that is fine.
  .venv/bin/python -m pip install --disable-pip-version-check --progress-bar on "$@" \
    | { grep -v -E '^(Requirement already|Looking in)' || true; } \
    || fail "pip could not install the packages (its reason stands above).
  No network: connect once; after that it works offline.
  A package had to be compiled: sudo apt-get install build-essential python3-dev"
}

# ensure_models [NAME…]: the default models, and the named ones.
ensure_models() {
  .venv/bin/assistant models pull --defaults "$@" >/dev/null || fail "The default models could not be fetched (the reason stands above)."
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
