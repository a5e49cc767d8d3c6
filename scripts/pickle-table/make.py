"""Makes src/pickle/names.generated.ts: every class that a pickle of the libraries may name, exact, with the versions it was
found in. Reads wheels as zip files and their Python source with `ast`; imports and runs nothing of them.

    python scripts/pickle-table/make.py WHEELS [--download]

WHEELS is a folder with the wheels of wheels.txt; `--download` fetches those that are missing with pip (no dependencies,
nothing is installed or built). The result is checked in; `npm test` reads only its shape.
"""

import ast
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent.parent / "src" / "pickle" / "names.generated.ts"
TARGET2 = HERE.parent.parent / "src" / "pickle" / "python2.generated.ts"

# Folders of a library that no model's class comes from, or whose classes touch files and the network.
SKIPPED = re.compile(
    r"^(sklearn|lightgbm)\.callback(\.|$)|(^|\.)(tests?|conftest|setup|testing|_testing|_?mocking|externals|datasets|_build_utils|__check_build|_plot|_plotting"
    r"|_estimator_html_repr|_joblib|show_versions|_show_versions|_arpack|parallel|_available_if|deprecation|dask|spark|rabit|tracker"
    r"|plotting|engine|libpath|federated|dev|_unittest_backport|estimator_checks|_pprint|_repr_html|_array_api|linear_assignment_)(\.|$)"
)

# Python classes are taken by module; what follows is a reason.
CLASS_MODULES = {
    "sklearn": re.compile(r"^sklearn\."),
    "xgboost": re.compile(r"^xgboost\.(sklearn|compat|callback)$"),
    "lightgbm": re.compile(r"^lightgbm\.(sklearn|compat)$"),
    "catboost": re.compile(r"^catboost\.core$"),
    "scipy": re.compile(r"^scipy\.(sparse\.\w+|interpolate\.(_?interpolate|_?bsplines|_?fitpack2|_?cubic|_?polyint)|optimize\.(_?optimize)|stats\._(continuous_distns|discrete_distns|distn_infrastructure))$"),
    "pandas": re.compile(r"^pandas\.core\.(frame|series|flags|indexes\.\w+|arrays\.(\w+\.)*\w+|dtypes\.dtypes|internals\.(managers|blocks|array_manager))$"),
}
CLASS_NAMES = {
    "catboost": re.compile(r"^CatBoost(Classifier|Regressor|Ranker)?$"),
    "scipy": re.compile(r"^(\w+_(matrix|array)|BSpline|PPoly|BPoly|NdPPoly|interp1d|CubicSpline|PchipInterpolator|Akima1DInterpolator|UnivariateSpline|InterpolatedUnivariateSpline|OptimizeResult|\w+_gen|rv_(continuous_|discrete_)?frozen)$"),
    "pandas": re.compile(
        r"^(DataFrame|Series|Flags|\w*Index|FrozenList|Categorical|\w+Array|\w+Dtype|PandasArray|NumpyExtensionArray"
        r"|(Single)?BlockManager|\w*Block)$"
    ),
    "xgboost": re.compile(r"^(XGB\w+|XGBoostLabelEncoder|EarlyStopping|EvaluationMonitor|LearningRateScheduler)$"),
    "lightgbm": re.compile(r"^(_?LGBM\w+)$"),
}
# A class that changes how it is made or what is done at its end is looked at by hand: these were, and do no more than
# compute from and keep what they are given.
REVIEWED = re.compile(
    r"^(sklearn\.(base|isotonic|linear_model|utils\.(_bunch|__init__|_random)|utils|ensemble\.|feature_extraction\.|tree\.|neural_network\."
    r"|preprocessing\.|svm\.|compose\.|impute|cluster\.|metrics\.|model_selection\.|naive_bayes|neighbors\.|gaussian_process\.|pipeline|_loss\.)"
    r"|pandas\.core\.|scipy\.(sparse|interpolate|optimize)\.|catboost\.core|xgboost\.|lightgbm\.)"
)
# Classes that must not be on the list whatever else is said.
REFUSED = {
    ("sklearn.utils", "deprecated"),
    ("sklearn.utils", "Memory"),
    ("sklearn.utils", "Parallel"),
    ("sklearn.utils", "parallel_backend"),
    ("sklearn.utils.fixes", "loguniform"),
    ("lightgbm.basic", "Booster"),
    ("xgboost.core", "Booster"),
}

