#!/bin/sh
# Install the locked npm packages into web/node_modules: the type checker and the formatter. Nothing at run time, and
# nothing but the tests of pages, needs them. Nothing is done when the lock has not changed.
set -eu
cd "$(dirname "$0")/../web"
stamp=node_modules/.installed-$(cat package.json package-lock.json | cksum | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0
echo "installing from web/package-lock.json into web/node_modules ..."
# npm's own command looks for node on the path.
PATH="$PWD/../.venv/bin:$PATH" npm ci --loglevel=error >/dev/null
touch "$stamp"
