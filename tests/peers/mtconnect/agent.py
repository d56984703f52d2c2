"""Serves the foreign MTConnect agent library over HTTP on loopback, steered by POST; run as a process of its own.

All documents, sequence numbers and complaints are the library's (PyPI `mtconnect`). It was written for Python before
3.9: `Element.getchildren` is given back to it here, which takes the pure Python elements.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.modules["_elementtree"] = None
from xml.etree import ElementTree  # noqa: E402

ElementTree.Element.getchildren = lambda element: list(element)  # noqa: PLW0108 - a type would not be bound
sys.path[:0] = map(str, (Path(__file__).parent / "packages").glob("mtconnect-*.whl"))
from mtconnect.agent import MTConnect  # noqa: E402

os.environ.setdefault("BUFFER_SIZE", "64")
AGENT = MTConnect(loc=str(Path(__file__).parent / "device.xml"))


class Handler(BaseHTTPRequestHandler):
    """GET asks the agent, POST {"item": …, "value": …} lets the machine say something."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: each[0] for key, each in parse_qs(parts.query).items()}
        match parts.path.strip("/"):
            case "probe":
                self._answer(AGENT.probe())
            case "current":
                self._answer(AGENT.current(path=query.get("path")))
            case "sample":
                start, count = int(query["from"]) if "from" in query else None, int(query.get("count", "64"))
                self._answer(AGENT.sample(path=query.get("path"), start=start, count=min(count, 64)))
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        AGENT.push_data(told["item"], told["value"])
        self.send_response(204)
        self.end_headers()

    def _answer(self, response: object) -> None:
        body = response.get_xml().encode()
        self.send_response(response.get_status())
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