# Functions that scorers, selectors and transformers keep as values: arithmetic on arrays, nothing else.
FUNCTION_MODULES = re.compile(
    r"^sklearn\.(metrics\.((_?classification|_?regression|_?ranking|pairwise|_?scorer|scorer)|cluster\.\w+)"
    r"|feature_selection\.(_?univariate_selection|_?mutual_info_?)|preprocessing\.(_?data|_?label)|utils\.(validation|extmath)"
    r"|covariance\.\w+)$"
)
FUNCTIONS_REFUSED = re.compile(r"memory|warn|print|show|deprecat|^__|_method|_call$|^get_|^check_(scoring|is_fitted)")
# A private function is no value of a model, unless a class keeps it; some of them call methods by names that they are given.
PRIVATE_FUNCTIONS = {"_passthrough_scorer"}

NUMPY_FUNCTIONS = (
    "mean median std var sum prod cumsum min max amin amax nanmean nanmedian nanstd nanvar nanmax nanmin nansum nan_to_num round "
    "around round_ clip real imag angle diff ravel squeeze transpose zeros_like ones_like argmax argmin argsort sort unique quantile "
    "percentile nanquantile nanpercentile log sqrt abs average ptp any all sinc isclose hypot expand_dims atleast_2d hstack vstack"
).split()
NUMPY_FUNCTION_MODULES = {
    "numpy": "",
    "numpy.core.fromnumeric": "mean std var sum prod cumsum amin amax around round_ clip ravel squeeze transpose argmax argmin argsort sort ptp any all",
    "numpy.lib.function_base": "median quantile percentile average angle diff",
    "numpy.lib.type_check": "nan_to_num real imag",
    "numpy.lib.nanfunctions": "nanmean nanmedian nanstd nanvar nanmax nanmin nansum nanquantile nanpercentile",
}
NOT_UFUNCS = set("pi e euler_gamma frompyfunc geterrobj seterrobj errstate geterr seterr".split())

# Compiled classes that stand in fitted models, named in the binary as `module.Name`. Others (heaps, builders, splitters) take
# sizes and live only while a model is fitted.
CYTHON_CLASSES = re.compile(
    r"^sklearn\.(tree\._tree\.Tree|neighbors\.\w+\.(KDTree|BallTree|BinaryTree)\d*|(neighbors|metrics)\.\w+\.(\w+Distance|DistanceMetric)\d*"
    r"|_loss\._loss\.Cy\w+|linear_model\._?sgd_fast\.[A-Z]\w+)$"
)

DUNDERS = {"__setstate__", "__new__", "__del__", "__setattr__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"}


def main():
    wheels = Path(sys.argv[1])
    specs = [line.split() for line in (HERE / "wheels.txt").read_text().splitlines() if line.strip()]
    found = defaultdict(lambda: defaultdict(list))  # "rule module" → name → versions
    unreviewed = set()
    reductions = set()
    read = []
    for spec in specs:
        library, version = spec[0].split("==")
        path = wheel_of(wheels, spec, "--download" in sys.argv)
        with zipfile.ZipFile(path) as archive:
            scan(library, version, archive, found, unreviewed, reductions)
        read.append((library, version))
    for each in sorted(unreviewed):
        print("not on the list, because nobody looked at it:", *each)
    if "--reductions" in sys.argv:
        for each in sorted(reductions):
            print("reduces:", *each)
    write(found, read)
    write_python2()


