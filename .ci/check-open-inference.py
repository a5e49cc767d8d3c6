"""Serves models and asks each with the real clients: check-open-inference.py COMMAND... -- MODEL... (run by the clients' Python)."""

import pathlib
import subprocess
import sys

split = sys.argv.index("--")
command, models = sys.argv[1:split], sys.argv[split + 1 :]
clients = pathlib.Path(__file__).with_name("open-inference-clients.py")
failed = []


def address(line, start):
    """What the server says on stderr where it listens."""
    return line[len(start) :].strip() if line.startswith(start) else None


for model in models:
    server = subprocess.Popen([*command, "serve", model, "-p", "0", "--grpc-port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        http = grpc = None
        for line in server.stderr:
            http = address(line, "Serving on http://") or http
            grpc = address(line, "gRPC on ") or grpc
            if grpc:
                break
            if not line.startswith("Serving on"):
                print(line, end="")
        if grpc is None:
            failed.append(f"{model}: did not start")
            continue
        done = subprocess.run([sys.executable, clients, http, grpc, "model"], capture_output=True, text=True, timeout=120)
        lines = done.stdout.splitlines()
        print(f"{model}: {sum(line.startswith('ok') for line in lines)} ok")
        if done.returncode != 0:
            failed.append(f"{model}:\n" + "\n".join(line for line in lines if not line.startswith("ok")) + done.stderr[-2000:])
    finally:
        server.terminate()
        server.wait(timeout=40)

print("\n".join(failed))
print(f"{len(models) - len(failed)} of {len(models)} models pass")
sys.exit(1 if failed else 0)
