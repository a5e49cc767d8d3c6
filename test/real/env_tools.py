"""Reads what `mlmodel env --format` writes with the tools that it is written for.

python env_tools.py FOLDER mlflow    with MLflow: conda, python_env
python env_tools.py FOLDER tools     with pip, packaging, uv, azure-ai-ml, dockerfile-parse

FOLDER is made by `node scripts/env-real.mjs FOLDER MODEL...`.
"""
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

folder, part = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
checked: dict[str, int] = {}
failed: list[str] = []


def check(what, case, found, wanted):
    checked[what] = checked.get(what, 0) + 1
    if found != wanted:
        failed.append(f"{case.name}: {what}: {found!r} is not {wanted!r}")


def text_of(case, name):
    path = case / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def normalized(requirements):
    from packaging.requirements import Requirement

    return [str(Requirement(one)) for one in requirements]


def with_mlflow(case, expected):
    import yaml
    from mlflow.utils.environment import _PythonEnv

    lines = expected["lines"]
    env = _PythonEnv.from_yaml(case / "python_env")
    check("python_env", case, [env.python if expected["python"] else None, env.dependencies], [expected["python"], lines])
    content = yaml.safe_load(text_of(case, "conda"))
    check("conda.yaml", case, sorted(content), ["channels", "dependencies", "name"])
    found = _PythonEnv.from_conda_yaml(case / "conda")
    check("conda by MLflow", case, [found.python if expected["python"] else None, found.dependencies or []], [expected["python"], expected["condaLines"]])


def pip_lines(path):
    """What pip reads of a requirements file: requirements, options."""
    from pip._internal.req.req_file import RequirementsFileParser, get_line_parser
    from pip._internal.req.constructors import parse_req_from_line

    requirements, options = [], []
    for line in RequirementsFileParser(None, get_line_parser(None)).parse(str(path), False):
        if line.is_requirement:
            if line.is_editable:
                requirements.append((None, line.requirement))
                continue
            parts = parse_req_from_line(line.requirement, None)
            marker = parts.markers or (parts.requirement and parts.requirement.marker)
            url = (parts.link and parts.link.url) or (parts.requirement and parts.requirement.url)
            requirements.append((parts.requirement and str(parts.requirement.name), url and url.split("/")[-1], str(marker or "")))
        else:
            options.append({key: value for key, value in vars(line.opts).items() if value and key != "format_control"})
    return requirements, options