def wheel_of(folder, spec, download):
    library, version = spec[0].split("==")
    stem = f"{library.replace('-', '_')}-{version}-"
    there = sorted(folder.glob(stem + "*.whl"))
    if not there and download:
        _, python, abi, platform = spec
        arguments = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder)]
        arguments += ["--python-version", python, "--implementation", "cp"] + ([] if abi == "none" else ["--abi", abi])
        for each in platforms(platform):
            arguments += ["--platform", each]
        subprocess.run(arguments + [spec[0]], check=True)
        there = sorted(folder.glob(stem + "*.whl"))
    if not there:
        sys.exit(f"no wheel of {spec[0]} in {folder}")
    return there[0]


def platforms(name):
    older = {
        "manylinux_2_28_x86_64": "manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux2014_x86_64 manylinux_2_17_x86_64",
        "manylinux2014_x86_64": "manylinux2014_x86_64 manylinux_2_17_x86_64 manylinux2010_x86_64 manylinux_2_12_x86_64 manylinux1_x86_64",
        "manylinux2010_x86_64": "manylinux2010_x86_64 manylinux1_x86_64",
        "macosx_12_0_arm64": "macosx_12_0_arm64 macosx_11_0_universal2",
        "macosx_12_0_x86_64": "macosx_12_0_x86_64 macosx_10_15_x86_64.macosx_11_0_x86_64.macosx_12_0_x86_64 "
        "macosx_10_14_x86_64.macosx_10_15_x86_64.macosx_11_0_x86_64",
    }
    return older.get(name, name).split()


def scan(library, version, archive, found, unreviewed, reductions):
    package = {"scikit-learn": "sklearn"}.get(library, library)
    classes = {}  # (module, name) → (bases, methods, slots)
    kept = []  # (module, name) of functions that classes keep
    defined = set()
    for member in archive.namelist():
        if member.endswith(".py"):
            module = module_of(member)
            if not module.startswith(package):
                continue
            tree = ast.parse(archive.read(member))
            if not SKIPPED.search(module):
                read_module(package, version, module, tree, classes, found, kept, defined)
            if package == "numpy" and module in ("numpy.core.umath", "numpy._core.umath"):
                read_umath(version, module, tree, found)
        elif member.endswith(".pyi") and member.endswith("special/_ufuncs.pyi"):
            read_special(version, ast.parse(archive.read(member)), found)
        elif re.search(r"\.(so|pyd)$", member) and package in ("sklearn",):
            read_binary(version, re.sub(r"\.[^/]*$", "", member).replace("/", "."), archive.read(member), found)
    if package == "numpy":
        for module, names in NUMPY_FUNCTION_MODULES.items():
            for name in names.split() or NUMPY_FUNCTIONS:
                found[f"value {module}"][name].append(version)
    for module, name in kept:
        if (module, name) in defined:
            found[f"value {module}"][name].append(version)
    by_name = defaultdict(list)
    for (module, name), facts in classes.items():
        by_name[name].append(facts)
    for (module, name), (bases, methods, slots) in classes.items():
        pattern = CLASS_NAMES.get(package)
        module, _, shown = module.partition(" ")
        if (module, name) in REFUSED or not CLASS_MODULES.get(package, re.compile("$^")).search(module):
            continue
        if pattern and not pattern.search(name):
            continue
        ancestors = lineage(bases, by_name)
        own = DUNDERS & set(methods)
        if "Protocol" in ancestors or "Exception" in ancestors or "Warning" in ancestors or module.endswith("exceptions"):
            continue
        if own & {"__reduce__", "__reduce_ex__"}:
            reductions.add((version, module, name))
        if own - {"__reduce__", "__reduce_ex__"} and not REVIEWED.search(module):
            unreviewed.add((module, name, ",".join(sorted(own))))
            continue
        found[f"{rule_of(package, ancestors, methods, slots)} {shown or module}"][name].append(version)


