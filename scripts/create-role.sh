#!/bin/sh
# Run once by the PostgreSQL image: the application's role, which is no superuser, and its database.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE onecard LOGIN PASSWORD '$(cat /run/secrets/onecard_password)';
CREATE DATABASE onecard OWNER onecard;
SQL
