"""The engine's noise (engine/sample/philox.go), so that PyTorch starts from the same: Philox 4×32-10 and the sine
half of Box-Muller, as A1111's "NV" source has them."""

import numpy as np

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEYS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
UNIT = 2.0**-32
TURN = float(np.float32(2.3283064e-10 * 6.2831855))  # 2π/2³², in single precision
LOW = np.uint64(0xFFFFFFFF)


def philox(key: int, counter: np.ndarray) -> np.ndarray:
    """The blocks [4,N] of counters [4,N], 32-bit words in uint64."""
    c, k = list(counter.astype(np.uint64)), [key & 0xFFFFFFFF, key >> 32]
    for _ in range(ROUNDS):
        a, b = np.uint64(MULTIPLIERS[0]) * c[0], np.uint64(MULTIPLIERS[1]) * c[2]
        high = np.uint64(32)
        c = [(b >> high) ^ c[1] ^ np.uint64(k[0]), b & LOW, (a >> high) ^ c[3] ^ np.uint64(k[1]), a & LOW]
        k = [(x + y) & 0xFFFFFFFF for x, y in zip(k, KEYS)]
    return np.stack(c)


def normal(seed: int, call: int, index: np.ndarray) -> np.ndarray:
    """Elements index [N] of one call's noise, float32."""
    zero = np.zeros_like(index, dtype=np.uint64)
    block = philox(seed, np.stack([zero + np.uint64(call), zero, index.astype(np.uint64), zero])).astype(np.float64)
    u = block[0] * UNIT + UNIT / 2
    v = block[1] * TURN + TURN / 2
    return (np.sqrt(-2 * np.log(u)) * np.sin(v)).astype(np.float32)


def noise(seed: int, shape: tuple[int, int, int], call: int = 0) -> np.ndarray:
    """A seed's noise [C,H,W]; call 0 is the latent that a picture starts from."""
    return normal(seed, call, np.arange(np.prod(shape))).reshape(shape)