def module_of(member):
    parts = re.sub(r"\.(py|pyx)$", "", member).split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lineage(bases, by_name):
    seen = set()
    todo = list(bases)
    while todo:
        base = todo.pop()
        if base in seen:
            continue
        seen.add(base)
        for facts in by_name.get(base, []):
            todo.extend(facts[0])
    return seen


def rule_of(package, ancestors, methods, slots):
    if ancestors & {"Enum", "IntEnum", "Flag", "IntFlag", "StrEnum"}:
        return "enum"
    if ancestors & {"NamedTuple", "namedtuple"}:
        return "named-tuple"
    if ancestors & {"dict", "UserDict"}:
        return "class-dict"
    if ancestors & {"list", "UserList"}:
        return "class-list"
    if package == "scipy" and ancestors & {"rv_continuous", "rv_discrete", "rv_generic"}:
        return "distribution"
    # Extension arrays, dtypes and indices of pandas are made by `cls.__new__` with their values.
    if package == "pandas":
        return "native"
    return "slots" if slots else "class"


def statements(body):
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, (ast.If, ast.Try)):
                yield from statements(getattr(node, part, []))
        for handler in getattr(node, "handlers", []) if isinstance(node, ast.Try) else []:
            yield from statements(handler.body)


def kept_functions(node, functions, kept):
    """Functions that a class keeps in an attribute: they stand in its pickles."""
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and any(isinstance(t, ast.Attribute) and last_name(t.value) == "self" for t in each.targets):
            parts = [each.value.body, each.value.orelse] if isinstance(each.value, ast.IfExp) else [each.value]
            for part in parts:
                if isinstance(part, ast.Name) and part.id in functions and not FUNCTIONS_REFUSED.search(part.id):
                    kept.append((functions[part.id], part.id))


