// WebAssembly, as bytes (W3C, WebAssembly Core Specification 2.0, section 5). Code is written as nested arrays of numbers, `[a, b, op.i32.add]`;
// instructions that take immediates are functions that give such arrays. module.ts writes them into modules. An instruction is one flat array,
// and those of the first locals are made once: tens of thousands of them are written before a program runs.

/** Code: bytes, or pieces of it, to any depth. */
export type Code = number | readonly Code[];

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** LEB128, unsigned. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** LEB128, signed, 32 bits. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** LEB128, signed, 64 bits. */
function signed64(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const scratch = new DataView(new ArrayBuffer(8));
const bytesOf = (size: number): number[] => Array.from({ length: size }, (_, i) => scratch.getUint8(i));

export function f32Bytes(value: number): number[] {
  scratch.setFloat32(0, value, true);
  return bytesOf(4);
}

export function f64Bytes(value: number): number[] {
  scratch.setFloat64(0, value, true);
  return bytesOf(8);
}

/** An instruction of the vector group: a prefix, then its number. */
const simd = (opcode: number): readonly number[] => [0xfd, ...unsigned(opcode)];

/** An access to memory. */
const access =
  (opcode: readonly number[], alignment: number) =>
  (offset = 0): Code => [...opcode, alignment, ...unsigned(offset)];

/** An access of one lane. */
const laneAccess =
  (opcode: number) =>
  (lane: number, offset = 0): Code => [...simd(opcode), 0, ...unsigned(offset), lane];

/** An instruction that takes a number from 0 on: the same array for the same number. */
function numbered(opcode: number): (index: number) => Code {
  const known: Code[] = [];
  return (index) => {
    known[index] ??= [opcode, ...unsigned(index)];
    return known[index];
  };
}

type Plain<K extends string> = { readonly [N in K]: Code };
type WithNumber<K extends string> = { readonly [N in K]: (value: number) => Code };
type AtOffset<K extends string> = { readonly [N in K]: (offset?: number) => Code };
type LaneAtOffset<K extends string> = { readonly [N in K]: (lane: number, offset?: number) => Code };
type WithBytes<K extends string> = { readonly [N in K]: (bytes: readonly number[]) => Code };

/** What vectors of floats of either width can do. */
type FloatVector = Plain<
  | "splat"
  | "eq"
  | "ne"
  | "lt"
  | "gt"
  | "le"
  | "ge"
  | "ceil"
  | "floor"
  | "trunc"
  | "nearest"
  | "abs"
  | "neg"
  | "sqrt"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "min"
  | "max"
  | "pmin"
  | "pmax"
  | "relaxedMadd"
  | "relaxedNmadd"
>;

/** What floats of either width can do. */
type Float = Plain<
  "eq" | "ne" | "lt" | "gt" | "le" | "ge" | "abs" | "neg" | "trunc" | "sqrt" | "add" | "sub" | "mul" | "div" | "min" | "max" | "convertI32S"
>;

// Instructions, by the names of the specification. Those without immediates are code, the others functions.
export const i32: Plain<
  | "eqz"
  | "eq"
  | "ne"
  | "ltS"
  | "ltU"
  | "gtS"
  | "leS"
  | "leU"
  | "geS"
  | "geU"
  | "add"
  | "sub"
  | "mul"
  | "divS"
  | "remS"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shrS"
  | "shrU"
  | "truncSatF32"
  | "truncSatF64"
  | "wrapI64"
> &
  WithNumber<"const"> &
  AtOffset<"load" | "load8u" | "store"> = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: access([0x28], 2),
  load8u: access([0x2d], 0),
  store: access([0x36], 2),
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  divS: 0x6d,
  remS: 0x6f,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrS: 0x75,
  shrU: 0x76,
  truncSatF32: [0xfc, 0x00],
  truncSatF64: [0xfc, 0x02],
  wrapI64: 0xa7,
};

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed64(value)],
  add: 0x7c,
  sub: 0x7d,
  mul: 0x7e,
  and: 0x83,
  or: 0x84,
  shl: 0x86,
  shrU: 0x88,
  ltU: 0x54,
  extendI32U: 0xad,
  reinterpretF64: 0xbd,
  truncSatF64: [0xfc, 0x06],
} as const;

