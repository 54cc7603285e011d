import { type DefaultTreeAdapterTypes, type ParserError, parse, serialize } from "parse5";
import { beforeAll, describe, expect, it } from "vitest";
import { percent } from "../../examples/sentiment/report/html.ts";
import { reportFiles } from "../../examples/sentiment/report/report.ts";
import type { Results } from "../../examples/sentiment/results.ts";
import { file, phrases, pictures } from "./report-fixture.ts";

type Element = DefaultTreeAdapterTypes.Element;
type Parent = DefaultTreeAdapterTypes.ParentNode;

/** The page as a browser reads it, and what a browser had to mend. */
function parsed(html: string): { readonly elements: readonly Element[]; readonly errors: readonly ParserError[] } {
  const errors: ParserError[] = [];
  const root = parse(html, { onParseError: (error) => errors.push(error), sourceCodeLocationInfo: true });
  const elements: Element[] = [];
  const visit = (parent: Parent): void => {
    for (const child of parent.childNodes)
      if ("tagName" in child) {
        elements.push(child);
        visit(child);
      }
  };
  visit(root);
  return { elements, errors };
}

const attribute = (element: Element, name: string): string | undefined => element.attrs.find((a) => a.name === name)?.value;

const spaced = (text: string): string => text.replace(/[\s\u00a0]+/g, " ").trim();

/** The text of an element as it is read, white space as one space; without its pictures. */
function textOf(element: Element): string {
  const read = (parent: Parent): string =>
    parent.childNodes
      .map((child) => {
        if ("value" in child) return child.value;
        return "tagName" in child && child.tagName !== "svg" && child.tagName !== "style" ? read(child) : "";
      })
      .join("");
  return spaced(read(element));
}

async function pageOf(results: Results): Promise<{ readonly html: string; readonly elements: readonly Element[]; readonly text: string }> {
  const html = (await reportFiles(results, pictures))["report.html"]!;
  const { elements } = parsed(html);
  return { html, elements, text: textOf(elements.find((e) => e.tagName === "body")!) };
}

const all = (elements: readonly Element[], tag: string): readonly Element[] => elements.filter((e) => e.tagName === tag);
const percentShown = (share: number): string => spaced(percent(share));
/** As they stand in the page. */
const svgsOf = (html: string): readonly string[] => html.match(/<svg[\s\S]*?<\/svg>/g) ?? [];

/** Opening and closing tags answer one another, as XML has it. */
function expectXml(xml: string): void {
  const open: string[] = [];
  for (const [, closing, name, empty] of xml
    .replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^>]*>/g, "")
    .matchAll(/<(\/?)([A-Za-z][\w:-]*)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (empty === "/") continue;
    if (closing === "") open.push(name!);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
}