def read_module(package, version, module, tree, classes, found, kept, defined):
    functions = {node.name: module for node in statements(tree.body) if isinstance(node, ast.FunctionDef)}
    defined.update((module, name) for name in functions)
    for node in statements(tree.body):
        if isinstance(node, ast.ImportFrom) and node.level < 3:
            # Functions of modules beside it, or above.
            parent = module.rsplit(".", max(node.level, 1))[0] if node.level else ""
            functions.update({each.name: f"{parent}.{node.module}" if parent else node.module for each in node.names if each.name[0].islower() or each.name[0] == "_"})
    for node in statements(tree.body):
        if isinstance(node, ast.ClassDef):
            bases = [last_name(base) for base in node.bases]
            methods = [each.name for each in node.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
            slots = any(
                isinstance(each, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__slots__" for t in each.targets)
                for each in node.body
            )
            facts = ([base for base in bases if base], methods, slots)
            classes[module, node.name] = facts
            # pandas 3 shows its classes under the name of the package.
            for each in node.decorator_list:
                if isinstance(each, ast.Call) and last_name(each.func) == "set_module" and isinstance(each.args[0], ast.Constant):
                    classes[f"{module} {each.args[0].value}", node.name] = facts
            if package == "sklearn":
                kept_functions(node, functions, kept)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and last_name(node.value.func) == "namedtuple":
            for target in node.targets:
                if isinstance(target, ast.Name) and package == "sklearn":
                    found[f"named-tuple {module}"][target.id].append(version)
        elif isinstance(node, ast.FunctionDef) and FUNCTION_MODULES.search(module):
            if not FUNCTIONS_REFUSED.search(node.name) and (node.name[0] != "_" or node.name in PRIVATE_FUNCTIONS):
                found[f"value {module}"][node.name].append(version)


def last_name(node):
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def all_names(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            if isinstance(node.value, (ast.List, ast.Tuple)):
                return [each.value for each in node.value.elts if isinstance(each, ast.Constant)]
    return []


def read_umath(version, module, tree, found):
    names = [name for name in all_names(tree) if re.fullmatch(r"[a-z]\w*", name) and name not in NOT_UFUNCS]
    # NumPy has named its ufuncs by each of these modules.
    core = module.rsplit(".", 1)[0]
    for place in (f"{core}._multiarray_umath", f"{core}.umath", "numpy"):
        for name in names:
            found[f"value {place}"][name].append(version)


def read_special(version, tree, found):
    for place in ("scipy.special._ufuncs", "scipy.special"):
        for name in all_names(tree):
            if name not in NOT_UFUNCS and re.fullmatch(r"[a-z]\w*", name):
                found[f"value {place}"][name].append(version)


def read_binary(version, module, binary, found):
    if SKIPPED.search(module):
        return
    short = module.rsplit(".", 1)[1]
    words = {each[:-1].decode() for each in re.findall(rb"[A-Za-z_][\w.]{2,200}\0", binary)}
    # Built by meson, some modules call themselves by their last name alone (`_loss.CyHalfBinomialLoss`).
    for place in (module, short):
        for word in words:
            name = word[len(place) + 1 :] if word.startswith(place + ".") else ""
            if re.fullmatch(r"\w+", name) and CYTHON_CLASSES.search(f"{module}.{name}"):
                found[f"native {place}"][name].append(version)
            name = re.sub(r"__set_state$", "", word[len("__pyx_unpickle_") :]) if word.startswith("__pyx_unpickle_") else ""
            if CYTHON_CLASSES.search(f"{module}.{name}"):
                found[f"cython-unpickle {place}"]["__pyx_unpickle_" + name].append(version)
    if "newObj" in words:
        found[f"cython-new {module}"]["newObj"].append(version)


def write(found, read):
    versions = defaultdict(list)
    for library, version in read:
        versions[library].append(version)
    lines = [
        "// Made by scripts/pickle-table/make.py from the wheels below; do not edit.",
        "",
        "/** Versions that were read, in order. */",
        "export const readVersions: Readonly<Record<string, string>> = {",
    ]
    for library in sorted(versions):
        key = library if re.fullmatch(r"\w+", library) else f"'{library}'"
        lines.append(f"  {key}: '{' '.join(versions[library])}',")
    lines += [
        "}",
        "",
        "/** `rule module` → names, each with the first and the last version it was found in. */",
        "// biome-ignore format: one line for each module",
        "export const generatedNames: Readonly<Record<string, string>> = {",
    ]
    for key in sorted(found):
        names = []
        for name in sorted(found[key]):
            seen = sorted({version for version in found[key][name]}, key=lambda version: [int(n) for n in re.findall(r"\d+", version)])
            names.append(f"{name}@{seen[0]}" if len(seen) == 1 else f"{name}@{seen[0]}-{seen[-1]}")
        lines.append(f"  '{key}': '{' '.join(names)}',")
    lines += ["}", ""]
    TARGET.write_text("\n".join(lines))
    print(f"{sum(len(names) for names in found.values())} names of {len(found)} modules")


def write_python2():
    import _compat_pickle

    lines = [
        "// Made by scripts/pickle-table/make.py from CPython's _compat_pickle; do not edit.",
        "",
        "/** Python 2's modules → Python 3's; applied below protocol 3. */",
        "export const python2Modules: Readonly<Record<string, string>> = {",
    ]
    for old in sorted(_compat_pickle.IMPORT_MAPPING):
        key = old if re.fullmatch(r"[A-Za-z_]\w*", old) else f"'{old}'"
        lines.append(f"  {key}: '{_compat_pickle.IMPORT_MAPPING[old]}',")
    lines += [
        "}",
        "",
        "/** Module and name, with a line feed between, → both in Python 3; comes before the modules. */",
        "export const python2Names: Readonly<Record<string, readonly [module: string, name: string]>> = {",
    ]
    for (module, name), (new, there) in sorted(_compat_pickle.NAME_MAPPING.items()):
        lines.append(f"  '{module}\\n{name}': ['{new}', '{there}'],")
    lines += ["}", ""]
    TARGET2.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
