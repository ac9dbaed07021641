"""Samples of the machine agree with what others measure, and nothing stops the program."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from meta.tree import ROOT

from assay.sdk.capture.machine import Machine
from assay.sdk.capture.nvml import Nvml
from assay.sdk.capture.system import System
from assay.wire.errors import InvalidInput

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
BURN = "import time\nuntil = time.process_time() + {}\nwhile time.process_time() < until: pass"
MLFLOW = """
from mlflow.system_metrics.metrics import cpu_monitor, disk_monitor, network_monitor
for monitor in (cpu_monitor.CPUMonitor(), disk_monitor.DiskMonitor(), network_monitor.NetworkMonitor()):
    monitor.collect_metrics()
    print(*monitor.metrics)
"""


def files(root: Path, **texts: str) -> Path:
    """A root whose files hold the texts; `__` in a name is a slash."""
    for name, text in texts.items():
        place = root / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return root


@LINUX
def test_it_agrees_with_psutil() -> None:
    """Which is what MLflow measures with."""
    values = Machine().sample()
    memory, disk = psutil.virtual_memory(), psutil.disk_usage("/")
    assert values["system_memory_usage_megabytes"] == pytest.approx(memory.used / 1e6, rel=0.2)
    assert values["system_memory_usage_percentage"] == pytest.approx(memory.used / memory.total * 100, rel=0.2)
    assert values["disk_usage_percentage"] == pytest.approx(disk.percent, abs=1)
    assert values["disk_usage_megabytes"] == pytest.approx(disk.used / 1e6, rel=0.05)
    assert values["disk_available_megabytes"] == pytest.approx(disk.free / 1e6, rel=0.05)
    assert values["process_memory_usage_megabytes"] == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.2)


@LINUX
def test_the_keys_are_mlflows() -> None:
    """Every value that MLflow measures on a machine without GPUs is there under its name."""
    machine = Machine()
    time.sleep(0.1)
    python = ROOT / ".venv-mlflow3/bin/python"
    ran = subprocess.run([python, "-c", MLFLOW], capture_output=True, text=True, check=False)
    if "No module named 'psutil'" in ran.stderr:
        source = ROOT.glob(".venv-mlflow3/lib/*/site-packages/mlflow/system_metrics/metrics/*_monitor.py")
        text = "".join(path.read_text() for path in source if path.stem.split("_")[0] in ("cpu", "disk", "network"))
        names = {part.split('"')[0] for part in text.split('_metrics["')[1:]}
    else:
        names = set(ran.stdout.split())
    assert len(names) == 8
    assert names <= machine.sample().keys()


@LINUX
def test_children_count_as_the_process() -> None:
    """While they run, and after they were waited for."""
    machine = Machine()
    child = subprocess.Popen([sys.executable, "-c", BURN.format(0.6)])
    time.sleep(0.3)
    begun = time.monotonic()
    machine.sample()
    assert child.wait() == 0
    spent = time.monotonic() - begun
    running = machine.sample()["process_cpu_utilization_percentage"] * spent / 100
    assert 0.05 < running < 1.5
    time.sleep(0.1)  # ten of the ticks in which the kernel counts
    assert machine.sample()["process_cpu_utilization_percentage"] < 400


@LINUX
def test_children_are_found_either_way(tmp_path: Path) -> None:
    """By the kernel's own list, or by every process's parent; three levels of them."""
    stat = "{} (a) b) S {} 0 0 0 0 0 0 0 0 0 {} 0 0 0 20 0\n"
    processes = {"self": ("10", "1", 100), "10": ("10", "1", 100), "11": ("11", "10", 200), "12": ("12", "11", 400)}
    others = {"13": ("13", "1", 800)}
    for pid, told in (processes | others).items():
        files(tmp_path, **{f"proc__{pid}__stat": stat.format(*told), f"proc__{pid}__task__{pid}__children": ""})
    assert Machine(tmp_path)._tree_s() * os.sysconf("SC_CLK_TCK") == 700
    files(tmp_path, **{f"proc__self__task__{os.getpid()}__children": "11 ", "proc__11__task__11__children": "12"})
    machine = Machine(tmp_path)
    assert machine._tells_children
    assert machine._tree_s() * os.sysconf("SC_CLK_TCK") == 700


@LINUX
def test_counters_begin_at_nought(tmp_path: Path) -> None:
    """Disks without their partitions, network without loopback, processors since the last sample."""
    disks = " 8 0 sda {0} 0 {0} 0 0 0 {1} 0 0\n 8 1 sda1 9 0 9 0 0 0 9 0 0\n 7 0 loop0 9 0 9 0 0 0 9 0 0\n"
    disks += " 259 0 nvme0n1 1 0 {0} 0 1 0 {1} 0 0\n 259 1 nvme0n1p1 9 0 9 0 0 0 9 0 0\n 253 0 dm-0 9 0 9 0 0 0 9 0\n"
    network = "Inter-|\n face |\n    lo: {0} 1 0 0 0 0 0 0 {0} 1\n  eth0:{0} 1 0 0 0 0 0 0 {1} 1\n"

    def tell(first: int, second: int, cpu: str) -> None:
        told = {"proc__diskstats": disks.format(first, second), "proc__net__dev": network.format(first, second)}
        files(tmp_path, proc__stat=cpu, **told)

    tell(1_000, 2_000, "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1\n")
    machine = Machine(tmp_path)
    tell(11_000, 42_000, "cpu  130 0 120 740 110 0 0 0 0 0\ncpu0 1\n")
    values = machine.sample()
    assert values["cpu_utilization_percentage"] == pytest.approx(50)
    assert values["network_receive_megabytes"] == pytest.approx(0.01)
    assert values["network_transmit_megabytes"] == pytest.approx(0.04)
    assert values["disk_read_megabytes"] == pytest.approx(2 * 10_000 * 512 / 1e6)
    assert values["disk_write_megabytes"] == pytest.approx(2 * 40_000 * 512 / 1e6)
    tell(5, 5, "cpu  130 0 120 740 110 0 0 0 0 0\n")  # set back: an interface has gone
    values = machine.sample()
    assert values["network_receive_megabytes"] == 0
    assert "cpu_utilization_percentage" not in values


@LINUX
def test_limits_of_the_control_group(tmp_path: Path) -> None:
    """The tightest one on the way up counts; none is left out."""
    new = files(
        tmp_path / "2",
        proc__self__cgroup="0::/pod/job\n",
        **{"sys__fs__cgroup__pod__job__memory.max": "max\n", "sys__fs__cgroup__pod__memory.max": "4000000000\n"},
        **{"sys__fs__cgroup__pod__job__memory.current": "1\n", "sys__fs__cgroup__pod__memory.current": "1000000000\n"},
        **{"sys__fs__cgroup__pod__job__cpu.max": "150000 100000\n", "sys__fs__cgroup__pod__cpu.max": "max 100000\n"},
    )
    assert {name: value for name, value in Machine(new).sample().items() if "cgroup" in name} == {
        "cgroup_memory_limit_megabytes": 4_000,
        "cgroup_memory_usage_megabytes": 1_000,
        "cgroup_memory_usage_percentage": 25,
        "cgroup_cpu_limit_cores": 1.5,
    }
    top = "sys__fs__cgroup__memory__"
    old = files(
        tmp_path / "1",
        proc__self__cgroup="5:cpu,cpuacct:/a\n4:memory:/gone\n",
        **{f"{top}memory.limit_in_bytes": "2000000000", f"{top}memory.usage_in_bytes": "500000000"},
    )
    assert Machine(old).sample()["cgroup_memory_usage_percentage"] == 25
    files(old, **{f"{top}memory.limit_in_bytes": "9223372036854771712"})
    assert not [name for name in Machine(old).sample() if "cgroup" in name]


def test_what_is_not_told_is_left_out(tmp_path: Path) -> None:
    """No `/proc`, or nonsense in it: the rest is there."""
    assert "disk_usage_percentage" in Machine(tmp_path).sample()
    nonsense = dict.fromkeys(
        ("proc__stat", "proc__meminfo", "proc__diskstats", "proc__net__dev", "proc__self__io"), "x\n"
    )
    assert "disk_usage_percentage" in Machine(files(tmp_path, **nonsense)).sample()


@LINUX
def test_gpus(tmp_path: Path) -> None:
    """What a device tells is there, what it does not tell is left out; a lost device is passed over."""
    library = tmp_path / "nvml.so"
    env = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(tmp_path / "zig")}
    source = Path(__file__).with_name("nvml.c")
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]
    subprocess.run([*command, "-o", library, source], check=True, env=env)
    gpus = Nvml(str(library))
    assert gpus.sample() == {
        "gpu_0_memory_usage_megabytes": 20_000,
        "gpu_0_memory_usage_percentage": 25,
        "gpu_0_utilization_percentage": 93,
        "gpu_0_power_usage_watts": 350,
        "gpu_0_power_usage_percentage": 50,
        "gpu_0_temperature_celsius": 64,
        "gpu_1_memory_usage_megabytes": 20_000,
        "gpu_1_memory_usage_percentage": 25,
    }
    gpus.close()
    with pytest.raises(OSError, match="nowhere"):
        Nvml("nowhere.so")


def test_samples_come_soon_and_regularly() -> None:
    """The first within a second, then at every interval, the last at the end; then the thread is gone."""
    told: list[tuple[float, dict[str, float], int]] = []
    system = System(lambda values, time_us: told.append((time.monotonic(), values, time_us)), every_s=0.6)
    before_us = time.time_ns() // 1_000
    begun = time.monotonic()
    system.start()
    system.start()
    time.sleep(2.5)
    assert told[0][0] - begun < 1.0
    assert 3 <= len(told) <= 4
    system.stop()
    count = len(told)
    assert 4 <= count <= 5
    system.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "assay-system"]
    for _, values, time_us in told:
        assert {name.split("/")[0] for name in values} == {"system"}
        assert all(isinstance(value, float | int) for value in values.values())
        assert before_us <= time_us <= time.time_ns() // 1_000
    assert "system/process_cpu_utilization_percentage" in told[0][1]
    assert len(told) == count


def test_a_short_program_has_one_sample() -> None:
    """That of the end."""
    told: list[dict[str, float]] = []
    system = System(lambda values, _: told.append(values))
    system.start()
    system.stop()
    assert len(told) == 1


def test_a_sink_that_raises_or_blocks() -> None:
    """Sampling goes on; stop waits no longer than it is told."""
    calls: list[int] = []

    def raises(values: dict[str, float], time_us: int) -> None:
        calls.append(time_us)
        raise RuntimeError("no room")

    system = System(raises, every_s=0.1)
    system.start()
    time.sleep(0.8)
    system.stop()
    assert system.failed == len(calls) > 2
    gate = threading.Event()
    blocked = System(lambda *_: gate.wait() and None, every_s=0.1)
    blocked.start()
    time.sleep(0.3)
    begun = time.monotonic()
    blocked.stop(timeout_s=0.2)
    assert time.monotonic() - begun < 1
    gate.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_sample() -> None:
    """Nor does its stop wait for a thread that it does not have."""
    script = """
import os, time
from assay.sdk.capture.system import System
told = []
system = System(lambda values, time_us: told.append(os.getpid()), every_s=0.1)
system.start()
time.sleep(0.3)
child = os.fork()
if not child:
    before = len(told)
    time.sleep(0.4)
    system.stop()
    os._exit(len(told) != before)
assert os.waitpid(child, 0)[1] == 0
system.stop()
assert set(told) == {os.getpid()}
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=60)


@pytest.mark.parametrize("every_s", [0, 0.01, -1, 4_000, float("nan"), float("inf"), True, "10"])
def test_seconds_are_bounded(every_s: float) -> None:
    """The error says the bounds."""
    with pytest.raises(InvalidInput) as refused:
        System(print, every_s=every_s)
    assert (refused.value.field, refused.value.bound) == ("every_s", "0.1 to 3600")
