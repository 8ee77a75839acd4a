# onecard: `make run` and `make test` do all their own set-up.
BIN := .venv/bin
# A system is five processes: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run setup setup-dev setup-web setup-pages test test-citus quick check docs pictures bench load lock clean

run: setup            ## start everything on 127.0.0.1:8000 (Ctrl-C stops it); pages are built beside it
	@scripts/setup-pages.sh & exec $(BIN)/onecard run

setup:                ## install the locked packages into .venv
	@scripts/setup.sh requirements.lock
	@scripts/setup-packages.sh

setup-dev:
	@scripts/setup.sh requirements-dev.lock

setup-web: setup-dev  ## install the locked npm packages into web/node_modules
	@scripts/setup-web.sh

setup-pages:          ## build the pages of web/ into web/dist, when their sources have changed
	@scripts/setup-pages.sh

test: setup-web setup-pages  ## the whole suite, on real services that it starts itself; three processes, of which one mostly waits
	@scripts/setup-packages.sh --test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-citus: setup-dev  ## the ledger's suites and the crashes on a Citus cluster: ONECARD_CITUS_URL is a superuser's URL of its coordinator
	@test -n "$$ONECARD_CITUS_URL" || { echo "make test-citus: not run, since ONECARD_CITUS_URL names no cluster" >&2; exit 2; }
	$(BIN)/pytest tests/ledger tests/system/test_crash.py $(ARGS)

quick: setup-dev      ## the rules alone: no services, ten seconds
	$(BIN)/pytest tests/rules $(ARGS)

check: setup-web      ## ruff, mypy --strict, import contracts, named queries; tsc and Biome for TypeScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_queries
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

docs: setup-dev       ## renew what is generated: docs/schema.sql, states.md, openapi.json, security/matrix.md, the vectors of docs/terminal-protocol.md
	$(BIN)/python -m scripts.schema
	$(BIN)/python -m scripts.states
	$(BIN)/python -m scripts.openapi
	$(BIN)/python -m scripts.matrix
	$(BIN)/python -m scripts.protocol_vectors

pictures: setup-dev   ## take the pictures of docs/images anew
	@scripts/setup-packages.sh --test
	$(BIN)/python -m scripts.pictures

bench: setup-dev      ## speed and memory against what the same machine does otherwise (ARGS=--quick: two minutes)
	$(BIN)/python -m loadtest.bench $(ARGS)

load: setup-dev       ## a lunch with Locust, its report, and both checks of the ledger (ARGS="--seconds 300 --tills 100")
	$(BIN)/python -m loadtest.lunch $(ARGS)

lock:                 ## renew the lock files (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --no-emit-index-url -o requirements.lock
	uv pip compile pyproject.toml --group dev -c requirements.lock --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --no-emit-index-url -o requirements-dev.lock
	uv pip compile --group pages -c requirements-dev.lock --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --no-emit-index-url -o requirements-pages.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache web/node_modules web/dist
