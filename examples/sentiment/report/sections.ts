// The parts of the page, from the question to the command, in the order in which a reader asks for them.

import type { Answer, DataSummary, Question, Results } from "../results.ts";
import { unknownWords } from "../terminal.ts";
import { opinionChart, scoreChart } from "./charts.ts";
import { chartFigure, type Pictures, pictureFigure } from "./figures.ts";
import { counted, duration, grouped, type Html, html, percent, quoted } from "./html.ts";
import { aboutOrder, boundsInWords, contradiction, howTrained, limits, scoreDemands } from "./words.ts";

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

function questionRow(question: Question, labels: DataSummary["labels"]): Html {
  const { text, expected, bagOfWords, rnn } = question;
  const unknown = unknownWords(question);
  const notes = [...(expected === undefined && unknown.length === 0 ? ["nobody said what is right"] : []), ...unknown];
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
  const four = [below.plain, below.turned, above.plain, above.turned];
  const [byBag, byRnn] = [four.filter((q) => q.bagOfWords.right === true).length, four.filter((q) => q.rnn.right === true).length];
  const net =
    byRnn === 4
      ? "The RNN, whose state knows what came before, gets all four."
      : `The RNN is not bound by this, and yet gets ${byRnn}: it would have to learn it first.`;
  return html`<h2>Why a sum of word scores cannot get all four right</h2>
<p>Bag of words adds up one score a word, wherever the word stands, and looks at the sign of the sum. To be right it would need these:</p>
<div class="scroll" tabindex="0" role="region" aria-label="What the signs of the sums demand"><table>
<thead><tr><th scope="col">Sum of the scores of</th><th scope="col">as it is</th><th scope="col">with “${word}”</th><th scope="col">so it needs</th></tr></thead>
<tbody>
${line(below)}${line(above)}</tbody>
</table></div>
<p class="after">No number is below zero and above it. Whatever the training, a sum of scores gets at most three of these four right; this one gets ${byBag}. ${net}</p>
${chart}`;
}

// -- the computation, drawn ------------------------------------------------------------------------------------------------------------

export function drawnComputation(results: Results, pictures: Pictures): Html {
  const { recipe, contributions } = results;
  const steps = counted(contributions.words.length, "word");
  const every = recipe.loss === "every";
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
        <span class="nowrap"><var>δ</var><sub><var>t</var>−1</sub> = (<var>δ<sub>t</sub></var> ∘ (1 − <var>h<sub>t</sub></var><sup>2</sup>))·<var>W</var><sup>⊤</sup>,</span> and since <var>W</var>
        was used at every step, its gradient is a sum over them:
        <span class="nowrap"><var>∂E</var>/<var>∂W</var> = Σ<sub><var>t</var></sub> <var>h</var><sub><var>t</var>−1</sub><sup>⊤</sup>·(<var>δ<sub>t</sub></var> ∘ (1 − <var>h<sub>t</sub></var><sup>2</sup>)).</span>`,
    },
  };
  const views = ["folded", "unrolled", "backward"] as const;
  return html`<h2>The computation, drawn</h2>
<p>The RNN is <var>h<sub>t</sub></var> = tanh(<var>x<sub>t</sub>·U</var> + <var>h</var><sub><var>t</var>−1</sub><var>·W</var>${recipe.bias ? html` + <var>b</var>` : undefined}), with
  ${counted(results.rnn.numbers, "number")} in all and one <var>W</var> of <span class="nowrap">${recipe.hidden} × ${recipe.hidden}</span> for all time steps. Clew drew these
  pictures from the graph of the net, with the loss <var>E</var> at the last word${every ? "; a loss at every word, by which it was trained, is the mean of such losses" : undefined}${recipe.dropout > 0 ? "; and without dropout, which is for training alone" : undefined}.</p>
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
    parts.push(html`<div${opinion.words.length > 9 ? html` class="long"` : undefined}><h3>${quoted(opinion.text)} <span class="said">${said}${
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
