#!/bin/sh
# Debian's packages: the font of the PDF documents, and with --test the browser of the page tests.
# Installed where we may; else we say how. Without the font everything but the PDFs works; the tests need both.
set -eu
wanted=
find /usr/share/fonts /usr/local/share/fonts -name "NotoSansCJK*" 2>/dev/null | grep -q . || wanted=fonts-noto-cjk
[ "${1-}" = --test ] && { command -v chromium >/dev/null || wanted="$wanted chromium"; }
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $wanted ..."
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $wanted >/dev/null
else
    echo "PDF documents and the page tests need: sudo apt-get install $wanted" >&2
    [ "${1-}" != --test ]
fi
