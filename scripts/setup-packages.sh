#!/bin/sh
# Debian's packages: the font of the PDF documents, and with --test the browser of the page tests.
# Nothing is installed, and apt is not called, when nothing is missing. A missing font is a warning; tests need Chromium.
set -eu
cd "$(dirname "$0")"
fonts=${FONT_FOLDERS:-/usr/share/fonts /usr/local/share/fonts $HOME/.fonts $HOME/.local/share/fonts}

has_font() {
    # Any of the families of foundation/pdf.py; a folder that is not there is no fault.
    # shellcheck disable=SC2086
    find $fonts \( -name "NotoSansCJK*" -o -name "NotoSansSC*" -o -name "SourceHanSans*" \) 2>/dev/null | grep -q .
}

missing() {
    has_font || echo fonts-noto-cjk
    if [ "${1-}" = --test ]; then
        command -v chromium >/dev/null || echo chromium
    fi
}

wanted=$(missing "$@")
[ -n "$wanted" ] || exit 0
# shellcheck disable=SC2086
./apt-install.sh $wanted || true

# Asked again: somebody else may have installed it meanwhile.
wanted=$(missing "$@")
case $wanted in
    *fonts-noto-cjk*)
        echo "warning: no Chinese font. Everything works, but receipts, statements and bulletins come without their" \
            "PDF, and browsers on this machine show boxes in place of Chinese." >&2 ;;
esac
case $wanted in
    *chromium*)
        echo "the page tests need chromium" >&2
        exit 1 ;;
esac
