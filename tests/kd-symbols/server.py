"""A symbol server for tests: files below a folder, on a free port of 127.0.0.1.

Prints the port, then serves until standard input ends. Paths below /moved/ are redirected to the
same without it; below /stuck/ a file's first bytes come and then nothing more; below /broken/ the
answer is 500. Every request is a line of the log file.
"""
import functools
import http.server
import pathlib
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2], "a") as log:
            log.write(self.path + "\n")
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path[len("/moved"):])
            self.end_headers()
        elif self.path.startswith("/broken/"):
            self.send_error(500)
        elif self.path.startswith("/stuck/") and not self.path.endswith("index2.txt"):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"some bytes")
            self.wfile.flush()
            done.wait()
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


done = threading.Event()
folder = str(pathlib.Path(sys.argv[1]).resolve())
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
done.set()
