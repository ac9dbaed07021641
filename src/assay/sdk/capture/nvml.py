"""NVIDIA's GPUs, asked through the library that comes with their driver."""

from __future__ import annotations

import ctypes
from contextlib import suppress

LIBRARY = "libnvidia-ml.so.1"
MOST = 64  # devices
CORE = 0  # the sensor of the temperature
MB = 1e6


class Nvml:
    """The devices of this machine, by NVML's own numbers, whatever CUDA_VISIBLE_DEVICES says.

    Raises:
        OSError: There is no such library, or it finds no driver.
    """

    def __init__(self, library: str = LIBRARY) -> None:
        self._library = ctypes.CDLL(library)
        self._call("nvmlInit_v2")
        count = ctypes.c_uint()
        self._call("nvmlDeviceGetCount_v2", ctypes.byref(count))
        self._devices: list[tuple[int, ctypes.c_void_p]] = []
        for number in range(min(count.value, MOST)):
            with suppress(OSError):  # one that is lost or not permitted
                handle = ctypes.c_void_p()
                self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(number), ctypes.byref(handle))
                self._devices.append((number, handle))

    def _call(self, name: str, *arguments: object) -> None:
        try:
            code = getattr(self._library, name)(*arguments)
        except AttributeError as error:  # an old driver
            raise OSError(str(error)) from error
        if code:
            raise OSError(f"{name} answers {code}")

    def sample(self) -> dict[str, float]:
        """What the devices tell; what one of them does not tell is left out."""
        values: dict[str, float] = {}
        for number, handle in self._devices:
            for part in (self._memory, self._utilization, self._power, self._temperature):
                with suppress(OSError):
                    values |= {f"gpu_{number}_{name}": value for name, value in part(handle).items()}
        return values

    def _memory(self, handle: ctypes.c_void_p) -> dict[str, float]:
        sizes = (ctypes.c_ulonglong * 3)()  # total, free, used
        self._call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(sizes))
        total, _, used = sizes
        return {"memory_usage_megabytes": used / MB, "memory_usage_percentage": 100 * used / max(1, total)}

    def _utilization(self, handle: ctypes.c_void_p) -> dict[str, float]:
        rates = (ctypes.c_uint * 2)()  # of the processor, of the memory's bus
        self._call("nvmlDeviceGetUtilizationRates", handle, ctypes.byref(rates))
        return {"utilization_percentage": float(rates[0])}

    def _power(self, handle: ctypes.c_void_p) -> dict[str, float]:
        milliwatts = self._number("nvmlDeviceGetPowerUsage", handle)
        values = {"power_usage_watts": milliwatts / 1_000}
        with suppress(OSError, ZeroDivisionError):
            values["power_usage_percentage"] = (
                100 * milliwatts / self._number("nvmlDeviceGetEnforcedPowerLimit", handle)
            )
        return values

    def _temperature(self, handle: ctypes.c_void_p) -> dict[str, float]:
        return {"temperature_celsius": float(self._number("nvmlDeviceGetTemperature", handle, ctypes.c_uint(CORE)))}

    def _number(self, name: str, *arguments: object) -> int:
        number = ctypes.c_uint()
        self._call(name, *arguments, ctypes.byref(number))
        return number.value

    def close(self) -> None:
        """The library has let go of the devices."""
        with suppress(OSError):
            self._call("nvmlShutdown")
