// Calls of every op on operands of many shapes, well-shaped and ill-shaped: each is a line of TypeScript that the compiler judges, and the
// same line, run, is an expression that the graph judges. Names say what they are: f_ab is a float input of dims a, b; i ints, q bools;
// dims a=2, b=3, c=4; A is another size under the name a; n and m have sizes that the compiler knows as `number` only (m is called a).

const dims: Readonly<Record<string, string>> = {
  a: `dim("a", 2)`,
  b: `dim("b", 3)`,
  c: `dim("c", 4)`,
  e: `dim("e", 5)`,
  j: `dim("j", 2)`,
  A: `dim("a", 9)`,
  n: `dim("n", size(5))`,
  m: `dim("a", size(2))`,
};

const shapes = ["", "a", "b", "n", "m", "A", "ab", "ba", "aa", "nb", "mb", "Ab", "abc", "acb", "aab", "nab"];

/** Every choice of one from each list. */
function product(...lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>((rows, list) => rows.flatMap((r) => list.map((x) => [...r, x])), [[]]);
}

const operand = (dtype: "f" | "i" | "q", of: readonly string[] = shapes): readonly string[] => of.map((s) => `${dtype}_${s}`);
const floats = operand("f");
const some = operand("f", ["", "a", "ab", "aa", "abc"]);
const few = operand("f", ["", "ab"]);
const ints = operand("i", ["", "b", "ab", "n"]);
const bools = operand("q", ["", "b", "ab", "aa", "n"]);
const mixed = [...few, "i_ab", "q_ab"];
const axes = ["a", "b", "n", "m", "A", "c", "-1", "-2"];
const lists = ["[]", "[a]", "[a, b]", "[b, a]", "[e]", "[c, a, b]", "[a, b, c]", "[A, b]", "[n, b]", "[m, b]"];
const reductions = ["{}", `{ reduce: "none" }`, `{ reduce: "sum" }`, "{ mask: q_b }"];

const unary = (op: string) => [floats, ["i_ab", "q_ab"]].flat().map((x) => `${op}(${x})`);
const calls = (op: string, ...lists: readonly (readonly string[])[]) => product(...lists).map((args) => `${op}(${args.join(", ")})`);
const binary = (op: string) => [
  ...calls(op, floats, floats),
  ...calls(op, floats, ["2"]),
  ...calls(op, ["2"], floats),
  ...calls(op, mixed, mixed),
  ...calls(op, ["i_ab", "q_ab"], ["2"]),
];
const comparison = (op: string) => [...binary(op), ...calls(op, ints, ints), ...calls(op, ints, ["2"])];
const logical = (op: string) => [...calls(op, bools, bools), ...calls(op, ["q_ab"], mixed)];
const reduction = (op: string) => [...calls(op, floats), ...calls(op, floats, axes), ...calls(op, ["i_ab"], axes)];
const along = (op: string) => [...calls(op, floats, axes), ...calls(op, ["i_ab"], axes)];

