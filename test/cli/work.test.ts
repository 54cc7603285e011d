// What the commands do when all is well: on the script that init writes, and on scripts of the other kinds.

import { existsSync, readdirSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, describe, expect, test } from "vitest";
import { builtFor, loadScript } from "../../src/cli/script.ts";
import { showSite } from "../../src/graph/site.ts";
import { at, clear, clew, clewProcess, read, script, write } from "./command.ts";

afterAll(clear);

const small = ["--time", "3", "--batch", "2"];

// "not" turns what follows: no count of words can learn it
const sayings = ["good", "bad"].flatMap((word) =>
  ["film", "book", "play"].flatMap((thing) => [
    `a ${word} ${thing}\t${word === "good" ? "pos" : "neg"}`,
    `not a ${word} ${thing}\t${word === "good" ? "neg" : "pos"}`,
  ]),
);
const reviews = write("reviews.tsv", ["text\tlabel", ...sayings, ...sayings].join("\n"));

describe("the script that init writes", () => {
  test("is checked, by a process that stands in no project", { timeout: 90_000 }, async () => {
    expect(await clew(["init", at("model.ts")])).toMatchObject({ code: 0, err: "" });
    const { code, out, err } = await clewProcess(["check", "model.ts", ...small, "--json"]);
    expect([code, err]).toEqual([0, ""]);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ verdict: "pass", time: 3, batch: 2, seed: 0, unreached: [] });
    expect(report.maxRelativeError).toBeLessThan(1e-7);
    expect(report.parameters.map((p: { readonly parameter: string }) => p.parameter).sort()).toEqual(["E", "U", "V", "W", "b"]);
  });

  test("has its lines and columns where they are, whatever the loader makes of it", async () => {
    const loaded = await loadScript(at("model.ts"));
    const made = E.isRight(loaded) ? builtFor(loaded.right, { time: 2, batch: 2 }) : loaded;
    if (E.isLeft(loaded) || E.isLeft(made)) throw new Error("it is no model");
    const lines = read("model.ts").split("\n");
    const called = { ...loaded.right.parameters, ...made.right.inputs };
    expect(Object.keys(called)).toEqual(["E", "U", "W", "b", "V", "ids", "lengths", "labels"]);
    const nodes = [
      ...Object.values(called).map((node) => [node, `${node.op.name}("${node.attributes.name}"`] as const),
      [made.right.predictions, "softmax(logits"] as const,
    ];
    for (const [node, text] of nodes) {
      const line = lines.findIndex((l) => l.includes(text));
      expect(showSite(node.origin.site)).toMatch(
        new RegExp(`/model\\.ts:${line + 1}:${lines[line]!.indexOf(text) + text.indexOf("(") + 1}$`),
      );
    }
  });

  test("is trained, and answers", async () => {
    const trained = await clew(["train", at("model.ts"), "--data", reviews, "--out", at("run"), "--epochs", "40", "--seed", "1"]);
    expect(trained.code).toBe(0);
    expect(trained.err).toMatch(/^epoch 40\/40 {3}step 40\/40 {3}loss \S+ {3}metric \S+ {3}held out \S+ {3}\S+ steps\/s {3}0 s left\n$/m);
    expect(trained.out).toContain("21 texts, 3 held out");
    expect(readdirSync(at("run")).sort()).toEqual(["model.safetensors", "run.json"]);
    const said = await clew(["predict", at("run"), "a good film", "Not a good film!", "a splendid film", "--json"]);
    expect([said.code, said.err]).toEqual([0, ""]);
    const answers = said.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.slice(0, 2).map((a) => a.label)).toEqual(["pos", "neg"]);
    expect(answers[2].unknown).toEqual(["splendid"]);
    for (const { probabilities } of answers) expect(probabilities.pos + probabilities.neg).toBeCloseTo(1, 12);
    const page = await clew(["predict", at("run"), "a splendid film"]);
    expect(page.out).toMatch(/^(pos|neg) {3}0\.\d{3} {3}a splendid film\n {2}never seen in training: splendid\n$/);
  });

  test("answers about many texts of many lengths as about each alone", async () => {
    const known = ["a", "good", "bad", "film", "book", "not", "play"];
    // every length from 1 to 50, and some once more: no two of one length stand beside each other
    const texts = Array.from({ length: 60 }, (_, i) =>
      Array.from({ length: 1 + ((i * 17) % 50) }, (_, t) => known[(i + t * t) % 7]).join(" "),
    );
    expect(new Set(texts.map((text) => text.length)).size).toBeGreaterThan(40);
    const lines = async (asked: readonly string[]): Promise<readonly string[]> => {
      const { code, out, err } = await clew(["predict", at("run"), ...asked, "--json"]);
      expect([code, err]).toEqual([0, ""]);
      return out.trim().split("\n");
    };
    const alone: string[] = [];
    for (const text of texts) alone.push(...(await lines([text])));
    // the same bits: each product and sum is as for one text
    expect(await lines(texts)).toEqual(alone);
    expect(new Set(alone.map((line) => JSON.parse(line).label))).toEqual(new Set(["pos", "neg"]));
  });

  test("goes on with a training to the same bits", async () => {
    const train = (out: string, epochs: string, ...more: string[]) =>
      clew(["train", at("model.ts"), "--data", reviews, "--out", at(out), "--epochs", epochs, "--seed", "3", "--json", ...more]);
    const [whole, half] = [await train("whole", "4"), await train("half", "2")];
    const rest = await train("half", "4", "--resume");
    const epochs = ({ out }: { readonly out: string }) =>
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter((e) => e.kind === "epoch")
        .map((e) => [e.epoch, e.loss, e.validation.loss]);
    expect(epochs(rest).length).toBe(2);
    expect([...epochs(half), ...epochs(rest)]).toEqual(epochs(whole));
    expect(read("half/model.safetensors")).toBe(read("whole/model.safetensors"));
    const others = write("others.tsv", read("reviews.tsv").replaceAll("film", "show"));
    const other = await clew(["train", at("model.ts"), "--data", others, "--out", at("half"), "--resume"]);
    expect([other.code, other.out]).toEqual([2, ""]);
    expect(other.err).toContain("is of other data");
    expect(read("half/run.json")).toBe(read("whole/run.json"));
    const reseeded = await train("half", "4", "--resume", "--seed", "5");
    expect([reseeded.code, JSON.parse(reseeded.out).diagnostics[0].message]).toEqual([
      2,
      expect.stringContaining("its run has the seed 3, this one 5"),
    ]);
    const again = await train("half", "4");
    expect(again.code).toBe(2);
    expect(again.out).toContain("has a training already");
  });

  test("is drawn", async () => {
    const { code, out, err } = await clew(["draw", at("model.ts"), "--view", "unrolled"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^digraph[\s\S]*model\.ts/);
    expect(await clew(["draw", at("model.ts"), "--view", "backward", "--out", at("backward.svg")])).toEqual({ code: 0, out: "", err: "" });
    expect(read("backward.svg")).toMatch(/<svg[\s\S]*∂[\s\S]*<\/svg>\s*$/);
  });
});

