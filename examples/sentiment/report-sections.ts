// The parts of the page, from the question to the command, in the order in which a reader asks for them.

import { gradientChart, opinionChart, scoreChart } from "./report-charts.ts";
import { chartFigure, type Pictures, pictureFigure } from "./report-figures.ts";
import { counted, digits3, duration, grouped, type Html, html, percent, quoted, scientific } from "./report-html.ts";
import { aboutOrder, boundsInWords, contradiction, howTrained, limits, scoreDemands } from "./report-words.ts";
import type { Answer, Contributed, DataSummary, Question, Results } from "./results.ts";

// -- the result ------------------------------------------------------------------------------------------------------------------------

function answerCell({ label, positive, right }: Answer, [, second]: DataSummary["labels"]): Html {
  const mark =
    right === undefined
      ? html`<span class="mark"></span>`
      : right
        ? html`<span class="mark right" role="img" aria-label="right">✓</span>`
        : html`<span class="mark wrong" role="img" aria-label="wrong">✗</span>`;
  return html`<td>${mark}<span class="answer">${label}</span> <span class="probability">${percent(label === second ? positive : 1 - positive)}</span></td>`;
}

function questionRow({ text, expected, neverSeen, bagOfWords, rnn }: Question, labels: DataSummary["labels"]): Html {
  const notes = [
    ...(expected === undefined ? ["nobody said what is right"] : []),
    ...(neverSeen.length > 0 ? [`never seen in training: ${neverSeen.join(", ")}`] : []),
  ];
  return html`<tr><th scope="row">${text}${notes.length > 0 ? html`<span class="note">${notes.join("; ")}</span>` : undefined}</th>
${answerCell(bagOfWords, labels)}${answerCell(rnn, labels)}</tr>
`;
}

function shareRow(name: Html, bag: number, rnn: number, first = false): Html {
  const cell = (share: number): Html => html`<td><span class="mark"></span><b>${percent(share)}</b></td>`;
  return html`<tr${first ? html` class="group"` : undefined}><th scope="row">${name}</th>${cell(bag)}${cell(rnn)}</tr>
`;
}