describe.each([
  ["phrases", phrases],
  ["a file", file],
])("the report of %s", (_, results) => {
  let files: Awaited<ReturnType<typeof reportFiles>>;
  let page: Awaited<ReturnType<typeof pageOf>>;
  beforeAll(async () => {
    files = await reportFiles(results, pictures);
    page = await pageOf(results);
  });

  it("is a page and four pictures, each an SVG by itself", () => {
    expect(Object.keys(files).sort()).toEqual(["backward.svg", "folded.svg", "report.html", "training.svg", "unrolled.svg"]);
    for (const [name, content] of Object.entries(files)) {
      if (name === "report.html") continue;
      expect(content).toContain('xmlns="http://www.w3.org/2000/svg"');
      expectXml(content);
    }
  });

  it("is HTML that a browser has nothing to mend in", () => {
    const { errors, elements } = parsed(files["report.html"]!);
    expect(errors).toEqual([]);
    const ids = elements.flatMap((e) => attribute(e, "id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const svg of svgsOf(files["report.html"]!)) expectXml(svg);
  });

  it("has the parts in the order in which a reader asks for them", () => {
    const headings = all(page.elements, "h2").map(textOf);
    const order = [
      /sum of word scores cannot|bag of words knows/,
      /computation, drawn/,
      /Training/,
      /opinion, word by word/,
      /gradient reaches/,
      /term by term/,
      /derivative right/,
      /does not show/,
      /this page again/,
    ];
    expect(headings).toHaveLength(order.length);
    for (const [i, pattern] of order.entries()) expect(headings[i]).toMatch(pattern);
    const tags = page.elements.map((e) => e.tagName);
    expect(tags.indexOf("table")).toBeLessThan(tags.indexOf("svg"));
    expect(tags.indexOf("table")).toBeLessThan(tags.indexOf("h2"));
  });

  it("needs nothing from elsewhere", () => {
    expect(all(page.elements, "script")).toEqual([]);
    expect(all(page.elements, "link")).toEqual([]);
    expect(all(page.elements, "img")).toEqual([]);
    for (const element of page.elements)
      for (const { name, value } of element.attrs) {
        if (name.startsWith("xmlns")) continue;
        expect(value).not.toMatch(/https?:|^\/\//);
        if (name === "href" || name === "src") expect(value).toMatch(/^#|^(folded|unrolled|backward|training)\.svg$/);
      }
    for (const style of all(page.elements, "style")) expect(serialize(style)).not.toMatch(/@import|https?:|url\((?!#)/);
  });

  it("shows the figures of the results", () => {
    const { rnn, bagOfWords, questions, gradientPerWord, seed } = results;
    for (const share of [rnn, bagOfWords].flatMap((l) => [l.heldOutAccuracy, l.shuffledAccuracy]))
      expect(page.text).toContain(percentShown(share));
    const rows = all(page.elements, "tr").map(textOf);
    for (const { text, rnn: said } of questions) {
      const row = rows.find((r) => r.startsWith(text))!;
      expect(row).toContain(said.right ? "✓" : "✗");
      expect(row).toContain(percentShown(said.label === "positive" ? said.positive : 1 - said.positive));
    }
    expect(page.text).toContain("3.1 × 10−9");
    expect(page.text).toContain("encoder.W[4,2]");
    expect(page.text).toContain("2.7 × 10−16");
    expect(page.text).toContain(gradientPerWord.verdict);
    expect(page.text).toContain(`seed ${seed}`);
    expect(page.text).toContain(process.versions.node);
    expect(textOf(all(page.elements, "code").at(-1)!)).toBe(results.command);
    const told = all(page.elements, "svg").map((svg) => spaced(attribute(svg, "aria-label")!));
    for (const share of gradientPerWord.shares)
      expect(told.find((t) => t.startsWith("Share of the gradient"))).toContain(percentShown(share));
    for (const { word, score } of results.wordScores) expect(told[0]).toContain(`${word} ${score.toFixed(2)}`);
  });

  it("tells every picture to those who do not see it", () => {
    const svgs = all(page.elements, "svg");
    expect(svgs.length).toBe(3 + 1 + 1 + 1 + results.opinions.length);
    for (const svg of svgs) {
      expect(attribute(svg, "role")).toBe("img");
      expect(attribute(svg, "aria-label")!.length).toBeGreaterThan(20);
    }
  });

  it("is the same for the same results", async () => {
    expect(await reportFiles(results, pictures)).toEqual(files);
  });
});

describe("the table of terms", () => {
  it("has a row for each loss, and nothing above the diagonal", async () => {
    const { elements } = await pageOf(phrases);
    const cells = elements.filter((e) => e.tagName === "td" && attribute(e, "style")?.startsWith("--share") === true);
    expect(cells).toHaveLength(15);
    expect(elements.filter((e) => attribute(e, "class") === "blank")).toHaveLength(10);
    for (const [t, row] of phrases.contributions.norms.entries())
      for (const [k, norm] of row.entries())
        if (k <= t)
          expect(
            cells.some((c) => attribute(c, "title")!.includes(`through k = ${k} `) && attribute(c, "title")!.endsWith(`: ${norm}`)),
          ).toBe(true);
  });
  it("has one row for a loss at the last word", async () => {
    const { elements, text } = await pageOf(file);
    expect(elements.filter((e) => attribute(e, "style")?.startsWith("--share") === true)).toHaveLength(5);
    expect(text).toContain("The sum of the 5 terms");
  });
});

describe("what the report claims", () => {
  it("follows the figures", async () => {
    expect((await pageOf(phrases)).text).toContain("a sum of word scores cannot.");
    const failed = {
      ...phrases,
      rnn: { ...phrases.rnn, heldOutAccuracy: 0.1 },
      bagOfWords: { ...phrases.bagOfWords, heldOutAccuracy: 0.12 },
    };
    expect((await pageOf(failed)).text).toContain("the net did not find the rule");
    const ordered = { ...phrases, rnn: { ...phrases.rnn, shuffledAccuracy: phrases.rnn.heldOutAccuracy } };
    expect((await pageOf(ordered)).text).toContain("little of what it knows lies in the order");
    const reasons = ["E could not be measured: the numeric derivative may be off by 1.0e+0, and no entry stands out of that"];
    const refuted = (await pageOf({ ...phrases, gradientCheck: { ...phrases.gradientCheck, verdict: "fail", reasons } })).text;
    expect(refuted).toContain("✗ fail");
    expect(refuted).toContain(reasons[0]);
  });
  it("says of a file who wins there", async () => {
    const { text } = await pageOf(file);
    expect(text).toContain("Bag of words wins, by 6 points");
    expect(text).not.toMatch(/never negated|grammar|negations? (never|that no)/);
    const other = { ...file, rnn: file.bagOfWords, bagOfWords: file.rnn };
    expect((await pageOf(other)).text).toContain("The RNN wins, by 6 points");
    expect((await pageOf({ ...file, rnn: file.bagOfWords })).text).toContain("no more than chance");
  });
  it("has no proof where the questions hold none", async () => {
    const { text } = await pageOf({ ...file, questions: file.questions.map((q) => ({ ...q, expected: undefined })) });
    expect(text).not.toContain("No number is below zero and above it");
    expect(text).toContain("nobody said what is right");
  });
});

describe("a hostile sentence", () => {
  const hostile = `</title><script>alert("1")</script> & 'it' <img src=x onerror=alert(1)>`;
  it("shows as it was written", async () => {
    const [first, ...rest] = phrases.questions;
    const words = ["<script>alert(1)</script>", "]];", '"', "</svg>", "&amp;"];
    const results: Results = {
      ...phrases,
      command: `npm start -- --ask '${hostile}'`,
      data: { ...phrases.data, kind: "file", name: hostile, labels: ["<neg>", "&pos"] },
      questions: [{ ...first!, text: hostile, neverSeen: words }, ...rest],
      opinions: [{ text: hostile, words, positive: words.map(() => 0.9), expected: undefined }],
      gradientPerWord: { ...phrases.gradientPerWord, text: hostile, words },
      contributions: { ...phrases.contributions, text: hostile, words },
      wordScores: [{ word: words[0]!, score: 1 }],
    };
    const { html, elements, text } = await pageOf(results);
    expect(parsed(html).errors).toEqual([]);
    expect(all(elements, "script")).toEqual([]);
    expect(all(elements, "img")).toEqual([]);
    expect(elements.some((e) => e.attrs.some((a) => a.name.startsWith("on")))).toBe(false);
    expect(text).toContain(hostile);
    expect(all(elements, "title").map(textOf)[0]).toContain(hostile);
    for (const svg of svgsOf(html)) expectXml(svg);
  });
});