export const f32: Float & Plain<"demoteF64" | "reinterpretI32"> & WithNumber<"const"> & AtOffset<"load" | "store"> = {
  const: (value: number): Code => [0x43, ...f32Bytes(value)],
  load: access([0x2a], 2),
  store: access([0x38], 2),
  eq: 0x5b,
  ne: 0x5c,
  lt: 0x5d,
  gt: 0x5e,
  le: 0x5f,
  ge: 0x60,
  abs: 0x8b,
  neg: 0x8c,
  trunc: 0x8f,
  sqrt: 0x91,
  add: 0x92,
  sub: 0x93,
  mul: 0x94,
  div: 0x95,
  min: 0x96,
  max: 0x97,
  convertI32S: 0xb2,
  demoteF64: 0xb6,
  reinterpretI32: 0xbe,
};

export const f64: Float &
  Plain<"convertI32U" | "convertI64S" | "convertI64U" | "promoteF32"> &
  WithNumber<"const"> &
  AtOffset<"load" | "store"> = {
  const: (value: number): Code => [0x44, ...f64Bytes(value)],
  load: access([0x2b], 3),
  store: access([0x39], 3),
  eq: 0x61,
  ne: 0x62,
  lt: 0x63,
  gt: 0x64,
  le: 0x65,
  ge: 0x66,
  abs: 0x99,
  neg: 0x9a,
  trunc: 0x9d,
  sqrt: 0x9f,
  add: 0xa0,
  sub: 0xa1,
  mul: 0xa2,
  div: 0xa3,
  min: 0xa4,
  max: 0xa5,
  convertI32S: 0xb7,
  convertI32U: 0xb8,
  convertI64S: 0xb9,
  convertI64U: 0xba,
  promoteF32: 0xbb,
};

export const local: WithNumber<"get" | "set" | "tee"> = {
  get: numbered(0x20),
  set: numbered(0x21),
  tee: numbered(0x22),
};

/** Accesses that threads see in one order, of a whole number at a multiple of 4. */
export const atomic: AtOffset<"load" | "store" | "wait" | "notify"> = {
  load: access([0xfe, 0x10], 2),
  store: access([0xfe, 0x17], 2),
  /** (address, expected, nanoseconds) → i32: sleeps while the number is as expected, so long at most. Memory must be shared; a page's own thread traps. */
  wait: access([0xfe, 0x01], 2),
  /** (address, how many at most) → i32: wakes those who wait. */
  notify: access([0xfe, 0x00], 2),
};

export const drop = 0x1a;
export const select = 0x1b;
export const ret = 0x0f;

const empty = 0x40;
export const end = 0x0b;

/** Runs the body again and again for as long as it ends with a truth value that holds. */
export function repeat(body: Code): Code {
  return [0x03, empty, body, 0x0d, 0, end];
}

/** The body when the condition holds. */
export function when(condition: Code, body: Code, otherwise?: Code): Code {
  return [condition, 0x04, empty, body, otherwise === undefined ? [] : [0x05, otherwise], end];
}

/** A block that `branch(depth)` leaves. */
export const block = (body: Code): Code => [0x02, empty, body, end];
export const branch = (depth: number): Code => [0x0c, ...unsigned(depth)];
export const branchIf = (depth: number): Code => [0x0d, ...unsigned(depth)];

/** Vectors of 128 bits. */
export const v128: Plain<"not" | "and" | "andnot" | "or" | "xor" | "bitselect" | "anyTrue"> &
  AtOffset<"load" | "load32Splat" | "load64Splat" | "store" | "load32Zero" | "load64Zero"> &
  LaneAtOffset<"load32Lane" | "load64Lane" | "store32Lane" | "store64Lane"> &
  WithBytes<"const"> = {
  load: access(simd(0), 0),
  load32Splat: access(simd(9), 0),
  load64Splat: access(simd(10), 0),
  store: access(simd(11), 0),
  const: (bytes: readonly number[]): Code => [...simd(12), ...bytes],
  load32Zero: access(simd(92), 0),
  load64Zero: access(simd(93), 0),
  load32Lane: laneAccess(86),
  load64Lane: laneAccess(87),
  store32Lane: laneAccess(90),
  store64Lane: laneAccess(91),
  not: simd(77),
  and: simd(78),
  andnot: simd(79),
  or: simd(80),
  xor: simd(81),
  /** (a, b, mask) → a where the mask's bits are set, else b. */
  bitselect: simd(82),
  anyTrue: simd(83),
};

