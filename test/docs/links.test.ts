// Every relative link and image of the pages leads to a file that is there, and every #anchor to a heading of it.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `${folder}/${file}`);
const pages = ["README.md", "CONTRIBUTING.md", ...markdownIn("docs"), "test/oracle/README.md"];

/** Code is no text: what looks like a link in it is none. */
const withoutCode = (text: string): string => text.replace(/^ *(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ *\1[^\n]*$/gm, "").replace(/`[^`\n]*`/g, "");

/** Targets of links, images, reference definitions, and of src and href in HTML. */
function targetsOf(text: string): readonly string[] {
  const plain = withoutCode(text);
  const forms = [/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g, /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm, /\b(?:src|href)="([^"]+)"/g];
  return forms.flatMap((form) => [...plain.matchAll(form)].map(([, target]) => target!));
}

/** As GitHub names the anchors of headings: lower case, no punctuation, hyphens for spaces; a second one of a name is numbered. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>([...text.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id!));
  // the marks of code in a heading go, its text stays
  for (const [, heading] of text.replace(/^ *(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ *\1[^\n]*$/gm, "").matchAll(/^#{1,6} +(.+?) *#* *$/gm)) {
    const name = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
      .replaceAll(" ", "-");
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    anchors.add(nth === 0 ? name : `${name}-${nth}`);
  }
  return anchors;
}

/** What is wrong with a link of a page in the folder; undefined when nothing is. */
function brokenLink(page: string, text: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return undefined; // elsewhere
  const [path, anchor] = target.split("#", 2) as [string, string | undefined];
  const file = resolve(root, dirname(page), decodeURIComponent(path));
  if (path !== "" && !existsSync(file)) return `${page}: no file ${target}`;
  if (anchor === undefined) return undefined;
  const there = path === "" ? text : statSync(file).isFile() ? readFileSync(file, "utf8") : "";
  return anchorsOf(there).has(decodeURIComponent(anchor)) ? undefined : `${page}: no heading for ${target}`;
}

const brokenIn = (page: string, text: string): readonly string[] =>
  targetsOf(text).flatMap((target) => brokenLink(page, text, target) ?? []);

describe("links", () => {
  it.each(pages)("of %s lead somewhere", (page) => {
    expect(brokenIn(page, readFileSync(join(root, page), "utf8"))).toEqual([]);
  });

  it("are found on the pages", () => {
    expect(targetsOf(readFileSync(join(root, "README.md"), "utf8"))).toEqual(
      expect.arrayContaining(["docs/pictures/rnn-unrolled.svg", "docs/architecture.md", "CONTRIBUTING.md"]),
    );
  });

  it("that lead nowhere are told", () => {
    const page = ["# A page: with `code`", "## Twice", "## Twice", "[a](none.md) ![b](none.svg) [c](#twice-1) [d](#twice-2)"];
    const more = ["[e](../README.md#see-it)", "[f](../README.md#nothing)", "[g]: none.txt", '<img src="none.png">'];
    const fine = ["[h](https://example.org/none)", "`[i](code.md)`", "```", "[j](block.md)", "```", "[k](#a-page-with-code)"];
    expect(brokenIn("docs/page.md", [...page, ...more, ...fine].join("\n"))).toEqual([
      "docs/page.md: no file none.md",
      "docs/page.md: no file none.svg",
      "docs/page.md: no heading for #twice-2",
      "docs/page.md: no heading for ../README.md#nothing",
      "docs/page.md: no file none.txt",
      "docs/page.md: no file none.png",
    ]);
  });
});
