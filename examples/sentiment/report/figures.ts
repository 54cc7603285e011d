// Figures: an SVG inside the page, with a name for those who do not see it and a caption.

import type { TopLevelSpec } from "vega-lite";
import { drawn } from "./charts.ts";
import { escaped, type Html, html, trusted } from "./html.ts";

/** The three views of the graph, as SVG. */
export interface Pictures {
  readonly folded: string;
  readonly unrolled: string;
  readonly backward: string;
}

/**
 * An SVG file as a part of a page. Its ids get the figure's name before them, since ids are one space in a page; and it may shrink to what can
 * still be read, then its frame scrolls.
 */
export function inlined(name: string, svg: string, label: string, readable: number): Html {
  const prefix = `${name}-`;
  const root = /<svg[^>]*>/.exec(svg)!;
  const size = /viewBox="[\d.-]+[ ,]+[\d.-]+[ ,]+([\d.]+)[ ,]+([\d.]+)"/.exec(root[0]);
  const width = Math.round(unitless(/\swidth="([\d.]+)(pt|px)?"/.exec(root[0])) ?? Number(size?.[1] ?? 600));
  const kept = root[0]
    .replace(/\s(width|height|class|role|aria-[a-z]+|style|xmlns:xlink|version)="[^"]*"/g, "")
    .replace(
      /^<svg/,
      `<svg role="img" aria-label="${escaped(label)}" width="${width}" style="max-width: 100%; min-width: ${Math.round(readable * width)}px"`,
    );
  const rest = svg
    .slice(root.index + root[0].length)
    .replace('fill="white"', 'fill="none"') // the ground: a page has its own
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/\sid="([^"]*)"/g, (_, id: string) => ` id="${prefix}${id}"`)
    .replace(/url\(#/g, `url(#${prefix}`)
    .replace(/(\s(?:xlink:)?href=")#/g, `$1#${prefix}`);
  return trusted(kept + rest.trim());
}

/** Points are 4/3 of a pixel. */
function unitless(found: RegExpExecArray | null): number | undefined {
  return found === null ? undefined : Number(found[1]) * (found[2] === "pt" ? 4 / 3 : 1);
}

const framed = (svg: Html, label: string): Html => html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${svg}</div>`;

/** A chart; with a caption it is a figure of its own. */
export async function chartFigure(name: string, spec: TopLevelSpec, label: string, caption?: Html): Promise<Html> {
  return svgFigure(name, await drawn(spec), label, caption);
}

export function svgFigure(name: string, svg: string, label: string, caption?: Html, wide = false): Html {
  const picture = html`<div class="scroll">${inlined(name, svg, label, 0.77)}</div>`;
  if (caption === undefined) return picture;
  return html`<figure${wide ? html` class="wide"` : undefined}>${picture}
<figcaption>${caption}</figcaption></figure>
`;
}

/** One of the three pictures of the graph, with the file that it also is. */
export function pictureFigure(name: string, svg: string, label: string, caption: Html): Html {
  return html`<figure class="wide widest"><div class="picture">${framed(inlined(name, svg, label, 0.5), `${name} picture`)}</div>
<figcaption>${caption} <a href="${name}.svg">${name}.svg</a></figcaption></figure>
`;
}
