#!/bin/sh
# Build the applications of web/ into web/dist: once, and again when their sources have changed. Node is needed for it
# alone; where .venv has none it is installed there. While this runs, the server answers that the page is being built.
set -eu
cd "$(dirname "$0")/../web"
apps="phone till counter console proof"

sources() {
    find . ../foundation/locales \( -name node_modules -o -name dist -o -path ./shared/texts -o -path ./shared/api \) -prune \
        -o -type f \( -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.json' -o -name '*.html' -o -name '*.po' \
        -o -path './shared/*.js' -o -path '*/public/*' \) -print | LC_ALL=C sort
}

stamp=dist/.built-$(sources | tr '\n' '\0' | xargs -0 cat | cksum | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0

mkdir -p dist
for app in $apps; do rm -f "dist/$app.failed"; done
failed() {
    for app in $apps; do touch "dist/$app.failed"; done
    echo "pages: the build failed; everything else works. Run scripts/setup-pages.sh to see why." >&2
}
trap '[ $? -eq 0 ] || failed' EXIT

if ! [ -x ../.venv/bin/node ]; then
    echo "pages: installing Node for the build ..."
    ../.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r ../requirements-pages.lock
fi
PATH="$PWD/../.venv/bin:$PATH"
lock=$(cat package.json package-lock.json | cksum | cut -d' ' -f1)
# Who has installed everything for `make check` has what the build needs, too, and keeps it.
if ls node_modules/.installed-* >/dev/null 2>&1; then
    ../scripts/setup-web.sh
fi
if ! [ -e "node_modules/.installed-$lock" ] && ! [ -e "node_modules/.build-$lock" ]; then
    echo "pages: installing what the build needs into web/node_modules ..."
    npm ci --omit=dev --workspaces=false --loglevel=error >/dev/null
    touch "node_modules/.build-$lock"
fi
echo "pages: building $apps ..."
npm run --silent build
rm -f dist/.built-*
touch "$stamp"
echo "pages: built."
