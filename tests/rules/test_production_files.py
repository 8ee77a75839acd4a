"""docker-compose.yml and Dockerfile, as far as they can be checked without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from foundation.keys import KEY_SIZES
from onecard.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = ("migrate", "api", "jobs")

# What the Compose specification allows in a service, as far as we use it.
SERVICE_KEYS = {"logging", 
    "image", "build", "user", "read_only", "cap_drop", "security_opt", "tmpfs", "restart", "environment", "secrets",
    "volumes", "command", "depends_on", "healthcheck", "ports", "shm_size", "configs",
}  # fmt: skip
CONDITIONS = {"service_healthy", "service_completed_successfully", "service_started"}


def test_only_known_keys() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes", "secrets", "configs"}
    for name, service in COMPOSE["services"].items():
        assert service.keys() <= SERVICE_KEYS, name


def test_every_reference_has_its_target() -> None:
    for name, service in COMPOSE["services"].items():
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys(), name
        assert {config["source"] for config in service.get("configs", [])} <= COMPOSE["configs"].keys(), name
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in COMPOSE["volumes"], name
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy":
                assert "healthcheck" in COMPOSE["services"][other], f"{name} waits for {other}"


@pytest.mark.parametrize("service", OURS)
def test_environment_names_are_the_settings_names(service: str) -> None:
    names = {f"ONECARD_{name.upper()}" for name in Settings.model_fields}
    assert COMPOSE["services"][service]["environment"].keys() <= names
    in_image = set(re.findall(r"\b(ONECARD_[A-Z_]+)=", DOCKERFILE))
    assert in_image <= names
    assert "onecard_database_url" in COMPOSE["services"][service]["secrets"], "a secret file of the setting's name"


@pytest.mark.parametrize("service", OURS)
def test_settings_accept_the_environment(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPOSE["services"][service]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.workers, settings.demo_city) == (4, False)


def test_key_files_are_secrets() -> None:
    assert KEY_SIZES.keys() <= COMPOSE["secrets"].keys()
    assert COMPOSE["services"]["api"]["environment"]["ONECARD_KEYS_DIR"] == "/run/secrets"


def test_nothing_runs_as_root_and_everything_is_watched() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["user"].split(":")[0] not in {"root", "0"}, name
        if name != "migrate":
            assert service["healthcheck"]["test"], name
    assert re.search(r"^USER onecard$", DOCKERFILE, re.MULTILINE)


def test_the_nodes_of_a_cluster_fit_beside_it() -> None:
    """Compose adds the second file's maps to the first's, and replaces the rest."""
    second = yaml.safe_load((ROOT / "docker-compose.citus.yml").read_text(encoding="utf-8"))
    assert {key for key in second if not key.startswith("x-")} == {"services", "volumes", "secrets", "configs"}
    services = {
        name: COMPOSE["services"].get(name, {}) | second["services"].get(name, {})
        for name in COMPOSE["services"].keys() | second["services"].keys()
    }
    for part in ("volumes", "secrets", "configs"):
        assert not COMPOSE[part].keys() & second[part].keys()
    secrets, configs = COMPOSE["secrets"] | second["secrets"], COMPOSE["configs"] | second["configs"]
    for name, service in services.items():
        assert service.keys() <= SERVICE_KEYS, name
        assert set(service.get("secrets", [])) <= secrets.keys(), name
        assert {config["source"] for config in service.get("configs", [])} <= configs.keys(), name
        assert service["user"].split(":")[0] not in {"root", "0"}, name
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in COMPOSE["volumes"] | second["volumes"], name
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other], (
                f"{name} waits for {other}"
            )
    nodes = [service for service in second["services"].values() if "image" in service]
    assert len({service["image"] for service in nodes}) == 1
    for config in second["configs"].values():
        assert (ROOT / config["file"]).is_file()


def test_files_that_it_names_are_there() -> None:
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()
    assert (ROOT / "Dockerfile").is_file()


def test_the_guide_makes_every_secret() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in COMPOSE["secrets"]:
        assert f"> secrets/{name}" in guide


def test_commands_are_ours() -> None:
    from onecard.cli import main

    for name in OURS:
        assert COMPOSE["services"][name]["command"][0] in main.commands


def test_the_image_holds_every_package() -> None:
    import tomllib

    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)) == set(packages["packages"])


def test_secrets_come_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "onecard_database_url").write_text("postgresql://onecard:secret@db/onecard")
    monkeypatch.setitem(Settings.model_config, "secrets_dir", tmp_path)
    assert Settings().database_url == "postgresql://onecard:secret@db/onecard"
