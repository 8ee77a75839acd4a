#!/bin/sh
# Install the locked packages into .venv.  Usage: scripts/setup.sh LOCKFILE
set -eu
cd "$(dirname "$0")/.."
lock=$1
stamp=.venv/installed-$(cat "$lock" pyproject.toml | cksum | cut -d' ' -f1)-$(basename "$lock" .lock)
[ -e "$stamp" ] && exit 0

# An interpreter compiled by hand is often compiled without its optimizations, and then takes a fifth fewer payments:
# the system's is preferred to it (docs/performance.md).
python=${PYTHON:-python3}
if [ -z "${PYTHON-}" ] &&
    ! python3 -c 'import sys, sysconfig; sys.exit("optimizations" not in str(sysconfig.get_config_var("CONFIG_ARGS")))' &&
    /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=/usr/bin/python3
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "onecard needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Set PYTHON=/path/to/python3." >&2
    exit 1
}
if ! [ -x .venv/bin/pip ]; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        echo "Python's venv module is missing" >&2
        scripts/apt-install.sh python3-venv
    fi
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "installing from $lock into .venv ..."
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$stamp"
