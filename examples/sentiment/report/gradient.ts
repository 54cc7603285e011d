// The gradient, looked into: how far back it reaches, of which terms it is the sum, and whether it is right.

import type { Contributed, Results } from "../results.ts";
import { gradientChart } from "./charts.ts";
import { chartFigure } from "./figures.ts";
import { counted, digits3, gradientShare, type Html, html, quoted, scientific } from "./html.ts";

export async function reach({ gradientPerWord: flow }: Results): Promise<Html> {
  const told = flow.words.map((word, t) => `${word} ${gradientShare(flow.shares[t]!)}`).join(", ");
  const verdict = flow.verdict === "" ? undefined : html` The verdict: <b class="verdict">${flow.verdict}</b>.`;
  return html`<h2>How far back the gradient reaches</h2>
<p>To learn from ${quoted(flow.text)}, the error at the last word has to reach the words before it. On its way back it passes through <var>W</var>
  and the slope of tanh once a step, and each may shrink it or let it grow.${verdict}</p>
${await chartFigure(
  "gradient",
  gradientChart(flow),
  `Share of the gradient that reaches each word: ${told}.`,
  html`<b>The gradient that reaches each word</b>,
  ‖<var>∂E/∂h<sub>t</sub></var>‖ for the error <var>E</var> at the last word, as a share of what there is at that word.`,
)}`;
}

function sumOfTerms(every: boolean): Html {
  const t = html`<var>${every ? "t" : "T"}</var>`;
  const E = every ? html`<var>E<sub>t</sub></var>` : html`<var>E</var>`;
  const which = every
    ? html`for each loss <var>E<sub>t</sub></var> and for each step <span class="nowrap"><var>k</var> ≤ <var>t</var></span>`
    : html`for each step <var>k</var>`;
  return html`<p><var>W</var> is used at every step, so its gradient has a term ${which} at which <var>W</var> had a hand in it:</p>
<p class="formula"><var>∂E</var>/<var>∂W</var> = ${every ? html`Σ<sub><var>t</var></sub> Σ<sub><var>k</var>≤<var>t</var></sub>` : html`Σ<sub><var>k</var>≤<var>T</var></sub>`}
  <var>∂</var>${E}/<var>∂h</var><sub>${t}</sub> · <var>∂h</var><sub>${t}</sub>/<var>∂h<sub>k</sub></var> · <var>∂</var><sup>+</sup><var>h<sub>k</sub></var>/<var>∂W</var></p>`;
}

export function heatTable({ text, words, norms, sumRelativeError }: Contributed, { opinions, data }: Results): Html {
  const largest = Math.max(...norms.flat(), 0);
  const small = words.length > 9;
  // one loss, at the last word, is one row
  const t0 = words.length - norms.length;
  const cell = (norm: number, t: number, k: number): Html => {
    if (k > t) return html`<td class="blank"></td>`;
    const share = largest === 0 ? 0 : norm / largest;
    const where = `loss at t = ${t} (${words[t]}), through k = ${k} (${words[k]}): ${norm}`;
    const shown = small ? undefined : norm !== 0 && norm < 1e-3 ? scientific(norm) : digits3(norm);
    return html`<td${share > 0.8 ? html` class="deep"` : undefined} style="--share: ${(4 + 92 * share).toFixed(0)}%" title="${where}">${shown}</td>`;
  };
  const head = (scope: "row" | "col", name: string, i: number): Html =>
    html`<th scope="${scope}">${words[i]}<span class="note"><var>${name}</var> = ${i}</span></th>`;
  const firstIsZero = norms.every((row) => row[0] === 0);
  const formed = opinions.find((o) => o.text === text);
  const end = formed?.positive.at(-1) ?? 0.5;
  const sure = (formed?.expected === data.labels[1] ? end : 1 - end) > 0.9;
  const settled = norms.length > 1 && sure && Math.max(...norms.at(-1)!) < 0.2 * largest;
  return html`<h2>The gradient of W, term by term</h2>
${sumOfTerms(norms.length > 1)}
<p>where <var>∂</var><sup>+</sup> is what step <var>k</var> alone does. Clew unties the uses of <var>W</var> and computes every term by itself.</p>
<figure>
<div class="scroll" tabindex="0" role="region" aria-label="Norms of the terms, as a table"><table class="heat${small ? " small" : ""}">
<thead><tr><th scope="col" class="corner">loss after ↓&ensp;through →</th>${words.map((_, k) => head("col", "k", k))}</tr></thead>
<tbody>
${norms.map(
  (row, i) => html`<tr>${head("row", "t", t0 + i)}${row.map((norm, k) => cell(norm, t0 + i, k))}</tr>
`,
)}</tbody>
</table></div>
<figcaption><b>Norms of the terms</b> for ${quoted(text)}: ${norms.length > 1 ? "a row for each loss, " : "one row, for the loss at the last word; "}a column for each step at which <var>W</var> was
  used; darker is larger.${norms.length > 1 ? " A later use cannot touch an earlier loss: above the diagonal there is nothing." : undefined}${
    firstIsZero ? html` The first column is zero, since there is no state before the first word for <var>W</var> to act on.` : undefined
  }${settled ? html` The last row is pale because its loss is nearly settled: there the net is sure, and right.` : undefined}</figcaption>
</figure>
<p>The sum of the ${counted(
    norms.reduce((n, _, i) => n + t0 + i + 1, 0),
    "term",
  )} is the gradient that reverse mode gives, to a relative error
  of <b class="nowrap">${scientific(sumRelativeError)}</b>.</p>
`;
}

export function proof({ gradientCheck }: Results): Html {
  const { verdict, reasons = [], maxRelativeError, tolerance, worst, kinks, parameters, loss } = gradientCheck;
  const passed = verdict === "pass";
  const rows = parameters.map(
    (
      p,
    ) => html`<tr><th scope="row"><code>${p.parameter}</code></th><td>${p.shape.length === 0 ? "one number" : p.shape.join(" × ")}</td><td>${
      p.checked === "every entry" ? html`every entry` : html`${counted(p.count, "random direction")}`
    }</td><td class="number">${scientific(p.maxRelativeError)}</td></tr>
`,
  );
  const where =
    worst === undefined
      ? undefined
      : html`, at <code>${worst.place}</code>${worst.step === undefined ? undefined : html` (${worst.step})`}`;
  return html`<h2>Is the derivative right?</h2>
<p>The derived gradient was held against a numeric one, in double precision, at a loss of ${digits3(loss)}: the numbers were moved a
  little to both sides, one at a time, or in large parameters along random directions, by steps at which neither truncation nor
  rounding decides. The largest relative error is
  <b class="nowrap">${scientific(maxRelativeError)}</b>${where}: <b class="verdict nowrap ${passed ? "right" : "wrong"}">${passed ? "✓ pass" : "✗ fail"}</b>, at a tolerance of
  ${scientific(tolerance)}.${kinks.length > 0 ? html` ${counted(kinks.length, "entry", "entries")} lay on a kink and ${kinks.length === 1 ? "was" : "were"} checked from both sides.` : undefined}</p>
${reasons.length === 0 ? undefined : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
<div class="scroll" tabindex="0" role="region" aria-label="The gradient check, by parameter"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">Shape</th><th scope="col">Checked</th><th scope="col" class="number">Largest relative error</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>
`;
}