export function resultTable(results: Results): Html {
  const { data, questions, bagOfWords, rnn } = results;
  const held =
    data.kind === "phrases"
      ? html`${counted(data.heldOut, "negation")} never trained on<span class="note">share read rightly</span>`
      : html`${counted(data.heldOut, "sentence")} held out<span class="note">share read rightly</span>`;
  const some = data.negated > 0 && data.negated < data.heldOut;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The result, as a table"><table class="results">
<thead><tr><th scope="col">Asked</th><th scope="col"><span class="of-bag">bag of words</span></th><th scope="col"><span class="of-rnn">RNN</span></th></tr></thead>
<tbody>
${questions.map((q) => questionRow(q, data.labels))}${shareRow(held, bagOfWords.heldOutAccuracy, rnn.heldOutAccuracy, true)}${
  some ? shareRow(html`${grouped(data.negated)} of them, with a negation`, bagOfWords.negatedAccuracy, rnn.negatedAccuracy) : undefined
}${shareRow(html`the same, words shuffled`, bagOfWords.shuffledAccuracy, rnn.shuffledAccuracy)}</tbody>
</table></div>
<p class="note below">The share beside an answer is the probability that the model gives it. ✓ right, ✗ wrong.</p>
<p>${aboutOrder(results)}</p>
`;
}

/** The argument that no choice of scores answers both questions, and where the learned scores stand. */
export async function whyNot(results: Results): Promise<Html> {
  const both = contradiction(results);
  const word = both?.[0].word;
  const scores = results.wordScores;
  const chart =
    scores.length === 0
      ? undefined
      : await chartFigure(
          "scores",
          scoreChart(
            scores,
            both === undefined ? [] : scoreDemands(results).filter((d) => d.word === word && scores.some((s) => s.word === word)),
          ),
          `Scores that bag of words learned: ${scores.map((s) => `${s.word} ${s.score.toFixed(2)}`).join(", ")}.`,
          html`<b>What bag of words knows.</b> The score of a word is what it adds to “${results.data.labels[1]}”, wherever it stands.
            ${both === undefined ? undefined : html`The shaded ranges are where score(${word}) would have to lie for either sentence. ${boundsInWords(both, results)}`}`,
        );
  if (both === undefined)
    return html`<h2>What bag of words knows</h2>
<p>Bag of words adds up one score a word, wherever the word stands, and looks at the sign of the sum.</p>
${chart}`;
  const [below, above] = both;
  const sign = (negative: boolean): Html => html`<b>${negative ? "< 0" : "> 0"}</b>`;
  const line = ({
    plain,
    turned,
    below: negative,
  }: typeof below): Html => html`<tr><th scope="row">${plain.text}</th><td>${sign(!negative)} <span class="note">${plain.expected}</span></td>
<td>${sign(negative)} <span class="note">${turned.expected}</span></td><td>score(${word}) ${sign(negative)}</td></tr>
`;
  const right = [below.plain, below.turned, above.plain, above.turned].filter((q) => q.bagOfWords.right === true).length;
  return html`<h2>Why a sum of word scores cannot do it</h2>
<p>Bag of words adds up one score a word, wherever the word stands, and looks at the sign of the sum. To be right it would need these:</p>
<div class="scroll" tabindex="0" role="region" aria-label="What the signs of the sums demand"><table>
<thead><tr><th scope="col">Sum of the scores of</th><th scope="col">as it is</th><th scope="col">with “${word}”</th><th scope="col">so it needs</th></tr></thead>
<tbody>
${line(below)}${line(above)}</tbody>
</table></div>
<p class="after">No number is below zero and above it. Whatever the training, a sum of scores gets at most three of these four right; this one gets ${right}.</p>
${chart}`;
}

// -- the computation, drawn ------------------------------------------------------------------------------------------------------------

export function drawnComputation(results: Results, pictures: Pictures): Html {
  const { recipe, contributions } = results;
  const steps = counted(contributions.words.length, "word");
  const own = recipe.loss === "every" ? html`<var>∂E</var><sub><var>t</var>−1</sub>/<var>∂h</var><sub><var>t</var>−1</sub> + ` : undefined;
  const captions: { readonly [view in keyof Pictures]: { readonly label: string; readonly caption: Html } } = {
    folded: {
      label: "The network folded: one cell, whose state goes back into itself.",
      caption: html`<b>Folded: the network as it is written.</b> One cell. Its state <var>h</var> leaves it and comes back with the next word:
        the edge that returns is the memory, and <var>W</var> is what it passes through.`,
    },
    unrolled: {
      label: `The network unrolled over the words of ${quoted(contributions.text)}: one column a word, one W for all.`,
      caption: html`<b>Unrolled: the same network over the ${steps} of ${quoted(contributions.text)}.</b> Every step is the same cell. <var>W</var>
        stands there once and has an edge to each step: one matrix, used again and again. Whoever changes it changes all steps at once.`,
    },
    backward: {
      label: "The backward pass: each adjoint beside the value that it belongs to.",
      caption: html`<b>Backward: back-propagation through time, derived as a graph of its own.</b> Beside each state stands its adjoint
        <var>δ<sub>t</sub></var> = <var>∂E</var>/<var>∂h<sub>t</sub></var>, and on the edges the local derivatives. From step to step runs
        <span class="nowrap"><var>δ</var><sub><var>t</var>−1</sub> = ${own}(<var>δ<sub>t</sub></var> ∘ (1 − <var>h<sub>t</sub></var><sup>2</sup>))·<var>W</var><sup>⊤</sup>,</span> and since <var>W</var>
        was used at every step, its gradient is a sum over them:
        <span class="nowrap"><var>∂E</var>/<var>∂W</var> = Σ<sub><var>t</var></sub> <var>h</var><sub><var>t</var>−1</sub><sup>⊤</sup>·(<var>δ<sub>t</sub></var> ∘ (1 − <var>h<sub>t</sub></var><sup>2</sup>)).</span>`,
    },
  };
  const views = ["folded", "unrolled", "backward"] as const;
  return html`<h2>The computation, drawn</h2>
<p>The RNN is <var>h<sub>t</sub></var> = tanh(<var>x<sub>t</sub>·U</var> + <var>h</var><sub><var>t</var>−1</sub><var>·W</var>${recipe.bias ? html` + <var>b</var>` : undefined}), with
  ${counted(results.rnn.numbers, "number")} in all and one <var>W</var> of <span class="nowrap">${recipe.hidden} × ${recipe.hidden}</span> for all time steps. These are pictures of
  the graph that was trained, drawn from it and not by hand.</p>
${views.map((view) => pictureFigure(view, pictures[view], captions[view].label, captions[view].caption))}`;
}

// -- training and opinions -------------------------------------------------------------------------------------------------------------

export function training(results: Results, curve: Html): Html {
  return html`<h2>Training</h2>
<p>${howTrained(results)}</p>
${curve}`;
}

export async function opinions({ data, opinions: formed, recipe }: Results): Promise<Html> {
  const parts: Html[] = [];
  for (const [i, opinion] of formed.entries()) {
    const end = opinion.positive.at(-1) ?? Number.NaN;
    const said = data.labels[end > 0.5 ? 1 : 0];
    const told = opinion.words.map((word, t) => `${word} ${percent(opinion.positive[t]!)}`).join(", ");
    parts.push(html`<div><h3>${quoted(opinion.text)} <span class="said">${said}${
      opinion.expected === undefined || opinion.expected === said ? undefined : `, though ${opinion.expected} is right`
    }</span></h3>
${await chartFigure(`opinion${i}`, opinionChart(opinion, data.labels), `Probability of ${data.labels[1]} after each word: ${told}.`)}</div>
`);
  }
  const trained =
    recipe.loss === "every"
      ? html`It was trained to answer after every word, so the line can be read as an opinion that forms.`
      : html`It was trained to answer after the last word only: what it says on the way is a by-product.`;
  return html`<h2>An opinion, word by word</h2>
<p>After each word the RNN can be asked what it thinks so far. ${trained}</p>
<figure class="wide"><div class="opinions">${parts}</div>
<figcaption>Probability of “${data.labels[1]}” after each word: above the middle the net says ${data.labels[1]}, below it ${data.labels[0]}. Grey: no opinion to speak of, 40 to 60 %.</figcaption></figure>
`;
}

// -- the gradient ----------------------------------------------------------------------------------------------------------------------

export async function reach({ gradientPerWord: flow }: Results): Promise<Html> {
  const told = flow.words.map((word, t) => `${word} ${percent(flow.shares[t]!)}`).join(", ");
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
<p><var>W</var> is used at every step, so its gradient has a term for each loss <var>E<sub>t</sub></var> and for each step
  <span class="nowrap"><var>k</var> ≤ <var>t</var></span> at which <var>W</var> had a hand in it:</p>
<p class="formula"><var>∂E</var>/<var>∂W</var> = Σ<sub><var>t</var></sub> Σ<sub><var>k</var>≤<var>t</var></sub> <var>∂E<sub>t</sub></var>/<var>∂h<sub>t</sub></var> ·
  <var>∂h<sub>t</sub></var>/<var>∂h<sub>k</sub></var> · <var>∂</var><sup>+</sup><var>h<sub>k</sub></var>/<var>∂W</var></p>
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
<figcaption><b>Norms of the terms</b> for ${quoted(text)}: a row for each loss, a column for each step at which <var>W</var> was used; darker is
  larger.${norms.length > 1 ? " A later use cannot touch an earlier loss: above the diagonal there is nothing." : undefined}${
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
  const { verdict, maxRelativeError, tolerance, worst, kinks, parameters, loss } = gradientCheck;
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
  <b class="nowrap">${scientific(maxRelativeError)}</b>${where}: <b class="verdict ${passed ? "right" : "wrong"}">${passed ? "✓ pass" : "✗ fail"}</b>, at a tolerance of
  ${scientific(tolerance)}.${kinks.length > 0 ? html` ${counted(kinks.length, "entry", "entries")} lay on a kink and ${kinks.length === 1 ? "was" : "were"} checked from both sides.` : undefined}</p>
<div class="scroll" tabindex="0" role="region" aria-label="The gradient check, by parameter"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">Shape</th><th scope="col">Checked</th><th scope="col" class="number">Largest relative error</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>
`;
}

