"""A pretended GPU: tensors say that they lie on ``cuda:0``, and the CPU computes what is in them.

Values are real, so code takes the branches that it takes on a GPU. What a GPU would refuse is
refused: tensors of two devices in one operation, a generator of the other device, NumPy on a tensor
of the GPU, operations without a deterministic kernel. What makes the host wait for the GPU is
noted. Speed, memory and the last bits of results are a real GPU's alone.

torch asks which devices there are as it is loaded, so this is imported before torch, in a process
of its own, with ``PRETENDED_GPU`` in the environment: a library made by :func:`compiled`.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

if "PRETENDED_GPU" in os.environ:
    ctypes.CDLL(os.environ["PRETENDED_GPU"], mode=ctypes.RTLD_GLOBAL)

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from gpu.recurrent import all_steps

# Tensors of a class of our own cannot be without a version, as those of inference_mode are.
torch.inference_mode = lambda mode=True: torch.no_grad() if mode else nullcontext()
GPU, CPU = torch.device("cuda", 0), torch.device("cpu")

# The documentation of torch.use_deterministic_algorithms lists them, by what is called.
REFUSED = frozenset(
    {
        "avg_pool3d_backward",
        "_adaptive_avg_pool2d_backward",
        "_adaptive_avg_pool3d_backward",
        "adaptive_max_pool2d_backward",
        "fractional_max_pool2d_backward",
        "fractional_max_pool3d_backward",
        "max_unpool2d",
        "max_unpool3d",
        "upsample_linear1d_backward",
        "upsample_bilinear2d_backward",
        "upsample_bicubic2d_backward",
        "upsample_trilinear3d_backward",
        "_upsample_bilinear2d_aa_backward",
        "_upsample_bicubic2d_aa_backward",
        "reflection_pad1d_backward",
        "reflection_pad2d_backward",
        "reflection_pad3d_backward",
        "nll_loss2d_forward",
        "_ctc_loss_backward",
        "put_",
        "histc",
        "kthvalue",
        "grid_sampler_2d_backward",
        "grid_sampler_3d_backward",
        "max_pool3d_with_indices_backward",
        "_embedding_bag_dense_backward",
    }
)
COPIES = {"_to_copy", "copy_", "_copy_from"}
INDEXING = {"index", "index_put", "index_put_", "_unsafe_index", "_index_put_impl_"}
# Their result's size depends on values, which the host waits for.
SIZED_BY_VALUES = {"nonzero", "_unique2", "unique_dim", "masked_select", "unique_consecutive"}
# One value on the CPU may stand in them beside tensors of the GPU, as in element-wise ones.
TAKES_SCALARS = INDEXING | {"masked_fill", "masked_fill_", "fill_", "where", "lerp", "lerp_"}


class OnGpu(torch.Tensor):
    """A tensor that says it lies on the GPU; ``host`` holds its values."""

    @staticmethod
    def __new__(cls, host):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            host.shape,
            strides=host.stride(),
            storage_offset=host.storage_offset(),
            dtype=host.dtype,
            device=GPU,
        )

    def __init__(self, host):
        self.host = host

    def __repr__(self):
        return f"OnGpu({self.host})"

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return computed(function, args, kwargs or {}, Counter(), Counter())


class PretendedGenerator(torch.Generator):
    """A generator that says on which device it draws."""

    def __new__(cls, device="cpu"):
        made = torch._C.Generator.__new__(cls, device="cpu")
        made.place = GPU if torch.device(device).type == "cuda" else CPU
        return made

    def __init__(self, device="cpu"):
        pass

    @property
    def device(self):
        return self.place


class Calls(TorchFunctionMode):
    """Refuses a generator of another device than that of what is drawn; gives lists.

    A recurrent layer is the one call that it is to cuDNN, counted in ``kernels``.
    """

    def __init__(self, kernels: Counter):
        super().__init__()
        self.kernels = kernels

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        generator = kwargs.get("generator")
        if generator is not None:
            tensors = [x for x in args if isinstance(x, torch.Tensor)]
            place = kwargs.get("device") or (tensors[0].device if tensors else CPU)
            if torch.device(place).type != generator.device.type:
                raise RuntimeError(f"a generator of {generator.device} draws for {place}")
        if function is torch.Tensor.tolist and isinstance(args[0], OnGpu):
            return args[0].cpu().tolist()
        if function is torch.lstm and isinstance(args[0], OnGpu):
            return all_steps(self.kernels, *args)
        return function(*args, **kwargs)


class Operations(TorchDispatchMode):
    """Runs operations on the GPU, and counts them and those for which the host waits.

    ``kernels`` by name leave out views and what only allocates; ``waits`` are by kind and line.
    """

    def __init__(self):
        super().__init__()
        self.kernels, self.waits = Counter(), Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        return computed(function, args, kwargs, self.waits, self.kernels)


def name_of(function) -> str:
    return function._schema.name.removeprefix("aten::")


def every(values) -> list:
    """The values, with those of lists and tuples among them."""
    found = []
    for value in values:
        found.extend(value) if isinstance(value, (list, tuple)) else found.append(value)
    return found


def each(function, value):
    """The function of a value, or of each in a list or tuple."""
    if isinstance(value, (list, tuple)):
        return type(value)([function(one) for one in value])
    return function(value)


def on_host(value):
    return value.host if isinstance(value, OnGpu) else value


def as_on_gpu(value):
    return OnGpu(value) if isinstance(value, torch.Tensor) else value


def computed(function, args, kwargs, waits: Counter, kernels: Counter):
    """The result of an operation, on the GPU if one of its tensors is or if it is asked for."""
    tensors = [x for x in every([*args, *kwargs.values()]) if isinstance(x, torch.Tensor)]
    wanted = kwargs.get("device")
    if not any(isinstance(x, OnGpu) for x in tensors) and (
        wanted is None or torch.device(wanted).type != "cuda"
    ):
        return function(*args, **kwargs)
    name = name_of(function)
    check(function, name, args, kwargs, tensors, waits)
    if not (function.is_view or name.startswith(("empty", "new_empty", "detach"))):
        kernels[name] += 1
    host = {key: each(on_host, value) for key, value in kwargs.items()}
    host |= {"device": CPU} if wanted is not None else {}
    host |= {"pin_memory": False} if kwargs.get("pin_memory") else {}
    made = function(*[each(on_host, value) for value in args], **host)
    if wanted is not None and torch.device(wanted).type == "cpu":
        return made
    written = written_to(function, args, kwargs)
    if written:
        return written[0] if len(written) == 1 else tuple(written)
    return each(as_on_gpu, made)


def written_to(function, args, kwargs) -> list:
    """The arguments that the operation changes and returns."""
    schema = function._schema
    if not any(one.alias_info and one.alias_info.is_write for one in schema.returns):
        return []
    named = dict(zip((one.name for one in schema.arguments), args, strict=False)) | kwargs
    return [
        named[one.name]
        for one in schema.arguments
        if one.alias_info is not None and one.alias_info.is_write
    ]


def check(function, name, args, kwargs, tensors, waits) -> None:
    """Raise RuntimeError for what a GPU refuses, and note what the host waits for."""
    host = [x for x in tensors if not isinstance(x, OnGpu)]
    if name in COPIES:
        note_copy(name, args, kwargs, waits)
    elif host and len(host) < len(tensors):
        check_places(function, name, args, host, waits)
    if torch.are_deterministic_algorithms_enabled() and is_refused(function, name, args, tensors):
        raise RuntimeError(f"{name} has no deterministic implementation on a GPU")
    masks = name in INDEXING and any(x is not None and x.dtype == torch.bool for x in args[1])
    if name in SIZED_BY_VALUES or masks:
        waits[f"{name}: the size of the result {line()}"] += 1
    if name == "_local_scalar_dense":
        waits[f"a number is fetched {line()}"] += 1


def check_places(function, name, args, host, waits) -> None:
    indices = args[1] if name in INDEXING and isinstance(args[0], OnGpu) else []
    if any(x.dim() for x in indices if x is not None and not isinstance(x, OnGpu)):
        waits[f"an index is copied from the host {line()}"] += 1
        host = [x for x in host if all(x is not index for index in indices)]
    scalars = torch.Tag.pointwise in function.tags or name in TAKES_SCALARS
    if any(x.dim() for x in host) or (host and not scalars and "_foreach" not in name):
        raise RuntimeError(f"{name} has tensors on the CPU beside those on {GPU}")


def note_copy(name, args, kwargs, waits) -> None:
    if name == "_to_copy":
        source, target = args[0], torch.device(kwargs.get("device") or args[0].device)
    else:
        source, target = args[1], args[0].device
    if source.device.type == target.type or kwargs.get("non_blocking"):
        return
    if len(args) > 2 and args[2]:
        return
    waits[f"a copy from {source.device.type} to {target.type} {line()}"] += 1


def is_refused(function, name, args, tensors) -> bool:
    return (
        name in REFUSED
        or (name == "cumsum" and args[0].is_floating_point())
        or (name == "bincount" and len(tensors) > 1)
        or (name == "median" and function._overloadname == "dim")
        or (name.startswith("scatter_reduce") and "prod" in args)
    )


def line() -> str:
    """The innermost line of the project that is being run."""
    frames = [one for one in traceback.extract_stack() if "/scripts/morphoflow/" in one.filename]
    if not frames:
        return "outside of the project"
    return f"at {frames[-1].filename.partition('/scripts/morphoflow/')[2]}:{frames[-1].lineno}"


@contextmanager
def pretended_gpu():
    """Within the block torch has a GPU; gives the operations, see :class:`Operations`."""
    changed = {
        (torch, "Generator"): PretendedGenerator,
        (torch.cuda, "_lazy_init"): lambda: None,
        (torch.cuda, "is_bf16_supported"): lambda *_, **__: True,
        (torch.cuda.amp.common, "amp_definitely_not_available"): lambda: False,
    }
    before = {key: getattr(*key) for key in changed}
    for key, value in changed.items():
        setattr(*key, value)
    supported = sys.modules["torch.optim.optimizer"]._foreach_supported_types
    supported.append(OnGpu)
    torch._C._set_only_lift_cpu_tensors(True)
    overwrites = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with ExitStack() as stack:
            operations = stack.enter_context(Operations())
            stack.enter_context(Calls(operations.kernels))
            yield operations
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
        torch._C._set_only_lift_cpu_tensors(False)
        supported.remove(OnGpu)
        for key, value in before.items():
            setattr(*key, value)


def compiled(folder: Path) -> Path:
    """The library that torch needs for it, made in ``folder``.

    Raises FileNotFoundError without a C++ compiler, and CalledProcessError with what it says if it
    is none for torch's own headers.
    """
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise FileNotFoundError("there is no C++ compiler")
    found = importlib.util.find_spec("torch")
    torch_folder = Path(found.origin).parent
    library, own = folder / "pretended.so", Path(__file__).with_suffix(".cpp")
    options = ["-std=c++20", "-fPIC", "-shared", f"-I{torch_folder / 'include'}"]
    options += [f"-L{torch_folder / 'lib'}", "-lc10", "-ltorch_cpu"]
    options += [f"-Wl,-rpath,{torch_folder / 'lib'}", "-o", str(library)]
    subprocess.run([compiler, str(own), *options], check=True, capture_output=True, text=True)
    return library
