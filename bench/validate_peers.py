"""For bench/validate.ts: makes pickles of our own, and times picklescan and fickling on them.

    python validate_peers.py make FOLDER TREES     forest.pkl, forest.joblib, forest.skops
    python validate_peers.py scan WARM RUNS FILE...   a JSON line for each tool and file: seconds of each run, and its verdict
"""
import json
import logging
import pickle
import sys
import time

tool, *arguments = sys.argv[1:]
if tool == 'make':
    import joblib
    import numpy as np
    import skops.io
    from sklearn.ensemble import RandomForestClassifier

    folder, trees = arguments
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20000, 20))
    y = (x @ rng.normal(size=(20, 3))).argmax(axis=1)
    forest = RandomForestClassifier(int(trees), max_depth=12, random_state=0).fit(x, y)
    with open(f'{folder}/forest.pkl', 'wb') as file:
        pickle.dump(forest, file)
    joblib.dump(forest, f'{folder}/forest.joblib')
    skops.io.dump(forest, f'{folder}/forest.skops')
else:
    logging.disable(logging.CRITICAL)
    warm, runs, *files = arguments

    def picklescan(path):
        from picklescan.scanner import scan_file_path

        result = scan_file_path(path)
        if result.scan_err:
            return 'error'
        if result.infected_files > 0:
            return 'dangerous'
        # What it does not know it calls suspicious, and exits with 0.
        return 'suspicious' if any(str(one.safety).endswith('Suspicious') for one in result.globals) else 'clean'

    def fickling(path):
        from fickling.analysis import check_safety
        from fickling.fickle import StackedPickle

        with open(path, 'rb') as file:
            pickled = StackedPickle.load(file, fail_on_decode_error=False)
        return max((check_safety(one).severity for one in pickled)).name

    for scan in [picklescan, fickling]:
        for path in files:
            seconds = []
            verdict = ''
            for run in range(-int(warm), int(runs)):
                started = time.perf_counter()
                try:
                    verdict = scan(path)
                except Exception as error:
                    verdict = f'{type(error).__name__}: {error}'[:60]
                if run >= 0:
                    seconds.append(time.perf_counter() - started)
            print(json.dumps({'tool': scan.__name__, 'file': path, 'seconds': seconds, 'verdict': verdict}), flush=True)
