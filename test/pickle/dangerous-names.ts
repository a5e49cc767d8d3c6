/** Names that run code, read or write files, or reach the network, by the advisories on pickle scanners and by their kind. */
const names = `
os.system os.popen os.execv os.spawnl os.remove os.putenv posix.system nt.system subprocess.Popen subprocess.run subprocess.call
subprocess.check_output subprocess.getoutput builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__
builtins.getattr builtins.setattr builtins.globals builtins.vars builtins.map builtins.filter builtins.apply builtins.breakpoint
builtins.input builtins.type builtins.super builtins.memoryview runpy.run_path runpy._run_code pip.main pip._internal.main
asyncio.unix_events._UnixSubprocessTransport._start timeit.timeit timeit.main trace.Trace.run pdb.run bdb.Bdb.run profile.run
cProfile.run cProfile.Profile doctest.debug_script code.interact code.InteractiveInterpreter codeop.compile_command
importlib.import_module importlib.reload pkgutil.resolve_name pydoc.locate pydoc.pipepager marshal.loads pickle.loads pickle.load
pickle.Unpickler _pickle.loads shelve.open dill.loads cloudpickle.loads joblib.load joblib.memory.Memory joblib.numpy_pickle.NDArrayWrapper
joblib.numpy_pickle_compat.ZNDArrayWrapper torch.load torch.hub.load torch.storage._load_from_bytes torch.jit.load
torch.utils.bottleneck.__main__.run_cprofile torch.utils.collect_env.run torch.utils._config_module.load_config
torch._inductor.codecache.compile_file torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression
numpy.load numpy.fromfile numpy.save numpy.loadtxt numpy.genfromtxt numpy.ctypeslib.load_library numpy.fromfunction
numpy.vectorize numpy.apply_along_axis numpy.piecewise numpy.f2py.crackfortran.getlincoef numpy.f2py.crackfortran._eval_length
numpy.testing._private.utils.runstring numpy.testing.runstring numpy.distutils.exec_command.exec_command numpy.lib.npyio.load
numpy.lib.utils.safe_eval pandas.read_pickle pandas.read_csv pandas.eval pandas.io.pickle.read_pickle pandas.core.computation.eval.eval
pandas.DataFrame.to_pickle scipy.io.loadmat scipy.sparse.load_npz scipy.sparse._matrix_io.load_npz scipy.io.wavfile.read
scipy.stats._distn_infrastructure.rv_generic scipy.stats._continuous_distns.uniform_gen scipy.LowLevelCallable
sklearn.datasets.fetch_openml sklearn.datasets._openml.fetch_openml sklearn.datasets.load_files sklearn.datasets._base.load_files
sklearn.datasets._svmlight_format_io.load_svmlight_file sklearn.utils._testing.assert_run_python_script_without_output
sklearn.utils._show_versions.show_versions sklearn.utils.parallel.Parallel sklearn.externals.joblib.load sklearn.utils.Memory
sklearn.utils.validation.check_memory sklearn.base.clone sklearn.pipeline.make_pipeline sklearn.utils.metaestimators.available_if
xgboost.core.DMatrix xgboost.train xgboost.core._load_lib lightgbm.basic.Dataset lightgbm.libpath.find_lib_path catboost.core.Pool
catboost.utils.read_cd ctypes.CDLL ctypes.PyDLL ctypes.cdll.LoadLibrary cffi.FFI webbrowser.open antigravity.geohash
urllib.request.urlopen urllib.request.urlretrieve http.client.HTTPConnection ftplib.FTP smtplib.SMTP socket.socket
socket.create_connection ssl.SSLSocket requests.get requests.api.request telnetlib.Telnet xmlrpc.client.ServerProxy imaplib.IMAP4_stream
logging.FileHandler logging.config.listen logging.config.fileConfig io.FileIO io.open _io.FileIO _io.open codecs.open tempfile.mktemp
shutil.rmtree shutil.move shutil.copy pathlib.Path.write_text pathlib.Path.unlink glob.glob linecache.getlines fileinput.input
zipfile.ZipFile tarfile.open gzip.open bz2.BZ2File lzma.LZMAFile sqlite3.connect dbm.open mmap.mmap signal.signal atexit.register
gc.get_objects sys.exit sys.settrace sys.setprofile sys.modules.__setitem__ threading.Thread _thread.start_new_thread
multiprocessing.Process multiprocessing.util.spawnv_passfds concurrent.futures.ProcessPoolExecutor sched.scheduler
_posixsubprocess.fork_exec _winapi.CreateProcess _interpreters.exec _xxsubinterpreters.run_string _testcapi.run_in_subinterp
site.addsitedir site.main venv.create ensurepip.bootstrap idlelib.pyshell.ModifiedInterpreter.runcode idlelib.run.Executive.runcode
lib2to3.pgen2.grammar.Grammar.loads lib2to3.pgen2.pgen.ParserGenerator uuid._get_command_stdout _osx_support._read_output
_aix_support._read_cmd_output _pyrepl.pager.pipe_pager test.support.script_helper.assert_python_ok platform.popen os.startfile pty.spawn
commands.getoutput operator.methodcaller operator.attrgetter operator.itemgetter functools.reduce functools.partialmethod itertools.starmap
copyreg.add_extension copyreg.pickle types.FunctionType types.CodeType types.MethodType typing.get_type_hints inspect.getattr_static
cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle._builtin_type cloudpickle.cloudpickle.subimport
cloudpickle.cloudpickle._make_skeleton_class cloudpickle.cloudpickle_fast._function_setstate dill._dill._create_function
mlflow.pyfunc.load_model mlflow.sklearn.load_model keras.models.load_model keras.src.saving.serialization_lib.deserialize_keras_object
tensorflow.python.keras.saving.save.load_model transformers.AutoModel.from_pretrained yaml.unsafe_load yaml.load ruamel.yaml.load
jinja2.Template jinja2.environment.Template.render nltk.data.load PIL.Image.open cv2.imread h5py.File onnx.load __main__.Model mymodule.Thing
`

/** [module, name]: split at the last dot. */
export const dangerousNames: readonly (readonly [module: string, name: string])[] = names
  .trim()
  .split(/\s+/)
  .map((full) => [full.slice(0, full.lastIndexOf('.')), full.slice(full.lastIndexOf('.') + 1)] as const)
