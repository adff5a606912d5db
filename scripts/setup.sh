#!/bin/sh
# Brings what is missing: a Python, the .venv with pinned libraries, then programs and sounds (python -m callrouter.centre.install).
# Quick when nothing is missing; can be interrupted and repeated.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'set-up  %s\n' "$*"; }
stop() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

# Two at once would undo each other's work.
if command -v flock >/dev/null 2>&1; then
    exec 9>.setup.lock
    flock -n 9 || { say "another set-up is at work; waiting for it"; flock 9; }
fi

suitable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for name in ${CALLROUTER_PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if suitable "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

# Only where we may: as root, or where sudo asks for no password.
install_python() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo"; else return 1; fi
    say "installing python3 and python3-venv with apt"
    $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
}

python=$(find_python) || { install_python && python=$(find_python); } ||
    stop "Python >= 3.11 with venv is needed: run 'apt-get install python3 python3-venv' as root (or set CALLROUTER_PYTHON)"

wanted=$(cat pyproject.toml scripts/constraints.txt | cksum)
if [ "$(cat .venv/callrouter-stamp 2>/dev/null || true)" != "$wanted" ]; then
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        say "making .venv with $python"
        rm -rf .venv
        "$python" -m venv .venv || stop "could not make .venv with $python: is there room on the disk?"
    fi
    say "installing Python libraries (about 120 MB)"
    # Versions are pinned; warnings about one's own pip settings are not our business.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --constraint scripts/constraints.txt --editable '.[dev]' 2>.venv/pip-errors ||
        { cat .venv/pip-errors >&2; stop "pip could not install the libraries (network? proxy?); what it has is kept, so just repeat"; }
    printf '%s' "$wanted" >.venv/callrouter-stamp
    say "Python libraries are there"
fi

exec 9>&-
exec .venv/bin/python -m callrouter.centre.install
