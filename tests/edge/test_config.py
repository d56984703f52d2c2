"""The plant's config: what it means, and how it refuses."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from edge.config import OpcUa, read
from edge.errors import FileInvalid
from edge.orders.admission import OrderMode
from edge.reserve import Reserve
from edge.secret import Vault

Write = Callable[[str, str], Path]
GOOD = """\
agent: plant-a
link: {id: k1, secret: "file:link.key"}
broker:
  host: broker.example
  port: 8883
  password: env:BROKER_PASSWORD
  user: plant-a
  tls: {ca: ca.pem}
zone: Europe/Berlin
calendar:
  week: {mon-fri: ["06:00-14:00"]}
  closed: [2026-05-01]
  off_shift: sellable
plan: {file: plan.csv, lead: 3 d}
selling: {reserve: 10 %, repair_time: 4 h}
machines:
  Press:
    profile: opcua-machinery
    source: {type: opcua, url: "opc.tcp://press:4840", root: "/Objects/machinery:Machines/Press"}
    orders: {policy: store, work_masters: {turn: {parameters: {rpm: {min: 1, max: 9}}}}}
    selling: {reserve: 2 h}
  Saw:
    profile: replay
    source: {type: replay, file: log.csv, machine: M04}
    orders: off
"""


def test_a_whole_config_is_read(write: Write) -> None:
    path = write("edge.yaml", GOOD)
    config = read(path)
    press, saw = config.machines["Press"], config.machines["Saw"]
    assert (config.agent, config.broker.port, config.zone) == ("plant-a", 8883, "Europe/Berlin")
    assert (press.orders.policy, saw.orders.policy) == (OrderMode.STORE, OrderMode.OFF)
    assert config.selling.reserve == Reserve(share=0.1)
    assert press.selling.reserve == Reserve(timedelta(hours=2))
    assert config.plan
    assert config.plan.lead == timedelta(days=3)


def test_the_example_in_the_documentation_is_one() -> None:
    config = read(Path(__file__).parents[2] / "docs" / "examples" / "edge.yaml")
    assert list(config.machines) == ["Mill-1", "Lathe-1", "Saw-1"]
    assert config.machines["Mill-1"].orders.policy is OrderMode.STORE_AND_START


def test_paths_start_at_the_configs_own_folder(write: Write) -> None:
    path = write("plant/edge.yaml", GOOD)
    config = read(path)
    assert config.plan
    assert config.broker.tls
    assert config.plan.file == path.parent / "plan.csv"
    assert config.broker.tls.ca == path.parent / "ca.pem"
    assert config.data == path.parent / "data"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("agent: plant-a", "agent: plant a", r"edge.yaml:1: agent: .*pattern.*'plant a'"),
        ('"file:link.key"', "hunter2", r"edge.yaml:2: link.secret: a secret does not stand in the config.*env:NAME"),
        ("env:BROKER_PASSWORD", "hunter2", r"edge.yaml:6: broker.password: a secret does not stand"),
        ("port: 8883", "port: 99999", r"edge.yaml:5: broker.port: expected less than or equal to 65535, found 99999"),
        ("Europe/Berlin", "Europe/Berln", r"edge.yaml:9: zone: .*IANA.*'Europe/Berln'"),
        ("06:00-14:00", "6 to 14", r"edge.yaml:11: calendar.week.mon-fri.0: .*write it as `06:00-14:00`"),
        ("lead: 3 d", "lead: 3", r"edge.yaml:14: plan.lead: expected a length of time with its unit"),
        ("10 %", "110 %", r"edge.yaml:15: selling.reserve: expected a share"),
        ("type: opcua", "type: opc", r"edge.yaml:19: machines.Press.source: .*'opcua', .*'replay'"),
        ("url:", "uri:", r"edge.yaml:19: machines.Press.source.uri: .*did you mean `url`"),
        ("policy: store", "polcy: store", r"edge.yaml:20: machines.Press.orders.polcy: .*did you mean `policy`"),
        ("max: 9", "mix: 9", r"edge.yaml:20: machines.Press.orders.work_masters.turn.parameters.rpm.mix"),
        ("  Saw:", "  Press:", r"edge.yaml:22: is not YAML: found duplicate key"),
        ("orders: off", "orders: maybe", r"edge.yaml:25: machines.Saw.orders.*'off', 'store' or 'store_and_start'"),
        ("  Saw:", "  Saw: [", r"edge.yaml:\d+: is not YAML"),
    ],
)
def test_a_fault_is_told_with_file_line_key_and_remedy(write: Write, old: str, new: str, complaint: str) -> None:
    path = write("edge.yaml", GOOD.replace(old, new, 1))
    with pytest.raises(FileInvalid, match=complaint) as refusal:
        read(path)
    assert "hunter2" not in str(refusal.value)


def test_several_faults_are_told_at_once(write: Write) -> None:
    path = write("edge.yaml", GOOD.replace("8883", "0").replace("3 d", "3"))
    with pytest.raises(FileInvalid) as refusal:
        read(path)
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in str(refusal.value).splitlines()] == [
        "edge.yaml:5",
        "edge.yaml:14",
    ]


def test_a_disclosure_for_a_machine_that_is_not_there_is_refused(write: Write) -> None:
    text = GOOD + "disclosure: {machines: {Sow: {capacity: false}}}\n"
    with pytest.raises(FileInvalid, match=r"disclosure.machines names 'Sow'"):
        read(write("edge.yaml", text))


def test_a_config_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match=r"none.yaml: cannot be read: No such file"):
        read(tmp_path / "none.yaml")


def test_a_config_that_is_not_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    path.write_bytes(b"agent: \xff\xfe")
    with pytest.raises(FileInvalid, match="not UTF-8"):
        read(path)


def test_secrets_come_from_the_environment_or_a_file(write: Write) -> None:
    vault = Vault(write("link.key", "from the file\n").parent, {"NAME": "from outside"})
    assert vault.text("file:link.key", "link.secret") == "from the file"
    assert vault.text("env:NAME", "link.secret") == "from outside"


@pytest.mark.parametrize("reference", ["env:NONE", "file:none.key"])
def test_a_secret_that_is_not_there_says_what_to_do(tmp_path: Path, reference: str) -> None:
    with pytest.raises(FileInvalid, match=r"link.secret: .* is empty or not there; (set|write)"):
        Vault(tmp_path, {}).text(reference, "link.secret")


def test_an_endpoints_password_is_looked_up_and_its_pin_found(tmp_path: Path) -> None:
    source = OpcUa.model_validate(
        {
            "type": "opcua",
            "url": "opc.tcp://press:4840",
            "user": "u",
            "password": "env:PRESS",
            "security": "Basic256Sha256",
            "identity": "pki",
            "server_certificate": "press.der",
        }
    )
    endpoint = source.endpoint(Vault(tmp_path, {"PRESS": "swordfish"}), "machines.Press.source")
    assert endpoint.password
    assert endpoint.password.get_secret_value() == "swordfish"
    assert endpoint.server_certificate == str(tmp_path / "press.der")


LEAST = """\
agent: a
link: {id: k, secret: "env:KEY"}
machines:
  M1: {profile: replay, source: {type: replay, file: x}}