test("a bar is drawn on a terminal, with loss, metric, speed and time left", async () => {
  const { code, err } = await clew(["train", at("model.ts"), "--data", reviews, "--out", at("bar"), "--epochs", "2"], true);
  expect(code).toBe(0);
  expect(err).toMatch(/█.*epoch 2\/2 {3}loss \d\.\d+ {3}metric \d\.\d+ {3}held out \d\.\d+ {3}\S+ steps\/s {3}0 s left/);
});

test("a wrong derivative fails the check", async () => {
  const wrong = `const cube = defineOp({ name: "cube", doc: "a³, with the derivative of a²/2.",
    formula: (m, a) => m.mul(a, m.mul(a, a)), derivative: [(m, v, [a]) => m.mul(v, a)] });`;
  const file = write(
    "wrong.ts",
    script("{ parameters: { w }, build: () => ({ loss: cube(w) }) }", `${wrong}\nconst w = parameter("w", [], uniform(1, 2));`),
  );
  const { code, out, err } = await clew(["check", file]);
  expect(err).toBe("");
  expect(out).toMatch(/w derived/);
  expect(code).toBe(1);
});

describe("data that no example gives", () => {
  test("are drawn from what the graph says of its inputs", async () => {
    // 7 words, 3 labels; an id out of range would be told, and a length of 0 would leave W without a derivative
    const parts = `const word = dim("word", 7), hidden = dim("hidden", 3), label = dim("label", 3);
      const E = parameter("E", [word, hidden]), W = parameter("W", [hidden, hidden]), V = parameter("V", [hidden, label]);`;
    const build = `({ time, batch }) => {
      const ids = input("ids", [time, batch], "int"), lengths = input("lengths", [batch], "int"), labels = input("labels", [batch], "int");
      const cell = (h, id) => { const state = tanh(add(gather(E, id, word), matmul(h, W))); return { state, output: state }; };
      const { final } = scan(cell, { over: ids, from: zeros([batch, hidden]), mask: lengthMask(lengths, time) });
      return { inputs: { ids, lengths, labels }, loss: softmaxCrossEntropy(matmul(final, V), labels), predictions: softmax(matmul(final, V), -1) };
    }`;
    const file = write("drawn.ts", script(`{ parameters: { E, W, V }, build: ${build} }`, parts));
    for (const seed of ["0", "1", "2"]) {
      const { code, err } = await clew(["check", file, "--time", "4", "--batch", "6", "--seed", seed]);
      expect([code, err]).toEqual([0, ""]);
    }
  });
});

