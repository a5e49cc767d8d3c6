"""Fits every estimator of scikit-learn that fits and saves it in every form that a pickle takes: a set of honest files, none of
which may be called unsafe. Their count and the verdicts on them stand in docs/security.md.

    python scripts/pickle-table/fit-all.py OUT

Writes OUT/<estimator>.<form> with the scikit-learn that runs it. Forms: pickle of protocols 0 to 5, cloudpickle, joblib raw and
by each compression, skops. Then: node scripts/pickle-table/judge.mjs OUT
"""

import bz2
import gzip
import inspect
import io
import lzma
import pickle
import sys
import warnings
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.utils import all_estimators

warnings.simplefilter("ignore")
OUT = Path(sys.argv[1])
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.RandomState(0)
X = rng.rand(40, 4)
CLASSES = (X[:, 0] > 0.5).astype(int) + (X[:, 1] > 0.5)
LABELS = np.array(["no", "yes", "maybe"], dtype=object)[CLASSES]
NUMBERS = X @ [1.0, 2.0, 0.5, 3.0] + 0.1
MULTI = np.column_stack([CLASSES > 0, CLASSES > 1]).astype(int)
TWO = np.column_stack([NUMBERS, NUMBERS**2])
TEXTS = [" ".join(np.array(["red", "green", "blue", "black"])[rng.randint(0, 4, 5)]) for _ in range(40)]
DICTS = [{"a": float(a), "b": "x" if b > 0.5 else "y"} for a, b in X[:, :2]]
COUNTS = rng.randint(0, 5, (40, 4))
STRINGS = np.array([["a", "b"], ["b", "c"]] * 20, dtype=object)
MISSING = np.where(rng.rand(40, 4) < 0.1, np.nan, X)
INPUTS = [
    (X, CLASSES), (X, NUMBERS), (X, CLASSES > 0), (X, MULTI), (X, TWO), (COUNTS, CLASSES), (STRINGS, CLASSES), (X[:, 0], NUMBERS),
    (TEXTS, CLASSES), (DICTS, CLASSES), (MISSING, CLASSES), (CLASSES, None), ([["a", "b"], ["c"]] * 20, None), (X @ X.T, CLASSES), (X, None),
]


def instances(kind):
    try:
        from sklearn.utils._test_common.instance_generator import _construct_instances

        yield from _construct_instances(kind)
        return
    except Exception:
        pass
    try:
        from sklearn.utils.estimator_checks import _construct_instance

        yield _construct_instance(kind)
        return
    except Exception:
        pass
    try:
        yield kind()
    except Exception:
        from sklearn.linear_model import LinearRegression, LogisticRegression

        names = inspect.signature(kind).parameters
        inner = LinearRegression() if "Regress" in kind.__name__ else LogisticRegression()
        fill = {"estimator": inner, "base_estimator": inner, "estimators": [("a", inner), ("b", clone(inner))],
                "transformer_list": [("s", sklearn.preprocessing.StandardScaler())], "transformers": [("s", "passthrough", [0, 1])],
                "steps": [("s", sklearn.preprocessing.StandardScaler()), ("m", inner)], "param_grid": {"fit_intercept": [True, False]},
                "param_distributions": {"fit_intercept": [True, False]}, "dictionary": rng.rand(3, 4)}
        yield kind(**{name: value for name, value in fill.items() if name in names})


def fitted(estimator):
    for data, target in INPUTS:
        try:
            copy = clone(estimator)
            copy.fit(data, target) if target is not None else copy.fit(data)
            return copy
        except Exception:
            continue
    return None


