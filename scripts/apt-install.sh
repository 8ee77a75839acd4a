#!/bin/sh
# Install Debian packages: as root, and waiting while another package manager is at work; for anybody else say how.
# Exit 1 when they are not installed.  Usage: scripts/apt-install.sh PACKAGE...
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
wait_s=${APT_WAIT_S:-180}

if ! command -v apt-get >/dev/null; then
    echo "install by hand (this is no Debian): $*" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null; then
        echo "to install: sudo apt-get install $*" >&2
    else
        echo "to install, as root: apt-get install $*" >&2
    fi
    exit 1
fi

echo "installing $* ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
waited_s=0
# Old package lists are better than none: what counts is whether the packages can be installed.
until { apt-get update -q; apt-get install -y -q --no-install-recommends "$@"; } >"$log" 2>&1; do
    if ! grep -q "Could not get lock\|Unable to acquire\|Unable to lock" "$log"; then
        grep "^E:" "$log" >&2
        exit 1
    fi
    if [ "$waited_s" -ge "$wait_s" ]; then
        echo "another package manager has been at work for $wait_s s: $* cannot be installed now" >&2
        exit 1
    fi
    [ "$waited_s" != 0 ] || echo "another package manager is at work: waiting up to $wait_s s ..." >&2
    sleep 3
    waited_s=$((waited_s + 3))
done
