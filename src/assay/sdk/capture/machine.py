"""What Linux tells of the machine and of this process in `/proc` and `/sys`; elsewhere, the little that Python knows.

The names and units are MLflow's where it has the value; a megabyte has 1,000,000 bytes. Counters (network, disk) begin
at nought with the first sample; percentages are of the time since the one before.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

MB = 1e6
UNLIMITED = 1 << 60  # how cgroup v1 says that there is no limit, or more
MOST = 4_096  # processes of a tree that are looked at
READ = 1 << 20  # bytes of a file that are read
_NO_DISK = re.compile(r"(loop|ram|zram|dm-|md|sr|fd|nbd)\d")  # they are no disks, or lie on others that are counted
_PARTITION = re.compile(r"((sd|vd|hd|xvd)[a-z]+\d+|(nvme\d+n\d+|mmcblk\d+)p\d+)")
Values = dict[str, float]


class Machine:
    """Samples of this machine and this process.

    Args:
        root: Where `proc` and `sys` lie.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._first: Values = {}
        self._cpu: tuple[float, float] | None = None  # busy and all, in ticks
        self._process: tuple[float, float] | None = None  # seconds of the clock, and of the processor
        own = root / f"proc/self/task/{os.getpid()}/children"
        self._tells_children = own.exists()
        self._groups = list(self._found_groups())
        self.sample()

    def sample(self) -> Values:
        """What can be told now; what this system does not tell is left out."""
        values: Values = {}
        parts: tuple[Callable[[], Values], ...] = (_disk, self._busy)
        if sys.platform == "linux":
            parts += (self._cpus, self._memory, self._disks, self._network, self._own, self._limits)
        for part in parts:
            with suppress(OSError, ValueError, IndexError, KeyError, ZeroDivisionError):
                values |= part()
        return values

    def _read(self, path: str) -> str:
        with (self._root / path).open("rb") as file:
            return file.read(READ).decode(errors="replace")

    def _since(self, values: Values) -> Values:
        """Counters, less what they were at first."""
        return {name: max(0.0, value - self._first.setdefault(name, value)) for name, value in values.items()}

    def _cpus(self) -> Values:
        ticks = [int(word) for word in self._read("proc/stat").split("\n", 1)[0].split()[1:9]]
        idle, total = ticks[3] + ticks[4], sum(ticks)  # waiting for a disk is idle
        before, self._cpu = self._cpu, (total - idle, total)
        if before is None or total <= before[1]:
            return {}
        busy = (total - idle - before[0]) / (total - before[1])
        return {"cpu_utilization_percentage": min(100.0, max(0.0, 100 * busy))}

    def _memory(self) -> Values:
        found = {}
        for line in self._read("proc/meminfo").splitlines():
            name, _, size = line.partition(":")
            found[name] = int(size.split()[0]) * 1_024
        total = found["MemTotal"]
        used = total - found["MemAvailable"]
        return {"system_memory_usage_megabytes": used / MB, "system_memory_usage_percentage": 100 * used / total}

    def _disks(self) -> Values:
        read = written = 0
        for line in self._read("proc/diskstats").splitlines():
            words = line.split()
            if len(words) > 9 and not _NO_DISK.match(words[2]) and not _PARTITION.fullmatch(words[2]):
                read, written = read + int(words[5]), written + int(words[9])
        # A sector has 512 bytes here, whatever the disk's own have.
        return self._since({"disk_read_megabytes": read * 512 / MB, "disk_write_megabytes": written * 512 / MB})

    def _network(self) -> Values:
        received = sent = 0
        for line in self._read("proc/net/dev").splitlines()[2:]:
            name, _, counters = line.partition(":")
            words = counters.split()
            if name.strip() != "lo":
                received, sent = received + int(words[0]), sent + int(words[8])
        return self._since({"network_receive_megabytes": received / MB, "network_transmit_megabytes": sent / MB})

    def _own(self) -> Values:
        resident = int(self._read("proc/self/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        values = {"process_memory_usage_megabytes": resident / MB}
        with suppress(OSError):  # may be forbidden
            told = dict(line.split(": ") for line in self._read("proc/self/io").splitlines())
            counters = {"read": int(told["read_bytes"]) / MB, "write": int(told["write_bytes"]) / MB}
            values |= self._since({f"process_disk_{what}_megabytes": value for what, value in counters.items()})
        return values

    def _busy(self) -> Values:
        """The processor time of this process and all below it: 100 for each core that is busy."""
        try:
            spent_s = self._tree_s()
        except (OSError, ValueError, IndexError):
            spent_s = sum(os.times()[:4])
        before, self._process = self._process, (time.monotonic(), spent_s)
        if before is None:
            return {}
        busy = (spent_s - before[1]) / (self._process[0] - before[0])
        return {"process_cpu_utilization_percentage": max(0.0, 100 * busy)}

    def _tree_s(self) -> float:
        """With those that ended and were waited for, so that time is not lost when a child ends."""
        ticks = sum(self._ticks("self"))
        children = self._children if self._tells_children else self._children_by_search()
        waiting, seen = list(children("self")), 0
        while waiting and seen < MOST:
            pid = waiting.pop()
            seen += 1
            with suppress(OSError, ValueError, IndexError):  # it may have ended
                ticks += sum(self._ticks(pid))
                waiting += children(pid)
        return ticks / os.sysconf("SC_CLK_TCK")

    def _stat(self, pid: str) -> list[str]:
        """From the third field on: the second is a name that may hold anything."""
        return self._read(f"proc/{pid}/stat").rpartition(")")[2].split()

    def _ticks(self, pid: str) -> list[int]:
        return [int(word) for word in self._stat(pid)[11:15]]

    def _children(self, pid: str) -> Iterator[str]:
        for task in os.listdir(self._root / f"proc/{pid}/task")[:MOST]:
            with suppress(OSError):  # a thread that has ended
                yield from self._read(f"proc/{pid}/task/{task}/children").split()

    def _children_by_search(self) -> Callable[[str], list[str]]:
        """For kernels that do not tell the children: every process tells its parent."""
        found: dict[str, list[str]] = {}
        own = self._read("proc/self/stat").split()[0]
        for pid in [name for name in os.listdir(self._root / "proc") if name.isdigit()][:MOST]:
            with suppress(OSError, IndexError):
                parent = self._stat(pid)[1]
                found.setdefault("self" if parent == own else parent, []).append(pid)
        return lambda pid: found.get(pid, [])

    def _found_groups(self) -> Iterator[tuple[Path, str, str]]:
        """The folders of control groups that this process is in, each with its files of the limit and of the usage."""
        with suppress(OSError):
            for line in self._read("proc/self/cgroup").splitlines():
                _, kinds, place = line.split(":", 2)
                top = self._root / "sys/fs/cgroup"
                files = ("memory.max", "memory.current")
                if "memory" in kinds.split(","):
                    top, files = top / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
                elif kinds:
                    continue
                folder = top / place.lstrip("/")
                while folder.is_relative_to(top):
                    if (folder / files[0]).is_file() or (folder / "cpu.max").is_file():
                        yield folder, *files
                    folder = folder.parent

    def _limits(self) -> Values:
        values: Values = {}
        least = UNLIMITED
        for folder, limit_file, usage_file in self._groups:
            with suppress(OSError, ValueError):
                limit = int((folder / limit_file).read_text())
                if 0 < limit < least:
                    usage = int((folder / usage_file).read_text())
                    least = limit
                    values["cgroup_memory_limit_megabytes"] = limit / MB
                    values["cgroup_memory_usage_megabytes"] = usage / MB
                    values["cgroup_memory_usage_percentage"] = 100 * usage / limit
            with suppress(OSError, ValueError):
                quota, period = map(int, (folder / "cpu.max").read_text().split())
                cores = quota / period
                values["cgroup_cpu_limit_cores"] = min(cores, values.get("cgroup_cpu_limit_cores", cores))
        return values


def _disk() -> Values:
    import shutil  # noqa: PLC0415 -- only a program that samples pays for it

    total, used, free = shutil.disk_usage(os.sep)
    return {
        "disk_usage_percentage": 100 * used / (used + free) if total else 0.0,
        "disk_usage_megabytes": used / MB,
        "disk_available_megabytes": free / MB,
    }
