"""`thirdshift edge certs`, as somebody without patience for certificates types it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge.certs_cli import app
from edge.sources.opcua_identity import Wish, create
from edge.sources.opcua_pki import REJECTED, TRUSTED, fingerprint, keep, kept, read
from gateway.errors import UsageError

NOW = datetime.now(UTC)


def call(*arguments: str, code: int = 0, enter: str | None = None) -> str:
    result = CliRunner().invoke(app, list(arguments), input=enter)
    if isinstance(result.exception, UsageError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def document(*arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(*arguments, "--json", code=code))
    return found


@pytest.fixture
def pki(tmp_path: Path) -> str:
    return str(tmp_path / "pki")


def met(folder: str, name: str = "press", lasts: int = 100) -> str:
    """The fingerprint of a server's certificate that was turned away."""
    made = read(create(Path(folder).parent / name, NOW, Wish(f"urn:{name}", (name,), timedelta(days=lasts))))
    return fingerprint(keep(Path(folder), REJECTED, made).read_bytes())


def test_an_own_certificate_says_its_uri_hosts_and_how_long_it_lasts(pki: str) -> None:
    made = document("create", "--pki", pki, "--uri", "urn:plant:box", "--host", "box.example", "--host", "10.0.0.5")
    assert (made["application_uri"], made["hosts"]) == ("urn:plant:box", "box.example, 10.0.0.5")
    assert made == document("show", "--pki", pki)
    assert "3649 days left" in call("show", "--pki", pki)


def test_an_own_certificate_is_not_replaced_by_accident(pki: str) -> None:
    first = document("create", "--pki", pki)["sha256"]
    with pytest.raises(UsageError, match=r"Add --replace"):
        call("create", "--pki", pki)
    assert document("create", "--pki", pki, "--replace")["sha256"] != first


def test_where_there_is_none_the_command_that_makes_one_is_said(pki: str) -> None:
    with pytest.raises(UsageError, match=r"run: thirdshift edge certs create --pki"):
        call("show", "--pki", pki)


@pytest.mark.parametrize("by", ["fingerprint", "thumbprint", "file"])
def test_a_server_that_was_turned_away_is_trusted_by_the_beginning_of_its_fingerprint(pki: str, by: str) -> None:
    found = met(pki)
    ((path, _),) = kept(Path(pki), REJECTED)
    which = {"fingerprint": found[7:23], "thumbprint": document("show", found, "--pki", pki)["thumbprint_sha1"][:12]}
    call("trust", which.get(by, str(path)), "--pki", pki)
    assert [fingerprint(path.read_bytes()) for path, _ in kept(Path(pki), TRUSTED)] == [found]
    assert list(kept(Path(pki), REJECTED)) == []


@pytest.mark.parametrize(
    ("which", "says"),
    [("12", "8 or more digits"), ("deadbeefdeadbeef", r"there: press [0-9a-f]{16}")],
    ids=["too short", "unknown"],
)
def test_a_fingerprint_that_names_none_or_too_many_says_what_is_there(pki: str, which: str, says: str) -> None:
    met(pki)
    with pytest.raises(UsageError, match=says.replace("press", "Thirdshift edge on .*")):
        call("trust", which, "--pki", pki)


def test_the_list_fails_where_a_trusted_certificate_is_out_of_date_and_not_for_a_rejected_one(pki: str) -> None:
    call("create", "--pki", pki)
    stale = met(pki, "old", lasts=-1)
    assert document("list", "--pki", pki)["ok"]
    call("trust", stale, "--pki", pki)
    found = document("list", "--pki", pki, code=1)
    assert [each["shelf"] for each in found["certificates"]] == ["own", "trusted"]
    assert "expired" in found["certificates"][1]["validity"]


def test_a_file_that_is_no_certificate_is_named(pki: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UsageError, match=r"notes\.txt is no certificate"):
        call("trust", str(tmp_path / "notes.txt"), "--pki", pki)


def test_a_server_is_looked_at_before_it_is_trusted_and_trusted_after_a_yes(standing_plant: Any, pki: str) -> None:
    found = document("show", standing_plant.url, "--pki", pki)
    assert found["security"] == "Basic256Sha256 SignAndEncrypt, no encryption"
    assert "UserName" in found["users"]
    assert found["trusted"] == "no"
    call("trust", standing_plant.url, "--pki", pki, enter="n\n", code=1)
    assert document("show", standing_plant.url, "--pki", pki)["trusted"] == "no"
    call("trust", standing_plant.url, "--pki", pki, enter="y\n")
    assert document("show", standing_plant.url, "--pki", pki)["trusted"] == "yes"


def test_a_server_that_is_not_there_is_one_line(pki: str) -> None:
    with pytest.raises(UsageError, match="refuses connections"):
        call("show", "opc.tcp://127.0.0.1:9", "--pki", pki)
