// NVIDIA's library as two devices would have it, for machines that have none. The second one tells its memory only.
struct memory { unsigned long long total, free, used; };
struct rates { unsigned gpu, memory; };
static int devices[2];
static int begun;

int nvmlInit_v2(void) { begun = 1; return 0; }
int nvmlShutdown(void) { begun = 0; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return begun ? 0 : 1; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    if (index > 1) return 15;  // the third is lost
    *device = &devices[index];
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory) {
    (void)device;
    memory->total = 80000000000ULL;
    memory->free = 60000000000ULL;
    memory->used = 20000000000ULL;
    return 0;
}

int nvmlDeviceGetUtilizationRates(void *device, struct rates *rates) {
    if (device != &devices[0]) return 3;
    rates->gpu = 93;
    rates->memory = 41;
    return 0;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) {
    *milliwatts = 350000;
    return device == &devices[0] ? 0 : 3;
}

int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *milliwatts) {
    *milliwatts = 700000;
    return device == &devices[0] ? 0 : 3;
}

int nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *celsius) {
    *celsius = 64;
    return device == &devices[0] && sensor == 0 ? 0 : 3;
}
