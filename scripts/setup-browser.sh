#!/bin/sh
# The page tests drive Debian's Chromium; install it or say how.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium for the page tests ..."
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-noto-cjk >/dev/null
else
    echo "The page tests need Chromium: sudo apt-get install chromium fonts-noto-cjk" >&2
    exit 1
fi
