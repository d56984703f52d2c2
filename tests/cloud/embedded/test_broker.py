"""The embedded broker: on loopback, quiet, ready when it says so, and never an orphan."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time

import paho.mqtt.client as mqtt
import pytest

START = [sys.executable, "-m", "cloud.embedded.broker", "--port", "0"]


def _port(process):
    line = process.stdout.readline()
    assert line.startswith("mqtt ready on 127.0.0.1:"), line
    return int(line.rsplit(":", 1)[1])


@pytest.fixture
def broker():
    process = subprocess.Popen(START, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process, _port(process)
    process.terminate()
    process.communicate(timeout=10)


def _client(port):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def test_what_is_published_arrives(broker):
    received = []
    client = _client(broker[1])
    client.on_message = lambda _client, _data, message: received.append(message.payload)
    subscribed = []
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.subscribe("ts/1/+/+/up", qos=1)
    _until(lambda: subscribed)
    client.publish("ts/1/7/agt_1/up", b"hello", qos=1)
    _until(lambda: received)
    client.disconnect()
    client.loop_stop()
    assert received == [b"hello"]


def test_a_stop_is_clean_and_says_nothing():
    process = subprocess.Popen(START, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = _port(process)
    client = _client(port)
    _until(client.is_connected)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    client.loop_stop()
    assert (process.returncode, errors) == (0, "")


def test_nothing_listens_beyond_loopback(broker):
    with socket.socket() as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.2", broker[1])) != 0


def test_it_ends_when_its_parent_is_killed():
    parent = textwrap.dedent("""
        import os, subprocess, sys, time
        child = subprocess.Popen([*sys.argv[1:], "--parent", str(os.getpid())], stdout=subprocess.PIPE, text=True)
        print(child.pid, child.stdout.readline(), flush=True)
        time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", parent, *START], stdout=subprocess.PIPE, text=True)
    child = int(process.stdout.readline().split()[0])
    process.kill()
    process.communicate()
    _until(lambda: _gone(child))


def _gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - a zombie waits for whoever adopted it
        return file.read().split()[2] == "Z"


def _until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