/** What says something at every step: tags, or what comes next. */
const everyStep = (learning: string): string =>
  script(
    `{ ...model({ words: 8, labels: 3 }), learning: { model, optimiser: adam(0.03), epochs: 60, ${learning} } }`,
    `const model = ({ words, labels }) => {
      const word = dim("word", words), hidden = dim("hidden", 12), label = dim("label", labels);
      const U = parameter("U", [word, hidden]), W = parameter("W", [hidden, hidden]), V = parameter("V", [hidden, label]);
      const build = ({ time, batch }) => {
        const ids = input("ids", [time, batch], "int"), lengths = input("lengths", [batch], "int"), y = input("labels", [time, batch], "int");
        const mask = lengthMask(lengths, time);
        const cell = (h, x_t) => { const state = tanh(add(matmul(x_t, U), matmul(h, W))); return { state, output: state }; };
        const { outputs } = scan(cell, { over: oneHot(ids, word), from: zeros([batch, hidden]), mask });
        const logits = matmul(outputs, V);
        return { inputs: { ids, lengths, labels: y }, loss: softmaxCrossEntropy(logits, y, { mask }), predictions: softmax(logits, -1) };
      };
      return { parameters: { U, W, V }, build };
    };`,
  );

test("tags: a label for each word, read by the script itself", async () => {
  const rows = `rows: (content) => content.trim().split("\\n").map((line) => {
    const pairs = line.split(" ").map((pair) => pair.split("/"));
    return { text: pairs.map(([token]) => token).join(" "), label: pairs.map(([, tag]) => tag).join(" ") };
  })`;
  const file = write("tags.ts", everyStep(`asks: "tags", ${rows}`));
  const data = write(
    "tagged.txt",
    ["the/DET dog/NOUN barks/VERB ./PUNCT", "a/DET cat/NOUN sleeps/VERB ./PUNCT", "the/DET bark/NOUN sleeps/VERB"].join("\n"),
  );
  expect((await clew(["train", file, "--data", data, "--out", at("tags")])).code).toBe(0);
  const { code, out } = await clew(["predict", at("tags"), "the cat barks .", "--json"]);
  const page = (await clew(["predict", at("tags"), "the cow"])).out;
  expect(page).toMatch(/^ {2}the +DET +0\.\d{3}\n {2}cow +\S+ +0\.\d{3}\n {2}never seen in training: cow\n$/);
  expect(code).toBe(0);
  expect(JSON.parse(out).tags.map((t: { readonly tag: string }) => t.tag)).toEqual(["DET", "NOUN", "VERB", "PUNCT"]);
});

test("a model that only the reference can run answers by it, as it was trained", async () => {
  const seen = `const seen = defineOp({ name: "seen", doc: "A copy.", infer: ([a]) => ({ shape: a.shape, dtype: "float" }),
    evaluate: ([a]) => a.data, vjp: ({ cotangent }) => [cotangent], jvp: ({ tangents }) => tangents[0] });`;
  const text = everyStep('asks: "tags", engine: "reference"').replace("matmul(outputs, V)", "seen(matmul(outputs, V))");
  const file = write("seen.ts", `${text}\n${seen}`);
  const data = write("seen.tsv", ["text\tlabel", "the dog\tDET NOUN", "a cat barks\tDET NOUN VERB"].join("\n"));
  expect(await clew(["train", file, "--data", data, "--out", at("seen")])).toMatchObject({ code: 0 });
  const { code, out, err } = await clew(["predict", at("seen"), "a dog", "the cat barks", "--json"]);
  expect([code, err]).toEqual([0, ""]);
  const answers = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).tags.map((t: { readonly tag: string }) => t.tag));
  expect(answers).toEqual([
    ["DET", "NOUN"],
    ["DET", "NOUN", "VERB"],
  ]);
});

test("next: characters that follow each other, to the end of the text", async () => {
  const file = write("next.ts", everyStep('asks: "next"'));
  const names = write("names.txt", "anna\nhannah\notto\n");
  expect((await clew(["train", file, "--data", names, "--out", at("next"), "--epochs", "200"])).code).toBe(0);
  expect((await clew(["predict", at("next"), "o", "h", "an"])).out).toBe("otto\nhannah\nanna\n");
  const drawn = async (seed: string) => (await clew(["predict", at("next"), "", "--seed", seed])).out;
  expect(await drawn("1")).toBe(await drawn("1"));
  expect(["anna\n", "hannah\n", "otto\n"]).toContain(await drawn("1"));
  expect((await clew(["predict", at("next"), "h", "--length", "2"])).out).toBe("han\n");
});

test("a training that breaks fails, and keeps nothing half-written", async () => {
  const file = write(
    "breaks.ts",
    everyStep('asks: "next"').replace("adam(0.03)", "sgd(1e300)").replace("matmul(outputs, V)", "mul(matmul(outputs, V), 1e200)"),
  );
  const { code, err } = await clew(["train", file, "--data", at("names.txt"), "--out", at("breaks"), "--epochs", "5"]);
  expect(code).toBe(1);
  expect(err).toMatch(/error\[NotFinite\]/);
  expect(err).not.toMatch(/^\s+at .*\(/m);
  expect(readdirSync(at("breaks")).filter((name) => name.includes("tmp"))).toEqual([]);
  expect(existsSync(at("breaks/run.json"))).toBe(true);
});
