import { readdirSync, readFileSync } from "node:fs";
import { add, dim, grad, graph, input, matmul, mean, parameter, softmaxCrossEntropy, tanh, toDot, unroll, zeros } from "clew";
import { describe, expect, it } from "vitest";
import {
  bidirectional,
  encoderDecoder,
  feedForward,
  gruNet,
  lstmNet,
  type Net,
  plainRnn,
  sentences,
  stacked,
  wordCounts,
} from "../../scripts/nets.ts";
import { folder, pictures } from "../../scripts/pictures.ts";
import { renderSvg } from "../../scripts/render-svg.ts";
import { type Drawn, parsed } from "./parse.ts";

const views = ["folded", "unrolled", "backward"] as const;
const nets: Readonly<Record<string, () => Net>> = {
  "plain RNN": plainRnn,
  LSTM: lstmNet,
  GRU: gruNet,
  stacked,
  bidirectional,
  "encoder and decoder": encoderDecoder,
  "feed-forward": feedForward,
  "sentences, masked": sentences,
  "sentences, loss at the last word": () => sentences("last"),
  "bag of words": wordCounts,
};

const draw = (net: Net, view: (typeof views)[number], steps?: number): Drawn =>
  parsed(toDot(graph(net), steps === undefined ? { view } : { view, steps }));
const digits = "₀₁₂₃₄₅₆₇₈₉";
const low = (n: number): string => [...String(n)].map((c) => digits[Number(c)]).join("");

describe("pictures as DOT", () => {
  it.each([
    ["rnn", plainRnn, "folded"],
    ["rnn", plainRnn, "unrolled"],
    ["rnn", plainRnn, "backward"],
    ["lstm", lstmNet, "folded"],
    ["feed-forward", feedForward, "folded"],
    ["feed-forward", feedForward, "backward"],
  ] as const)("of %s are as they were: %3$s", async (name, net, view) => {
    await expect(toDot(graph(net()), { view })).toMatchFileSnapshot(`${name}-${view}.golden.dot`);
  });

  it.each(Object.keys(nets))("are the same text for the same net: %s", (name) => {
    for (const view of views) {
      const first = toDot(graph(nets[name]!()), { view });
      parameter("other", []); // node ids move on
      expect(toDot(graph(nets[name]!()), { view })).toBe(first);
    }
  });

  it.each(Object.keys(nets))("are drawn by Graphviz, without an edge to nowhere: %s", async (name) => {
    for (const view of views) {
      const dot = toDot(graph(nets[name]!()), { view });
      const drawn = parsed(dot);
      expect(await renderSvg(dot)).toContain("</svg>");
      for (const e of drawn.edges) expect([drawn.boxes.has(e.from), drawn.boxes.has(e.to)]).toEqual([true, true]);
    }
  });

  it("never name an op in the code that draws them", () => {
    const room = new URL("../../src/export/", import.meta.url);
    for (const file of readdirSync(room, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts")))
      expect([file, /op\.name/.test(readFileSync(new URL(file.replaceAll("\\", "/"), room), "utf8"))]).toEqual([file, false]);
  });
});

describe("the pictures in docs", () => {
  it.each([...pictures.keys()])("are up to date (npx tsx scripts/pictures.ts): %s", async (name) => {
    expect(readFileSync(`${folder}${name}.svg`, "utf8")).toBe(await renderSvg(pictures.get(name)!));
  });
  it("are these and no others", () => {
    expect(readdirSync(folder).sort()).toEqual([...pictures.keys()].map((n) => `${n}.svg`).sort());
  });
});

describe("folded", () => {
  it("shows the cell of the plain RNN once: W on the loop, U from x_t, V to the loss", () => {
    const drawn = draw(plainRnn(), "folded");
    expect(drawn.edges.map((e) => [drawn.title(e.from), e.label.trim(), drawn.title(e.to)]).sort()).toEqual([
      ["hₜ", "V (last)", "loss"],
      ["hₜ", "W (t − 1)", "hₜ"],
      ["xₜ", "U", "hₜ"],
      ["y", "", "loss"],
    ]);
  });
  it("is the same whatever the number of steps, but for the number", () => {
    const folded = (steps: number) => toDot(graph(plainRnn(steps)), { view: "folded" }).replaceAll(`…, ${steps - 1}`, "…");
    expect(folded(200)).toBe(folded(4));
  });
  it("shows a composite as one box", () => {
    const titles = [...draw(sentences(), "folded").boxes.values()].map((b) => b.label);
    expect(titles).toContain("loss\\nsoftmaxCrossEntropy");
    expect(titles.filter((t) => /log|exp|max/.test(t.replace("softmax", "")))).toEqual([]);
  });
  it("has one h_{t−1} and four gates in an LSTM", () => {
    const drawn = draw(lstmNet(), "folded");
    const previous = drawn.named("hₜ₋₁");
    expect(
      drawn.edges
        .filter((e) => e.from === previous)
        .map((e) => e.label.trim())
        .sort(),
    ).toEqual(["W_f", "W_g", "W_i", "W_o"]);
    expect(drawn.edges.filter((e) => e.to === previous).map((e) => drawn.title(e.from))).toEqual(["hₜ"]);
  });
});

describe("unrolled", () => {
  it.each([1, 2, 4, 5])("shows W once, with an arrow to each of %i steps", (steps) => {
    const drawn = draw(plainRnn(steps), "unrolled");
    const W = drawn.all("W");
    expect(W).toHaveLength(1);
    const used = drawn.edges.filter((e) => e.from === W[0]).map((e) => drawn.title(e.to));
    expect(used).toEqual(Array.from({ length: steps }, (_, t) => `h${low(t)}`));
  });
  it("passes the state from each step to the next, in a frame for each", () => {
    const drawn = draw(plainRnn(4), "unrolled");
    expect(
      drawn.edges
        .filter((e) => /^h/.test(drawn.title(e.from)))
        .map((e) => [drawn.title(e.from), drawn.title(e.to)])
        .sort(),
    ).toEqual([
      ["h₀", "h₁"],
      ["h₁", "h₂"],
      ["h₂", "h₃"],
      ["h₃", "loss"],
    ]);
    expect(drawn.frames).toEqual(["time = 0", "time = 1", "time = 2", "time = 3"]);
    for (const t of [0, 1, 2, 3]) expect(drawn.boxes.get(drawn.named(`h${low(t)}`)!)!.frame).toBe(`time = ${t}`);
  });
  it("shows the first steps, an ellipsis and the last of a long sequence", () => {
    const shown = (steps: number, limit?: number) => draw(plainRnn(steps), "unrolled", limit).frames;
    expect(shown(5)).toEqual(["time = 0", "time = 1", "time = 2", "time = 3", "time = 4"]);
    expect(shown(6)).toEqual(["time = 0", "time = 1", "time = 2", "", "time = 5"]);
    expect(shown(64)).toEqual(["time = 0", "time = 1", "time = 2", "", "time = 63"]);
    expect(shown(64, 3)).toEqual(["time = 0", "", "time = 63"]);
    expect(shown(64, 8)).toEqual(["time = 0", "time = 1", "time = 2", "time = 3", "time = 4", "time = 5", "", "time = 63"]);
    const drawn = draw(plainRnn(64), "unrolled");
    expect(drawn.edges.filter((e) => e.from === drawn.named("W"))).toHaveLength(5); // four steps and the ellipsis
    const thread = drawn.edges.filter((e) => e.role === "state").map((e) => `${drawn.title(e.from)} ${drawn.title(e.to)}`);
    expect(thread).toEqual(["h₀ h₁", "h₁ h₂", "h₂ ⋯", "⋯ h₆₃"]);
  });
  it("runs a reverse cell from right to left", () => {
    const drawn = draw(bidirectional(), "unrolled");
    const pairs = drawn.edges.map((e) => `${drawn.title(e.from)} ${drawn.title(e.to)}`);
    expect(pairs).toContain("h⁽¹⁾₀ h⁽¹⁾₁");
    expect(pairs).toContain("h⁽²⁾₁ h⁽²⁾₀");
    expect(pairs).not.toContain("h⁽²⁾₀ h⁽²⁾₁");
  });
  it("takes long sequences in linear time", () => {
    const net = graph(plainRnn(4096));
    const started = performance.now();
    for (const view of views) toDot(net, { view });
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe("backward", () => {
  it.each([2, 4, 5])("shows δ of each of %i steps beside its state, each passed on to the one before", (steps) => {
    const drawn = draw(plainRnn(steps), "backward");
    const passed = drawn.edges.filter((e) => e.role === "adjoint" && /^δ/.test(drawn.title(e.from)));
    expect(passed.map((e) => [drawn.title(e.from), e.label.trim(), drawn.title(e.to)]).sort()).toEqual(
      Array.from({ length: steps - 1 }, (_, t) => [`δ${low(t + 1)}`, `∘ (1 − h${low(t + 1)}²) · Wᵀ`, `δ${low(t)}`]),
    );
    for (let t = 0; t < steps; t++) expect(drawn.boxes.get(drawn.named(`δ${low(t)}`)!)!.frame).toBe(`time = ${t}`);
    expect(
      drawn.edges.filter((e) => drawn.title(e.from) === "loss" && e.role === "adjoint").map((e) => [e.label.trim(), drawn.title(e.to)]),
    ).toEqual([["∘ softmaxCrossEntropy′ · Vᵀ", `δ${low(steps - 1)}`]]);
  });
  it("shows one term from each step in ∂loss/∂W and ∂loss/∂U, and the form of the terms", () => {
    const drawn = draw(plainRnn(4), "backward");
    for (const [name, formula] of [
      ["W", "Σₜ hₜ₋₁ᵀ · (δₜ ∘ (1 − hₜ²))"],
      ["U", "Σₜ xₜᵀ · (δₜ ∘ (1 − hₜ²))"],
    ] as const) {
      const sum = drawn.named(`∂loss/∂${name}`)!;
      expect(drawn.boxes.get(sum)!.label).toBe(`∂loss/∂${name}\\n${formula}`);
      expect(drawn.edges.filter((e) => e.to === sum).map((e) => drawn.title(e.from))).toEqual(["δ₀", "δ₁", "δ₂", "δ₃"]);
    }
    expect(drawn.boxes.get(drawn.named("∂loss/∂V")!)!.label).toBe("∂loss/∂V\\nh₃ᵀ · softmaxCrossEntropy′");
  });
  it("shows only what was differentiated", () => {
    const { loss } = plainRnn();
    expect(draw({ loss, gradient: {} }, "backward").edges.filter((e) => e.role === "adjoint" || e.role === "gradient")).toEqual([]);
    const x = input("x", [dim("word", 3)]);
    const W = parameter("W", [dim("word", 3), dim("hidden", 2)]);
    const other = mean(tanh(matmul(x, W)));
    const drawn = parsed(toDot(graph({ other, gradient: grad(other, { x }) }), { view: "backward" }));
    expect(drawn.all("∂other/∂W")).toEqual([]);
    expect([...drawn.boxes.values()].map((b) => b.label)).toContain("δ\\n∂other/∂x");
  });
  it("shows the gradient alone, without the loss's value, as the gradient of that loss", () => {
    const { gradient } = plainRnn();
    const drawn = parsed(toDot(graph(gradient), { view: "backward" }));
    expect(drawn.edges.filter((e) => drawn.title(e.to) === "∂E/∂W")).toHaveLength(4);
  });
});

describe("names", () => {
  it("may hold anything", async () => {
    const odd = [
      'quote " and \\',
      "<b>&amp;</b>",
      "новый 新 🎉",
      "two\nlines",
      "\u0001\u0008\u007f",
      "]; a -> b [",
      "{record|x}",
      "\\N \\G \\l",
    ];
    for (const name of odd) {
      const width = dim(name, 2);
      const h = dim("hidden", 2);
      const W = parameter(name, [width, h]);
      const R = parameter(`${name}'`, [h, h]);
      const x = input(`${name}_t`, [dim("time", 3), width]);
      const { final } = unroll((s, x_t) => ({ state: tanh(add(matmul(x_t, W), matmul(s, R))), output: s }), { over: x, from: zeros([h]) });
      const loss = softmaxCrossEntropy(final, input("label", [], "int"));
      for (const view of views) {
        const svg = await renderSvg(toDot(graph({ [name]: loss, gradient: grad(loss, { [name]: W }) }), { view, title: name }));
        expect(svg).toContain("</svg>");
      }
    }
  });
});
