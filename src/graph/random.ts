// Randomness is explicit: every random number is a function of a key and a counter, so that the same seed gives the same bits in any order
// of evaluation, on any machine. Bits come from two keyed rounds of MurmurHash3's finaliser (Appleby) over a counter.

/** A 32-bit hash of a text (FNV-1a, then the finaliser of MurmurHash3). */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h) >>> 0;
}

/** As a signed number: V8 adds and shifts those as whole numbers, unsigned ones as floats. */
function mix(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A key from parts: seed, name, training step, time step. Of a whole number all 53 bits count. */
export function randomKey(...parts: readonly (number | string)[]): number {
  let key = 0x9e3779b9;
  const take = (bits: number): void => {
    key = mix(Math.imul(key, 31) + bits) >>> 0;
  };
  for (const part of parts) {
    if (typeof part === "string") take(hashText(part));
    else {
      take(mix(part) >>> 0);
      const high = Math.floor(part / 2 ** 32);
      if (high !== 0) take(mix(high) >>> 0);
    }
  }
  return key;
}

/** 32 random bits: two rounds of the finaliser over key and counter, keyed between the rounds. */
export function randomBits(key: number, counter: number): number {
  return signedBits(key, counter) >>> 0;
}

function signedBits(key: number, counter: number): number {
  return mix((mix(counter ^ key) + Math.imul(key | 1, 0x9e3779b1)) | 0);
}

/** Uniform in [0, 1), 53 bits. */
export function uniformAt(key: number, counter: number): number {
  const high = signedBits(key, counter * 2) >>> 5;
  const low = signedBits(key, counter * 2 + 1) >>> 6;
  return (high * 67108864 + low) * 2 ** -53;
}

/** Standard normal (Box & Muller, 1958). */
export function normalAt(key: number, counter: number): number {
  const u = 1 - uniformAt(key, counter * 2);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * uniformAt(key, counter * 2 + 1));
}

/** 0 … n−1 in random order (Fisher & Yates). */
export function permutation(key: number, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniformAt(key, i) * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
