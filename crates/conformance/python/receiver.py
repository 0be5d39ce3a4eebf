"""Takes webhooks on loopback. Promises to keep each as it came, headers and bytes, and to answer 200 at once."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    def __init__(self):
        self._taken = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def take(self):
        """Every webhook since the last time: pairs of headers and text."""
        taken, self._taken[:] = self._taken[:], []
        return taken

    def _handler(receiver):  # noqa: N805: the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = self.rfile.read(int(self.headers["content-length"])).decode("utf-8")
                receiver._taken.append((dict(self.headers), text))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler
