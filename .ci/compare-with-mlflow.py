"""Asks real MLflow and our command for the same predictions and compares them: `compare-with-mlflow.py MLMODEL_COMMAND...`.

Runs in an environment made from mlflow-requirements.txt. Values are equal when they are the same JSON; floats may differ by 1e-5
relative, because MLflow runs onnxruntime of its own.
"""

import json
import math
import os
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
mlmodel = sys.argv[1:]
mlflow = pathlib.Path(sys.executable).with_name("mlflow")
penguins = root / "examples" / "penguins"
bench = root / "bench" / "models"
csv = root / "build" / "numbers.csv"

cases = [
    ("penguins, CSV", penguins / "model", penguins / "penguins.csv", "csv"),
    ("penguins, JSON", penguins / "model", penguins / "model" / "serving_input_example.json", "json"),
    *((f"{name}, CSV", bench / name, csv, "csv") for name in ("linear", "forest") if (bench / name).is_dir()),
]


def same(a, b) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


def ask(*command, **variables) -> object:
    """What a command answers; None when it refuses."""
    path = f"{mlflow.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path, **variables}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        print(f"  {command[0]} refuses: {done.stderr.strip().splitlines()[-1][:200]}")
        return None
    return json.loads(done.stdout)


csv.parent.mkdir(exist_ok=True)
names = [f"x{i:02d}" for i in range(20)]
csv.write_text("\n".join([",".join(names), *(",".join(f"{math.sin(row * 20 + i):.5f}" for i in range(20)) for row in range(50))]) + "\n")

failed = 0
for name, model, data, kind in cases:
    for mode in ("strict", "compat"):
        # With the strings of pandas 3, MLflow 3.17 cannot hand text columns to a graph of several inputs. Compat mode has to
        # refuse that too; strict mode answers (rule X5), as MLflow does with the strings of pandas 2.
        variables = {"PANDAS_FUTURE_INFER_STRING": "0"} if mode == "strict" else {}
        theirs = ask(mlflow, "models", "predict", "-m", model, "-i", data, "-t", kind, "--env-manager", "local", **variables)
        options = ["--compat", "mlflow"] if mode == "compat" else []
        ours = ask(*mlmodel, "predict", "-m", model, "-i", data, "-t", kind, *options)
        equal = same(theirs, ours) and (mode == "compat" or ours is not None)
        failed += not equal
        print(f"{'equal' if equal else 'DIFFERENT'}: {name}, {mode}")
        if not equal:
            print(f"  MLflow: {json.dumps(theirs)[:400]}\n  ours:   {json.dumps(ours)[:400]}")
sys.exit(1 if failed else 0)