"""


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("plan: {}", "plan: .*give a `file` or a `url`"),
        ("plan: {file: plan.csv, job_list: true}", "plan: .*give one of them"),
        ("plan: {file: plan.csv, map: {quantity: n}}", "plan.map: .*`quantity` and `cycle`"),
        ("plan: {file: plan.csv, fresh: 2 d, stale: 1 d}", "plan: .*must be shorter than `stale`"),
        ("plan: {url: 'https://erp.example/x', token: hunter2}", "plan.token: a secret does not stand in the config"),
        ("selling: {confidence: certain}", "selling.confidence: expected one of very_low"),
        ("selling: {confidence: 0.99}", "selling.confidence: .*a probability up to 0.97"),
        ("selling: {forecast: sometimes}", "selling.forecast: .*'off', 'beyond_plan' or 'always'"),
        (
            "disclosure: {default: {capacity: some}}",
            "default.capacity: .*'spans', 'hours', 'band' or 'none'",
        ),
    ],
)
def test_plans_and_terms_that_cannot_be_meant_are_refused(write: Write, extra: str, complaint: str) -> None:
    with pytest.raises(FileInvalid, match=complaint) as refusal:
        read(write("edge.yaml", f"{LEAST}{extra}\n"))
    assert "hunter2" not in str(refusal.value)


def test_a_machine_on_a_line_that_is_not_there_is_refused(write: Write) -> None:
    text = 'agent: a\nlink: {id: k, secret: "env:KEY"}\n'
    machine = "machines:\n  M1: {line: South, profile: replay, source: {type: replay, file: x}}\n"
    with pytest.raises(FileInvalid, match=r"machines.M1.line is 'South', which is not one of `lines`"):
        read(write("edge.yaml", text + machine))


@pytest.mark.parametrize(("written", "least"), [("low", 2), ("0.8", 4), ("0", 1), ("0.97", 5), ("medium", 3)])
def test_a_threshold_is_a_band_or_what_the_next_band_promises(write: Write, written: str, least: int) -> None:
    config = read(write("edge.yaml", f"{LEAST}selling: {{confidence: {written}}}\n"))
    assert config.selling.confidence == least


@pytest.mark.parametrize(
    ("plan", "form", "complete"),
    [
        ("file: plan.csv", "csv", None),
        ("file: plan.ics, lead: 3 d", "ics", 3),
        ("url: 'https://erp.example/orders.json?days=30', lead: 3 d, reach: 2 d", "json", 2),
        ("url: 'https://erp.example/orders', format: json", "json", None),
    ],
)
def test_a_plans_form_and_how_far_it_tells_everything(write: Write, plan: str, form: str, complete: int | None) -> None:
    found = read(write("edge.yaml", f"{LEAST}plan: {{{plan}}}\n")).plan
    assert found
    assert found.form == form
    assert found.complete_for == (None if complete is None else timedelta(days=complete))