/** Every op, by the name under which users call it: the lines that are judged. */
export const lines: Readonly<Record<string, readonly string[]>> = {
  abs: unary("abs"),
  add: binary("add"),
  and: logical("and"),
  argmax: along("argmax"),
  broadcastTo: calls("broadcastTo", [...floats, "i_ab"], lists),
  cast: calls("cast", [...some, "i_ab", "q_ab"], [`"float"`, `"int"`, `"bool"`]),
  clamp: calls("clamp", [...floats, "i_ab"], ["0"], ["1"]),
  concat: product(floats, axes, some, axes).map(([x, k, y, l]) => `concat([${x}, ${k}], [${y}, ${l}], e)`),
  constant: [...calls("constant", ["[1, 2]"], ["[a]", "[j]"]), ...calls("constant", ["[1, 0]"], ["[a]"], [`"int"`, `"bool"`])],
  contract: calls("contract", floats, some, axes.slice(0, 6)),
  cos: unary("cos"),
  div: binary("div"),
  dropout: [...unary("dropout")].map((l) => l.replace(/\)$/, `, 0.5, "d")`)),
  equal: comparison("equal"),
  exp: unary("exp"),
  full: calls("full", lists, ["1"]),
  gather: calls("gather", [...floats, "i_ab", "q_ab"], ints, axes),
  greater: comparison("greater"),
  greaterEqual: comparison("greaterEqual"),
  index: calls("index", [...floats, "i_ab", "q_ab"], axes, ["0"]),
  input: [...calls("input", [`"x"`], lists), ...calls("input", [`"x"`], lists, [`"int"`, `"bool"`, `"float"`])],
  iota: calls("iota", Object.keys(dims)),
  layerNorm: along("layerNorm"),
  less: comparison("less"),
  lessEqual: comparison("lessEqual"),
  log: unary("log"),
  logSoftmax: along("logSoftmax"),
  logSumExp: reduction("logSumExp"),
  matmul: [...calls("matmul", floats, floats), ...calls("matmul", mixed, ["i_ba", "f_ba"])],
  max: reduction("max"),
  maximum: binary("maximum"),
  mean: reduction("mean"),
  meanSquaredError: calls("meanSquaredError", floats, floats, reductions.slice(0, 3)),
  minimum: binary("minimum"),
  mul: binary("mul"),
  neg: unary("neg"),
  not: calls("not", [...bools, ...few, "i_ab"]),
  notEqual: comparison("notEqual"),
  ones: calls("ones", lists),
  oneHot: calls("oneHot", [...ints, ...few, "q_ab"], ["a", "b", "n"]),
  or: logical("or"),
  pad: calls("pad", [...floats, "i_ab", "q_ab"], axes, ["e"], ["0"]),
  parameter: calls("parameter", [`"W"`], lists),
  place: calls("place", [...floats, "i_ab"], ["0"], ["a", "c", "n"]),
  pow: binary("pow"),
  relu: unary("relu"),
  rename: calls("rename", [...floats, "i_ab"], axes, ["j", "e"]),
  reshape: calls("reshape", [...floats, "i_ab"], lists),
  reverse: calls("reverse", [...floats, "i_ab", "q_ab"], axes),
  scalar: calls("scalar", ["1"]),
  scatterAdd: calls("scatterAdd", [...floats, "i_ab"], [...ints, "f_ab"], ["e", "a"]),
  shaped: calls("shaped", [...floats, "i_ab"], lists),
  sigmoid: unary("sigmoid"),
  sign: unary("sign"),
  sin: unary("sin"),
  slice: calls("slice", [...floats, "i_ab", "q_ab"], axes, ["j"], ["0"]),
  softmax: along("softmax"),
  softmaxCrossEntropy: [
    ...calls("softmaxCrossEntropy", floats, ints, reductions),
    ...calls("softmaxCrossEntropy", floats, ["f_b", "q_a", "i_a", "i_m"], reductions.slice(0, 2)),
  ],
  softplus: unary("softplus"),
  sqrt: unary("sqrt"),
  stack: product([...floats, "i_ab"], [...some, "i_ab"]).flatMap(([x, y]) => [`stack([${x}, ${y}], j)`, `stack([${x}, ${y}], n)`]),
  stopGradient: unary("stopGradient"),
  sub: binary("sub"),
  sum: reduction("sum"),
  tanh: unary("tanh"),
  transpose: calls("transpose", [...floats, "i_ab", "q_ab"]),
  where: [
    ...calls("where", bools, floats, [...some, "2"]),
    ...calls("where", bools, ["2"], [...some, "2"]),
    ...calls("where", [...bools, "f_ab"], [...mixed, "2"], [...mixed, "2"]),
  ],
  zeros: calls("zeros", lists),
};

/** Declarations that all lines share, but for the import. Valid as TypeScript and as JavaScript. */
export function prelude(used: string): string {
  const operands = [...new Set(used.match(/\b[fiq]_[a-zA-Z]*\b/g))];
  return [
    ...Object.entries(dims).map(([name, made]) => `const ${name} = ${made};`),
    ...operands.map((o) => {
      const dtype = { f: "", i: `, "int"`, q: `, "bool"` }[o[0] as "f" | "i" | "q"];
      return `const ${o} = input("${o}", [${[...o.slice(2)].join(", ")}]${dtype});`;
    }),
  ].join("\n");
}
