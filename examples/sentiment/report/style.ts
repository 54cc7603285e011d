// How the report looks: one column of text, figures a little wider, two colours for the two models in every picture.

import { type Html, trusted } from "./html.ts";

/** The colours of the two models, and those that the pictures of the graph have for the same things (src/export/picture). */
export const colours = {
  ink: "#1c2430",
  muted: "#5b6675",
  faint: "#aab3bf",
  rule: "#d8dde4",
  rnn: "#2f6aa8",
  /** As parameters in the pictures: scores of words are all that bag of words has. */
  bag: "#b7791f",
  right: "#247a4f",
  wrong: "#c53030",
  /** ∂E/∂h on its way back. */
  adjoint: "#c53030",
  /** ∂E/∂W and its terms. */
  gradient: "#b83280",
} as const;

export const sans = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export const style: Html = trusted(`
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: ${colours.ink}; --muted: ${colours.muted}; --rule: ${colours.rule}; --wash: #f5f7f9;
  --rnn: ${colours.rnn}; --bag: ${colours.bag}; --right: ${colours.right}; --wrong: ${colours.wrong}; --gradient: ${colours.gradient};
  --sans: ${sans};
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Sitka Text", Cambria, Georgia, serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15191f; --ink: #e4e8ee; --muted: #9aa5b4; --rule: #343c48; --wash: #1d232b;
    --rnn: #74aef0; --bag: #e2a64e; --right: #5cc793; --wrong: #f08b82; --gradient: #d05a9c;
  }
  /* the pictures are drawn dark on light: lightness turned round, hues turned back */
  figure svg { filter: invert(0.91) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; padding: 3.5rem 1.25rem 5rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.62 var(--serif); overflow-wrap: break-word;
}
main { max-width: 45rem; margin: 0 auto; }
h1, h2, table, figcaption, .kicker, .facts, .note { font-family: var(--sans); }
h1 { margin: 0 0 1rem; font-size: clamp(1.7rem, 5vw, 2.35rem); line-height: 1.18; letter-spacing: -0.018em; font-weight: 680; text-wrap: balance; }
sub, sup { font-size: 0.7em; line-height: 0; }
h2 { margin: 3.5rem 0 0.8rem; font-size: 1.28rem; line-height: 1.3; letter-spacing: -0.008em; font-weight: 650; }
h3 { margin: 2rem 0 0.5rem; font: 650 1.02rem/1.4 var(--sans); }
p { margin: 0 0 1rem; }
.kicker { margin: 0 0 0.9rem; color: var(--muted); font-size: 0.85rem; }
.finding { margin: 0 0 2.2rem; font-size: 1.24rem; line-height: 1.5; }
code, pre { font-family: var(--mono); font-size: 0.88em; }
var { font-family: var(--serif); font-style: italic; }
pre { margin: 0 0 1rem; padding: 0.85rem 1.1rem; overflow-x: auto; background: var(--wash); border: 1px solid var(--rule); border-radius: 6px; }
.formula { margin: 1.2rem 0; overflow-x: auto; text-align: center; white-space: nowrap; font-size: 1.08em; line-height: 2; }
.nowrap { white-space: nowrap; }
a { color: var(--rnn); text-underline-offset: 0.15em; }
ul { margin: 0 0 1rem; padding-left: 1.2rem; }
li { margin: 0 0 0.55rem; }
li::marker { color: var(--muted); }

.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.94rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.5rem; text-align: left; color: var(--muted); font-size: 0.85rem; }
th, td { padding: 0.5rem 0.9rem 0.5rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--rule); }
th { font-weight: 500; }
thead th { color: var(--muted); font-size: 0.85rem; border-bottom: 1.5px solid var(--ink); white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
tr.group > * { border-top: 1.5px solid var(--ink); }
tbody tr:last-child > * { border-bottom: 1.5px solid var(--ink); }
.note { display: block; color: var(--muted); font-size: 0.82rem; }
.below { margin: 0.6rem 0 1.4rem; }
.after { margin-top: 1.2rem; }
.results td { white-space: nowrap; }
.results th[scope=row] { min-width: 11rem; }
.answer { display: inline-block; min-width: 6.1em; }
.mark { display: inline-block; width: 1.2em; font-weight: 700; }
.right { color: var(--right); } .wrong { color: var(--wrong); }
.probability { color: var(--muted); }
.of-bag { box-shadow: inset 0 -3px var(--bag); } .of-rnn { box-shadow: inset 0 -3px var(--rnn); }

figure { margin: 2rem 0; }
figure.wide { width: min(66rem, 100vw - 2.5rem); margin-left: 50%; transform: translateX(-50%); }
/* the graph itself needs all the room that there is */
figure.widest { width: min(84rem, 100vw - 2.5rem); }
figure.wide figcaption { max-width: 45rem; margin-inline: auto; }
figure svg { display: block; height: auto; margin: 0 auto; }
.opinions svg { margin: 0; }
.opinions .long { grid-column: 1 / -1; }
figcaption { margin-top: 0.8rem; color: var(--muted); font-size: 0.89rem; line-height: 1.52; }
figcaption b { color: var(--ink); font-weight: 650; }
.picture { padding: 1.1rem 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.opinions { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.6rem 2rem; }
.opinions h3 { margin: 0 0 0.3rem; font-size: 0.94rem; font-weight: 600; }
.opinions .said { color: var(--muted); font-weight: 400; }

.heat { width: auto; margin: 0 auto; border-collapse: separate; border-spacing: 2px; font-size: 0.86rem; }
.heat th, .heat td, .heat tbody tr:last-child > * { padding: 0.5rem 0.6rem; border: 0; white-space: nowrap; }
.heat td, .heat thead th { text-align: center; }
.heat thead th { color: inherit; font-size: inherit; }
.heat th[scope=row] { text-align: right; }
.heat td { min-width: 5.4rem; border-radius: 3px; background: color-mix(in srgb, var(--gradient) var(--share), var(--paper)); }
.heat td, .heat tbody th { vertical-align: middle; }
.heat td.deep { color: var(--paper); }
.heat td.blank { background: none; }
.heat thead th { vertical-align: bottom; }
.heat .corner { color: var(--muted); font-weight: 400; }
.heat.small { font-size: 0.72rem; } .heat.small td { min-width: 2.4rem; } .heat.small th, .heat.small td { padding: 0.3rem; }
.facts th { width: 34%; color: var(--muted); }
.verdict { font-weight: 700; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--muted); font: 0.85rem/1.5 var(--sans); }

@media (max-width: 32rem) {
  body { padding: 2rem 1rem 3rem; font-size: 1rem; }
  .finding { font-size: 1.12rem; }
  figure.wide, figure.widest { width: 100%; margin-left: 0; transform: none; }
  table { font-size: 0.86rem; }
  th, td { padding-right: 0.5rem; }
  .results th[scope=row] { min-width: 6rem; }
  .probability { display: block; padding-left: 1.55em; }
  .heat .corner { white-space: normal; }
  .heat td { min-width: 3.4rem; }
}
@media print {
  :root { color-scheme: light; }
  body { padding: 0; font-size: 10.5pt; }
  figure.wide, figure.widest { width: 100%; margin-left: 0; transform: none; }
  h2, h3 { break-after: avoid; }
  figure, table, pre { break-inside: avoid; }
  .scroll { overflow: visible; } figure svg { max-width: 100% !important; min-width: 0 !important; }
  .heat td, .of-bag, .of-rnn { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`);