def extras():
    """Combinations that people log, with options that bring names of their own."""
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier, StackingClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.feature_selection import SelectKBest, mutual_info_classif
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import accuracy_score, make_scorer
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from scipy import sparse

    yield "function", make_pipeline(FunctionTransformer(np.log1p, np.expm1), Ridge()).fit(X, NUMBERS)
    yield "target", TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp).fit(X, NUMBERS)
    yield "scorer", GridSearchCV(LogisticRegression(), {"C": [1, 2]}, scoring=make_scorer(accuracy_score), cv=StratifiedKFold(3)).fit(X, CLASSES)
    yield "scorers", GridSearchCV(LogisticRegression(), {"C": [1, 2]}, scoring={"a": "accuracy", "b": "f1_macro"}, refit="a", cv=3).fit(X, CLASSES)
    yield "random-search", RandomizedSearchCV(RandomForestClassifier(5), {"max_depth": [2, 3]}, n_iter=2, cv=3, random_state=np.random.RandomState(1)).fit(X, CLASSES)
    yield "select", make_pipeline(SelectKBest(mutual_info_classif, k=2), LogisticRegression()).fit(X, LABELS)
    yield "gaussian", GaussianProcessRegressor(ConstantKernel() * RBF() + Matern() + WhiteKernel(), random_state=np.random.RandomState(3)).fit(X, NUMBERS)
    yield "boosting", GradientBoostingClassifier(n_estimators=5, init=LogisticRegression(), random_state=np.random.RandomState(2)).fit(X, LABELS)
    yield "histogram", HistGradientBoostingRegressor(max_iter=5, loss="poisson", categorical_features=[0]).fit(COUNTS, NUMBERS)
    yield "stacking", StackingClassifier([("k", KNeighborsClassifier(algorithm="ball_tree")), ("r", RandomForestClassifier(3))]).fit(X, LABELS)
    yield "neighbours", KNeighborsClassifier(metric="minkowski", p=3, algorithm="kd_tree").fit(X, CLASSES)
    yield "words", make_pipeline(TfidfVectorizer(ngram_range=(1, 2), stop_words="english", dtype=np.float32), LogisticRegression()).fit(TEXTS, LABELS)
    yield "columns", make_pipeline(ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]), ("c", OneHotEncoder(handle_unknown="ignore"), slice(2, 4))], remainder="passthrough"), Ridge()).fit(MISSING[:, :4].round(1), NUMBERS)
    yield "sparse", {"csr": sparse.csr_matrix(X), "csc": sparse.csc_matrix(X), "coo": sparse.coo_matrix(X), "dia": sparse.dia_matrix(X)}
    yield "arrays", {"f": np.asfortranarray(X), "o": LABELS, "u": np.array(["ä", "bb"]), "t": np.array(["2020-01-01"], "M8[D]"), "b": X > 0.5,
                     "s": np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), "e": np.zeros((0, 3)), "z": np.float64(1.5), "big": X.astype(">f4"),
                     "m": np.ma.masked_array([1.0, 2.0], [True, False]), "mat": np.matrix([[1]]), "g": np.random.default_rng(1), "c": X[:2] * 1j}
    try:
        import pandas as pd

        frame = pd.DataFrame({"a": X[:, 0], "b": CLASSES, "c": pd.Categorical(LABELS), "d": pd.date_range("2020", periods=40)}, index=range(40))
        yield "frame", frame
        yield "series", frame["a"]
        yield "named", make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[["a"]], CLASSES)
    except ImportError:
        pass
    for library, names in (("xgboost", ["XGBClassifier", "XGBRegressor", "XGBRFRegressor"]), ("lightgbm", ["LGBMClassifier", "LGBMRegressor"]), ("catboost", ["CatBoostClassifier", "CatBoostRegressor"])):
        try:
            module = __import__(library)
        except ImportError:
            continue
        for name in names:
            options = {"verbose": 0, "allow_writing_files": False} if library == "catboost" else {}
            yield name, getattr(module, name)(n_estimators=5, **options).fit(X, CLASSES if "Class" in name else NUMBERS)


def forms(value):
    for protocol in range(6):
        yield f"p{protocol}.pkl", lambda p=protocol: pickle.dumps(value, p)
    yield "cloud.pkl", lambda: cloudpickle.dumps(value)
    for name, compress in [("raw", 0), ("zlib", 3), ("gzip", ("gzip", 3)), ("bz2", ("bz2", 3)), ("xz", ("xz", 3)), ("lzma", ("lzma", 3)), ("lz4", ("lz4", 3))]:
        yield f"{name}.joblib", lambda c=compress: dumped(value, c)
    yield "gzip.pkl", lambda: gzip.compress(pickle.dumps(value))
    yield "skops", lambda: skops(value)


def dumped(value, compress):
    buffer = io.BytesIO()
    if compress and not isinstance(compress, int) and compress[0] == "lz4":
        import lz4.frame  # noqa: F401
    joblib.dump(value, buffer, compress=compress)
    return buffer.getvalue()


def skops(value):
    from skops.io import dumps

    return dumps(value)


def main():
    counts = {"fitted": 0, "not fitted": []}
    todo = []
    for name, kind in all_estimators():
        got = 0
        try:
            for estimator in instances(kind):
                made = fitted(estimator)
                if made is not None and got < 3:
                    todo.append((f"{name}-{got}", made))
                    got += 1
        except Exception:
            pass
        counts["fitted"] += got > 0
        if not got:
            counts["not fitted"].append(name)
    todo.extend(extras())
    files = 0
    for name, value in todo:
        for form, make in forms(value):
            try:
                data = make()
            except Exception:
                continue
            (OUT / f"{name}.{form}").write_bytes(data)
            files += 1
    print(sklearn.__version__, f"{counts['fitted']} estimators, {len(todo)} objects, {files} files; not fitted: {' '.join(counts['not fitted'])}")


main()
