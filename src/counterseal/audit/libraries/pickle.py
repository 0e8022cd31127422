"""pickle, and what else builds objects from bytes."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_NAMES = (
    "pickle.loads",
    "pickle.load",
    "pickle.Unpickler",
    "marshal.loads",
    "marshal.load",
    "shelve.open",
    "dill.loads",
    "dill.load",
    "cloudpickle.loads",
    "cloudpickle.load",
    "jsonpickle.decode",
    "joblib.load",
    "pandas.read_pickle",
    "torch.load",
    "numpy.load",
)

LIBRARY = Library(
    name="pickle",
    calls={
        **{name: Api("deserialize", {"data": 0}, passes=True) for name in _NAMES},
        "pickle.dumps": Api("serialize", {"data": 0}, passes=True),
        "pickle.dump": Api("serialize", {"data": 0}),
    },
    aliases={"cPickle": "pickle", "_pickle": "pickle"},
)