// -- the end ---------------------------------------------------------------------------------------------------------------------------

export function whatItDoesNotShow(results: Results): Html {
  return html`<h2>What this does not show</h2>
<ul>
${limits(results).map(
  (limit) => html`<li>${limit}</li>
`,
)}</ul>
`;
}

export function again(
  { command, seed, data, recipe, rnn, seconds }: Results,
  versions: { readonly node: string; readonly clew: string },
): Html {
  const { rate, weightDecay, clip, batch, epochs, dropout, loss } = recipe;
  const optimiser = `${weightDecay > 0 ? `AdamW ${rate}, weight decay ${weightDecay}` : `Adam ${rate}`}${clip === undefined ? "" : `, gradient clipped at ${clip}`}`;
  const facts: readonly (readonly [string, string])[] = [
    ["Seed", String(seed)],
    ["Data", `${data.name}: ${grouped(data.training)} to train on, ${grouped(data.heldOut)} held out, ${grouped(data.words)} words`],
    [
      "RNN",
      `word vectors of ${recipe.vector}, state of ${recipe.hidden}; ${grouped(rnn.numbers)} numbers; loss at ${loss === "every" ? "every word" : "the last word"}`,
    ],
    ["Training", `${optimiser}; batches of ${batch}; ${epochs} epochs${dropout > 0 ? `; dropout ${dropout}` : ""}`],
    ["Time", `${duration(seconds)} in all`],
    ["Versions", `Clew ${versions.clew}, Node ${versions.node}`],
  ];
  return html`<h2>To get this page again</h2>
<pre><code>${command}</code></pre>
<table class="facts"><tbody>
${facts.map(
  ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`,
)}</tbody></table>
`;
}