def with_tools(case, expected):
    from packaging import pylock
    from packaging.requirements import Requirement
    import tomllib

    # requirements, by pip's own reader. Its working folder holds the files that `-c` names.
    with tempfile.TemporaryDirectory() as place:
        for line in expected["lines"]:
            if line.startswith("-c "):
                pathlib.Path(place, line[3:].strip("'")).write_text("")
        # What is a path to pip has to be there.
        for one in expected["requirements"]:
            if one["url"] and not one["standard"] and "://" not in one["url"] and not one["url"].endswith(".whl"):
                pathlib.Path(place, one["url"]).mkdir(parents=True)
                pathlib.Path(place, one["url"], "setup.py").write_text("")
        os.chdir(place)
        path = pathlib.Path(place, "requirements.txt")
        path.write_text(text_of(case, "requirements"), encoding="utf-8")
        requirements, options = pip_lines(path)
        os.chdir("/")
    check("requirements by pip", case, [len(requirements), len(options)], [len(expected["requirements"]), len(expected["options"])])
    values = sorted(str(one) for option in options for value in option.values() for one in (value if isinstance(value, list) else [value]))
    check("options by pip", case, values, sorted(str(one["value"] if one["value"] is not None else True) for one in expected["options"]))

    standard = [one["standard"] for one in expected["requirements"] if one["standard"]]
    document = tomllib.loads(text_of(case, "pyproject"))
    check("pyproject", case, normalized(document["project"]["dependencies"]), normalized(standard))
    check("pyproject tables", case, set(document) <= {"project", "dependency-groups"}, True)

    document = tomllib.loads(text_of(case, "uv"))
    check("uv tables", case, set(document) <= {"project", "dependency-groups", "tool"} and set(document["tool"]) == {"uv"}, True)
    uv_dependencies = document["project"]["dependencies"]
    check("uv", case, [one for one in normalized(uv_dependencies) if one in normalized(standard)], normalized(standard))

    # The pattern of PEP 723 itself.
    script = text_of(case, "pep723")
    found = re.findall(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$", script)
    check("pep723", case, len(found), 1)
    header = "".join(line[2:] if line.startswith("# ") else line[1:] for line in found[0][1].splitlines(keepends=True))
    check("pep723 dependencies", case, tomllib.loads(header)["dependencies"], uv_dependencies)

    if "pylock" not in expected["refused"]:
        lock = pylock.Pylock.from_dict(tomllib.loads(text_of(case, "pylock")))
        check("pylock", case, [package.name for package in lock.packages], [one["key"] for one in expected["requirements"]])

    # Every line is an instruction of ours, and those of pip are JSON.
    from dockerfile_parse import DockerfileParser

    parser = DockerfileParser(fileobj=io.BytesIO(text_of(case, "dockerfile").encode()))
    names = [one["instruction"] for one in parser.structure if one["instruction"] != "COMMENT"]
    check("dockerfile", case, set(names), {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "EXPOSE", "ENTRYPOINT"})
    check("dockerfile counts", case, [names.count(one) for one in ("FROM", "COPY", "ENV", "ENTRYPOINT")], [1, 1, 1, 1])
    words = [json.loads(one["value"]) for one in parser.structure if one["instruction"] == "RUN" and one["value"].startswith("[")]
    installed = [word for one in words for word in one[5:]]
    check("dockerfile requirements", case, [word for word in installed if word in standard], [one for one in standard if one in installed])
    check("dockerfile has all", case, set(standard) <= set(installed), True)

    from azure.ai.ml import load_environment

    path = folder / f"{case.name}.azureml.yml"
    shutil.copyfile(case / "azureml", path)
    environment = load_environment(path)
    pip = next((one["pip"] for one in environment.conda_file["dependencies"] if isinstance(one, dict)), [])
    check("azureml", case, [environment.name, pip], ["model-environment", expected["condaLines"]])


def run_uv(arguments, place):
    uv = pathlib.Path(sys.executable).with_name("uv")
    return subprocess.run([uv, *arguments], cwd=place, capture_output=True, text=True, timeout=300)


def lock_with_uv(case, expected):
    """`uv lock` wants the index; what it says of an unreachable one is no verdict."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        (place / "pyproject.toml").write_text(text_of(case, "uv"), encoding="utf-8")
        (place / "script.py").write_text(text_of(case, "pep723"), encoding="utf-8")
        for name, arguments in {"uv lock": ["lock"], "uv lock --script": ["lock", "--script", "script.py"], "uv lock of pyproject": ["lock"]}.items():
            if name.endswith("pyproject"):
                (place / "pyproject.toml").write_text(text_of(case, "pyproject"), encoding="utf-8")
                (place / "uv.lock").unlink(missing_ok=True)
            result = run_uv(arguments, place)
            if result.returncode and re.search(r"error sending request|dns error|Failed to fetch|offline", result.stderr):
                print(f"skipped: {name} of {case.name}: the index cannot be reached")
                continue
            check(name, case, [result.returncode, "" if result.returncode == 0 else result.stderr], [0, ""])
        (place / "requirements.txt").write_text(text_of(case, "requirements"), encoding="utf-8")
        result = run_uv(["pip", "compile", "--no-deps", "--quiet", "requirements.txt"], place)
        if result.returncode and re.search(r"error sending request|dns error|Failed to fetch|offline", result.stderr):
            print(f"skipped: uv pip compile of {case.name}: the index cannot be reached")
        else:
            check("uv pip compile", case, [result.returncode, "" if result.returncode == 0 else result.stderr], [0, ""])


cases = sorted(one for one in folder.iterdir() if one.is_dir())
for case in cases:
    expected = json.loads(text_of(case, "expected.json"))
    try:
        (with_mlflow if part == "mlflow" else with_tools)(case, expected)
    except Exception as error:
        failed.append(f"{case.name}: {type(error).__name__}: {error}")
if part == "tools":
    lock_with_uv(folder / "ordinary", None)
for what, count in checked.items():
    print(f"{what}: {count}")
for one in failed:
    print("FAILED", one)
print(f"{len(cases)} environments, {sum(checked.values())} checks, {len(failed)} failed")
sys.exit(1 if failed else 0)