export const i8x16: WithBytes<"shuffle"> = { shuffle: (lanes: readonly number[]): Code => [...simd(13), ...lanes] };

export const i32x4: Plain<
  | "splat"
  | "eq"
  | "ne"
  | "ltS"
  | "gtS"
  | "leS"
  | "geS"
  | "abs"
  | "neg"
  | "shl"
  | "shrS"
  | "shrU"
  | "add"
  | "sub"
  | "mul"
  | "minS"
  | "maxS"
  | "truncSatF32x4S"
  | "truncSatF32x4U"
  | "truncSatF64x2SZero"
  | "truncSatF64x2UZero"
> &
  WithNumber<"extractLane" | "replaceLane"> = {
  splat: simd(17),
  extractLane: (lane: number): Code => [...simd(27), lane],
  replaceLane: (lane: number): Code => [...simd(28), lane],
  eq: simd(55),
  ne: simd(56),
  ltS: simd(57),
  gtS: simd(59),
  leS: simd(61),
  geS: simd(63),
  abs: simd(160),
  neg: simd(161),
  shl: simd(171),
  shrS: simd(172),
  shrU: simd(173),
  add: simd(174),
  sub: simd(177),
  mul: simd(181),
  minS: simd(182),
  maxS: simd(184),
  truncSatF32x4S: simd(248),
  truncSatF32x4U: simd(249),
  truncSatF64x2SZero: simd(252),
  truncSatF64x2UZero: simd(253),
};

export const i64x2: Plain<"splat" | "shl" | "shrU" | "add" | "sub" | "extendLowI32x4S" | "eq"> = {
  splat: simd(18),
  shl: simd(203),
  shrU: simd(205),
  add: simd(206),
  sub: simd(209),
  extendLowI32x4S: simd(199),
  eq: simd(214),
};

export const f32x4: FloatVector & Plain<"convertI32x4S" | "demoteF64x2Zero"> & WithNumber<"extractLane" | "replaceLane"> = {
  splat: simd(19),
  extractLane: (lane: number): Code => [...simd(31), lane],
  replaceLane: (lane: number): Code => [...simd(32), lane],
  eq: simd(65),
  ne: simd(66),
  lt: simd(67),
  gt: simd(68),
  le: simd(69),
  ge: simd(70),
  ceil: simd(103),
  floor: simd(104),
  trunc: simd(105),
  nearest: simd(106),
  abs: simd(224),
  neg: simd(225),
  sqrt: simd(227),
  add: simd(228),
  sub: simd(229),
  mul: simd(230),
  div: simd(231),
  min: simd(232),
  max: simd(233),
  pmin: simd(234),
  pmax: simd(235),
  convertI32x4S: simd(250),
  /** Two of f64 to the lower two lanes; the others are 0. */
  demoteF64x2Zero: simd(94),
  /** a·b + c; in the relaxed group: fused where the machine can. */
  relaxedMadd: simd(261),
  relaxedNmadd: simd(262),
};

export const f64x2: FloatVector & Plain<"convertLowI32x4S" | "promoteLowF32x4"> & WithNumber<"extractLane" | "replaceLane"> = {
  splat: simd(20),
  extractLane: (lane: number): Code => [...simd(33), lane],
  replaceLane: (lane: number): Code => [...simd(34), lane],
  eq: simd(71),
  ne: simd(72),
  lt: simd(73),
  gt: simd(74),
  le: simd(75),
  ge: simd(76),
  ceil: simd(116),
  floor: simd(117),
  trunc: simd(122),
  nearest: simd(148),
  abs: simd(236),
  neg: simd(237),
  sqrt: simd(239),
  add: simd(240),
  sub: simd(241),
  mul: simd(242),
  div: simd(243),
  min: simd(244),
  max: simd(245),
  pmin: simd(246),
  pmax: simd(247),
  convertLowI32x4S: simd(254),
  promoteLowF32x4: simd(95),
  relaxedMadd: simd(263),
  relaxedNmadd: simd(264),
};
