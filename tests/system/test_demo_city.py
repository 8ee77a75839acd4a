"""The demo's users, whose password is published, and its payment gateway exist beside a demo city only."""

import psycopg
import pytest
import urllib3

from demo.city import PASSWORD
from demo.simulated_gateway import PATH
from onecard.migrate import migrate, role_of
from tests.running_system import System


def sign_in(system: System, login: str) -> int:
    message = {"login": login, "password": PASSWORD}
    return urllib3.request("POST", f"{system.url}/console/sessions", json=message, timeout=30).status


def gateway(system: System) -> int:
    """401 when there is a simulated gateway: the order is not signed. 404 when there is none."""
    return urllib3.request("POST", f"{system.url}{PATH}/v3/pay/transactions/h5", json={}, timeout=30).status


def on_database(own: System, system: System, name: str) -> str:
    """Let a system use an external database; its URL."""
    assert system.services.postgres is not None
    assert system.services.valkey is not None
    system.services.postgres.create_database(name)
    postgres = system.services.postgres
    url = postgres.url_of(postgres.runner, name)
    own.environment |= {
        "ONECARD_DATABASE_URL": url,
        "ONECARD_DATABASE_OWNER_URL": postgres.url_of(postgres.owner, name),
        "ONECARD_REDIS_URL": system.services.valkey.url,
    }
    return url


@pytest.mark.one_worker
def test_an_external_database_gets_neither_users_nor_a_simulated_gateway(own: System, system: System) -> None:
    url = on_database(own, system, "real")
    own.start()
    assert (sign_in(own, "centre"), gateway(own)) == (401, 404)
    with psycopg.connect(url) as db:
        assert db.execute("SELECT (SELECT count(*) FROM book), (SELECT count(*) FROM console_user)").fetchone() == (
            0,
            0,
        )
    assert PASSWORD not in own.output
    assert "onecard add-user" in own.output
    refused = own.command("demo", check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "has no demo users" in refused.stderr
    assert own.stop() == 0


@pytest.mark.parametrize("command", ["run", "serve", "jobs"])
def test_a_simulated_gateway_beside_anything_else_is_refused(own: System, system: System, command: str) -> None:
    on_database(own, system, f"real_{command}")
    migrate(own.environment["ONECARD_DATABASE_OWNER_URL"], role_of(own.environment["ONECARD_DATABASE_URL"]))
    own.environment |= {"ONECARD_GATEWAY": "simulated"}
    done = own.command(command, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "ONECARD_GATEWAY" in done.stderr
    assert "demo city" in done.stderr


@pytest.mark.one_worker
def test_a_demo_city_is_open_to_this_machine_only_unless_it_is_chosen(own: System) -> None:
    own.environment |= {"ONECARD_HOST": "0.0.0.0"}
    own.start()
    assert (sign_in(own, "centre"), gateway(own)) == (401, 404), "an empty database stays empty"
    assert own.stop() == 0

    own.environment |= {"ONECARD_HOST": "127.0.0.1"}
    own.start()
    assert (sign_in(own, "centre"), gateway(own)) == (201, 401)
    assert PASSWORD in own.output
    assert own.stop() == 0

    own.environment |= {"ONECARD_HOST": "0.0.0.0"}
    refused = own.command("run", check=False)
    assert refused.returncode == 1
    assert "0.0.0.0" in refused.stderr
    assert "ONECARD_DEMO_CITY" in refused.stderr

    own.environment |= {"ONECARD_DEMO_CITY": "true"}
    own.start()
    assert sign_in(own, "centre") == 201
    assert own.stop() == 0


def test_the_mark_comes_with_the_city(database_url: str) -> None:
    with psycopg.connect(database_url) as db:
        assert db.execute("SELECT count(*) FROM demo_city").fetchone() == (1,)
