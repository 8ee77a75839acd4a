#!/bin/sh
# Run once by the image of a node, after create-role.sh: the ledger's database can be spread over nodes.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname onecard -c "CREATE EXTENSION citus"
