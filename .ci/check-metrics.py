"""Reads /metrics of a real server with Prometheus's own parser: `check-metrics.py MLMODEL_COMMAND...`; needs prometheus_client."""

import json
import pathlib
import re
import subprocess
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

root = pathlib.Path(__file__).resolve().parent.parent
model = root / "examples" / "penguins" / "model"
server = subprocess.Popen([*sys.argv[1:], "serve", f"a.b-1={model}", "-p", "0"], stderr=subprocess.PIPE, text=True)
try:
    base = ""
    for line in server.stderr:
        found = re.search(r"Serving on (http\S+)", line)
        if found:
            base = found[1]
            break
    body = (model / "serving_input_example.json").read_bytes()
    for content in (body, b"{"):
        request = urllib.request.Request(f"{base}/invocations", content, {"content-type": "application/json"})
        try:
            urllib.request.urlopen(request).read()
        except urllib.error.HTTPError as error:
            assert error.code == 400, error.code
    text = urllib.request.urlopen(f"{base}/metrics").read().decode()
finally:
    server.terminate()
families = {family.name: family for family in text_string_to_metric_families(text)}
assert len(families) >= 20, sorted(families)


def value(name: str, **labels: str) -> float:
    samples = [s for f in families.values() for s in f.samples if s.name == name and labels.items() <= s.labels.items()]
    assert len(samples) == 1, (name, labels, samples)
    return samples[0].value


# The warm-up prediction is one of them.
assert value("mlmodel_requests_total", protocol="mlflow", outcome="ok") == 1, text
assert value("mlmodel_requests_total", protocol="mlflow", outcome="refused") == 1, text
assert value("mlmodel_http_responses_total", status="400") == 1
assert value("mlmodel_request_seconds_count", model="a.b-1") == value("mlmodel_request_seconds_bucket", model="a.b-1", le="+Inf")
assert value("mlmodel_rows_total", model="a.b-1") >= 1
assert families["mlmodel_request_seconds"].type == "histogram"
for family in families.values():
    assert family.documentation, family.name
print(json.dumps({"families": len(families), "samples": sum(len(f.samples) for f in families.values())}))
